// SPDX-License-Identifier: MIT
/*
 * The names of the file system in memory: one hash table for all directories, and for each directory the order in which list()
 * goes through it.
 */
#include "memfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>

#define FIRST_SLOTS 4

/* FNV-1a over the name; the directory's number keeps the same name in many directories apart. */
static uint32_t hash_of(const struct mem_node *dir, const char *name, size_t length)
{
    uint32_t hash = 2166136261u ^ (uint32_t)dir->serial;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash ^ (hash >> 15);
}

static struct mem_entry **bucket_of(struct memfs *m, uint32_t hash)
{
    return &m->buckets[hash & (m->nr_buckets - 1)];
}

struct mem_entry *mem_find(struct mem_node *dir, const char *name, size_t length)
{
    uint32_t hash = hash_of(dir, name, length);
    struct mem_entry *e = *bucket_of(memfs_of(dir), hash);

    while (e != NULL &&
           (e->hash != hash || e->dir != dir || e->length != length || memcmp(e->name, name, length) != 0)) {
        e = e->chain;
    }
    return e;
}

/* Without memory the chains just grow longer. */
static void grow_table(struct memfs *m)
{
    size_t old_buckets = m->nr_buckets;
    struct mem_entry **old = m->buckets;
    struct mem_entry **larger = heap_zalloc(old_buckets * 2, sizeof(*larger));

    if (larger == NULL) {
        return;
    }
    m->buckets = larger;
    m->nr_buckets *= 2;
    for (size_t i = 0; i < old_buckets; i++) {
        while (old[i] != NULL) {
            struct mem_entry *e = old[i];
            struct mem_entry **bucket = bucket_of(m, e->hash);

            old[i] = e->chain;
            e->chain = *bucket;
            *bucket = e;
        }
    }
    heap_free(old);
}

static int take_slot(struct mem_dir *dir, uint32_t *out)
{
    if (dir->free_slot != NO_SLOT) {
        *out = dir->free_slot;
        dir->free_slot = (uint32_t)(dir->slots[*out].free >> 1);
        return 0;
    }
    if (dir->nr_slots == dir->limit_slots) {
        uint32_t wanted = dir->limit_slots == 0 ? FIRST_SLOTS : dir->limit_slots * 2;
        union mem_slot *larger;

        if (wanted < dir->limit_slots) {
            return -ENOSPC;
        }
        larger = heap_realloc(dir->slots, wanted * sizeof(*larger));
        if (larger == NULL) {
            return -ENOSPC;
        }
        dir->slots = larger;
        dir->limit_slots = wanted;
    }
    *out = dir->nr_slots++;
    return 0;
}

int mem_add(struct mem_node *dir, const char *name, size_t length, struct mem_node *node)
{
    struct memfs *m = memfs_of(dir);
    struct mem_entry *e = heap_alloc(sizeof(*e) + length);
    struct mem_entry **bucket;
    uint32_t slot;

    if (e == NULL || take_slot(&dir->dir, &slot) != 0) {
        heap_free(e);
        return -ENOSPC;
    }
    if (m->nr_entries >= m->nr_buckets) {
        grow_table(m);
    }
    *e = (struct mem_entry){.dir = dir,
                            .node = node,
                            .hash = hash_of(dir, name, length),
                            .slot = slot,
                            .length = (uint8_t)length};
    memcpy(e->name, name, length);
    bucket = bucket_of(m, e->hash);
    e->chain = *bucket;
    *bucket = e;
    m->nr_entries++;
    dir->dir.slots[slot].entry = e;
    dir->dir.nr_entries++;
    node->links++;
    if (node->node.kind == FILE_DIRECTORY) {
        node->dir.parent = dir;
        dir->links++;
    }
    mem_touch(dir);
    return 0;
}

/* Takes the name away; what it named is the caller's affair. */
static void remove_entry(struct mem_entry *e)
{
    struct mem_node *dir = e->dir;
    struct memfs *m = memfs_of(dir);
    struct mem_entry **link = bucket_of(m, e->hash);

    while (*link != e) {
        link = &(*link)->chain;
    }
    *link = e->chain;
    m->nr_entries--;
    dir->dir.slots[e->slot].free = ((uintptr_t)dir->dir.free_slot << 1) | 1;
    dir->dir.free_slot = e->slot;
    dir->dir.nr_entries--;
    e->node->links--;
    if (e->node->node.kind == FILE_DIRECTORY) {
        dir->links--;
    }
    mem_touch(dir);
    e->node->changed_ns = dir->changed_ns;
    heap_free(e);
}

/* A directory without a name: its "." counts no more, and its parent stays as long as it does. */
static void bury(struct mem_node *node)
{
    if (node->node.kind == FILE_DIRECTORY) {
        node->links = 0;
        node->dir.parent->dir.kept++;
    }
    mem_node_check(node);
}

static bool was_removed(const struct mem_node *dir)
{
    return dir->links == 0;
}

int mem_lookup(struct node *dir, const char *name, size_t length, struct node **out)
{
    struct mem_node *d = mem_of(dir);
    struct mem_entry *e;

    if (length == 2 && name[0] == '.' && name[1] == '.') {
        *out = &d->dir.parent->node;
        node_get(*out);
        return 0;
    }
    e = mem_find(d, name, length);
    if (e == NULL) {
        return -ENOENT;
    }
    *out = &e->node->node;
    node_get(*out);
    return 0;
}

static int set_target(struct mem_node *n, const char *target)
{
    size_t length = strlen(target);

    n->target = heap_alloc(length + 1);
    if (n->target == NULL) {
        return -ENOSPC;
    }
    memcpy(n->target, target, length + 1);
    n->size_bytes = length;
    return 0;
}

int mem_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out)
{
    struct mem_node *d = mem_of(dir);
    struct mem_node *n;
    int rc = 0;

    if (was_removed(d)) {
        return -ENOENT;
    }
    if (mem_find(d, name, length) != NULL) {
        return -EEXIST;
    }
    n = mem_node_new(memfs_of(d), what->kind, what->permissions);
    if (n == NULL) {
        return -ENOSPC;
    }
    if (what->kind == FILE_SYMLINK) {
        rc = set_target(n, what->target);
    }
    if (rc == 0) {
        rc = mem_add(d, name, length, n);
    }
    if (rc != 0) {
        n->links = 0;
        node_put(&n->node);
        return rc;
    }
    *out = &n->node;
    return 0;
}

int mem_link(struct node *dir, const char *name, size_t length, struct node *node)
{
    struct mem_node *d = mem_of(dir), *n = mem_of(node);
    int rc;

    if (was_removed(d) || n->links == 0) {
        return -ENOENT;
    }
    if (n->links == UINT32_MAX) {
        return -EMLINK;
    }
    if (mem_find(d, name, length) != NULL) {
        return -EEXIST;
    }
    rc = mem_add(d, name, length, n);
    if (rc == 0) {
        n->changed_ns = d->changed_ns;
    }
    return rc;
}

int mem_unlink(struct node *dir, const char *name, size_t length, bool directory)
{
    struct mem_entry *e = mem_find(mem_of(dir), name, length);
    struct mem_node *n;

    if (e == NULL) {
        return -ENOENT;
    }
    n = e->node;
    if (directory != (n->node.kind == FILE_DIRECTORY)) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    if (directory && n->dir.nr_entries > 0) {
        return -ENOTEMPTY;
    }
    remove_entry(e);
    bury(n);
    return 0;
}

/* The target's name goes on to name @n; what it named before goes as if unlinked. */
static void replace(struct mem_entry *target, struct mem_node *n)
{
    struct mem_node *old = target->node;

    old->links--;
    target->node = n;
    n->links++;
    if (n->node.kind == FILE_DIRECTORY) {
        n->dir.parent = target->dir;
    }
    mem_touch(target->dir);
    old->changed_ns = target->dir->changed_ns;
    bury(old);
}

int mem_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length)
{
    struct mem_node *d = mem_of(dir), *t = mem_of(to);
    struct mem_entry *source = mem_find(d, name, length);
    struct mem_entry *target = mem_find(t, to_name, to_length);
    struct mem_node *n;
    bool is_directory;
    int rc;

    if (source == NULL || was_removed(t)) {
        return -ENOENT;
    }
    n = source->node;
    is_directory = n->node.kind == FILE_DIRECTORY;
    if (target != NULL) {
        if (target->node == n) {
            return 0;
        }
        if (is_directory != (target->node->node.kind == FILE_DIRECTORY)) {
            return is_directory ? -ENOTDIR : -EISDIR;
        }
        if (is_directory && target->node->dir.nr_entries > 0) {
            return -ENOTEMPTY;
        }
        remove_entry(source);
        replace(target, n);
    } else {
        rc = mem_add(t, to_name, to_length, n);
        if (rc != 0) {
            return rc;
        }
        remove_entry(source);
    }
    n->changed_ns = t->changed_ns;
    return 0;
}

int mem_list(struct node *dir, uint64_t cookie, struct dir_entry *out)
{
    struct mem_dir *d = &mem_of(dir)->dir;

    for (; cookie < d->nr_slots; cookie++) {
        struct mem_entry *e = d->slots[cookie].entry;

        if (((uintptr_t)e & 1) != 0) {
            continue;
        }
        out->next = cookie + 1;
        out->serial = e->node->serial;
        out->kind = e->node->node.kind;
        out->length = e->length;
        memcpy(out->name, e->name, e->length);
        out->name[e->length] = '\0';
        return 1;
    }
    return 0;
}
