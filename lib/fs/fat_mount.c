// SPDX-License-Identifier: MIT
/*
 * A file system's life: recognised, marked as in use, written every few seconds, marked as clean at the end. The mark is Linux's: bit 0 of a byte
 * of the boot sector.
 */
#include "fat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "fat_priv.h"

/* What is not synced is on the disk so much later. */
#define COMMIT_NS (5 * NS_PER_SEC)

#define BOOT_BYTES 512

static struct list mounted = LIST_INIT(mounted);

static void describe(struct fs *fs, struct fs_info *out)
{
    struct fat_fs *x = fat_of(fs);
    uint32_t all = x->ff.n_fatent - 2;

    mutex_lock(&x->lock);
    if (x->ff.free_clst > all) {
        (void)fat_lib_count(x);
    }
    *out = (struct fs_info){
        .block_bytes = x->cluster_bytes,
        .blocks = all,
        .free_blocks = x->ff.free_clst <= all ? x->ff.free_clst : 0,
    };
    mutex_unlock(&x->lock);
}

static int sync_fs(struct fs *fs)
{
    struct fat_fs *x = fat_of(fs);
    int rc;

    mutex_lock(&x->lock);
    fat_reap(x);
    rc = fat_commit(x);
    mutex_unlock(&x->lock);
    return rc;
}

static void free_all(struct fat_fs *x)
{
    x->fs.read_only = true;
    fat_reap(x);
    fat_drop_blocks(x);
    while (x->spares != NULL) {
        struct fat_block *b = x->spares;

        x->spares = b->chain;
        free(b);
    }
    free(x->losses);
    free(x);
}

static int set_dirty(struct fat_fs *x, bool dirty)
{
    uint64_t at = x->ff.fs_type == FS_FAT32 ? 0x41 : 0x25;
    unsigned char state;
    int rc = fat_get(x, at, &state, 1);

    if (rc == 0) {
        state = (unsigned char)((state & ~1u) | dirty);
        rc = fat_put(x, at, &state, 1);
    }
    return rc != 0 ? rc : fat_flush(x);
}

static int finish(struct fs *fs)
{
    struct fat_fs *x = fat_of(fs);
    int rc = 0;

    mutex_lock(&x->lock);
    if (!fs->read_only || x->failed != 0) {
        fat_reap(x);
        rc = fat_commit(x);
        if (rc == 0 && x->failed == 0 && !x->was_dirty) {
            rc = fat_flush(x);
            rc = rc != 0 ? rc : set_dirty(x, false);
        }
        fs->read_only = true;
    }
    mutex_unlock(&x->lock);
    return rc;
}

static int unmount(struct fs *fs)
{
    struct fat_fs *x = fat_of(fs);
    int rc = finish(fs);

    list_remove(&x->link);
    node_put(x->fs.root);
    fat_let_go(x);
    free_all(x);
    return rc;
}

static const struct fs_ops fat_ops = {
    .info = describe, .sync = sync_fs, .finish = finish, .unmount = unmount};

/* One in a round: a commit blocks, and what follows in the list may be gone afterwards. */
static void commit_next(void)
{
    struct fat_fs *x;

    if (list_is_empty(&mounted)) {
        return;
    }
    x = list_entry(mounted.next, struct fat_fs, link);
    list_remove(&x->link);
    list_push_back(&mounted, &x->link);
    if (!x->stopped && mutex_trylock(&x->lock)) {
        fat_reap(x);
        if (!x->stopped && (x->nr_blocks > 0 || x->nr_losses > 0 || x->ff.wflag != 0)) {
            (void)fat_commit(x);
        }
        mutex_unlock(&x->lock);
    }
}

/* Who writes and never syncs loses no more than a few seconds. */
static void commit_now_and_then(void *unused)
{
    (void)unused;
    for (;;) {
        thread_sleep_ns(COMMIT_NS);
        commit_next();
    }
}

static int start_committing(void)
{
    static struct thread *thread;

    return thread == NULL ? thread_create(&thread, "fat-commit", commit_now_and_then, NULL, 0) : 0;
}

static unsigned int word_at(const unsigned char *boot, unsigned int at)
{
    return boot[at] | (unsigned int)boot[at + 1] << 8;
}

/* Is it FAT at all? FatFs would look for partitions otherwise. */
static int recognise(struct fat_fs *x)
{
    unsigned char boot[BOOT_BYTES];
    int rc = cache_device(x->cache)->size_bytes < BOOT_BYTES ? -EINVAL : fat_get(x, 0, boot, sizeof(boot));

    if (rc != 0) {
        return rc;
    }
    x->sector_bytes = word_at(boot, 11);
    if (word_at(boot, 510) != 0xaa55 || (boot[0] != 0xeb && boot[0] != 0xe9 && boot[0] != 0xe8) ||
        (memcmp(boot + 54, "FAT", 3) != 0 && memcmp(boot + 82, "FAT32", 5) != 0) ||
        x->sector_bytes < FF_MIN_SS || x->sector_bytes > FF_MAX_SS ||
        (x->sector_bytes & (x->sector_bytes - 1)) != 0) {
        return -EINVAL;
    }
    return 0;
}

static int make_ready(struct fat_fs *x, bool read_only)
{
    static const struct fat_entry root = {.attributes = FAT_DIRECTORY};
    unsigned char state;
    int rc = fat_lib_open(x);

    rc = rc != 0 ? rc : fat_get(x, x->ff.fs_type == FS_FAT32 ? 0x41 : 0x25, &state, 1);
    if (rc != 0) {
        return rc;
    }
    x->was_dirty = (state & 1) != 0;
    if (x->was_dirty) {
        pr_warn("fat: %s: was not unmounted in an orderly way: fsck should look at it",
                cache_device(x->cache)->name);
    }
    /* What the count says is to be believed only if somebody has put things in order. */
    if (x->was_dirty || x->ff.free_clst > x->ff.n_fatent - 2) {
        x->ff.free_clst = UINT32_MAX;
    }
    x->fs.read_only = read_only;
    rc = fat_node_get(x, NULL, &root, &x->fs.root);
    if (rc == 0 && !read_only) {
        rc = set_dirty(x, true);
        rc = rc != 0 ? rc : start_committing();
        if (rc != 0) {
            node_put(x->fs.root);
        }
    }
    return rc;
}

static bool is_mounted(const struct blkdev *dev)
{
    struct list *link;

    list_for_each(link, &mounted) {
        struct fat_fs *x = list_entry(link, struct fat_fs, link);

        if (cache_device(x->cache) == dev && x->generation == dev->generation) {
            return true;
        }
    }
    return false;
}

static int open_volume(struct fat_fs *x, struct blkdev *dev, bool read_only)
{
    int rc;

    x->cache = cache_of(dev);
    if (x->cache == NULL) {
        return -ENOMEM;
    }
    x->generation = dev->generation;
    x->errors_seen = cache_errors(x->cache);
    rc = recognise(x);
    if (rc == 0 && !read_only && (dev->features & BLKDEV_READ_ONLY) != 0) {
        rc = -EACCES;
    }
    rc = rc != 0 ? rc : make_ready(x, read_only);
    if (rc != 0) {
        fat_let_go(x);
    }
    return rc;
}

int fat_open(struct blkdev *dev, bool read_only, struct fs **out)
{
    struct fat_fs *x;
    int rc;

    if (is_mounted(dev)) {
        return -EBUSY;
    }
    x = calloc(1, sizeof(*x));
    if (x == NULL) {
        return -ENOMEM;
    }
    fs_init(&x->fs, &fat_ops, "vfat");
    mutex_init(&x->lock);
    list_init(&x->link);
    list_init(&x->doomed);
    list_init(&x->displaced);
    rc = open_volume(x, dev, read_only);
    if (rc != 0) {
        free_all(x);
        return rc;
    }
    list_push_back(&mounted, &x->link);
    *out = &x->fs;
    return 0;
}
