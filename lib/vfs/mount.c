// SPDX-License-Identifier: MIT
/*
 * What is mounted where, the root of all, and the current directory. Never looks at a path's text.
 */
#include <xenolith/path.h>

#include <xenolith/errno.h>
#include <xenolith/sync.h>

#include "vfs_priv.h"

static struct list mounts = LIST_INIT(mounts);
static struct mutex mounts_lock =
    MUTEX_INIT(mounts_lock); /* the list stays as it is while one walks along it */
static struct fs *root_fs;
static struct node *cwd; /* NULL: the root */
static uint64_t next_id = 1;

void fs_init(struct fs *fs, const struct fs_ops *ops, const char *type)
{
    *fs = (struct fs){.ops = ops, .type = type, .id = next_id++};
    list_init(&fs->link);
    mutex_init(&fs->rename);
}

int fs_mount(struct fs *fs, struct node *covers)
{
    if (covers != NULL && covers->kind != FILE_DIRECTORY) {
        return -ENOTDIR;
    }
    mutex_lock(&mounts_lock);
    if (covers == NULL ? root_fs != NULL : covers->mounted != NULL) {
        mutex_unlock(&mounts_lock);
        return -EBUSY;
    }
    if (covers == NULL) {
        root_fs = fs;
    } else {
        node_get(covers);
        covers->mounted = fs;
    }
    fs->covers = covers;
    /* Its root's own reference is no use of it. */
    fs->users--;
    list_push_back(&mounts, &fs->link);
    mutex_unlock(&mounts_lock);
    return 0;
}

/* From here on nobody finds it. */
static void detach(struct fs *fs)
{
    if (fs == root_fs) {
        root_fs = NULL;
    }
    list_remove(&fs->link);
    if (fs->covers != NULL) {
        fs->covers->mounted = NULL;
        node_put(fs->covers);
    }
    fs->users++;
}

int fs_unmount(struct fs *fs)
{
    int rc = -EBUSY;

    mutex_lock(&mounts_lock);
    if (fs == root_fs && cwd == fs->root) {
        node_put(cwd);
        cwd = NULL;
    }
    if (fs->users == 0) {
        detach(fs);
        rc = 0;
    }
    mutex_unlock(&mounts_lock);
    return rc == 0 && fs->ops->unmount != NULL ? fs->ops->unmount(fs) : rc;
}

int fs_sync_all(void)
{
    struct list *link;
    int first = 0;

    mutex_lock(&mounts_lock);
    list_for_each(link, &mounts) {
        struct fs *fs = list_entry(link, struct fs, link);
        int rc = fs->ops->sync != NULL && !fs->read_only ? fs->ops->sync(fs) : 0;

        first = first != 0 ? first : rc;
    }
    mutex_unlock(&mounts_lock);
    return first;
}

void fs_finish_all(void)
{
    struct list *link;

    mutex_lock(&mounts_lock);
    list_for_each(link, &mounts) {
        struct fs *fs = list_entry(link, struct fs, link);

        if (fs->ops->finish != NULL) {
            (void)fs->ops->finish(fs);
        }
    }
    mutex_unlock(&mounts_lock);
}

int fs_root(struct node **out)
{
    static struct mutex starting = MUTEX_INIT(starting);

    /* Who comes in the middle would see directories that something is about to be mounted on. */
    if ((root_fs == NULL || starting.owner != NULL) && !mutex_is_mine(&starting)) {
        int rc = 0;

        mutex_lock(&starting);
        if (root_fs == NULL) {
            rc = root_start();
        }
        mutex_unlock(&starting);
        if (rc != 0) {
            return rc;
        }
    }
    *out = root_fs->root;
    node_get(*out);
    node_cross(out);
    return 0;
}

int cwd_set(struct node *dir)
{
    if (dir->kind != FILE_DIRECTORY) {
        return -ENOTDIR;
    }
    node_get(dir);
    node_put(cwd);
    cwd = dir;
    return 0;
}

int cwd_get(struct node **out)
{
    if (cwd == NULL) {
        return fs_root(out);
    }
    node_get(cwd);
    *out = cwd;
    return 0;
}
