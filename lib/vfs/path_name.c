// SPDX-License-Identifier: MIT
/*
 * From a node back to its path: a directory's name is looked for in its parent, up to the root. So a directory that was renamed
 * has its new path, and nothing has to be kept for it.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>

/* The name under which @parent has @dir. */
static int find_name_of(struct node *parent, const struct node *dir, struct dir_entry *entry)
{
    struct node *same_fs = (struct node *)dir;
    struct file_info info = {0};
    uint64_t cookie = 0;
    int rc;

    same_fs->ops->info(same_fs, &info);
    while ((rc = parent->ops->list(parent, cookie, entry)) == 1) {
        if (entry->serial == info.serial && entry->kind == FILE_DIRECTORY) {
            return 0;
        }
        cookie = entry->next;
    }
    return rc < 0 ? rc : -ENOENT;
}

/* Puts "/NAME" in front of what stands at buf[*start]. */
static int prepend(char *buf, size_t *start, const struct dir_entry *entry)
{
    if (entry->length + 1 > *start) {
        return -ENAMETOOLONG;
    }
    *start -= entry->length;
    memcpy(buf + *start, entry->name, entry->length);
    buf[--*start] = '/';
    return 0;
}

/* One step up. @dir's reference becomes its parent's; NULL at the root of all. */
static int step_up(struct node **dir, char *buf, size_t *start, struct dir_entry *entry)
{
    struct node *from = *dir, *parent;
    int rc;

    while (from == from->fs->root && from->fs->covers != NULL) {
        from = from->fs->covers;
    }
    if (from == from->fs->root) {
        node_put(*dir);
        *dir = NULL;
        return 0;
    }
    rc = from->ops->lookup(from, "..", 2, &parent);
    if (rc != 0) {
        return rc;
    }
    rc = find_name_of(parent, from, entry);
    if (rc == 0) {
        rc = prepend(buf, start, entry);
    }
    node_put(*dir);
    *dir = parent;
    return rc;
}

int node_path(struct node *dir, char *buf)
{
    struct dir_entry *entry = heap_alloc(sizeof(*entry));
    size_t start = PATH_LIMIT - 1;
    int rc = 0;

    if (entry == NULL) {
        return -ENOMEM;
    }
    buf[start] = '\0';
    node_get(dir);
    while (rc == 0 && dir != NULL) {
        rc = step_up(&dir, buf, &start, entry);
    }
    node_put(dir);
    heap_free(entry);
    if (rc != 0) {
        return rc;
    }
    if (buf[start] == '\0') {
        buf[--start] = '/';
    }
    memmove(buf, buf + start, PATH_LIMIT - start);
    return 0;
}

/* A path that ends at a directory is that directory's; else the parent's, and the name. */
int path_canonical(struct node *at, const char *path, char *buf)
{
    struct node *node;
    struct walk w;
    size_t length;
    int rc = walk_begin(&w, at, path);

    if (rc != 0) {
        return rc;
    }
    rc = walk_finish(&w, true, &node);
    if (rc != 0) {
        walk_end(&w);
        return rc;
    }
    rc = node_path(node->kind == FILE_DIRECTORY ? node : w.dir, buf);
    if (rc == 0 && node->kind != FILE_DIRECTORY) {
        length = strlen(buf);
        if (length + 1 + w.length >= PATH_LIMIT) {
            rc = -ENAMETOOLONG;
        } else {
            /* The root's path ends in a slash already. */
            length -= length == 1;
            buf[length] = '/';
            memcpy(buf + length + 1, w.name, w.length);
            buf[length + 1 + w.length] = '\0';
        }
    }
    node_put(node);
    walk_end(&w);
    return rc;
}
