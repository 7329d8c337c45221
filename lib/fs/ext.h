// SPDX-License-Identifier: MIT
/*
 * ext2, ext3 and ext4.
 */
#ifndef LIB_FS_EXT_H
#define LIB_FS_EXT_H

#include <stdbool.h>

#include <xenolith/blkdev.h>
#include <xenolith/fs.h>

/**
 * ext_open() - The file system on a disk, for fs_mount(); its journal is replayed first. -EINVAL when there is none; -EROFS when only
 * @read_only would do; -EOPNOTSUPP for features that libext2fs does not know.
 */
int ext_open(struct blkdev *dev, bool read_only, struct fs **out);

#endif
