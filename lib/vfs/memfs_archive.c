// SPDX-License-Identifier: MIT
/*
 * From an archive to a file system in memory: the tree is made once, the files' bytes stay where they are. A member with a name
 * that leads out of the tree, or through something that is no directory, is left out and counted.
 */
#include "archive.h"
#include "memfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/time.h>

#define TARGET_LIMIT 4095
#define NR_CHAINS    1024

/* The first name of a cpio file that has several. */
struct first_name {
    struct first_name *chain;
    uint64_t identity;
    struct mem_node *node;
};

struct filling {
    struct memfs *fs;
    struct first_name **firsts; /* NR_CHAINS, made when needed */
};

/* The next component of *@path, which moves behind it. False at the end. */
static bool next_component(struct text *path, struct text *out)
{
    while (path->length > 0 && path->start[0] == '/') {
        path->start++;
        path->length--;
    }
    *out = (struct text){path->start, 0};
    while (path->length > 0 && path->start[0] != '/') {
        path->start++;
        path->length--;
        out->length++;
    }
    return out->length > 0;
}

static bool is_dot(struct text name)
{
    return name.length == 1 && name.start[0] == '.';
}

static bool is_name(struct text name)
{
    return name.length > 0 && name.length <= FS_NAME_LIMIT && !is_dot(name) &&
           !(name.length == 2 && name.start[0] == '.' && name.start[1] == '.') &&
           memchr(name.start, '\0', name.length) == NULL;
}

static int add_new(struct mem_node *dir, struct text name, struct mem_node *n)
{
    int rc = n != NULL ? mem_add(dir, name.start, name.length, n) : -ENOSPC;

    if (n != NULL) {
        if (rc != 0 && n->node.kind == FILE_DIRECTORY) {
            n->links = 0; /* what its "." counts */
        }
        node_put(&n->node);
    }
    return rc;
}

/*
 * The directory that the last component of @path lies in, and that component; directories on the way are made if
 * @make. The component is empty for the root itself.
 */
static int find_place(struct memfs *m, struct text path, bool make, struct mem_node **dir, struct text *last)
{
    struct text next;

    *dir = mem_of(m->fs.root);
    *last = (struct text){path.start, 0};
    while (next_component(&path, &next)) {
        struct mem_entry *e;

        if (is_dot(next)) {
            continue;
        }
        if (!is_name(next)) {
            return -EINVAL;
        }
        if (last->length > 0) {
            e = mem_find(*dir, last->start, last->length);
            if (e == NULL && make) {
                int rc = add_new(*dir, *last, mem_node_new(m, FILE_DIRECTORY, 0755));

                if (rc != 0) {
                    return rc;
                }
                e = mem_find(*dir, last->start, last->length);
            }
            if (e == NULL || e->node->node.kind != FILE_DIRECTORY) {
                return -ENOTDIR;
            }
            *dir = e->node;
        }
        *last = next;
    }
    return 0;
}

static void set_facts(struct mem_node *n, const struct member *member)
{
    n->permissions = member->permissions;
    n->owner = member->owner;
    n->group = member->group;
    n->modified_ns = MIN(member->modified_s, INT64_MAX / NS_PER_SEC) * NS_PER_SEC;
    n->changed_ns = n->accessed_ns = n->modified_ns;
}

static struct mem_node *make_symlink(struct memfs *m, const struct member *member)
{
    struct mem_node *n;

    if (member->target.length == 0 || member->target.length > TARGET_LIMIT ||
        memchr(member->target.start, '\0', member->target.length) != NULL) {
        return NULL;
    }
    n = mem_node_new(m, FILE_SYMLINK, 0777);
    if (n == NULL) {
        return NULL;
    }
    n->target = heap_alloc(member->target.length + 1);
    if (n->target == NULL) {
        node_put(&n->node);
        return NULL;
    }
    memcpy(n->target, member->target.start, member->target.length);
    n->target[member->target.length] = '\0';
    n->size_bytes = member->target.length;
    return n;
}

static void set_data(struct mem_node *n, struct text data)
{
    n->data.origin = data.start;
    n->data.origin_bytes = data.length;
    n->size_bytes = data.length;
}

/* The node that an earlier member with the same identity made; or the place to note it. NULL: no memory. */
static struct first_name *first_name_of(struct filling *f, uint64_t identity)
{
    struct first_name **chain, *first;

    if (f->firsts == NULL) {
        f->firsts = heap_zalloc(NR_CHAINS, sizeof(*f->firsts));
        if (f->firsts == NULL) {
            return NULL;
        }
    }
    chain = &f->firsts[(identity ^ identity >> 32) % NR_CHAINS];
    for (first = *chain; first != NULL && first->identity != identity; first = first->chain) {
    }
    if (first == NULL) {
        first = heap_zalloc(1, sizeof(*first));
        if (first != NULL) {
            first->identity = identity;
            first->chain = *chain;
            *chain = first;
        }
    }
    return first;
}

/* A reference for the caller. The first names keep theirs until all is read. */
static struct mem_node *make_file(struct filling *f, const struct member *member)
{
    struct first_name *first = member->identity != 0 ? first_name_of(f, member->identity) : NULL;
    struct mem_node *n = first != NULL ? first->node : NULL;

    if (n != NULL) {
        node_get(&n->node);
    } else {
        n = mem_node_new(f->fs, FILE_REGULAR, 0);
        if (n != NULL && first != NULL) {
            first->node = n;
            node_get(&n->node);
        }
    }
    if (n != NULL && (member->data.length > 0 || n->links == 0)) {
        set_data(n, member->data);
    }
    return n;
}

static struct mem_node *find_target(struct filling *f, const struct member *member)
{
    struct mem_node *dir;
    struct mem_entry *e;
    struct text last;

    if (find_place(f->fs, member->target, false, &dir, &last) != 0 || last.length == 0) {
        return NULL;
    }
    e = mem_find(dir, last.start, last.length);
    if (e == NULL || e->node->node.kind == FILE_DIRECTORY) {
        return NULL;
    }
    node_get(&e->node->node);
    return e->node;
}

static struct mem_node *make_member(struct filling *f, const struct member *member)
{
    switch (member->kind) {
    case MEMBER_FILE:
        return make_file(f, member);
    case MEMBER_DIRECTORY:
        return mem_node_new(f->fs, FILE_DIRECTORY, 0);
    case MEMBER_SYMLINK:
        return make_symlink(f->fs, member);
    case MEMBER_HARD_LINK:
        return find_target(f, member);
    case MEMBER_OTHER:
        break;
    }
    return NULL;
}

/* A directory that is there already takes the member's facts; any other thing is replaced, as tar does. */
static int add_member(struct filling *f, const struct member *member)
{
    struct mem_node *dir, *n;
    struct mem_entry *there;
    struct text last;
    int rc = find_place(f->fs, member->name, true, &dir, &last);

    if (rc != 0) {
        return rc;
    }
    there = last.length > 0 ? mem_find(dir, last.start, last.length) : NULL;
    n = last.length == 0 ? mem_of(f->fs->fs.root) : there != NULL ? there->node : NULL;
    if (n != NULL && n->node.kind == FILE_DIRECTORY) {
        if (member->kind != MEMBER_DIRECTORY) {
            return -EISDIR;
        }
        set_facts(n, member);
        return 0;
    }
    n = make_member(f, member);
    if (n == NULL) {
        return -EINVAL;
    }
    if (there != NULL) {
        (void)mem_unlink(&dir->node, last.start, last.length, false);
    }
    if (member->kind != MEMBER_HARD_LINK && member->kind != MEMBER_SYMLINK) {
        set_facts(n, member);
    }
    return add_new(dir, last, n);
}

static void forget_first_names(struct filling *f)
{
    for (size_t i = 0; f->firsts != NULL && i < NR_CHAINS; i++) {
        while (f->firsts[i] != NULL) {
            struct first_name *first = f->firsts[i];

            f->firsts[i] = first->chain;
            if (first->node != NULL) {
                node_put(&first->node->node);
            }
            heap_free(first);
        }
    }
    heap_free(f->firsts);
}

long memfs_add_archive(struct fs *fs, const void *archive, size_t bytes)
{
    struct filling f = {.fs = container_of(fs, struct memfs, fs)};
    struct archive a;
    struct member member;
    long added = 0, left_out = 0;
    int rc = archive_open(&a, archive, bytes);

    if (rc != 0) {
        return rc;
    }
    while ((rc = archive_next(&a, &member)) == 1) {
        if (add_member(&f, &member) == 0) {
            added++;
        } else {
            left_out++;
        }
    }
    forget_first_names(&f);
    if (rc < 0) {
        pr_warn("ramdisk: the archive is damaged at byte %zu of %zu; what follows is not there", a.at, bytes);
    }
    if (left_out > 0) {
        pr_warn("ramdisk: %ld members left out (devices, strange names, or no memory)", left_out);
    }
    return added;
}
