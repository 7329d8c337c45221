// SPDX-License-Identifier: MIT
/*
 * Along a path, component by component: dots, mounts, symbolic links. Never creates or changes anything.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>

#define MAX_LINKS 40

static size_t name_length(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && path[length] != '/') {
        length++;
    }
    return length;
}

static const char *skip_slashes(const char *path)
{
    while (*path == '/') {
        path++;
    }
    return path;
}

void node_cross(struct node **node)
{
    while ((*node)->mounted != NULL) {
        struct node *root = (*node)->mounted->root;

        node_get(root);
        node_put(*node);
        *node = root;
    }
}

/* From the root of a mount ".." leads to where the directory that it covers lies. */
static int find_parent(struct node *dir, struct node **out)
{
    int rc;

    while (dir == dir->fs->root && dir->fs->covers != NULL) {
        dir = dir->fs->covers;
    }
    if (dir == dir->fs->root) {
        node_get(dir);
        *out = dir;
        return 0;
    }
    rc = dir->ops->lookup(dir, "..", 2, out);
    if (rc == 0) {
        node_cross(out);
    }
    return rc;
}

bool node_was_removed(struct node *dir)
{
    struct file_info info = {0};

    dir->ops->info(dir, &info);
    return info.links == 0;
}

static int find_name(struct node *dir, const char *name, size_t length, struct node **out)
{
    int rc;

    if (length > FS_NAME_LIMIT) {
        return node_was_removed(dir) ? -ENOENT : -ENAMETOOLONG;
    }
    rc = dir->ops->lookup(dir, name, length, out);
    if (rc == 0) {
        node_cross(out);
    }
    return rc;
}

static enum walk_last kind_of_name(const char *name, size_t length)
{
    if (length == 0) {
        return WALK_ROOT;
    }
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) {
        return length == 1 ? WALK_DOT : WALK_DOTDOT;
    }
    return WALK_NAME;
}

static int restart_at_root(struct walk *w)
{
    node_put(w->dir);
    w->dir = NULL;
    return fs_root(&w->dir);
}

/*
 * Makes the target of @link, with @after behind it, what is still to be walked. @after may lie in the text that is
 * replaced.
 */
static int follow_link(struct walk *w, struct node *link, const char *after)
{
    size_t after_bytes = strlen(after) + 1;
    long length;
    char *rest;

    if (++w->links > MAX_LINKS) {
        return -ELOOP;
    }
    rest = heap_alloc(PATH_LIMIT + 1 + after_bytes);
    if (rest == NULL) {
        return -ENOMEM;
    }
    length = link->ops->readlink != NULL ? link->ops->readlink(link, rest, PATH_LIMIT) : -EINVAL;
    if (length <= 0 || length >= PATH_LIMIT || memchr(rest, '\0', (size_t)length) != NULL) {
        heap_free(rest);
        return length < 0 ? (int)length : length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    if (after[0] != '\0' && after[0] != '/') {
        rest[length++] = '/';
    }
    memcpy(rest + length, after, after_bytes);
    heap_free(w->rest);
    w->rest = rest;
    return rest[0] == '/' ? restart_at_root(w) : 0;
}

/* One component that is not the last: the walk enters it, or the link's text comes in front of @after. */
static int enter(struct walk *w, const char *after, const char **path)
{
    struct node *next = NULL;
    int rc = 0;

    *path = after;
    switch (w->last) {
    case WALK_DOT:
    case WALK_ROOT:
        return 0;
    case WALK_DOTDOT:
        rc = find_parent(w->dir, &next);
        break;
    case WALK_NAME:
        rc = find_name(w->dir, w->name, w->length, &next);
        break;
    }
    if (rc == 0 && next->kind == FILE_SYMLINK) {
        rc = follow_link(w, next, after);
        node_put(next);
        *path = w->rest;
        return rc;
    }
    if (rc == 0 && next->kind != FILE_DIRECTORY) {
        node_put(next);
        rc = -ENOTDIR;
    }
    if (rc == 0) {
        node_put(w->dir);
        w->dir = next;
    }
    return rc;
}

/* Walks along @path until its last component. */
static int walk_on(struct walk *w, const char *path)
{
    for (;;) {
        const char *after;
        int rc;

        path = skip_slashes(path);
        w->name = path;
        w->length = name_length(path);
        w->last = kind_of_name(w->name, w->length);
        after = skip_slashes(path + w->length);
        if (*after == '\0') {
            w->wants_dir = path[w->length] == '/';
            return 0;
        }
        rc = enter(w, after, &path);
        if (rc != 0) {
            return rc;
        }
    }
}

int walk_begin(struct walk *w, struct node *at, const char *path)
{
    int rc = 0;

    *w = (struct walk){0};
    if (path[0] == '\0') {
        return -ENOENT;
    }
    if (strnlen(path, PATH_LIMIT) >= PATH_LIMIT) {
        return -ENAMETOOLONG;
    }
    if (path[0] == '/') {
        rc = fs_root(&w->dir);
    } else if (at != NULL) {
        node_get(at);
        w->dir = at;
        rc = at->kind == FILE_DIRECTORY ? 0 : -ENOTDIR;
    } else {
        rc = cwd_get(&w->dir);
    }
    if (rc == 0) {
        rc = walk_on(w, path);
    }
    if (rc != 0) {
        walk_end(w);
    }
    return rc;
}

void walk_end(struct walk *w)
{
    node_put(w->dir);
    heap_free(w->rest);
    w->dir = NULL;
    w->rest = NULL;
}

int walk_lookup(struct walk *w, struct node **out)
{
    switch (w->last) {
    case WALK_NAME:
        return find_name(w->dir, w->name, w->length, out);
    case WALK_DOTDOT:
        return find_parent(w->dir, out);
    case WALK_DOT:
    case WALK_ROOT:
        break;
    }
    node_get(w->dir);
    *out = w->dir;
    return 0;
}

int walk_finish(struct walk *w, bool follow, struct node **out)
{
    for (;;) {
        struct node *node;
        int rc;

        if (w->creates && w->last == WALK_NAME && w->wants_dir) {
            return -EISDIR;
        }
        rc = walk_lookup(w, &node);
        if (rc != 0) {
            return rc;
        }
        if (node->kind == FILE_SYMLINK && (follow || w->wants_dir)) {
            rc = follow_link(w, node, w->wants_dir ? "/" : "");
            node_put(node);
            if (rc == 0) {
                rc = walk_on(w, w->rest);
            }
            if (rc != 0) {
                w->last = WALK_ROOT; /* it is no name that is missing here */
                return rc;
            }
            continue;
        }
        if (w->wants_dir && node->kind != FILE_DIRECTORY) {
            node_put(node);
            return -ENOTDIR;
        }
        *out = node;
        return 0;
    }
}
