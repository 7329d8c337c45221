// SPDX-License-Identifier: MIT
/*
 * Files in directories: made, linked, moved and removed, with the counts of links and the ".." of directories kept right here. Whose
 * rules these are path.c in lib/vfs knows; what is checked again here may have changed while it looked.
 */
#include "ext_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <xenolith/time.h>

#define LINK_LIMIT 65000

/* libext2fs wants names that end in NUL. */
struct text_name {
    char text[FS_NAME_LIMIT + 1];
};

static bool was_removed(const struct ext_node *dir)
{
    return dir->inode.i_links_count == 0;
}

static const char *terminate(struct text_name *t, const char *name, size_t length)
{
    memcpy(t->text, name, length);
    t->text[length] = '\0';
    return t->text;
}

/* A removed directory still has its "..", but who its parent was may be free by now, or another file. */
int ext_lookup(struct node *dir, const char *name, size_t length, struct node **out)
{
    struct ext_fs *x = ext_of(dir->fs);
    ext2_ino_t ino;
    int rc;

    mutex_lock(&x->lock);
    rc = was_removed(ext_node_of(dir)) ? -ENOENT : ext_name_find(ext_node_of(dir), name, length, &ino);
    if (rc == 0) {
        rc = ext_node_get(x, ino, out);
    }
    mutex_unlock(&x->lock);
    return rc;
}

int ext_dir_read_again(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);

    n->run.nr = 0;
    x->dir_block_number = 0;
    return ext_errno(ext2fs_read_inode_full(x->e2, n->ino, ext_inode(n), sizeof(n->inode)));
}

static int file_type(enum file_kind kind)
{
    switch (kind) {
    case FILE_DIRECTORY:
        return EXT2_FT_DIR;
    case FILE_SYMLINK:
        return EXT2_FT_SYMLINK;
    case FILE_CHARACTER:
        return EXT2_FT_CHRDEV;
    case FILE_BLOCK:
        return EXT2_FT_BLKDEV;
    case FILE_FIFO:
        return EXT2_FT_FIFO;
    case FILE_SOCKET:
        return EXT2_FT_SOCK;
    default:
        return EXT2_FT_REG_FILE;
    }
}

static int add_name(struct ext_node *dir, const char *name, size_t length, ext2_ino_t ino,
                    enum file_kind kind)
{
    return ext_name_add(dir, name, length, ino, file_type(kind));
}

/*
 * A directory has changed; @links: how many more subdirectories name it. One that says 1 has more than it can count (dir_nlink): it never
 * comes down to nothing by counting.
 */
static int changed_dir(struct ext_node *dir, int links)
{
    unsigned int count = dir->inode.i_links_count;

    if (links > 0 ? count > 1 : count > 2) {
        dir->inode.i_links_count = (__u16)(count + (unsigned int)links);
    }
    ext_touch(dir, EXT_MODIFIED | EXT_CHANGED);
    return ext_node_write(dir);
}

static uint32_t mode_of(const struct new_node *what)
{
    uint32_t kind = what->kind == FILE_DIRECTORY ? LINUX_S_IFDIR
                    : what->kind == FILE_SYMLINK ? LINUX_S_IFLNK
                                                 : LINUX_S_IFREG;

    return kind | (what->permissions & 07777);
}

/* Of what could not be made: e2fsck takes each inode with links for one that is in use. */
static void clear_inode(struct ext_fs *x, ext2_ino_t ino)
{
    struct ext2_inode_large none = {.i_dtime = (uint32_t)(time_wall_ns() / NS_PER_SEC)};
    errcode_t error = ext2fs_write_inode_full(x->e2, ino, (struct ext2_inode *)&none, sizeof(none));

    (void)ext_half_done(x, ext_errno(error));
}

static int make_file(struct ext_node *dir, const char *name, size_t length, const struct new_node *what,
                     ext2_ino_t *ino)
{
    struct ext_fs *x = ext_of(dir->node.fs);
    struct ext2_inode_large inode = {.i_mode = (__u16)mode_of(what), .i_links_count = 1};
    ext2_extent_handle_t handle;
    errcode_t error = ext2fs_new_inode(x->e2, dir->ino, inode.i_mode, NULL, ino);
    int rc;

    if (error != 0) {
        return ext_errno(error);
    }
    if (ext2fs_has_feature_extents(x->e2->super)) {
        /* Opening puts the header of an empty tree into the inode. */
        inode.i_flags = EXT4_EXTENTS_FL;
        error = ext2fs_extent_open2(x->e2, *ino, (struct ext2_inode *)&inode, &handle);
        if (error == 0) {
            ext2fs_extent_free(handle);
        }
    }
    if (error == 0) {
        error = ext2fs_write_new_inode(x->e2, *ino, (struct ext2_inode *)&inode);
    }
    if (error != 0) {
        return ext_errno(error);
    }
    ext2fs_inode_alloc_stats2(x->e2, *ino, 1, 0);
    rc = add_name(dir, name, length, *ino, FILE_REGULAR);
    if (rc != 0) {
        ext2fs_inode_alloc_stats2(x->e2, *ino, -1, 0);
        clear_inode(x, *ino);
    }
    return rc;
}

/* libext2fs makes the inode and the name at once. */
static int make_other(struct ext_node *dir, const char *name, size_t length, const struct new_node *what,
                      ext2_ino_t *ino)
{
    struct ext_fs *x = ext_of(dir->node.fs);
    struct text_name t;
    bool is_directory = what->kind == FILE_DIRECTORY;
    errcode_t error = 0;

    terminate(&t, name, length);
    error = ext2fs_new_inode(x->e2, dir->ino, (int)mode_of(what), NULL, ino);
    if (error != 0) {
        return ext_errno(error);
    }
    for (int attempt = 0; attempt < 2; attempt++) {
        error = is_directory ? ext2fs_mkdir(x->e2, dir->ino, *ino, t.text)
                             : ext2fs_symlink(x->e2, dir->ino, *ino, t.text, what->target);
        if (error != EXT2_ET_DIR_NO_SPACE || attempt > 0) {
            break;
        }
        error = ext2fs_expand_dir(x->e2, dir->ino);
        if (error != 0) {
            break;
        }
    }
    if (error != 0) {
        clear_inode(x, *ino);
        (void)ext_dir_read_again(dir);
        return ext_errno(error);
    }
    ext_name_note(dir, name, length, *ino);
    return ext_dir_read_again(dir) != 0 ? -EIO : 0;
}

/* The new node's mode, owner and times. */
static int finish_new(struct ext_fs *x, ext2_ino_t ino, const struct new_node *what, struct node **out)
{
    struct ext_node *n;
    int rc = ext_node_get(x, ino, out);

    if (rc != 0) {
        return rc;
    }
    n = ext_node_of(*out);
    n->inode.i_mode = (__u16)mode_of(what);
    ext_touch(n, EXT_MODIFIED | EXT_CHANGED | EXT_ACCESSED | EXT_CREATED);
    rc = ext_node_write(n);
    if (rc != 0) {
        node_put(*out);
    }
    return rc;
}

int ext_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out)
{
    struct ext_node *d = ext_node_of(dir);
    struct ext_fs *x = ext_of(dir->fs);
    ext2_ino_t ino;
    bool uncounted;
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    if (was_removed(d)) {
        return ext_end(x, -ENOENT);
    }
    uncounted = d->inode.i_links_count == 1;
    rc = ext_name_find(d, name, length, &ino);
    if (rc != -ENOENT) {
        return ext_end(x, rc == 0 ? -EEXIST : rc);
    }
    if (what->kind == FILE_DIRECTORY && d->inode.i_links_count >= LINK_LIMIT) {
        return ext_end(x, -EMLINK);
    }
    rc = what->kind == FILE_REGULAR ? make_file(d, name, length, what, &ino)
                                    : make_other(d, name, length, what, &ino);
    if (rc == 0 && uncounted) {
        d->inode.i_links_count = 1; /* libext2fs counts */
    }
    rc = rc != 0 ? rc : changed_dir(d, 0);
    rc = rc != 0 ? rc : finish_new(x, ino, what, out);
    return ext_end(x, rc);
}

int ext_link(struct node *dir, const char *name, size_t length, struct node *node)
{
    struct ext_node *d = ext_node_of(dir), *n = ext_node_of(node);
    struct ext_fs *x = ext_of(dir->fs);
    ext2_ino_t ino;
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = ext_name_find(d, name, length, &ino);
    if (rc != -ENOENT || was_removed(d) || n->inode.i_links_count == 0) {
        return ext_end(x, rc == 0 ? -EEXIST : rc);
    }
    if (n->inode.i_links_count >= LINK_LIMIT) {
        return ext_end(x, -EMLINK);
    }
    rc = add_name(d, name, length, n->ino, node->kind);
    rc = rc != 0 ? rc : changed_dir(d, 0);
    if (rc == 0) {
        n->inode.i_links_count++;
        ext_touch(n, EXT_CHANGED);
        rc = ext_node_write(n);
    }
    return ext_end(x, rc);
}

static int see_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset, int block_bytes,
                     char *buf, void *found)
{
    (void)dir;
    (void)offset;
    (void)block_bytes;
    (void)buf;
    if (entry == DIRENT_DOT_FILE || entry == DIRENT_DOT_DOT_FILE || dirent->inode == 0) {
        return 0;
    }
    *(bool *)found = true;
    return DIRENT_ABORT;
}

static int check_empty(struct ext_node *n)
{
    bool found = false;
    errcode_t error = ext2fs_dir_iterate2(ext_of(n->node.fs)->e2, n->ino, 0, NULL, see_entry, &found);

    return error != 0 ? ext_errno(error) : found ? -ENOTEMPTY : 0;
}

/* One name less; the last one takes the node with it, when its last user goes. */
static int drop_link(struct ext_node *n)
{
    if (n->node.kind == FILE_DIRECTORY || n->inode.i_links_count == 0) {
        n->inode.i_links_count = 0;
    } else {
        n->inode.i_links_count--;
    }
    ext_touch(n, EXT_CHANGED);
    return ext_node_write(n);
}

static int check_victim(struct ext_node *n, bool directory)
{
    if (directory != (n->node.kind == FILE_DIRECTORY)) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    return directory ? check_empty(n) : 0;
}

int ext_unlink(struct node *dir, const char *name, size_t length, bool directory)
{
    struct ext_node *d = ext_node_of(dir);
    struct ext_fs *x = ext_of(dir->fs);
    struct node *victim = NULL;
    ext2_ino_t ino;
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = ext_name_find(d, name, length, &ino);
    rc = rc != 0 ? rc : ext_node_get(x, ino, &victim);
    rc = rc != 0 ? rc : check_victim(ext_node_of(victim), directory);
    rc = rc != 0 ? rc : ext_name_remove(d, name, length);
    rc = rc != 0 ? rc : changed_dir(d, directory ? -1 : 0);
    rc = rc != 0 ? rc : drop_link(ext_node_of(victim));
    node_put(victim);
    ext_reap(x);
    return ext_end(x, rc);
}

static int set_parent(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset, int block_bytes,
                      char *buf, void *parent)
{
    (void)dir;
    (void)offset;
    (void)block_bytes;
    (void)buf;
    if (entry != DIRENT_DOT_DOT_FILE) {
        return 0;
    }
    dirent->inode = *(ext2_ino_t *)parent;
    return DIRENT_CHANGED | DIRENT_ABORT;
}

/* A directory that moves to another one: its "..", and both counts. */
static int move_dir(struct ext_node *n, struct ext_node *from, struct ext_node *to, bool replaced)
{
    struct ext_fs *x = ext_of(n->node.fs);
    errcode_t error;
    int rc;

    if (from == to) {
        return replaced ? changed_dir(to, -1) : 0;
    }
    error = ext2fs_dir_iterate2(x->e2, n->ino, 0, NULL, set_parent, &to->ino);
    x->dir_block_number = 0;
    rc = error != 0 ? ext_errno(error) : changed_dir(from, -1);
    return rc != 0 || replaced ? rc : changed_dir(to, 1);
}

/* What the target's name named before goes as if unlinked, but the name stays. */
static int clear_target(struct ext_node *to, const char *name, size_t length, struct ext_node *n,
                        bool *replaced)
{
    struct ext_fs *x = ext_of(to->node.fs);
    struct node *old;
    ext2_ino_t ino;
    int rc = ext_name_find(to, name, length, &ino);

    *replaced = false;
    if (rc == -ENOENT) {
        return 0;
    }
    rc = rc != 0 ? rc : ext_node_get(x, ino, &old);
    if (rc != 0) {
        return rc;
    }
    rc = check_victim(ext_node_of(old), n->node.kind == FILE_DIRECTORY);
    rc = rc != 0 ? rc : ext_name_remove(to, name, length);
    rc = rc != 0 ? rc : drop_link(ext_node_of(old));
    *replaced = rc == 0;
    node_put(old);
    return rc;
}

static int rename_locked(struct ext_node *d, const char *name, size_t length, struct ext_node *to,
                         const char *to_name, size_t to_length)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct node *node;
    struct ext_node *n;
    ext2_ino_t ino, there;
    bool replaced;
    int rc = was_removed(to) ? -ENOENT : ext_name_find(d, name, length, &ino);

    if (rc != 0) {
        return rc;
    }
    if (ext_name_find(to, to_name, to_length, &there) == 0 && there == ino) {
        return 0;
    }
    rc = ext_node_get(x, ino, &node);
    if (rc != 0) {
        return rc;
    }
    n = ext_node_of(node);
    if (node->kind == FILE_DIRECTORY && d != to && to->inode.i_links_count >= LINK_LIMIT) {
        node_put(node);
        return -EMLINK;
    }
    rc = clear_target(to, to_name, to_length, n, &replaced);
    rc = rc != 0 ? rc : add_name(to, to_name, to_length, ino, node->kind);
    rc = rc != 0 ? rc : ext_name_remove(d, name, length);
    rc = rc != 0 ? rc : changed_dir(d, 0);
    rc = rc != 0 || d == to ? rc : changed_dir(to, 0);
    if (rc == 0 && node->kind == FILE_DIRECTORY) {
        rc = move_dir(n, d, to, replaced);
    }
    if (rc == 0) {
        ext_touch(n, EXT_CHANGED);
        rc = ext_node_write(n);
    }
    node_put(node);
    return rc;
}

int ext_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length)
{
    struct ext_fs *x = ext_of(dir->fs);
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = rename_locked(ext_node_of(dir), name, length, ext_node_of(to), to_name, to_length);
    ext_reap(x);
    return ext_end(x, rc);
}
