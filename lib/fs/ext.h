// SPDX-License-Identifier: MIT
/*
 * ext2, ext3 and ext4.
 */
#ifndef LIB_FS_EXT_H
#define LIB_FS_EXT_H

#include <xenolith/blkdev.h>
#include <xenolith/fs.h>

/**
 * ext_open() - The file system on a disk, for fs_mount(); its journal is replayed first. @how: enum disk_how. -EINVAL when there is none;
 * -EACCES when the disk is read-only and @how is not; -EROFS when its journal cannot be replayed for that reason, or its features
 * allow only to read; -EBUSY when it is mounted already; -EOPNOTSUPP for features that libext2fs does not know.
 */
int ext_open(struct blkdev *dev, unsigned int how, struct fs **out);

#endif
