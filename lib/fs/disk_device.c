// SPDX-License-Identifier: MIT
/*
 * Disks in /dev: files of bytes through the page cache, which a mounted file system on the same disk shares. Owns the open files; the
 * cache is the disk's.
 */
#include "disk.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/compiler.h>
#include <xenolith/path.h>

#include "cache.h"

/* Linux's major number of xvd disks; the minor ones are ours. */
#define XVD_MAJOR 202

#define MAX_DISKS 64

static struct blkdev *disks[MAX_DISKS];
static struct node *dev_dir;

struct disk_file {
    struct file file;
    struct node *node;
    struct blkdev *dev;
    struct cache *cache;
    uint32_t errors; /* of writes, that it knows of */
    uint64_t offset;
};

static struct disk_file *of(struct file *file)
{
    return container_of(file, struct disk_file, file);
}

static long read_at(struct file *file, void *buf, size_t bytes, uint64_t offset)
{
    struct disk_file *f = of(file);
    int rc;

    if (f->dev->state == BLKDEV_ABSENT || offset >= f->dev->size_bytes) {
        return f->dev->state == BLKDEV_ABSENT ? -ENXIO : 0;
    }
    bytes = MIN(bytes, f->dev->size_bytes - offset);
    rc = cache_read(f->cache, offset, buf, bytes);
    return rc != 0 ? rc : (long)bytes;
}

static long write_at(struct file *file, const void *buf, size_t bytes, uint64_t offset)
{
    struct disk_file *f = of(file);
    int rc;

    if (f->dev->state == BLKDEV_ABSENT || offset >= f->dev->size_bytes) {
        return f->dev->state == BLKDEV_ABSENT ? -ENXIO : -ENOSPC;
    }
    bytes = MIN(bytes, f->dev->size_bytes - offset);
    rc = cache_write(f->cache, offset, buf, bytes);
    return rc != 0 ? rc : (long)bytes;
}

static long read_disk(struct file *file, void *buf, size_t bytes)
{
    long rc = read_at(file, buf, bytes, of(file)->offset);

    of(file)->offset += rc > 0 ? (uint64_t)rc : 0;
    return rc;
}

static long write_disk(struct file *file, const void *buf, size_t bytes)
{
    long rc = write_at(file, buf, bytes, of(file)->offset);

    of(file)->offset += rc > 0 ? (uint64_t)rc : 0;
    return rc;
}

static int64_t seek_disk(struct file *file, int64_t offset, int whence)
{
    struct disk_file *f = of(file);
    int64_t from = whence == 1 ? (int64_t)f->offset : whence == 2 ? (int64_t)f->dev->size_bytes : 0, to;

    if (whence < 0 || whence > 2 || __builtin_add_overflow(from, offset, &to) || to < 0) {
        return -EINVAL;
    }
    f->offset = (uint64_t)to;
    return to;
}

static int sync_disk(struct file *file, bool data_only)
{
    (void)data_only;
    return cache_sync_since(of(file)->cache, &of(file)->errors);
}

static int describe_disk(struct file *file, struct file_info *out)
{
    of(file)->node->ops->info(of(file)->node, out);
    out->block_bytes = of(file)->dev->block_bytes;
    return 0;
}

static void release_disk(struct file *file)
{
    node_put(of(file)->node);
    free(of(file));
}

static const struct file_ops disk_ops = {
    .read = read_disk,
    .write = write_disk,
    .read_at = read_at,
    .write_at = write_at,
    .sync = sync_disk,
    .seek = seek_disk,
    .info = describe_disk,
    .release = release_disk,
};

static int open_disk(struct node *node, unsigned int flags, struct file **out)
{
    struct blkdev *dev = disks[memfs_device(node) % MAX_DISKS];
    struct disk_file *f;

    if (dev->state == BLKDEV_ABSENT) {
        return -ENXIO;
    }
    if ((flags & FILE_WRITE) != 0 && (dev->features & BLKDEV_READ_ONLY) != 0) {
        return -EROFS;
    }
    f = calloc(1, sizeof(*f));
    if (f == NULL || cache_of(dev) == NULL) {
        free(f);
        return -ENOMEM;
    }
    file_init(&f->file, &disk_ops, flags & ~(unsigned int)FILE_APPEND);
    node_get(node);
    f->node = node;
    f->dev = dev;
    f->cache = cache_of(dev);
    f->errors = cache_errors(f->cache);
    *out = &f->file;
    return 0;
}

static void add_disk(struct blkdev_watch *watch, struct blkdev *dev, enum blkdev_event event)
{
    static unsigned int nr;

    (void)watch;
    if (event == BLKDEV_FOUND && nr < MAX_DISKS) {
        disks[nr] = dev;
        if (memfs_add_device(dev_dir, dev->name, FILE_BLOCK, (uint64_t)XVD_MAJOR << 8 | nr, 0660,
                             open_disk) == 0) {
            nr++;
        }
    }
}

void disk_add_devices(void)
{
    static struct blkdev_watch watch = {.changed = add_disk};

    /* Looking for any has all of them found. */
    (void)disk_find("");
    if (path_node(NULL, "/dev", 0, &dev_dir) != 0) {
        return;
    }
    list_init(&watch.link);
    blkdev_watch(&watch);
}

void disk_sync_devices(void)
{
    for (unsigned int i = 0; i < MAX_DISKS && disks[i] != NULL; i++) {
        if (disks[i]->state != BLKDEV_ABSENT && (disks[i]->features & BLKDEV_READ_ONLY) == 0) {
            struct cache *c = cache_of(disks[i]);

            if (c != NULL) {
                (void)cache_sync(c);
            }
        }
    }
}
