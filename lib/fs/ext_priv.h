// SPDX-License-Identifier: MIT
/*
 * ext2, ext3 and ext4 over libext2fs: what its files share. libext2fs knows the format; we bring nodes, the way to the disk, and
 * transactions: what it writes is collected (struct ext_block) and reaches the disk as a whole, through the file system's journal.
 *
 * One lock a file system; libext2fs blocks within it. Bytes of files go to the page cache at once, and to the disk before the
 * transaction that makes them visible.
 */
#ifndef EXT_PRIV_H
#define EXT_PRIV_H

#include <ext2fs/ext2fs.h>

#include <xenolith/fs.h>
#include <xenolith/sync.h>

#include "cache.h"
#include "disk.h"

#define EXT_BUCKETS 256

/** struct ext_block - A block of the running transaction: newer than what the disk has. */
struct ext_block {
    struct ext_block *chain;
    uint64_t number;
    char data[];
};

/** struct ext_journal - @blocks: where the journal's first @nr blocks lie on the disk; 0: there is no journal. */
struct ext_journal {
    uint64_t *blocks;
    uint32_t nr;
    uint32_t first, sequence;
    char *superblock;
};

struct ext_fs {
    struct fs fs;
    struct list link;
    ext2_filsys e2;
    struct cache *cache;
    unsigned int generation; /* of the disk */
    uint32_t errors_seen;    /* of the cache's */
    struct mutex lock;
    struct ext_node *nodes[EXT_BUCKETS];
    struct list doomed; /* nodes without a name and without a user, whose blocks are still to be freed */
    bool collecting;    /* what libext2fs writes goes to the transaction */
    bool was_valid;
    bool discard;      /* what was freed is given back to the disk */
    unsigned int turn; /* of the thread that commits every few seconds */
    int failed;        /* a transaction could not be written: from now on nothing changes any more */
    struct ext_block *blocks[EXT_BUCKETS];
    uint32_t nr_blocks;
    ext2fs_block_bitmap committed; /* in use at the last commit: what is freed since must not be used yet */
    uint64_t nr_freed;             /* blocks of that kind: a commit makes room of them */
    struct ext_journal journal;
    char *dir_block; /* the block of a directory that list() was last in */
    uint64_t dir_block_number;
    struct ext_names *names; /* ext_names.c */
    uint64_t transaction;    /* the running one; they are counted */
    uint64_t nr_collected;   /* blocks' changes, and what was free: when the change under way began */
    struct ext_mark {
        uint64_t nr_collected, free_blocks;
        uint32_t free_inodes;
    } mark;
    int torn; /* a change came only half-way */
};

/** struct ext_run - Blocks that follow each other in the file and on the disk; at 0: a hole. @unwritten: allocated, reads as zeros. */
struct ext_run {
    uint64_t file_block, disk_block, nr;
    bool unwritten;
};

struct ext_node {
    struct node node;
    struct ext_node *chain;
    struct list doom;
    ext2_ino_t ino;
    bool killed;        /* by ext_node_kill(), though somebody may still refer to it */
    struct ext_run run; /* the last one that was looked up */
    /* Of which transaction the last change is: of anything, and of what one needs to find the file's bytes. */
    uint64_t changed, moved;
    struct ext2_inode_large inode;
};

static inline struct ext_fs *ext_of(struct fs *fs)
{
    return container_of(fs, struct ext_fs, fs);
}

static inline struct ext_node *ext_node_of(struct node *node)
{
    return container_of(node, struct ext_node, node);
}

static inline struct ext2_inode *ext_inode(struct ext_node *n)
{
    return (struct ext2_inode *)&n->inode;
}

/** ext_errno() - libext2fs's error as a negative number of ours. */
int ext_errno(errcode_t error);

/* ---- ext_io.c ---- */

/** ext_has_disk() - False once the toolstack has put another disk in the place of ours. */
static inline bool ext_has_disk(const struct ext_fs *x)
{
    return cache_device(x->cache)->generation == x->generation;
}

/** ext_disk_read() - As cache_read(); -EIO when the disk is not ours any more. So do the other two. */
int ext_disk_read(struct ext_fs *x, uint64_t offset, void *buf, size_t bytes);
int ext_disk_write(struct ext_fs *x, uint64_t offset, const void *buf, size_t bytes);
int ext_disk_sync(struct ext_fs *x);

extern io_manager ext_io_manager;

/** ext_mounting - The file system whose disk ext_io_manager opens; set during a mount, one at a time. */
extern struct ext_fs *ext_mounting;

/** ext_forget_block() - The block holds a file's bytes now: the transaction has nothing to say about it. */
void ext_forget_block(struct ext_fs *x, uint64_t number);

/** ext_drop_blocks() - The transaction is over. */
void ext_drop_blocks(struct ext_fs *x);

/* ---- ext_journal.c ---- */

/** ext_journal_open() - Look where the journal lies. 0 also when there is none. */
int ext_journal_open(struct ext_fs *x);

void ext_journal_close(struct ext_fs *x);

/** ext_stop() - From now on nothing changes any more: @rc says why. */
void ext_stop(struct ext_fs *x, int rc, const char *why);

/** ext_has_changes() - Is there anything that a commit would write? Without it nothing disturbs the disk. */
bool ext_has_changes(const struct ext_fs *x);

/** ext_commit() - All that was done so far is on the disk, whole, whatever happens afterwards. The lock is held. */
int ext_commit(struct ext_fs *x);

/** ext_commit_if_large() - After each change. */
void ext_commit_if_large(struct ext_fs *x);

/** ext_commit_for_room() - Somebody found the disk full, or soon will: is there more room now, since what was freed may be used? */
bool ext_commit_for_room(struct ext_fs *x);

/** ext_journal_check() - Before a replay: is the journal one that it can be trusted with? */
int ext_journal_check(struct ext_fs *x);

/* ---- ext_check.c ---- */

/** ext_check_super() - Do its sizes fit each other and the disk? 0 or -EUCLEAN. */
int ext_check_super(const struct ext2_super_block *s, uint64_t disk_bytes);

/** ext_check_groups() - The same of the descriptors of groups. */
int ext_check_groups(const struct ext_fs *x);

/* ---- ext_super.c ---- */

/** ext_super_open() - Open x->e2, and replay the journal. @how and errors: ext_open()'s. */
int ext_super_open(struct ext_fs *x, unsigned int how);

/** ext_super_mark() - The disk says that the file system is in use, or (everything is committed) that it is not. */
int ext_super_mark(struct ext_fs *x, bool in_use);

/* ---- ext_discard.c ---- */

/** ext_discard_freed() - After a commit, and before what it freed may be used again. */
void ext_discard_freed(struct ext_fs *x);

/* ---- ext_inline.c ---- */

/** ext_inline_read() - Of a file whose bytes lie in its inode. How many. */
long ext_inline_read(struct ext_node *n, void *buf, size_t bytes, uint64_t offset);

/** ext_inline_expand() - Before it is written to: its bytes get blocks. */
int ext_inline_expand(struct ext_node *n);

/* ---- ext_file.c ---- */

/** ext_write_some() - As much as there is room for, and the file's size and times with it: it is whole again whatever comes next. */
long ext_write_some(struct ext_node *n, const char *from, size_t bytes, uint64_t offset);

/* ---- ext_orphan.c ---- */

/** ext_orphans_write() - Before each commit: the list of those that are in use and have no name. */
int ext_orphans_write(struct ext_fs *x);

/** ext_orphans_kill() - Before the last commit: nobody will use them any more. */
void ext_orphans_kill(struct ext_fs *x);

/** ext_orphans_free() - At the mount: what the disk has of them. */
int ext_orphans_free(struct ext_fs *x);

/* ---- ext_alloc.c ---- */

/** ext_alloc_init() - From now on libext2fs gets its blocks from here. */
errcode_t ext_alloc_init(struct ext_fs *x);

/**
 * ext_alloc_behind() - Up to @nr blocks for the hole at @block by lengthening the extent before it. EXT2_ET_EXTENT_NOT_FOUND, or another error
 * with nothing changed: it cannot be done.
 */
errcode_t ext_alloc_behind(struct ext_node *n, uint64_t block, uint64_t nr);

/* ---- ext_node.c ---- */

/** ext_node_get() - The node of an inode, with a reference. The lock is held. */
int ext_node_get(struct ext_fs *x, ext2_ino_t ino, struct node **out);

/** ext_node_write() - The inode, as changed, to libext2fs. */
int ext_node_write(struct ext_node *n);

/** ext_node_write_times() - The same when nothing but its times has changed: fdatasync() can do without. */
int ext_node_write_times(struct ext_node *n);

/** ext_node_kill() - The inode has no name and no user: its blocks and itself become free. */
int ext_node_kill(struct ext_node *n);

/** ext_reap() - Kill what is doomed. The lock is held. */
void ext_reap(struct ext_fs *x);

enum ext_time {
    EXT_MODIFIED = 1,
    EXT_CHANGED = 2,
    EXT_ACCESSED = 4,
    EXT_CREATED = 8,
};

/** ext_set_time() - Those of @which to @ns. */
void ext_set_time(struct ext_node *n, unsigned int which, uint64_t ns);

void ext_touch(struct ext_node *n, unsigned int which); /* now */

/* ---- ext_spare.c ---- */

/** ext_malloc() and its kin - For what must not fail in the middle of a change. free() as usual. */
void *ext_malloc(size_t bytes);
void *ext_calloc(size_t nr, size_t bytes);
void *ext_realloc(void *from, size_t bytes);

/** ext_spares_fill() - Before a change. False: no memory for it. */
bool ext_spares_fill(const struct ext_fs *x);

/** ext_begin() - Take the lock for a change: -EROFS, or the error that stopped all changes. ext_end() lets go and commits a large transaction. */
int ext_begin(struct ext_fs *x);
int ext_end(struct ext_fs *x, int rc);

/** ext_half_done() - A step of a change ended with @rc: if it failed for want of memory or of a block, the change must not reach the disk. @rc. */
int ext_half_done(struct ext_fs *x, int rc);

extern const struct node_ops ext_file_ops, ext_dir_ops, ext_link_ops, ext_other_ops;

/* ---- ext_list.c ---- */

/** ext_dir_block() - The directory's block into x->dir_block, unless it is there. 1; 0: a hole; or an error. */
int ext_dir_block(struct ext_node *d, uint64_t block);

/* ---- ext_dir.c ---- */

/** ext_dir_read_again() - What libext2fs has done to a directory's inode behind our copy. */
int ext_dir_read_again(struct ext_node *n);

/* ---- ext_names.c ---- */

/** ext_name_find() - -ENOENT. */
int ext_name_find(struct ext_node *d, const char *name, size_t length, ext2_ino_t *ino);

/** ext_name_add() - A name that is not there yet. @type: EXT2_FT_... */
int ext_name_add(struct ext_node *d, const char *name, size_t length, ext2_ino_t ino, int type);

int ext_name_remove(struct ext_node *d, const char *name, size_t length);

/** ext_name_note() - libext2fs itself has made this name. */
void ext_name_note(struct ext_node *d, const char *name, size_t length, ext2_ino_t ino);

/** ext_names_forget() - The directory is no more. */
void ext_names_forget(struct ext_fs *x, ext2_ino_t dir);

void ext_names_end(struct ext_fs *x);

/* ---- The operations ---- */

int ext_lookup(struct node *dir, const char *name, size_t length, struct node **out);
int ext_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out);
int ext_link(struct node *dir, const char *name, size_t length, struct node *node);
int ext_unlink(struct node *dir, const char *name, size_t length, bool directory);
int ext_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length);
int ext_list(struct node *dir, uint64_t cookie, struct dir_entry *out);
long ext_readlink(struct node *node, char *buf, size_t bytes);
long ext_read(struct node *node, void *buf, size_t bytes, uint64_t offset);
long ext_write(struct node *node, const void *buf, size_t bytes, uint64_t offset);
int ext_resize(struct node *node, uint64_t bytes);
int ext_sync_node(struct node *node, bool data_only);

#endif
