// SPDX-License-Identifier: MIT
/*
 * Nodes' references, and the open file over a node: it keeps the offset (in a directory: the cookie of the next entry). What a
 * read or write does is the file system's own.
 */
#include <xenolith/fs.h>

#include <xenolith/errno.h>
#include <xenolith/file_lock.h>
#include <xenolith/heap.h>
#include <xenolith/panic.h>

#include "vfs_priv.h"

/* A directory's position: 0 is ".", 1 is "..", from 2 on the file system's cookie. */
#define FIRST_COOKIE 2

/** struct node_file - @position: held by who reads or writes at @offset and moves it. Taken before the node's lock. */
struct node_file {
    struct file file;
    struct node *node;
    struct mutex position;
    uint64_t offset;
};

void node_init(struct node *node, struct fs *fs, const struct node_ops *ops, enum file_kind kind)
{
    node->ops = ops;
    node->fs = fs;
    node->refs = 1;
    node->kind = kind;
    node->mounted = NULL;
    mutex_init(&node->lock);
    fs->users++;
}

/* From 0 too: a file system may keep nodes that nobody refers to. */
void node_get(struct node *node)
{
    node->refs++;
    node->fs->users++;
}

void node_put(struct node *node)
{
    if (node == NULL) {
        return;
    }
    ASSERT(node->refs > 0 && node->fs->users > 0);
    node->fs->users--;
    if (--node->refs == 0 && node->ops->release != NULL) {
        node->ops->release(node);
    }
}

void node_lock(struct node *node)
{
    mutex_lock(&node->lock);
}

void node_unlock(struct node *node)
{
    mutex_unlock(&node->lock);
}

static struct node_file *of(struct file *file)
{
    return container_of(file, struct node_file, file);
}

static long read_at(struct file *file, void *buf, size_t bytes, uint64_t offset)
{
    struct node *node = of(file)->node;

    if (node->kind == FILE_DIRECTORY) {
        return -EISDIR;
    }
    return node->ops->read != NULL ? node->ops->read(node, buf, bytes, offset) : -EINVAL;
}

/* At *offset, or at the end; *offset moves behind what was written. The node is locked. */
static long write_locked(struct file *file, const void *buf, size_t bytes, uint64_t *offset)
{
    struct node *node = of(file)->node;
    long rc;

    if ((file->flags & FILE_APPEND) != 0) {
        struct file_info info = {0};

        node->ops->info(node, &info);
        *offset = info.size_bytes;
    }
    if (*offset >= INT64_MAX) {
        return -EFBIG;
    }
    bytes = MIN(bytes, INT64_MAX - *offset);
    rc = node->ops->write != NULL ? node->ops->write(node, buf, bytes, *offset) : -EINVAL;
    *offset += rc > 0 ? (uint64_t)rc : 0;
    return rc;
}

static long write_at(struct file *file, const void *buf, size_t bytes, uint64_t offset)
{
    long rc;

    node_lock(of(file)->node);
    rc = write_locked(file, buf, bytes, &offset);
    node_unlock(of(file)->node);
    return rc;
}

static long read_file(struct file *file, void *buf, size_t bytes)
{
    struct node_file *f = of(file);
    long rc;

    mutex_lock(&f->position);
    rc = read_at(file, buf, bytes, f->offset);
    f->offset += rc > 0 ? (uint64_t)rc : 0;
    mutex_unlock(&f->position);
    return rc;
}

static long read_file_parts(struct file *file, const struct file_part *parts, size_t nr)
{
    struct node_file *f = of(file);
    long moved = 0, rc = 0;

    mutex_lock(&f->position);
    for (size_t i = 0; i < nr; i++) {
        rc = parts[i].bytes > 0 ? read_at(file, parts[i].base, parts[i].bytes, f->offset) : 0;
        f->offset += rc > 0 ? (uint64_t)rc : 0;
        moved += rc > 0 ? rc : 0;
        if (rc < 0 || (size_t)rc < parts[i].bytes) {
            break;
        }
    }
    mutex_unlock(&f->position);
    return moved > 0 ? moved : rc;
}

/* Nobody else's bytes come between the parts. */
static long write_file_parts(struct file *file, const struct file_part *parts, size_t nr)
{
    struct node_file *f = of(file);
    long moved = 0, rc = 0;

    mutex_lock(&f->position);
    node_lock(f->node);
    for (size_t i = 0; i < nr; i++) {
        uint64_t offset = f->offset;

        rc = parts[i].bytes > 0 ? write_locked(file, parts[i].base, parts[i].bytes, &offset) : 0;
        f->offset = rc > 0 ? offset : f->offset;
        moved += rc > 0 ? rc : 0;
        if (rc < 0 || (size_t)rc < parts[i].bytes) {
            break;
        }
    }
    node_unlock(f->node);
    mutex_unlock(&f->position);
    return moved > 0 ? moved : rc;
}

static long write_file(struct file *file, const void *buf, size_t bytes)
{
    struct file_part part = {(void *)(uintptr_t)buf, bytes};

    return write_file_parts(file, &part, 1);
}

static int64_t seek_file(struct file *file, int64_t offset, int whence)
{
    struct node_file *f = of(file);
    struct file_info info = {0};
    int64_t from = 0, to = -EINVAL;

    if (whence < 0 || whence > 2) {
        return -EINVAL;
    }
    mutex_lock(&f->position);
    if (whence == 1) {
        from = (int64_t)f->offset;
    } else if (whence == 2) {
        f->node->ops->info(f->node, &info);
        from = (int64_t)info.size_bytes;
    }
    if (__builtin_add_overflow(from, offset, &to) || to < 0) {
        to = -EINVAL;
    } else {
        f->offset = (uint64_t)to;
    }
    mutex_unlock(&f->position);
    return to;
}

static int resize_file(struct file *file, uint64_t bytes)
{
    struct node *node = of(file)->node;
    int rc = -EINVAL;

    if (node->kind == FILE_REGULAR && node->ops->resize != NULL) {
        node_lock(node);
        rc = node->ops->resize(node, bytes);
        node_unlock(node);
    }
    return rc;
}

static int sync_file(struct file *file, bool data_only)
{
    struct node *node = of(file)->node;

    return node->ops->sync != NULL ? node->ops->sync(node, data_only) : 0;
}

static int describe_file(struct file *file, struct file_info *out)
{
    of(file)->node->ops->info(of(file)->node, out);
    return 0;
}

static int map_file(struct file *file, uint64_t offset, const void **address, size_t *bytes)
{
    struct node *node = of(file)->node;

    return node->ops->map != NULL ? node->ops->map(node, offset, address, bytes) : -ENODEV;
}

/* Not in images that lock nothing, or make no FIFO. */
extern __typeof__(file_lock_release) file_lock_release WEAK;
extern __typeof__(fifo_open) fifo_open WEAK;

static void release_file(struct file *file)
{
    if (file_lock_release != NULL) {
        file_lock_release(file);
    }
    node_put(of(file)->node);
    heap_free(of(file));
}

static const struct file_ops node_file_ops = {
    .read = read_file,
    .write = write_file,
    .read_parts = read_file_parts,
    .write_parts = write_file_parts,
    .read_at = read_at,
    .write_at = write_at,
    .resize = resize_file,
    .sync = sync_file,
    .seek = seek_file,
    .info = describe_file,
    .map = map_file,
    .release = release_file,
};

int node_open(struct node *node, unsigned int flags, struct file **out)
{
    struct node_file *f;

    flags &= FILE_READ | FILE_WRITE | FILE_NONBLOCK | FILE_APPEND | FILE_SYNC;
    if (node->ops->open != NULL) {
        return node->ops->open(node, flags, out);
    }
    if (node->kind == FILE_FIFO) {
        return fifo_open != NULL ? fifo_open(node, flags, out) : -ENXIO;
    }
    f = heap_alloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    file_init(&f->file, &node_file_ops, flags);
    node_get(node);
    f->node = node;
    f->offset = 0;
    mutex_init(&f->position);
    *out = &f->file;
    return 0;
}

struct node *file_node(const struct file *file)
{
    return file->ops == &node_file_ops ? container_of(file, const struct node_file, file)->node : NULL;
}

static int dot_entry(struct node *dir, unsigned int dots, struct dir_entry *out)
{
    struct file_info info = {0};
    struct node *parent = dir;

    /* Across a mount the number is the covering root's: as readdir() on Linux, not as stat(). */
    if (dots == 2 && dir != dir->fs->root && dir->ops->lookup(dir, "..", 2, &parent) == 0) {
        parent->ops->info(parent, &info);
        node_put(parent);
    } else {
        dir->ops->info(dir, &info);
    }
    *out = (struct dir_entry){
        .next = dots, .serial = info.serial, .kind = FILE_DIRECTORY, .length = dots, .name = ".."};
    out->name[dots] = '\0';
    return 1;
}

static int next_entry(struct node_file *f, struct dir_entry *out)
{
    int rc;

    if (node_was_removed(f->node)) {
        return 0;
    }
    if (f->offset < FIRST_COOKIE) {
        rc = dot_entry(f->node, (unsigned int)f->offset + 1, out);
    } else {
        rc = f->node->ops->list(f->node, f->offset - FIRST_COOKIE, out);
        out->next += FIRST_COOKIE;
    }
    if (rc == 1) {
        f->offset = out->next;
    }
    return rc;
}

int dir_read(struct file *dir, struct dir_entry *out)
{
    struct node_file *f = of(dir);
    int rc;

    if (file_node(dir) == NULL || f->node->kind != FILE_DIRECTORY || f->node->ops->list == NULL) {
        return -ENOTDIR;
    }
    mutex_lock(&f->position);
    rc = next_entry(f, out);
    mutex_unlock(&f->position);
    return rc;
}
