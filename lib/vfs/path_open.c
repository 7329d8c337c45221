// SPDX-License-Identifier: MIT
/*
 * open(): finds or creates, then checks what was found against the flags, in Linux's order.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>

static bool is_create(unsigned int flags)
{
    return (flags & PATH_CREATE) != 0;
}

/* The file that the walk leads to, or a new one where it leads to nothing. */
static int find_or_create(struct walk *w, unsigned int flags, uint32_t permissions, struct node **out)
{
    bool exclusive = is_create(flags) && (flags & PATH_EXCLUSIVE) != 0;
    struct new_node what = {.kind = FILE_REGULAR, .permissions = permissions};
    int rc;

    w->creates = is_create(flags);
    rc = walk_finish(w, (flags & PATH_NOFOLLOW) == 0 && !exclusive, out);
    if (rc == 0 && exclusive) {
        node_put(*out);
        return -EEXIST;
    }
    if (!is_create(flags) || rc != -ENOENT || w->last != WALK_NAME) {
        return rc;
    }
    if (w->dir->fs->read_only) {
        return -EROFS;
    }
    rc = w->dir->ops->create != NULL ? w->dir->ops->create(w->dir, w->name, w->length, &what, out) : -EACCES;
    /* Somebody was faster while we blocked. */
    if (rc == -EEXIST && !exclusive) {
        rc = walk_finish(w, (flags & PATH_NOFOLLOW) == 0, out);
    }
    return rc;
}

static int check_found(const struct node *node, unsigned int flags)
{
    bool changes = (flags & (PATH_WRITE | PATH_TRUNCATE)) != 0;

    if (is_create(flags) && node->kind == FILE_DIRECTORY) {
        return -EISDIR;
    }
    if ((flags & PATH_DIRECTORY) != 0 && node->kind != FILE_DIRECTORY) {
        return -ENOTDIR;
    }
    switch (node->kind) {
    case FILE_SYMLINK:
        return -ELOOP;
    case FILE_DIRECTORY:
        return changes ? -EISDIR : 0;
    case FILE_REGULAR:
        return changes && node->fs->read_only ? -EROFS : 0;
    case FILE_SOCKET:
        return -ENXIO;
    case FILE_FIFO:
    case FILE_CHARACTER:
    case FILE_BLOCK:
        break;
    }
    return 0;
}

int path_open(struct node *at, const char *path, unsigned int flags, uint32_t permissions, struct file **out)
{
    struct node *node;
    struct walk w;
    int rc = walk_begin(&w, at, path);

    if (rc != 0) {
        return rc;
    }
    rc = find_or_create(&w, flags, permissions, &node);
    walk_end(&w);
    if (rc != 0) {
        return rc;
    }
    rc = check_found(node, flags);
    if (rc == 0 && (flags & PATH_TRUNCATE) != 0 && node->kind == FILE_REGULAR) {
        rc = node_resize(node, 0);
    }
    if (rc == 0) {
        rc = node_open(node, flags, out);
    }
    node_put(node);
    return rc;
}
