// SPDX-License-Identifier: MIT
/*
 * For images that are to have disks with ext2, ext3 and ext4, and nothing else: they are linked with -Wl,-u,with_ext and do not call mount().
 */
#include "disk.h"

void with_ext(void);

void with_ext(void)
{
    DISK_LINK(ext_open);
    DISK_LINK(disk_mount_all);
}
