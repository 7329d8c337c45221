// SPDX-License-Identifier: MIT
/*
 * /dev: a file system in memory that holds devices. Numbers are Linux's. Disks come from lib/fs, where an image has it.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/random.h>
#include <xenolith/string.h>

/* As makedev() of the C library has it for small numbers. */
#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

enum minor {
    MINOR_NULL = 3,
    MINOR_ZERO = 5,
    MINOR_FULL = 7,
    MINOR_RANDOM = 8,
    MINOR_URANDOM = 9,
};

struct device_file {
    struct file file;
    struct node *node;
};

static struct device_file *of(struct file *file)
{
    return container_of(file, struct device_file, file);
}

static uint64_t minor_of(struct file *file)
{
    return memfs_device(of(file)->node) & 0xff;
}

static long read_device(struct file *file, void *buf, size_t bytes)
{
    switch (minor_of(file)) {
    case MINOR_NULL:
        return 0;
    case MINOR_RANDOM:
    case MINOR_URANDOM:
        random_fill(buf, bytes);
        return (long)bytes;
    default:
        memset(buf, 0, bytes);
        return (long)bytes;
    }
}

static long write_device(struct file *file, const void *buf, size_t bytes)
{
    switch (minor_of(file)) {
    case MINOR_FULL:
        return -ENOSPC;
    case MINOR_RANDOM:
    case MINOR_URANDOM:
        random_stir(buf, bytes);
        return (long)bytes;
    default:
        return (long)bytes;
    }
}

static long read_device_at(struct file *file, void *buf, size_t bytes, uint64_t offset)
{
    (void)offset;
    return read_device(file, buf, bytes);
}

static long write_device_at(struct file *file, const void *buf, size_t bytes, uint64_t offset)
{
    (void)offset;
    return write_device(file, buf, bytes);
}

static int64_t seek_device(struct file *file, int64_t offset, int whence)
{
    (void)file;
    (void)offset;
    return whence < 0 || whence > 2 ? -EINVAL : 0;
}

static int describe_device(struct file *file, struct file_info *out)
{
    of(file)->node->ops->info(of(file)->node, out);
    return 0;
}

static void release_device(struct file *file)
{
    node_put(of(file)->node);
    heap_free(of(file));
}

static const struct file_ops device_ops = {
    .read = read_device,
    .write = write_device,
    .read_at = read_device_at,
    .write_at = write_device_at,
    .seek = seek_device,
    .info = describe_device,
    .release = release_device,
};

static int open_memory_device(struct node *node, unsigned int flags, struct file **out)
{
    struct device_file *f;

    if ((memfs_device(node) & 0xff) == MINOR_RANDOM && !random_is_seeded()) {
        return -EIO;
    }
    f = heap_alloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    file_init(&f->file, &device_ops, flags);
    node_get(node);
    f->node = node;
    *out = &f->file;
    return 0;
}

static int open_console(struct node *node, unsigned int flags, struct file **out)
{
    (void)node;
    (void)flags;
    file_get(&console_file);
    *out = &console_file;
    return 0;
}

static const struct device {
    const char *name;
    uint64_t number;
    uint32_t permissions;
    int (*open)(struct node *node, unsigned int flags, struct file **out);
} devices[] = {
    {"null", DEVICE(1, MINOR_NULL), 0666, open_memory_device},
    {"zero", DEVICE(1, MINOR_ZERO), 0666, open_memory_device},
    {"full", DEVICE(1, MINOR_FULL), 0666, open_memory_device},
    {"random", DEVICE(1, MINOR_RANDOM), 0666, open_memory_device},
    {"urandom", DEVICE(1, MINOR_URANDOM), 0666, open_memory_device},
    {"tty", DEVICE(5, 0), 0666, open_console},
    {"console", DEVICE(5, 1), 0600, open_console},
};

static int fill(struct node *root)
{
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        const struct device *d = &devices[i];
        int rc = memfs_add_device(root, d->name, FILE_CHARACTER, d->number, d->permissions, d->open);

        if (rc != 0) {
            return rc;
        }
    }
    return dev_add_fds(root);
}

int dev_start(void)
{
    struct fs *fs = memfs_create("devtmpfs", 0);
    struct node *dir;
    int rc;

    if (fs == NULL) {
        return -ENOMEM;
    }
    rc = fill(fs->root);
    if (rc == 0) {
        rc = path_node(NULL, "/dev", 0, &dir);
    }
    if (rc != 0) {
        (void)fs->ops->unmount(fs);
        return rc;
    }
    rc = fs_mount(fs, dir);
    node_put(dir);
    return rc;
}
