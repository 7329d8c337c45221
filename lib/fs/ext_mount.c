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
    ext_names_end(x);
    free(x->dir_block);
    free(x);
}

static int finish(struct fs *fs)
{
    struct ext_fs *x = ext_of(fs);
    int rc = 0;

    mutex_lock(&x->lock);
    if (!fs->read_only) {
        ext_orphans_kill(x);
        rc = ext_commit(x);
        rc = rc != 0 ? rc : ext_super_mark(x, false);
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
    ext_reap(x);
    if (x->failed != 0 && ext_has_disk(x)) {
        /* What did not reach the disk must not do so later, on top of a replay. */
        cache_abandon(x->cache);
    } else {
        cache_forget(x->cache);
    }
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
    if ((super->s_state & EXT2_ERROR_FS) != 0) {
        pr_warn("ext: %s: has errors: e2fsck should look at it", x->e2->device_name);
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
    rc = ext_super_mark(x, true);
    error = rc == 0 ? ext_alloc_init(x) : 0;
    /* On the disk with the first commit. */
    super->s_mnt_count++;
    ext2fs_set_tstamp(super, s_mtime, (time_t)(time_wall_ns() / NS_PER_SEC));
    ext2fs_mark_super_dirty(x->e2);
    x->collecting = true;
    rc = rc != 0 ? rc : error != 0 ? ext_errno(error) : ext_orphans_free(x);
    return rc != 0 ? rc : start_committing();
}

static bool is_mounted(const struct blkdev *dev)
{
    struct list *link;

    list_for_each(link, &mounted) {
        struct ext_fs *x = list_entry(link, struct ext_fs, link);

        if (cache_device(x->cache) == dev && ext_has_disk(x)) {
            return true;
        }
    }
    return false;
}

int ext_open(struct blkdev *dev, unsigned int how, struct fs **out)
{
    static struct mutex one_at_a_time = MUTEX_INIT(one_at_a_time);
    struct ext_fs *x = calloc(1, sizeof(*x));
    int rc;

    if (x == NULL) {
        return -ENOMEM;
    }
    how |= (how & DISK_NO_RECOVERY) != 0 ? DISK_READ_ONLY : 0;
    if ((dev->features & BLKDEV_READ_ONLY) != 0 && (how & DISK_READ_ONLY) == 0) {
        free(x);
        return -EACCES;
    }
    fs_init(&x->fs, &ext_ops, "ext");
    mutex_init(&x->lock);
    list_init(&x->link);
    list_init(&x->doomed);
    x->cache = cache_of(dev);
    x->discard = (how & DISK_DISCARD) != 0 && (dev->features & BLKDEV_CAN_DISCARD) != 0;
    x->generation = dev->generation;
    mutex_lock(&one_at_a_time);
    ext_mounting = x;
    rc = x->cache == NULL ? -ENOMEM : is_mounted(dev) ? -EBUSY : 0;
    if (rc == 0) {
        x->errors_seen = cache_errors(x->cache);
        rc = ext_super_open(x, how);
    }
    rc = rc != 0 ? rc : make_ready(x, (how & DISK_READ_ONLY) != 0);
    rc = rc != 0 ? rc : ext_node_get(x, EXT2_ROOT_INO, &x->fs.root);
    ext_mounting = NULL;
    if (rc == 0) {
        list_push_back(&mounted, &x->link);
    }
    mutex_unlock(&one_at_a_time);
    if (rc != 0) {
        if (x->cache != NULL) {
            cache_forget(x->cache);
        }
        free_all(x);
        return rc;
    }
    *out = &x->fs;
    return 0;
}
