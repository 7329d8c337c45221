// SPDX-License-Identifier: MIT
/*
 * FAT12, FAT16 and FAT32.
 */
#ifndef LIB_FS_FAT_H
#define LIB_FS_FAT_H

#include <stdbool.h>

#include <xenolith/blkdev.h>
#include <xenolith/fs.h>

/**
 * fat_open() - The file system on a disk, for fs_mount(). -EINVAL when there is none that makes sense;
 * -EACCES when the disk is read-only and @read_only is not set; -EBUSY when it is mounted.
 */
int fat_open(struct blkdev *dev, bool read_only, struct fs **out);

#endif
