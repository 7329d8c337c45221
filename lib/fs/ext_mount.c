// SPDX-License-Identifier: MIT
/*
 * A file system's life: opened, its journal replayed, marked as in use, written every few seconds, marked as clean at the end.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "ext_priv.h"

/* What is not synced is on the disk so much later; Linux' ext4 has the same. */
#define COMMIT_NS (5 * NS_PER_SEC)

/* debugfs/journal.c */
errcode_t ext2fs_run_ext3_journal(ext2_filsys *fs);

static struct list mounted = LIST_INIT(mounted);

static void describe(struct fs *fs, struct fs_info *out)
{
    const struct ext2_super_block *super = ext_of(fs)->e2->super;

    *out = (struct fs_info){
        .block_bytes = ext_of(fs)->e2->blocksize,
        .blocks = ext2fs_blocks_count((struct ext2_super_block *)super),
        .free_blocks = ext2fs_free_blocks_count((struct ext2_super_block *)super),
        .nodes = super->s_inodes_count,
        .free_nodes = super->s_free_inodes_count,
    };
}

static int sync_fs(struct fs *fs)
{
    struct ext_fs *x = ext_of(fs);
    int rc;

    mutex_lock(&x->lock);
    ext_reap(x);
    rc = ext_commit(x);
    mutex_unlock(&x->lock);
    return rc;
}

static void free_all(struct ext_fs *x)
{
    ext_drop_blocks(x);
    ext_journal_close(x);
    if (x->committed != NULL) {
        ext2fs_free_block_bitmap(x->committed);
    }
    if (x->e2 != NULL) {
        ext2fs_free(x->e2);
    }
    free(x->dir_block);
    free(x);
}

/* The superblock straight to the disk: nothing else is on its way. */
static int write_superblock(struct ext_fs *x)
{
    errcode_t error;

    x->collecting = false;
    ext2fs_mark_super_dirty(x->e2);
    error = ext2fs_flush2(x->e2, EXT2_FLAG_FLUSH_NO_SYNC);
    return error != 0 ? ext_errno(error) : cache_sync(x->cache);
}

static int mark_clean(struct ext_fs *x)
{
    struct ext2_super_block *super = x->e2->super;

    if (ext2fs_has_feature_journal(super)) {
        ext2fs_clear_feature_journal_needs_recovery(super);
    } else if (x->was_valid) {
        super->s_state |= EXT2_VALID_FS;
    }
    return write_superblock(x);
}

static int finish(struct fs *fs)
{
    struct ext_fs *x = ext_of(fs);
    int rc = 0;

    mutex_lock(&x->lock);
    if (!fs->read_only) {
        ext_reap(x);
        rc = ext_commit(x);
        rc = rc != 0 ? rc : mark_clean(x);
        fs->read_only = true;
    }
    mutex_unlock(&x->lock);
    return rc;
}

static int unmount(struct fs *fs)
{
    struct ext_fs *x = ext_of(fs);
    int rc = finish(fs);

    list_remove(&x->link);
    /* The root's own reference; nobody else has one. */
    node_put(x->fs.root);
    cache_forget(x->cache);
    free_all(x);
    return rc;
}

static const struct fs_ops ext_ops = {
    .info = describe, .sync = sync_fs, .finish = finish, .unmount = unmount};

/* One that has something to commit and has not had this turn, locked. While it is committed any of the others may go. */
static struct ext_fs *next_to_commit(unsigned int turn)
{
    struct list *link;

    list_for_each(link, &mounted) {
        struct ext_fs *x = list_entry(link, struct ext_fs, link);

        if (x->turn != turn && !x->fs.read_only && ext_has_changes(x) && mutex_trylock(&x->lock)) {
            return x;
        }
    }
    return NULL;
}

/* Who writes and never syncs loses no more than a few seconds. */
static void commit_now_and_then(void *unused)
{
    unsigned int turn = 0;

    (void)unused;
    for (;;) {
        struct ext_fs *x;

        thread_sleep_ns(COMMIT_NS);
        for (turn++; (x = next_to_commit(turn)) != NULL;) {
            x->turn = turn;
            ext_reap(x);
            (void)ext_commit(x);
            mutex_unlock(&x->lock);
        }
    }
}

static int start_committing(void)
{
    static struct thread *thread;
    int rc = thread == NULL ? thread_create(&thread, "ext-commit", commit_now_and_then, NULL, 0) : 0;

    return rc;
}

/* No block that was freed since the last commit: the disk still says whose it is. */
static errcode_t new_range(ext2_filsys e2, int flags, blk64_t goal, blk64_t length, blk64_t *start,
                           blk64_t *got)
{
    struct ext_fs *x = e2->priv_data;
    blk64_t first = e2->super->s_first_data_block, last = ext2fs_blocks_count(e2->super) - 1;
    blk64_t at = goal > first && goal <= last ? goal : first, other, end;
    bool wrapped = at == first;

    for (;;) {
        errcode_t error = ext2fs_find_first_zero_block_bitmap2(e2->block_map, at, last, &other);

        if (error == 0) {
            error = ext2fs_find_first_zero_block_bitmap2(x->committed, other, last, &at);
        }
        if (error == 0 && at == other) {
            break;
        }
        if (error != 0 && (error != ENOENT || wrapped)) {
            return error == ENOENT ? EXT2_ET_BLOCK_ALLOC_FAIL : error;
        }
        if (error != 0) {
            wrapped = true;
            at = first;
        }
    }
    if ((flags & EXT2_NEWRANGE_FIXED_GOAL) != 0 && at != goal) {
        return EXT2_ET_BLOCK_ALLOC_FAIL;
    }
    end = MIN(at + length - 1, last) + 1;
    if (ext2fs_find_first_set_block_bitmap2(e2->block_map, at, end - 1, &other) == 0) {
        end = other;
    }
    if (ext2fs_find_first_set_block_bitmap2(x->committed, at, end - 1, &other) == 0) {
        end = other;
    }
    if ((flags & EXT2_NEWRANGE_MIN_LENGTH) != 0 && end - at < length) {
        return EXT2_ET_BLOCK_ALLOC_FAIL;
    }
    *start = at;
    *got = end - at;
    return 0;
}

static void count_freed(ext2_filsys e2, blk64_t block, int in_use)
{
    struct ext_fs *x = e2->priv_data;

    if (in_use < 0 && x->committed != NULL && ext2fs_test_block_bitmap2(x->committed, block)) {
        x->nr_freed += EXT2FS_CLUSTER_RATIO(e2);
    }
}

static errcode_t new_block(ext2_filsys e2, blk64_t goal, blk64_t *out, struct blk_alloc_ctx *context)
{
    blk64_t got;

    (void)context;
    return new_range(e2, 0, goal, 1, out, &got);
}

static int replay(struct ext_fs *x, bool read_only)
{
    errcode_t error;

    if (!ext2fs_has_feature_journal_needs_recovery(x->e2->super)) {
        return 0;
    }
    if (read_only) {
        pr_warn("ext: %s: its journal should be replayed first, but it is mounted read-only",
                x->e2->device_name);
        return 0;
    }
    pr_info("ext: %s: replaying the journal", x->e2->device_name);
    error = ext2fs_run_ext3_journal(&x->e2);
    if (error != 0) {
        pr_err("ext: the journal cannot be replayed (%ld)", (long)error);
        return ext_errno(error);
    }
    /* The superblock must not say any more that there is something to replay before all of it is in place. */
    return cache_sync(x->cache);
}

static int open_e2(struct ext_fs *x, bool read_only)
{
    struct blkdev *dev = cache_device(x->cache);
    int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP | EXT2_FLAG_SOFTSUPP_FEATURES |
                (read_only ? 0 : EXT2_FLAG_RW);
    errcode_t error = ext2fs_open(dev->name, flags, 0, 0, ext_io_manager, &x->e2);

    switch (error) {
    case 0:
        break;
    case EXT2_ET_BAD_MAGIC:
        return -EINVAL;
    case EXT2_ET_UNSUPP_FEATURE:
        return -EOPNOTSUPP;
    case EXT2_ET_RO_UNSUPP_FEATURE:
        return -EROFS;
    default:
        pr_err("ext: %s: %ld", dev->name, (long)error);
        return ext_errno(error);
    }
    return replay(x, read_only);
}

static int make_ready(struct ext_fs *x, bool read_only)
{
    struct ext2_super_block *super = x->e2->super;
    errcode_t error;
    int rc;

    x->e2->priv_data = x;
    x->e2->flags |= EXT2_FLAG_MASTER_SB_ONLY;
    x->dir_block = malloc(x->e2->blocksize);
    error = x->dir_block == NULL ? EXT2_ET_NO_MEMORY : ext2fs_read_bitmaps(x->e2);
    if (error != 0) {
        return ext_errno(error);
    }
    if ((super->s_state & EXT2_ERROR_FS) != 0 || super->s_last_orphan != 0) {
        pr_warn("ext: %s: has errors or forgotten files: e2fsck should look at it", x->e2->device_name);
    }
    x->was_valid = (super->s_state & EXT2_VALID_FS) != 0;
    x->fs.read_only = read_only;
    if (read_only) {
        return 0;
    }
    rc = ext_journal_open(x);
    if (rc != 0) {
        return rc;
    }
    if (x->journal.nr > 0) {
        ext2fs_set_feature_journal_needs_recovery(super);
    } else {
        super->s_state &= (__u16)~EXT2_VALID_FS;
    }
    super->s_mnt_count++;
    ext2fs_set_tstamp(super, s_mtime, (time_t)(time_wall_ns() / NS_PER_SEC));
    rc = write_superblock(x);
    error = rc == 0 ? ext2fs_copy_bitmap(x->e2->block_map, &x->committed) : 0;
    x->e2->get_alloc_block2 = new_block;
    x->e2->new_range = new_range;
    x->e2->block_alloc_stats = count_freed;
    x->collecting = true;
    return rc != 0 ? rc : error != 0 ? ext_errno(error) : start_committing();
}

int ext_open(struct blkdev *dev, bool read_only, struct fs **out)
{
    static struct mutex one_at_a_time = MUTEX_INIT(one_at_a_time);
    struct ext_fs *x = calloc(1, sizeof(*x));
    int rc;

    if (x == NULL) {
        return -ENOMEM;
    }
    if ((dev->features & BLKDEV_READ_ONLY) != 0 && !read_only) {
        free(x);
        return -EROFS;
    }
    fs_init(&x->fs, &ext_ops, "ext");
    mutex_init(&x->lock);
    list_init(&x->link);
    list_init(&x->doomed);
    x->cache = cache_of(dev);
    mutex_lock(&one_at_a_time);
    ext_mounting = x;
    rc = x->cache == NULL ? -ENOMEM : open_e2(x, read_only);
    rc = rc != 0 ? rc : make_ready(x, read_only);
    rc = rc != 0 ? rc : ext_node_get(x, EXT2_ROOT_INO, &x->fs.root);
    ext_mounting = NULL;
    mutex_unlock(&one_at_a_time);
    if (rc != 0) {
        if (x->cache != NULL) {
            cache_forget(x->cache);
        }
        free_all(x);
        return rc;
    }
    list_push_back(&mounted, &x->link);
    *out = &x->fs;
    return 0;
}
