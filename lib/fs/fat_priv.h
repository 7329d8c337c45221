// SPDX-License-Identifier: MIT
/*
 * FAT over FatFs: what its files share. FatFs knows the format, sector by sector: chains, names, entries (fat_lib.c). We bring nodes, the
 * bytes of files, the way to the disk, and an order: what FatFs writes is collected as sectors (struct fat_block) and reaches the disk so
 * that a cut at any point leaves clusters that nobody names, and not names of what is not there.
 *
 * One lock a file system. A cluster that is given up stays taken until the commit after which no entry on the disk leads to it.
 */
#ifndef FAT_PRIV_H
#define FAT_PRIV_H

#define FFCONF_H "fat_config.h"
#include <ff.h>

#include <xenolith/fs.h>
#include <xenolith/sync.h>

#include "cache.h"

#define FAT_BUCKETS      256
#define FAT_ENTRY_BYTES  32
#define FAT_MOST_BYTES   UINT64_C(0xffffffff)
#define FAT_SPARE_BLOCKS 32
#define FAT_RUNS         1024

enum fat_attributes {
    FAT_READ_ONLY = 0x01,
    FAT_DIRECTORY = 0x10,
    FAT_ARCHIVE = 0x20,
};

/** struct fat_block - A sector that is newer than the disk's. @wave: directories of a later wave reach the disk after those of earlier ones. */
struct fat_block {
    struct fat_block *chain;
    uint32_t sector;
    unsigned int wave;
    unsigned char data[];
};

/** struct fat_loss - A chain to be freed, from @start on; @previous ends there then (0: all of it goes). */
struct fat_loss {
    uint32_t start, previous;
};

/** struct fat_stamps - Times as a directory has them: days and units of two seconds. */
struct fat_stamps {
    uint16_t modified_day, modified_time;
    uint16_t accessed_day;
    uint16_t created_day, created_time;
};

/** struct fat_entry - An entry of a directory. @position: its place on the disk in units of its size; @offset, @first: in the directory, @first with its long name. */
struct fat_entry {
    uint64_t position;
    uint32_t offset, first;
    uint32_t cluster, size;
    uint8_t attributes;
    struct fat_stamps stamps;
    unsigned int length;
    char name[FS_NAME_LIMIT + 1];
};

struct fat_fs {
    struct fs fs;
    struct list link;
    FATFS ff;
    WCHAR long_name[FF_MAX_LFN + 16];
    struct cache *cache;
    uint32_t generation; /* of the disk when it was mounted */
    uint32_t errors_seen;
    struct mutex lock;
    uint32_t sector_bytes, cluster_bytes;
    struct fat_node *nodes[FAT_BUCKETS];
    struct list displaced; /* nodes whose serial is not their position any more */
    struct list doomed;    /* nodes without a name and a user, whose clusters are still to be given up */
    uint64_t renewals;
    bool stopped;  /* a commit failed: nothing is written any more */
    int failed;    /* from now on nothing changes any more */
    int io_error;  /* why fat_disk_read() or fat_disk_write() failed last */
    bool old_view; /* FatFs reads what the disk has, not the blocks */
    bool straight; /* what FatFs writes goes to the cache, not to a block */
    bool zeroed;   /* a directory got a cluster since the last commit */
    bool freed;    /* the last commit freed clusters, and is not flushed */
    bool was_dirty, counted;
    unsigned int wave;
    struct fat_block *blocks[FAT_BUCKETS];
    uint32_t nr_blocks;
    struct fat_block *spares;
    unsigned int nr_spares;
    struct fat_loss *losses;
    size_t nr_losses, room_for_losses;
};

/** struct fat_run - The file's clusters from @at on are the disk's from @cluster on, @nr of them at least. */
struct fat_run {
    uint32_t at, cluster, nr;
};

/**
 * struct fat_node - @position: of its entry; 0 for the root. @removed: no entry leads here. @runs: what is known of the chain; between them
 * there may be gaps. @list_offset, @list_cluster: where list() was last.
 */
struct fat_node {
    struct node node;
    struct fat_node *chain;
    struct fat_node *parent;
    struct list displaced, doom;
    uint64_t position, serial;
    uint32_t cluster, size;
    uint8_t attributes;
    bool removed;
    struct fat_stamps stamps;
    struct fat_run *runs;
    unsigned int nr_runs, room_for_runs;
    uint32_t list_offset, list_cluster;
};

static inline struct fat_fs *fat_of(struct fs *fs)
{
    return container_of(fs, struct fat_fs, fs);
}

static inline struct fat_node *fat_node_of(struct node *node)
{
    return container_of(node, struct fat_node, node);
}

/* ---- fat_lib.c: FatFs; the lock is held. Cluster 0 as a directory: the root. ---- */

/** fat_lib_open() - What the boot sector says, checked. */
int fat_lib_open(struct fat_fs *x);

/** fat_lib_flush() - FatFs keeps no sector back. */
int fat_lib_flush(struct fat_fs *x);

/** fat_lib_write_info() - The count of free clusters, for those who look there. */
int fat_lib_write_info(struct fat_fs *x);

/** fat_lib_count() - Count the free clusters in the FAT. */
int fat_lib_count(struct fat_fs *x);

/** fat_next() - The cluster behind @cluster; 0: it is the last. */
int fat_next(struct fat_fs *x, uint32_t cluster, uint32_t *next);

/** fat_append() - A free cluster, behind @last or, with 0, as a chain of its own. -ENOSPC. */
int fat_append(struct fat_fs *x, uint32_t last, uint32_t *out);

/** fat_entry_of(), fat_set_entry() - The FAT as it is; UINT32_MAX sets an end, and what is no cluster is one. */
int fat_entry_of(struct fat_fs *x, uint32_t cluster, uint32_t *value);
int fat_set_entry(struct fat_fs *x, uint32_t cluster, uint32_t value);

/** fat_lib_view() - FatFs sees what the disk has (@old), or what it is to have. What it held is flushed. */
void fat_lib_view(struct fat_fs *x, bool old);

/** fat_free_chain() - Give all from @start on back. */
int fat_free_chain(struct fat_fs *x, uint32_t start);

bool fat_is_cluster(const struct fat_fs *x, uint32_t cluster);

/** fat_place() - Where a cluster begins on the disk, in bytes. */
uint64_t fat_place(const struct fat_fs *x, uint32_t cluster);

/** fat_find() - -ENOENT. @name is NUL-terminated and fit for FatFs. */
int fat_find(struct fat_fs *x, uint32_t dir, const char *name, struct fat_entry *out);

/** fat_add() - A new entry with all of @entry but its name and place, which is returned there. -ENOSPC, -EINVAL. */
int fat_add(struct fat_fs *x, uint32_t dir, const char *name, struct fat_entry *entry);

/** fat_remove() - An entry that fat_find() or fat_add() has just told. */
int fat_remove(struct fat_fs *x, uint32_t dir, const struct fat_entry *entry);

/** fat_list_at() - The first entry at or behind offset @offset of a directory. 1, or 0 at the end. @at: where to look, of @dir; kept by the caller. */
int fat_list_at(struct fat_fs *x, struct fat_node *dir, uint32_t offset, struct fat_entry *out);

/** fat_is_empty() - 0, -ENOTEMPTY. */
int fat_is_empty(struct fat_fs *x, uint32_t dir);

/** fat_put_entry() - What the entry at @position says, its name aside. */
int fat_put_entry(struct fat_fs *x, uint64_t position, const struct fat_entry *entry);

/** fat_make_dir() - A new cluster with "." and "..", and nothing else. */
int fat_make_dir(struct fat_fs *x, uint32_t parent, const struct fat_stamps *stamps, uint32_t *out);

/** fat_set_parent() - What ".." of the directory at @cluster says. */
int fat_set_parent(struct fat_fs *x, uint32_t cluster, uint32_t parent);

/** fat_damaged() - Say once that the file system makes no sense, and change nothing any more. -EIO. */
int fat_damaged(struct fat_fs *x, const char *what);

/* ---- fat_io.c ---- */

/** fat_get(), fat_put(), fat_flush() - As cache_read(), cache_write(), cache_sync_since(); -EIO when the disk is not ours any more. */
int fat_get(struct fat_fs *x, uint64_t offset, void *buf, size_t bytes);
int fat_put(struct fat_fs *x, uint64_t offset, const void *buf, size_t bytes);
int fat_flush(struct fat_fs *x);

/** fat_let_go() - The cache may forget the disk. */
void fat_let_go(struct fat_fs *x);

/** fat_lose() - Give a chain up at the next commit. -ENOMEM. */
int fat_lose(struct fat_fs *x, uint32_t start, uint32_t previous);

/** fat_reserve() - Memory for one more change. */
int fat_reserve(struct fat_fs *x);

void fat_drop_blocks(struct fat_fs *x);

/** fat_write_blocks() - The FAT's (@fats), or those of one wave; flushed. */
int fat_write_blocks(struct fat_fs *x, bool fats, unsigned int wave);

/** fat_changed_fat() - @see each range of entries in changed sectors of the FAT; none when it is one sector, which is written as a whole. */
int fat_changed_fat(struct fat_fs *x, int (*see)(struct fat_fs *x, uint32_t first, uint32_t last, void *arg),
                    void *arg);

/* ---- fat_commit.c ---- */

/** fat_commit() - All that was done so far is on the disk. */
int fat_commit(struct fat_fs *x);

/** fat_stop() - Nothing that was not committed will be, and nothing changes any more. @error. */
int fat_stop(struct fat_fs *x, int error);

void fat_commit_if_large(struct fat_fs *x);

/** fat_make_room() - Something may be free after a commit or a count: try again on 0, else -ENOSPC. */
int fat_make_room(struct fat_fs *x);

/* ---- fat_node.c ---- */

/** fat_node_get() - The node of an entry of @parent (NULL: the root), with a reference. */
int fat_node_get(struct fat_fs *x, struct fat_node *parent, const struct fat_entry *entry, struct node **out);

/** fat_node_put() - Write what the node's entry says. */
int fat_node_put(struct fat_node *n);

/** fat_node_entry() - What the node's entry is to say, its name and place aside. */
void fat_node_entry(const struct fat_node *n, struct fat_entry *out);

/** fat_node_remove() - No entry leads to the node any more. */
void fat_node_remove(struct fat_node *n);

/** fat_node_move() - Its entry is another now. */
void fat_node_move(struct fat_node *n, struct fat_node *parent, uint64_t position);

/** fat_reap() - Give up the clusters of what is doomed. */
void fat_reap(struct fat_fs *x);

/** fat_now() - For a new entry. */
void fat_now(struct fat_stamps *out);

/** fat_touch() - The node was modified now. Writes the entry when the time has moved on since the last time. */
int fat_touch(struct fat_node *n);

/** fat_begin() - Take the lock for a change; fat_end() lets go. */
int fat_begin(struct fat_fs *x);
int fat_end(struct fat_fs *x, int rc);

extern const struct node_ops fat_file_ops, fat_dir_ops;

/* ---- The operations ---- */

int fat_lookup(struct node *dir, const char *name, size_t length, struct node **out);
int fat_create(struct node *dir, const char *name, size_t length, const struct new_node *what,
               struct node **out);
int fat_unlink(struct node *dir, const char *name, size_t length, bool directory);
int fat_rename(struct node *dir, const char *name, size_t length, struct node *to, const char *to_name,
               size_t to_length);
int fat_list(struct node *dir, uint64_t cookie, struct dir_entry *out);
long fat_read(struct node *node, void *buf, size_t bytes, uint64_t offset);
long fat_write(struct node *node, const void *buf, size_t bytes, uint64_t offset);
int fat_resize(struct node *node, uint64_t bytes);
int fat_sync_node(struct node *node, bool data_only);

#endif
