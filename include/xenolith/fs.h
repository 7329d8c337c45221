// SPDX-License-Identifier: MIT
/*
 * What a file system is to the rest: nodes with operations. A node is a file, directory, link or device while somebody
 * refers to it; the file system makes nodes in lookup() and create() and may forget one when its last reference goes. Paths,
 * mounts, open files and trailing slashes are lib/vfs's affair: an operation here gets one name of 1 to 255 bytes
 * (never "." and, but for lookup(), never ".."), in the right kind of directory, on a file system that may be written to.
 * Threads only. Operations may block unless said otherwise, hence each checks again what may have changed meanwhile
 * (create() of a name that is there says -EEXIST). Errors are the kernel's negative numbers.
 */
#ifndef XENOLITH_FS_H
#define XENOLITH_FS_H

#include <xenolith/sync.h>
#include <xenolith/vfs.h>

#define FS_NAME_LIMIT 255

struct fs;
struct node;

/** struct dir_entry - One answer of list(). @next: where to go on. */
struct dir_entry {
    uint64_t next;
    uint64_t serial;
    enum file_kind kind;
    unsigned int length;
    char name[FS_NAME_LIMIT + 1]; /* NUL-terminated */
};

/** struct node_change - What change() is to set: those of @what. */
struct node_change {
    enum {
        CHANGE_PERMISSIONS = 1 << 0,
        CHANGE_OWNER = 1 << 1,
        CHANGE_GROUP = 1 << 2,
        CHANGE_MODIFIED = 1 << 3,
        CHANGE_ACCESSED = 1 << 4,
    } what;
    uint32_t permissions, owner, group;
    uint64_t modified_ns, accessed_ns;
};

/** struct new_node - What create() is to make. @target: of a symbolic link, below 4096 bytes. */
struct new_node {
    enum file_kind
        kind; /* FILE_REGULAR, FILE_DIRECTORY, FILE_SYMLINK; with makes_special FILE_FIFO, FILE_SOCKET */
    uint32_t permissions;
    const char *target;
};

/**
 * struct node_ops - An operation that is NULL fails with the error in brackets. @out comes with a reference.
 * @lookup:   Directories; knows "..", but not across mounts. -ENOENT. [-ENOTDIR]
 * @create:   [-EPERM]
 * @link:     [-EPERM]
 * @unlink:   A name of anything but a directory; or (@directory) of an empty directory. [-EPERM]
 * @rename:   Replaces what is there under POSIX' rules. Both on this file system. [-EPERM]
 * @list:     The entry at @cookie (0: the first; else @next of the one before), without "." and "..". 1, or 0 at the end. [-ENOTDIR]
 * @readlink: The target, cut at @bytes, without NUL; its length. [-EINVAL]
 * @read, @write, @resize, @sync, @map: as in struct file_ops; what @map gives may never change. [-EINVAL, @map -ENODEV]
 * @info:     Does not block.
 * @open:     A file of its own kind instead of a plain one: devices. [plain]
 * @release:  No reference is left. Does not block, must not fail.
 */
struct node_ops {
    int (*lookup)(struct node *dir, const char *name, size_t length, struct node **out);
    int (*create)(struct node *dir, const char *name, size_t length, const struct new_node *what,
                  struct node **out);
    int (*link)(struct node *dir, const char *name, size_t length, struct node *node);
    int (*unlink)(struct node *dir, const char *name, size_t length, bool directory);
    int (*rename)(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
                  size_t to_length);
    int (*list)(struct node *dir, uint64_t cookie, struct dir_entry *out);
    long (*readlink)(struct node *node, char *buf, size_t bytes);
    long (*read)(struct node *node, void *buf, size_t bytes, uint64_t offset);
    long (*write)(struct node *node, const void *buf, size_t bytes, uint64_t offset);
    int (*resize)(struct node *node, uint64_t bytes);
    int (*sync)(struct node *node, bool data_only);
    int (*map)(struct node *node, uint64_t offset, const void **address, size_t *bytes);
    void (*info)(struct node *node, struct file_info *out);
    int (*change)(struct node *node, const struct node_change *change);
    int (*open)(struct node *node, unsigned int flags, struct file **out);
    void (*release)(struct node *node);
};

/**
 * struct node - @kind never changes.
 * @mounted: What is mounted on this directory; it holds a reference.
 * @lock:    Whoever changes a file's bytes or length holds it, so that the end stays where he found it: node_lock().
 */
struct node {
    const struct node_ops *ops;
    struct fs *fs;
    unsigned int refs;
    enum file_kind kind;
    struct fs *mounted;
    struct mutex lock;
};

/** struct fs_info - For statvfs(). 0 nodes: the file system does not count them. */
struct fs_info {
    uint32_t block_bytes;
    uint64_t blocks, free_blocks;
    uint64_t nodes, free_nodes;
};

/**
 * struct fs_ops - All may be NULL.
 * @sync:    Everything written before reaches the disk.
 * @finish:  The end of the domain: everything reaches the disk and is marked as clean; from then on it may not be written to.
 * @unmount: After the last use: finish, free the root and the file system. An error is told, the file system is gone all the same.
 */
struct fs_ops {
    void (*info)(struct fs *fs, struct fs_info *out);
    int (*sync)(struct fs *fs);
    int (*finish)(struct fs *fs);
    int (*unmount)(struct fs *fs);
};

/**
 * struct fs - A file system, mounted at most once.
 * @root:   Its reference belongs to the file system.
 * @covers: The directory it is mounted on; NULL for the root of all.
 * @users:  References to nodes of it, its root's own aside: what keeps it from being unmounted.
 * @rename: One at a time: two at once could each move a directory below the other's.
 */
struct fs {
    const struct fs_ops *ops;
    const char *type;
    struct node *root;
    struct node *covers;
    bool read_only;
    bool makes_special;
    uint64_t id;
    unsigned int users;
    struct mutex rename;
    struct list link;
};

/** fs_init() - Ready for use but for the root. */
void fs_init(struct fs *fs, const struct fs_ops *ops, const char *type);

/** node_init() - With one reference. */
void node_init(struct node *node, struct fs *fs, const struct node_ops *ops, enum file_kind kind);

void node_get(struct node *node);
void node_put(struct node *node); /* NULL is ignored */

/** node_lock() - For several writes that must be as one. The operations of files and paths take it; those of nodes do not. */
void node_lock(struct node *node);
void node_unlock(struct node *node);

/** node_open() - The open file of @node with enum file_flags @flags; takes a reference of its own. */
int node_open(struct node *node, unsigned int flags, struct file **out) MUST_CHECK;

/** fifo_open() - The same for a FIFO: waits for the other side as POSIX says. In images that have mkfifo(); others say -ENXIO. */
int fifo_open(struct node *node, unsigned int flags, struct file **out) MUST_CHECK;

/** file_node() - The node behind an open file, without a reference; NULL when it is no file of a file system. */
struct node *file_node(const struct file *file);

/** dir_read() - The next entry of an open directory, "." and ".." too; moves its position. 1, 0 at the end, -ENOTDIR. */
int dir_read(struct file *dir, struct dir_entry *out);

/** fs_mount() - Put @fs on top of directory @covers, or, with NULL, at the root of all. -EBUSY, -ENOTDIR. */
int fs_mount(struct fs *fs, struct node *covers) MUST_CHECK;

/** fs_unmount() - Take it away again and end it. -EBUSY while it is in use. After the root of all comes a new one, at the next use. */
int fs_unmount(struct fs *fs);

/** fs_sync_all() - sync(). The first error. */
int fs_sync_all(void);

/** fs_finish_all() - The end: see struct fs_ops. Whoever still has files open keeps them, but cannot write any more. */
void fs_finish_all(void);

/** fs_root() - The root of all, with a reference; made at first use (root.c). */
int fs_root(struct node **out) MUST_CHECK;

/** memfs_create() - A file system in memory, empty; files take at most @limit_pages. NULL: no memory. */
struct fs *memfs_create(const char *type, size_t limit_pages) MUST_CHECK;

/**
 * memfs_add_archive() - Fill @fs from a tar or cpio archive that stays where it is: files are read in place, and copied page by
 * page when they are written to.
 * Return: how many files came, or -EINVAL when it is no archive. What is damaged is left out and said.
 */
long memfs_add_archive(struct fs *fs, const void *archive, size_t bytes);

/** memfs_add_device() - A device below directory @dir of a memfs. */
int memfs_add_device(struct node *dir, const char *name, enum file_kind kind, uint64_t device,
                     uint32_t permissions,
                     int (*open)(struct node *node, unsigned int flags, struct file **out));

/** memfs_device() - The number that memfs_add_device() was given. */
uint64_t memfs_device(const struct node *node);

#endif
