// SPDX-License-Identifier: MIT
/*
 * The superblock: read at the mount, whole or torn by a power cut; the replay of the journal, as e2fsprogs does it; the mark that says that
 * there may be something to replay. Beside transactions the superblock is written for that mark alone, so that of a superblock which is half
 * old and half new it is known how the whole one read.
 */
#include "ext_priv.h"

#include <errno.h>
#include <string.h>

#include <xenolith/printk.h>

/* debugfs/journal.c */
errcode_t ext2fs_run_ext3_journal(ext2_filsys *fs);

static int read_super(struct ext_fs *x, struct ext2_super_block *super)
{
    return ext_disk_read(x, SUPERBLOCK_OFFSET, super, sizeof(*super));
}

static void flip(struct ext2_super_block *super)
{
    super->s_feature_incompat ^= EXT3_FEATURE_INCOMPAT_RECOVER;
}

/* Is the checksum right, or was it so before or after the mark was written? */
static bool is_genuine(struct ext_fs *x)
{
    struct ext2_super_block super;

    if (read_super(x, &super) != 0) {
        return false;
    }
    if (ext2fs_superblock_csum_verify(x->e2, &super)) {
        return true;
    }
    flip(&super);
    return ext2fs_superblock_csum_verify(x->e2, &super) != 0;
}

/* A mount that is only to read replays too, as Linux' does: what the disk has without it is half of a change. */
static int replay(struct ext_fs *x, unsigned int how)
{
    errcode_t error;
    int rc;

    if (!ext2fs_has_feature_journal_needs_recovery(x->e2->super)) {
        return 0;
    }
    if ((how & DISK_NO_RECOVERY) != 0) {
        pr_warn("ext: %s: its journal is not replayed: seen as it is", x->e2->device_name);
        return 0;
    }
    if ((x->e2->flags & EXT2_FLAG_RW) == 0) {
        pr_err(
            "ext: %s: its journal must be replayed, but it cannot be written to (norecovery shows it as it is)",
            x->e2->device_name);
        return -EROFS;
    }
    rc = ext_journal_check(x);
    /* What others wrote to the disk goes ahead. */
    rc = rc != 0 ? rc : ext_disk_sync(x);
    if (rc != 0) {
        return rc;
    }
    pr_info("ext: %s: replaying the journal", x->e2->device_name);
    error = ext2fs_run_ext3_journal(&x->e2);
    /* The superblock must not say any more that there is something to replay before all of it is in place. */
    rc = error != 0 ? ext_errno(error) : ext_disk_sync(x);
    if (rc != 0) {
        /* Nor may what is left in the cache say so later. */
        cache_abandon(x->cache);
        pr_err("ext: the journal cannot be replayed (%ld)", error != 0 ? (long)error : (long)rc);
    }
    return rc;
}

/* Nothing is computed from what the disk says before it was looked at. */
static int check_first(struct ext_fs *x)
{
    struct ext2_super_block super;
    uint64_t disk_bytes = cache_device(x->cache)->size_bytes;
    int rc = disk_bytes < SUPERBLOCK_OFFSET + sizeof(super) ? -EINVAL : read_super(x, &super);

    if (rc != 0) {
        return rc;
    }
    return super.s_magic != EXT2_SUPER_MAGIC ? -EINVAL : ext_check_super(&super, disk_bytes);
}

static int open_with(struct ext_fs *x, int flags)
{
    struct blkdev *dev = cache_device(x->cache);
    int rc = check_first(x);
    errcode_t error;

    if (rc != 0) {
        return rc;
    }
    error = ext2fs_open(dev->name, flags, 0, 0, ext_io_manager, &x->e2);
    switch (error) {
    case 0:
        rc = ext_check_groups(x);
        if (rc != 0) {
            ext2fs_free(x->e2);
            x->e2 = NULL;
        }
        return rc;
    case EXT2_ET_BAD_MAGIC:
        return -EINVAL;
    case EXT2_ET_UNSUPP_FEATURE:
        return -EOPNOTSUPP;
    case EXT2_ET_RO_UNSUPP_FEATURE:
        return -EROFS;
    case EXT2_ET_SB_CSUM_INVALID:
        return -EUCLEAN;
    default:
        pr_err("ext: %s: %ld", dev->name, (long)error);
        return ext_errno(error);
    }
}

/* One that a power cut tore: the journal has it whole, or only the mark was under way. */
static int open_torn(struct ext_fs *x, int flags, unsigned int how)
{
    int rc = open_with(x, flags | EXT2_FLAG_IGNORE_CSUM_ERRORS);

    rc = rc != 0 ? rc : replay(x, how);
    if (rc == 0 && !is_genuine(x)) {
        pr_err("ext: %s: the superblock's checksum is wrong", x->e2->device_name);
        rc = -EUCLEAN;
    }
    if (rc == 0) {
        x->e2->flags &= ~EXT2_FLAG_IGNORE_CSUM_ERRORS;
    }
    return rc;
}

int ext_super_open(struct ext_fs *x, unsigned int how)
{
    bool writable = (cache_device(x->cache)->features & BLKDEV_READ_ONLY) == 0 &&
                    (how & DISK_NO_RECOVERY) == 0;
    int read_flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP | EXT2_FLAG_SOFTSUPP_FEATURES;
    int flags = read_flags | (writable ? EXT2_FLAG_RW : 0);
    int rc = open_with(x, flags);

    if (rc == -EROFS && (how & DISK_READ_ONLY) != 0) {
        flags = read_flags;
        rc = open_with(x, flags);
    }
    rc = rc == -EUCLEAN ? open_torn(x, flags, how) : rc != 0 ? rc : replay(x, how);
    if (rc == 0 && (how & DISK_READ_ONLY) != 0) {
        x->e2->flags &= ~EXT2_FLAG_RW;
    }
    /* The replay may have brought others. */
    rc = rc != 0 ? rc : ext_check_super(x->e2->super, cache_device(x->cache)->size_bytes);
    rc = rc != 0 ? rc : ext_check_groups(x);
    if (rc == -EUCLEAN) {
        pr_err("ext: %s: its superblock or its descriptors are damaged", cache_device(x->cache)->name);
    }
    return rc;
}

int ext_super_mark(struct ext_fs *x, bool in_use)
{
    struct ext2_super_block *super = x->e2->super, on_disk;
    int rc = read_super(x, &on_disk);

    if (rc != 0) {
        return rc;
    }
    if (!ext2fs_has_feature_journal(super)) {
        super->s_state = (__u16)(in_use ? super->s_state & ~EXT2_VALID_FS : super->s_state | x->was_valid);
        on_disk.s_state = super->s_state;
    } else if (in_use) {
        ext2fs_set_feature_journal_needs_recovery(super);
        ext2fs_set_feature_journal_needs_recovery(&on_disk);
    } else {
        ext2fs_clear_feature_journal_needs_recovery(super);
        ext2fs_clear_feature_journal_needs_recovery(&on_disk);
    }
    ext2fs_superblock_csum_set(x->e2, &on_disk);
    if (x->e2->orig_super != NULL) {
        memcpy(x->e2->orig_super, &on_disk, sizeof(on_disk));
    }
    rc = ext_disk_write(x, SUPERBLOCK_OFFSET, &on_disk, sizeof(on_disk));
    return rc != 0 ? rc : ext_disk_sync(x);
}
