// SPDX-License-Identifier: MIT
/*
 * The file system in memory: its nodes, names and pages. Nothing here ever blocks, so nothing needs a lock.
 */
#ifndef MEMFS_PRIV_H
#define MEMFS_PRIV_H

#include <xenolith/fs.h>

/** struct mem_entry - A name in a directory, in one chain of the file system's hash table. */
struct mem_entry {
    struct mem_entry *chain;
    struct mem_node *dir, *node;
    uint32_t hash;
    uint32_t slot;
    uint8_t length;
    char name[];
};

/** union mem_slot - An entry, or, with the lowest bit set, the number of the next free slot. */
union mem_slot {
    struct mem_entry *entry;
    uintptr_t free;
};

/**
 * struct mem_data - What a file holds: pages of its own in a tree of page-sized tables, @height tables deep; where there is none,
 * the bytes of @origin, which never change; elsewhere zeros.
 */
struct mem_data {
    void *root;
    unsigned int height;
    const char *origin;
    uint64_t origin_bytes;
    uint64_t nr_pages;
};

/**
 * struct mem_dir - @slots: entries in the order of their cookies; an entry keeps its slot, so that list() neither skips nor repeats one.
 * @kept: Directories that were removed from here and still have users; they still know their parent.
 */
struct mem_dir {
    struct mem_node *parent;
    union mem_slot *slots;
    uint32_t nr_slots, limit_slots, free_slot, nr_entries;
    uint32_t kept;
};

struct mem_device {
    uint64_t number;
    int (*open)(struct node *node, unsigned int flags, struct file **out);
};

struct mem_node {
    struct node node;
    uint32_t links;
    uint32_t permissions, owner, group;
    uint64_t serial;
    uint64_t modified_ns, changed_ns, accessed_ns;
    uint64_t size_bytes;
    union {
        struct mem_data data;
        struct mem_dir dir;
        struct mem_device device;
        char *target;
    };
};

/** struct memfs - @nr_pages of @limit_pages are taken by files' data and its tables. */
struct memfs {
    struct fs fs;
    uint64_t next_serial;
    uint64_t nr_nodes;
    struct mem_entry **buckets;
    size_t nr_buckets, nr_entries;
    size_t nr_pages, limit_pages;
};

static inline struct memfs *memfs_of(const struct mem_node *node)
{
    return container_of(node->node.fs, struct memfs, fs);
}

static inline struct mem_node *mem_of(struct node *node)
{
    return container_of(node, struct mem_node, node);
}

#define NO_SLOT UINT32_MAX

/** mem_node_new() - Without a name yet, with one reference. NULL: no memory. */
struct mem_node *mem_node_new(struct memfs *fs, enum file_kind kind, uint32_t permissions);

/** mem_node_check() - Free it if nobody needs it any more. */
void mem_node_check(struct mem_node *node);

void mem_touch(struct mem_node *node); /* modified and changed now */

/** mem_find() - The entry of a name, or NULL. */
struct mem_entry *mem_find(struct mem_node *dir, const char *name, size_t length);

/** mem_add() - A name for @node. -ENOSPC. */
int mem_add(struct mem_node *dir, const char *name, size_t length, struct mem_node *node);

int mem_lookup(struct node *dir, const char *name, size_t length, struct node **out);
int mem_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out);
int mem_link(struct node *dir, const char *name, size_t length, struct node *node);
int mem_unlink(struct node *dir, const char *name, size_t length, bool directory);
int mem_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length);
int mem_list(struct node *dir, uint64_t cookie, struct dir_entry *out);

long mem_read(struct node *node, void *buf, size_t bytes, uint64_t offset);
long mem_write(struct node *node, const void *buf, size_t bytes, uint64_t offset);
int mem_resize(struct node *node, uint64_t bytes);
int mem_map(struct node *node, uint64_t offset, const void **address, size_t *bytes);

/** mem_data_clear() - Free all pages. */
void mem_data_clear(struct mem_node *node);

#endif
