// SPDX-License-Identifier: MIT
/*
 * For images that are to have disks with FAT, and nothing else: they are linked with -Wl,-u,with_fat and do not call mount().
 */
#include "disk.h"

void with_fat(void);

void with_fat(void)
{
    DISK_LINK(fat_open);
    DISK_LINK(disk_mount_all);
}
