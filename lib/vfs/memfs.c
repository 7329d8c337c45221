// SPDX-License-Identifier: MIT
/*
 * The file system in memory: nodes, from birth to the last reference or name, and what is said about them. Names are memfs_dir.c's,
 * bytes memfs_data.c's.
 */
#include "memfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>
#include <xenolith/time.h>
#include <xenolith/types.h>

#define FIRST_BUCKETS 64

static long read_target(struct node *node, char *buf, size_t bytes)
{
    struct mem_node *n = mem_of(node);
    size_t length = MIN(bytes, n->size_bytes);

    memcpy(buf, n->target, length);
    return (long)length;
}

static uint64_t pages_held(const struct mem_node *n)
{
    return n->node.kind == FILE_REGULAR
               ? n->data.nr_pages + (n->data.origin_bytes + PAGE_SIZE - 1) / PAGE_SIZE
               : 0;
}

static void describe(struct node *node, struct file_info *out)
{
    struct mem_node *n = mem_of(node);
    bool is_device = node->kind == FILE_CHARACTER || node->kind == FILE_BLOCK;

    *out = (struct file_info){
        .kind = node->kind,
        .permissions = n->permissions,
        .links = n->links,
        .owner = n->owner,
        .group = n->group,
        .block_bytes = PAGE_SIZE,
        .size_bytes = n->size_bytes,
        .held_bytes = pages_held(n) * PAGE_SIZE,
        .serial = n->serial,
        .file_system = node->fs->id,
        .device = is_device ? n->device.number : 0,
        .modified_ns = n->modified_ns,
        .changed_ns = n->changed_ns,
        .accessed_ns = n->accessed_ns,
    };
}

static int change(struct node *node, const struct node_change *change)
{
    struct mem_node *n = mem_of(node);

    if ((change->what & CHANGE_PERMISSIONS) != 0) {
        n->permissions = change->permissions;
    }
    if ((change->what & CHANGE_OWNER) != 0) {
        n->owner = change->owner;
    }
    if ((change->what & CHANGE_GROUP) != 0) {
        n->group = change->group;
    }
    if ((change->what & CHANGE_MODIFIED) != 0) {
        n->modified_ns = change->modified_ns;
    }
    if ((change->what & CHANGE_ACCESSED) != 0) {
        n->accessed_ns = change->accessed_ns;
    }
    n->changed_ns = time_wall_ns();
    return 0;
}

static int open_device(struct node *node, unsigned int flags, struct file **out)
{
    return mem_of(node)->device.open(node, flags, out);
}

static void release(struct node *node)
{
    mem_node_check(mem_of(node));
}

static const struct node_ops file_ops = {
    .read = mem_read,
    .write = mem_write,
    .resize = mem_resize,
    .map = mem_map,
    .info = describe,
    .change = change,
    .release = release,
};

static const struct node_ops dir_ops = {
    .lookup = mem_lookup,
    .create = mem_create,
    .link = mem_link,
    .unlink = mem_unlink,
    .rename = mem_rename,
    .list = mem_list,
    .info = describe,
    .change = change,
    .release = release,
};

static const struct node_ops link_ops = {
    .readlink = read_target,
    .info = describe,
    .change = change,
    .release = release,
};

static const struct node_ops device_ops = {
    .info = describe,
    .change = change,
    .open = open_device,
    .release = release,
};

static const struct node_ops special_ops = {
    .info = describe,
    .change = change,
    .release = release,
};

static const struct node_ops *ops_of(enum file_kind kind)
{
    switch (kind) {
    case FILE_DIRECTORY:
        return &dir_ops;
    case FILE_SYMLINK:
        return &link_ops;
    case FILE_CHARACTER:
    case FILE_BLOCK:
        return &device_ops;
    case FILE_FIFO:
    case FILE_SOCKET:
        return &special_ops;
    default:
        return &file_ops;
    }
}

struct mem_node *mem_node_new(struct memfs *fs, enum file_kind kind, uint32_t permissions)
{
    struct mem_node *n = heap_zalloc(1, sizeof(*n));

    if (n == NULL) {
        return NULL;
    }
    node_init(&n->node, &fs->fs, ops_of(kind), kind);
    n->permissions = permissions;
    n->serial = fs->next_serial++;
    fs->nr_nodes++;
    mem_touch(n);
    n->accessed_ns = n->modified_ns;
    if (kind == FILE_DIRECTORY) {
        n->dir.free_slot = NO_SLOT;
        n->links = 1; /* its own "."; a name brings the other */
    }
    return n;
}

void mem_touch(struct mem_node *node)
{
    node->modified_ns = node->changed_ns = time_wall_ns();
}

static bool is_needed(const struct mem_node *n)
{
    return n->links > 0 || n->node.refs > 0 || (n->node.kind == FILE_DIRECTORY && n->dir.kept > 0);
}

/* A directory that was removed keeps its parent; it is the last to know it. */
void mem_node_check(struct mem_node *n)
{
    while (n != NULL && !is_needed(n)) {
        struct mem_node *parent = NULL;

        if (n->node.kind == FILE_DIRECTORY) {
            parent = n->dir.parent;
            heap_free(n->dir.slots);
            if (parent != NULL) {
                parent->dir.kept--;
            }
        } else if (n->node.kind == FILE_SYMLINK) {
            heap_free(n->target);
        } else if (n->node.kind == FILE_REGULAR) {
            mem_data_clear(n);
        }
        memfs_of(n)->nr_nodes--;
        heap_free(n);
        n = parent;
    }
}

static void describe_fs(struct fs *fs, struct fs_info *out)
{
    struct memfs *m = container_of(fs, struct memfs, fs);

    *out = (struct fs_info){
        .block_bytes = PAGE_SIZE,
        .blocks = m->limit_pages,
        .free_blocks = m->limit_pages - MIN(m->nr_pages, m->limit_pages),
        .nodes = m->nr_nodes,
    };
}

/* Nobody refers to anything: what is left are names, each of whose nodes goes with its last one. */
static int unmount(struct fs *fs)
{
    struct memfs *m = container_of(fs, struct memfs, fs);
    struct mem_node *root = mem_of(fs->root);

    for (size_t i = 0; i < m->nr_buckets; i++) {
        struct mem_entry *entry;

        while ((entry = m->buckets[i]) != NULL) {
            struct mem_node *n = entry->node;

            m->buckets[i] = entry->chain;
            if (n->node.kind == FILE_DIRECTORY) {
                n->dir.parent = NULL;
                n->links = 0;
            } else {
                n->links--;
            }
            heap_free(entry);
            mem_node_check(n);
        }
    }
    root->links = 0;
    root->dir.parent = NULL;
    node_put(&root->node);
    heap_free(m->buckets);
    heap_free(m);
    return 0;
}

static const struct fs_ops memfs_ops = {
    .info = describe_fs,
    .unmount = unmount,
};

struct fs *memfs_create(const char *type, size_t limit_pages)
{
    struct memfs *m = heap_zalloc(1, sizeof(*m));
    struct mem_node *root;

    if (m == NULL) {
        return NULL;
    }
    fs_init(&m->fs, &memfs_ops, type);
    m->fs.makes_special = true;
    m->next_serial = 1;
    m->limit_pages = limit_pages;
    m->nr_buckets = FIRST_BUCKETS;
    m->buckets = heap_zalloc(m->nr_buckets, sizeof(*m->buckets));
    root = m->buckets != NULL ? mem_node_new(m, FILE_DIRECTORY, 0755) : NULL;
    if (root == NULL) {
        heap_free(m->buckets);
        heap_free(m);
        return NULL;
    }
    root->links = 2;
    root->dir.parent = root;
    m->fs.root = &root->node;
    return &m->fs;
}

int memfs_add_device(struct node *dir, const char *name, enum file_kind kind, uint64_t device,
                     uint32_t permissions,
                     int (*open)(struct node *node, unsigned int flags, struct file **out))
{
    struct mem_node *d = mem_of(dir);
    struct mem_node *n;
    int rc;

    if (mem_find(d, name, strlen(name)) != NULL) {
        return -EEXIST;
    }
    n = mem_node_new(memfs_of(d), kind, permissions);
    if (n == NULL) {
        return -ENOSPC;
    }
    n->device.number = device;
    n->device.open = open;
    rc = mem_add(d, name, strlen(name), n);
    node_put(&n->node);
    return rc;
}

uint64_t memfs_device(const struct node *node)
{
    return container_of(node, const struct mem_node, node)->device.number;
}
