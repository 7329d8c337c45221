// SPDX-License-Identifier: MIT
/*
 * The calls that take a path, with Linux's order of checks. Owns no state; the walk is walk.c's, the deed the file system's.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/string.h>

int path_node(struct node *at, const char *path, unsigned int flags, struct node **out)
{
    struct walk w;
    int rc = walk_begin(&w, at, path);

    if (rc != 0) {
        return rc;
    }
    rc = walk_finish(&w, (flags & PATH_NOFOLLOW) == 0, out);
    walk_end(&w);
    return rc;
}

/* A new name may stand where @w is: nothing is there, and a slash behind it is a directory's. */
static int check_new_name(struct walk *w, bool is_directory)
{
    struct node *there;
    int rc;

    if (w->last != WALK_NAME) {
        return -EEXIST;
    }
    rc = walk_lookup(w, &there);
    if (rc == 0) {
        node_put(there);
        return -EEXIST;
    }
    if (rc != -ENOENT) {
        return rc;
    }
    if ((w->wants_dir && !is_directory) || node_was_removed(w->dir)) {
        return -ENOENT;
    }
    return w->dir->fs->read_only ? -EROFS : 0;
}

static int make(struct walk *w, const struct new_node *what, struct node **out)
{
    return w->dir->ops->create != NULL ? w->dir->ops->create(w->dir, w->name, w->length, what, out) : -EPERM;
}

int path_create(struct node *at, const char *path, const struct new_node *what)
{
    struct node *made;
    struct walk w;
    int rc;

    if (what->kind == FILE_SYMLINK) {
        size_t length = strnlen(what->target, PATH_LIMIT);

        if (length == 0 || length >= PATH_LIMIT) {
            return length == 0 ? -ENOENT : -ENAMETOOLONG;
        }
    }
    rc = walk_begin(&w, at, path);
    if (rc != 0) {
        return rc;
    }
    rc = check_new_name(&w, what->kind == FILE_DIRECTORY);
    if (rc == 0 && (what->kind == FILE_FIFO || what->kind == FILE_SOCKET) && !w.dir->fs->makes_special) {
        rc = -EPERM;
    }
    if (rc == 0) {
        rc = make(&w, what, &made);
    }
    if (rc == 0) {
        node_put(made);
    }
    walk_end(&w);
    return rc;
}

int path_link(struct node *old_at, const char *old, struct node *at, const char *path, unsigned int flags)
{
    struct node *node;
    struct walk w;
    int rc = path_node(old_at, old, flags, &node);

    if (rc != 0) {
        return rc;
    }
    rc = walk_begin(&w, at, path);
    if (rc == 0) {
        rc = check_new_name(&w, false);
        if (rc == 0 && node->fs != w.dir->fs) {
            rc = -EXDEV;
        } else if (rc == 0 && (node->kind == FILE_DIRECTORY || w.dir->ops->link == NULL)) {
            rc = -EPERM;
        } else if (rc == 0) {
            rc = w.dir->ops->link(w.dir, w.name, w.length, node);
        }
        walk_end(&w);
    }
    node_put(node);
    return rc;
}

/* What the last component must not be, when it is to be removed. */
static int check_last_for_unlink(const struct walk *w, bool directory)
{
    switch (w->last) {
    case WALK_NAME:
        return 0;
    case WALK_DOT:
        return directory ? -EINVAL : -EISDIR;
    case WALK_DOTDOT:
        return directory ? -ENOTEMPTY : -EISDIR;
    case WALK_ROOT:
        break;
    }
    return directory ? -EBUSY : -EISDIR;
}

/* @victim: what is there, mounts crossed. */
static int check_unlink(const struct walk *w, const struct node *victim, bool directory)
{
    bool is_directory = victim->kind == FILE_DIRECTORY;

    if (!directory && is_directory) {
        return -EISDIR;
    }
    if (!is_directory && (directory || w->wants_dir)) {
        return -ENOTDIR;
    }
    return victim == victim->fs->root ? -EBUSY : 0;
}

int path_unlink(struct node *at, const char *path, bool directory)
{
    struct node *victim;
    struct walk w;
    int rc = walk_begin(&w, at, path);

    if (rc != 0) {
        return rc;
    }
    rc = check_last_for_unlink(&w, directory);
    if (rc == 0 && w.dir->fs->read_only) {
        rc = -EROFS;
    }
    if (rc == 0) {
        rc = walk_lookup(&w, &victim);
    }
    if (rc == 0) {
        rc = check_unlink(&w, victim, directory);
        node_put(victim);
        if (rc == 0) {
            rc = w.dir->ops->unlink != NULL ? w.dir->ops->unlink(w.dir, w.name, w.length, directory) : -EPERM;
        }
    }
    walk_end(&w);
    return rc;
}

/*
 * Is @dir the node @above, or somewhere below it? 1, 0 or an error. A damaged disk may have directories that are each other's parents: who
 * comes again to where he was at the last power of two goes in circles.
 */
static int is_below(struct node *dir, struct node *above)
{
    struct file_info info = {0};
    uint64_t steps = 0, seen = 0;
    int below = 0;

    node_get(dir);
    for (;;) {
        struct node *parent;
        int rc;

        dir->ops->info(dir, &info);
        if (steps > 0 && info.serial == seen) {
            below = -EIO;
            break;
        }
        seen = (steps & (steps - 1)) == 0 ? info.serial : seen;
        steps++;

        below = dir == above;
        if (below || dir == dir->fs->root) {
            break;
        }
        rc = dir->ops->lookup(dir, "..", 2, &parent);
        if (rc != 0) {
            below = rc == -ENOENT ? 0 : rc;
            break;
        }
        node_put(dir);
        dir = parent;
    }
    node_put(dir);
    return below;
}

/* @there: what the new name names, or NULL. */
static int check_rename(const struct walk *from, struct node *what, const struct walk *to, struct node *there)
{
    bool is_directory = what->kind == FILE_DIRECTORY;
    int rc;

    if (!is_directory && (from->wants_dir || to->wants_dir)) {
        return -ENOTDIR;
    }
    rc = is_directory ? is_below(to->dir, what) : 0;
    if (rc != 0) {
        return rc < 0 ? rc : -EINVAL;
    }
    rc = there != NULL && there->kind == FILE_DIRECTORY ? is_below(from->dir, there) : 0;
    if (rc != 0) {
        return rc < 0 ? rc : -ENOTEMPTY;
    }
    if (there != NULL && there != what && is_directory != (there->kind == FILE_DIRECTORY)) {
        return is_directory ? -ENOTDIR : -EISDIR;
    }
    return what == what->fs->root || (there != NULL && there == there->fs->root) ? -EBUSY : 0;
}

static int rename_walked(struct walk *from, struct walk *to, unsigned int flags)
{
    struct node *what, *there = NULL;
    int rc;

    if (from->dir->fs != to->dir->fs) {
        return -EXDEV;
    }
    if (from->last != WALK_NAME || to->last != WALK_NAME) {
        return (flags & PATH_NOREPLACE) != 0 && to->last != WALK_NAME ? -EEXIST : -EBUSY;
    }
    if (from->dir->fs->read_only) {
        return -EROFS;
    }
    rc = walk_lookup(from, &what);
    if (rc != 0) {
        return rc;
    }
    rc = walk_lookup(to, &there);
    if (rc == 0 && (flags & PATH_NOREPLACE) != 0) {
        rc = -EEXIST;
    } else if (rc == 0 || (rc == -ENOENT && !node_was_removed(to->dir))) {
        rc = check_rename(from, what, to, rc == 0 ? there : NULL);
    }
    if (rc == 0 && what != there) {
        rc = from->dir->ops->rename != NULL
                 ? from->dir->ops->rename(from->dir, from->name, from->length, to->dir, to->name, to->length)
                 : -EPERM;
    }
    node_put(there);
    node_put(what);
    return rc;
}

int path_rename(struct node *at, const char *path, struct node *to_at, const char *to, unsigned int flags)
{
    struct walk source, target;
    int rc = walk_begin(&source, at, path);

    if (rc != 0) {
        return rc;
    }
    rc = walk_begin(&target, to_at, to);
    if (rc == 0) {
        struct fs *fs = target.dir->fs;

        /* What is below what must not change between the look and the deed. */
        mutex_lock(&fs->rename);
        rc = rename_walked(&source, &target, flags);
        mutex_unlock(&fs->rename);
        walk_end(&target);
    }
    walk_end(&source);
    return rc;
}

int node_change_checked(struct node *node, const struct node_change *change)
{
    if (node->fs->read_only) {
        return -EROFS;
    }
    return node->ops->change != NULL ? node->ops->change(node, change) : -EPERM;
}

int node_resize(struct node *node, uint64_t bytes)
{
    int rc;

    if (node->kind != FILE_REGULAR) {
        return node->kind == FILE_DIRECTORY ? -EISDIR : -EINVAL;
    }
    if (node->fs->read_only) {
        return -EROFS;
    }
    if (node->ops->resize == NULL) {
        return -EINVAL;
    }
    node_lock(node);
    rc = node->ops->resize(node, bytes);
    node_unlock(node);
    return rc;
}
