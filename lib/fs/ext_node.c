// SPDX-License-Identifier: MIT
/*
 * Inodes as nodes: found by number, kept while somebody refers to them, ended when the last name and the last user are gone. What
 * lies in directories and files is ext_dir.c's and ext_file.c's.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xenolith/time.h>

/* Names, directories and trees of extents: no single change but of a file's bytes takes more. */
#define ROOM_BLOCKS 32

#define TIME_STEP_NS (4 * NS_PER_MS)

int ext_errno(errcode_t error)
{
    switch (error) {
    case 0:
        return 0;
    case EXT2_ET_BLOCK_ALLOC_FAIL:
    case EXT2_ET_INODE_ALLOC_FAIL:
    case EXT2_ET_DIR_NO_SPACE:
        return -ENOSPC;
    case EXT2_ET_NO_MEMORY:
        return -ENOMEM;
    case EXT2_ET_FILE_NOT_FOUND:
        return -ENOENT;
    case EXT2_ET_DIR_EXISTS:
    case EXT2_ET_FILE_EXISTS:
        return -EEXIST;
    case EXT2_ET_FILE_TOO_BIG:
        return -EFBIG;
    case EXT2_ET_NO_DIRECTORY:
        return -ENOTDIR;
    default:
        return error > 0 && error < 256 ? -(int)error : -EIO;
    }
}

/* Seconds beyond 2038 and nanoseconds stand in a field of their own, where inodes are large enough. */
static void put_time(uint32_t *seconds, uint32_t *extra, bool has_extra, uint64_t ns)
{
    uint64_t s = ns / NS_PER_SEC;

    *seconds = (uint32_t)s;
    if (has_extra) {
        *extra = (uint32_t)(((s + 0x80000000u) >> 32) & 3) | (uint32_t)(ns % NS_PER_SEC) << 2;
    }
}

static uint64_t take_time(uint32_t seconds, uint32_t extra, bool has_extra)
{
    int64_t s = (int32_t)seconds;
    uint64_t ns = has_extra ? extra >> 2 : 0;

    s += has_extra ? (int64_t)(extra & 3) << 32 : 0;
    return s < 0 ? 0 : (uint64_t)s * NS_PER_SEC + (ns < NS_PER_SEC ? ns : 0);
}

static bool has_extra_times(const struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    size_t known = offsetof(struct ext2_inode_large, i_crtime_extra) + 4 - EXT2_GOOD_OLD_INODE_SIZE;

    return EXT2_INODE_SIZE(x->e2->super) >= sizeof(struct ext2_inode_large) &&
           n->inode.i_extra_isize >= known;
}

void ext_set_time(struct ext_node *n, unsigned int which, uint64_t ns)
{
    bool extra = has_extra_times(n);

    if ((which & EXT_MODIFIED) != 0) {
        put_time(&n->inode.i_mtime, &n->inode.i_mtime_extra, extra, ns);
    }
    if ((which & EXT_CHANGED) != 0) {
        put_time(&n->inode.i_ctime, &n->inode.i_ctime_extra, extra, ns);
    }
    if ((which & EXT_ACCESSED) != 0) {
        put_time(&n->inode.i_atime, &n->inode.i_atime_extra, extra, ns);
    }
    if ((which & EXT_CREATED) != 0 && extra) {
        put_time(&n->inode.i_crtime, &n->inode.i_crtime_extra, extra, ns);
    }
}

void ext_touch(struct ext_node *n, unsigned int which)
{
    uint64_t now = time_wall_ns();

    /* In Linux's steps: who writes much need not write the inode each time. */
    ext_set_time(n, which, now - now % TIME_STEP_NS);
}

int ext_node_write_times(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);

    n->changed = x->transaction;
    return ext_errno(ext2fs_write_inode_full(x->e2, n->ino, ext_inode(n), sizeof(n->inode)));
}

int ext_node_write(struct ext_node *n)
{
    n->moved = ext_of(n->node.fs)->transaction;
    return ext_node_write_times(n);
}

static void describe(struct node *node, struct file_info *out)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    bool extra = has_extra_times(n);
    uint64_t sectors = ext2fs_inode_i_blocks(x->e2, ext_inode(n));

    *out = (struct file_info){
        .kind = node->kind,
        .permissions = n->inode.i_mode & 07777,
        .links = n->inode.i_links_count,
        .owner = inode_uid(n->inode),
        .group = inode_gid(n->inode),
        .block_bytes = x->e2->blocksize,
        .size_bytes = EXT2_I_SIZE(&n->inode),
        .held_bytes = sectors * 512,
        .serial = n->ino,
        .file_system = node->fs->id,
        .modified_ns = take_time(n->inode.i_mtime, n->inode.i_mtime_extra, extra),
        .changed_ns = take_time(n->inode.i_ctime, n->inode.i_ctime_extra, extra),
        .accessed_ns = take_time(n->inode.i_atime, n->inode.i_atime_extra, extra),
    };
}

int ext_half_done(struct ext_fs *x, int rc)
{
    if (rc == -EIO || rc == -ENOMEM) {
        x->torn = rc;
    }
    return rc;
}

static struct ext_mark mark_of(const struct ext_fs *x)
{
    return (struct ext_mark){.nr_collected = x->nr_collected,
                             .free_blocks = ext2fs_free_blocks_count(x->e2->super),
                             .free_inodes = x->e2->super->s_free_inodes_count};
}

int ext_begin(struct ext_fs *x)
{
    mutex_lock(&x->lock);
    if (x->failed == 0 && !ext_has_disk(x)) {
        ext_stop(x, -EIO, "its disk was taken away");
    }
    if (x->failed != 0 || x->fs.read_only) {
        mutex_unlock(&x->lock);
        return x->failed != 0 ? x->failed : -EROFS;
    }
    if (!ext_spares_fill(x)) {
        mutex_unlock(&x->lock);
        return -ENOMEM;
    }
    ext_reap(x);
    /* What a change needs beside a file's bytes is there, if it is there at all. */
    if (ext2fs_free_blocks_count(x->e2->super) <
        x->nr_freed + ROOM_BLOCKS * (uint64_t)EXT2FS_CLUSTER_RATIO(x->e2)) {
        (void)ext_commit_for_room(x);
    }
    x->mark = mark_of(x);
    return 0;
}

/* Half a change must not reach the disk: there the last whole one stays. */
int ext_end(struct ext_fs *x, int rc)
{
    struct ext_mark now = mark_of(x);

    if (now.nr_collected != x->mark.nr_collected || now.free_blocks != x->mark.free_blocks ||
        now.free_inodes != x->mark.free_inodes) {
        (void)ext_half_done(x, rc);
    }
    if (x->torn != 0) {
        (void)ext_commit(x); /* which stops */
    }
    ext_commit_if_large(x);
    mutex_unlock(&x->lock);
    return rc;
}

static int change(struct node *node, const struct node_change *what)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    if ((what->what & CHANGE_PERMISSIONS) != 0) {
        n->inode.i_mode = (__u16)((n->inode.i_mode & ~07777u) | (what->permissions & 07777));
    }
    if ((what->what & CHANGE_OWNER) != 0) {
        n->inode.i_uid = (__u16)what->owner;
        ext2fs_set_i_uid_high(n->inode, what->owner >> 16);
    }
    if ((what->what & CHANGE_GROUP) != 0) {
        n->inode.i_gid = (__u16)what->group;
        ext2fs_set_i_gid_high(n->inode, what->group >> 16);
    }
    if ((what->what & CHANGE_MODIFIED) != 0) {
        ext_set_time(n, EXT_MODIFIED, what->modified_ns);
    }
    if ((what->what & CHANGE_ACCESSED) != 0) {
        ext_set_time(n, EXT_ACCESSED, what->accessed_ns);
    }
    ext_touch(n, EXT_CHANGED);
    return ext_end(x, ext_node_write(n));
}

static struct ext_node **bucket_of(struct ext_fs *x, ext2_ino_t ino)
{
    return &x->nodes[ino % EXT_BUCKETS];
}

static void forget_node(struct ext_node *n)
{
    struct ext_node **link = bucket_of(ext_of(n->node.fs), n->ino);

    while (*link != n) {
        link = &(*link)->chain;
    }
    *link = n->chain;
    free(n);
}

/* Without blocking: what has to be freed on the disk waits for the next who holds the lock. */
static void release(struct node *node)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);

    if (n->inode.i_links_count == 0 && !x->fs.read_only && !n->killed) {
        list_push_back(&x->doomed, &n->doom);
    } else {
        forget_node(n);
    }
}

#define COMMON_OPS .info = describe, .change = change, .release = release, .sync = ext_sync_node

const struct node_ops ext_file_ops = {
    COMMON_OPS,
    .read = ext_read,
    .write = ext_write,
    .resize = ext_resize,
};

const struct node_ops ext_dir_ops = {
    COMMON_OPS,           .lookup = ext_lookup, .create = ext_create, .link = ext_link,
    .unlink = ext_unlink, .rename = ext_rename, .list = ext_list,
};

const struct node_ops ext_link_ops = {COMMON_OPS, .readlink = ext_readlink};

/* Sockets, FIFOs and devices can be seen and removed, not opened. */
static int refuse_open(struct node *node, unsigned int flags, struct file **out)
{
    (void)node;
    (void)flags;
    (void)out;
    return -ENXIO;
}

const struct node_ops ext_other_ops = {COMMON_OPS, .open = refuse_open};

static enum file_kind kind_of(uint32_t mode, const struct node_ops **ops)
{
    *ops = &ext_other_ops;
    switch (mode & S_IFMT) {
    case S_IFREG:
        *ops = &ext_file_ops;
        return FILE_REGULAR;
    case S_IFDIR:
        *ops = &ext_dir_ops;
        return FILE_DIRECTORY;
    case S_IFLNK:
        *ops = &ext_link_ops;
        return FILE_SYMLINK;
    case S_IFCHR:
        return FILE_CHARACTER;
    case S_IFBLK:
        return FILE_BLOCK;
    case S_IFIFO:
        return FILE_FIFO;
    default:
        return FILE_SOCKET;
    }
}

int ext_node_get(struct ext_fs *x, ext2_ino_t ino, struct node **out)
{
    struct ext_node *n = *bucket_of(x, ino);
    const struct node_ops *ops;
    errcode_t error;

    while (n != NULL && n->ino != ino) {
        n = n->chain;
    }
    if (n != NULL) {
        list_remove(&n->doom);
        node_get(&n->node);
        *out = &n->node;
        return 0;
    }
    n = calloc(1, sizeof(*n));
    if (n == NULL) {
        return -ENOMEM;
    }
    error = ext2fs_read_inode_full(x->e2, ino, ext_inode(n), sizeof(n->inode));
    /* Without a name: somebody refers to what was deleted, and it must not be deleted again. */
    if (error != 0 || n->inode.i_links_count == 0) {
        free(n);
        return error != 0 ? ext_errno(error) : -EIO;
    }
    n->ino = ino;
    /* It may have been known and changed before. */
    n->changed = n->moved = x->transaction;
    list_init(&n->doom);
    node_init(&n->node, &x->fs, NULL, FILE_REGULAR);
    n->node.kind = kind_of(n->inode.i_mode, &ops);
    n->node.ops = ops;
    n->chain = *bucket_of(x, ino);
    *bucket_of(x, ino) = n;
    *out = &n->node;
    return 0;
}

int ext_node_kill(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    bool is_directory = n->node.kind == FILE_DIRECTORY;
    errcode_t error = 0;

    n->killed = true;
    n->run.nr = 0;
    if (ext2fs_inode_has_valid_blocks2(x->e2, ext_inode(n))) {
        error = ext2fs_punch(x->e2, n->ino, ext_inode(n), NULL, 0, ~0ULL);
    }
    if (ext2fs_file_acl_block(x->e2, ext_inode(n)) != 0) {
        errcode_t other = ext2fs_free_ext_attr(x->e2, n->ino, &n->inode);

        error = error != 0 ? error : other;
    }
    n->inode.i_dtime = (uint32_t)(time_wall_ns() / NS_PER_SEC);
    n->inode.i_size = 0;
    n->inode.i_size_high = 0;
    if (error == 0) {
        error = ext2fs_write_inode_full(x->e2, n->ino, ext_inode(n), sizeof(n->inode));
    }
    if (is_directory) {
        ext_names_forget(x, n->ino);
    }
    if (error == 0) {
        ext2fs_inode_alloc_stats2(x->e2, n->ino, -1, is_directory);
    }
    return ext_half_done(x, ext_errno(error));
}

void ext_reap(struct ext_fs *x)
{
    struct list *link;

    while ((link = list_pop_front(&x->doomed)) != NULL) {
        struct ext_node *n = list_entry(link, struct ext_node, doom);

        (void)ext_node_kill(n);
        forget_node(n);
    }
}
