// SPDX-License-Identifier: MIT
/*
 * Names: looked up, made, moved and removed. What Linux's vfat says about a name is said here; FatFs does the rest. What is checked again
 * here lib/vfs has seen before, but it may have changed meanwhile.
 */
#include "fat_priv.h"

#include <errno.h>
#include <string.h>

#include <xenolith/compiler.h>

/* FatFs wants NUL at the end, and would take a backslash for a slash. Dots at the end do not count. */
struct fat_name {
    char text[FS_NAME_LIMIT + 1];
};

static int take_name(struct fat_name *out, const char *name, size_t length)
{
    while (length > 0 && name[length - 1] == '.') {
        length--;
    }
    if (length == 0) {
        return -ENOENT;
    }
    memcpy(out->text, name, length);
    out->text[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == '\\') {
            return -EINVAL;
        }
    }
    return name[length - 1] == ' ' ? -EINVAL : 0;
}

/* A name that cannot be is a name that is not there. */
static int find(struct fat_node *dir, const char *name, size_t length, struct fat_entry *out)
{
    struct fat_name text;
    int rc = dir->removed ? -ENOENT : take_name(&text, name, length);

    if (rc == 0) {
        rc = fat_find(fat_of(dir->node.fs), dir->cluster, text.text, out);
    }
    return rc == -EINVAL ? -ENOENT : rc;
}

int fat_lookup(struct node *dir, const char *name, size_t length, struct node **out)
{
    struct fat_node *d = fat_node_of(dir);
    struct fat_fs *x = fat_of(dir->fs);
    struct fat_entry entry;
    int rc;

    if (length == 2 && name[0] == '.' && name[1] == '.') {
        *out = d->parent != NULL ? &d->parent->node : dir;
        node_get(*out);
        return 0;
    }
    mutex_lock(&x->lock);
    rc = find(d, name, length, &entry);
    rc = rc != 0 ? rc : fat_node_get(x, d, &entry, out);
    mutex_unlock(&x->lock);
    return rc;
}

int fat_list(struct node *dir, uint64_t cookie, struct dir_entry *out)
{
    struct fat_node *d = fat_node_of(dir);
    struct fat_fs *x = fat_of(dir->fs);
    struct fat_entry entry = {0};
    int rc = 0;

    mutex_lock(&x->lock);
    if (!d->removed && cookie < UINT32_MAX / FAT_ENTRY_BYTES) {
        rc = fat_list_at(x, d, (uint32_t)cookie * FAT_ENTRY_BYTES, &entry);
    }
    if (rc == 1) {
        out->next = entry.offset / FAT_ENTRY_BYTES + 1;
        out->serial = entry.position;
        out->kind = (entry.attributes & FAT_DIRECTORY) != 0 ? FILE_DIRECTORY : FILE_REGULAR;
        out->length = entry.length;
        memcpy(out->name, entry.name, entry.length + 1);
    }
    mutex_unlock(&x->lock);
    return rc;
}

/* The name, and for a directory what it leads to. */
static int make(struct fat_node *d, const char *name, const struct new_node *what, struct fat_entry *entry)
{
    struct fat_fs *x = fat_of(d->node.fs);
    int rc = 0;

    *entry = (struct fat_entry){.attributes = FAT_ARCHIVE};
    fat_now(&entry->stamps);
    if (what->kind == FILE_DIRECTORY) {
        entry->attributes = FAT_DIRECTORY;
        rc = fat_make_dir(x, d->cluster, &entry->stamps, &entry->cluster);
    }
    if (rc == 0) {
        rc = fat_add(x, d->cluster, name, entry);
        if (rc != 0 && entry->cluster != 0) {
            (void)fat_lose(x, entry->cluster, 0);
        }
    }
    return rc;
}

int fat_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out)
{
    struct fat_node *d = fat_node_of(dir);
    struct fat_fs *x = fat_of(dir->fs);
    struct fat_entry entry;
    struct fat_name text;
    int rc = fat_begin(x);

    if (rc != 0) {
        return rc;
    }
    if (d->removed) {
        return fat_end(x, -ENOENT);
    }
    if (what->kind != FILE_REGULAR && what->kind != FILE_DIRECTORY) {
        return fat_end(x, -EPERM);
    }
    rc = take_name(&text, name, length);
    if (rc == 0) {
        rc = fat_find(x, d->cluster, text.text, &entry);
        rc = rc == 0 ? -EEXIST : rc == -ENOENT ? 0 : rc;
    }
    if (rc == 0) {
        rc = make(d, text.text, what, &entry);
        if (rc == -ENOSPC && fat_make_room(x) == 0) {
            rc = make(d, text.text, what, &entry);
        }
    }
    if (rc == 0) {
        (void)fat_touch(d);
        rc = fat_node_get(x, d, &entry, out);
    }
    return fat_end(x, rc);
}

static int check_victim(struct fat_node *n, bool directory)
{
    if (directory != (n->node.kind == FILE_DIRECTORY)) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    return directory ? fat_is_empty(fat_of(n->node.fs), n->cluster) : 0;
}

int fat_unlink(struct node *dir, const char *name, size_t length, bool directory)
{
    struct fat_node *d = fat_node_of(dir);
    struct fat_fs *x = fat_of(dir->fs);
    struct node *victim = NULL;
    struct fat_entry entry;
    int rc = fat_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = find(d, name, length, &entry);
    rc = rc != 0 ? rc : fat_node_get(x, d, &entry, &victim);
    rc = rc != 0 ? rc : check_victim(fat_node_of(victim), directory);
    rc = rc != 0 ? rc : fat_remove(x, d->cluster, &entry);
    if (rc == 0) {
        fat_node_remove(fat_node_of(victim));
        (void)fat_touch(d);
    }
    node_put(victim);
    fat_reap(x);
    return fat_end(x, rc);
}

/* What the target's name named is without a name now; its entry is to say what @n's says. */
static int take_over(struct fat_node *to, struct fat_node *n, struct fat_entry *target)
{
    struct fat_fs *x = fat_of(to->node.fs);
    struct fat_entry entry;
    struct node *old;
    int rc = fat_node_get(x, to, target, &old);

    if (rc != 0) {
        return rc;
    }
    rc = check_victim(fat_node_of(old), n->node.kind == FILE_DIRECTORY);
    if (rc == 0) {
        fat_node_entry(n, &entry);
        rc = fat_put_entry(x, target->position, &entry);
    }
    if (rc == 0) {
        fat_node_remove(fat_node_of(old));
    }
    node_put(old);
    return rc;
}

/* The new entry. The old one must not be gone before it is on the disk: unless one sector has both, it goes a wave later. */
static int enter(struct fat_node *n, struct fat_node *to, const char *name, size_t length,
                 struct fat_entry *target)
{
    struct fat_fs *x = fat_of(n->node.fs);
    struct fat_name text;
    int rc = find(to, name, length, target);

    if (rc == 0) {
        return take_over(to, n, target);
    }
    rc = rc == -ENOENT ? take_name(&text, name, length) : rc;
    if (rc == 0) {
        fat_node_entry(n, target);
        rc = fat_add(x, to->cluster, text.text, target);
        if (rc == -ENOSPC && fat_make_room(x) == 0) {
            rc = fat_add(x, to->cluster, text.text, target);
        }
    }
    return rc;
}

/* The rest of it. If this fails half of the change must not reach the disk: two names would share their clusters. */
static int leave(struct fat_node *n, struct fat_node *d, struct fat_node *to, const struct fat_entry *from,
                 const struct fat_entry *target)
{
    struct fat_fs *x = fat_of(n->node.fs);
    uint32_t entries = x->sector_bytes / FAT_ENTRY_BYTES;
    int rc = 0;

    if (n->node.kind == FILE_DIRECTORY && d != to) {
        rc = fat_set_parent(x, n->cluster, to->cluster);
    }
    (void)fat_touch(to);
    if (rc == 0 && from->position / entries != target->position / entries) {
        rc = fat_lib_flush(x);
        x->wave++;
    }
    rc = rc != 0 ? rc : fat_remove(x, d->cluster, from);
    return rc != 0 ? fat_stop(x, rc) : 0;
}

static int rename_locked(struct fat_node *d, const char *name, size_t length, struct fat_node *to,
                         const char *to_name, size_t to_length)
{
    struct fat_fs *x = fat_of(d->node.fs);
    struct fat_entry from, target;
    struct node *node;
    int rc = to->removed ? -ENOENT : find(d, name, length, &from);

    if (rc != 0) {
        return rc;
    }
    if (find(to, to_name, to_length, &target) == 0 && target.position == from.position) {
        return 0;
    }
    rc = fat_node_get(x, d, &from, &node);
    if (rc != 0) {
        return rc;
    }
    rc = enter(fat_node_of(node), to, to_name, to_length, &target);
    rc = rc != 0 ? rc : leave(fat_node_of(node), d, to, &from, &target);
    if (rc == 0) {
        fat_node_move(fat_node_of(node), to, target.position);
        (void)fat_touch(d);
    }
    node_put(node);
    return rc;
}

int fat_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length)
{
    struct fat_fs *x = fat_of(dir->fs);
    int rc = fat_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = rename_locked(fat_node_of(dir), name, length, fat_node_of(to), to_name, to_length);
    fat_reap(x);
    return fat_end(x, rc);
}
