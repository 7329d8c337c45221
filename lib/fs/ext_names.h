// SPDX-License-Identifier: MIT
/*
 * What is known of directories' names: shared by who knows them (ext_names.c) and who changes entries in blocks (ext_entry.c).
 */
#ifndef EXT_NAMES_H
#define EXT_NAMES_H

#include "ext_priv.h"

#define EXT_DIR_BUCKETS 64
#define EXT_ANY_BLOCK   UINT32_MAX /* not known in which */

struct ext_name {
    struct ext_name *chain;
    ext2_ino_t dir, ino;
    uint32_t hash, block;
    uint8_t length;
    char text[];
};

/** struct known_dir - @room: the block to try first; @full: there is no room elsewhere. */
struct known_dir {
    struct known_dir *chain;
    ext2_ino_t ino;
    uint32_t nr_names, room;
    bool full;
};

struct ext_names {
    struct known_dir *dirs[EXT_DIR_BUCKETS];
    struct ext_name **buckets;
    size_t nr_buckets, nr, limit;
    ext2_ino_t too_large; /* the last directory that was not learnt for want of room */
};

/** ext_names_know() - What is known of a directory, after learning it if need be; NULL: ask libext2fs. *@rc: what is wrong with it. */
struct known_dir *ext_names_know(struct ext_node *d, int *rc);

/** ext_names_link() - What points to the name, or would. */
struct ext_name **ext_names_link(struct ext_names *names, ext2_ino_t dir, const char *name, size_t length);

/** ext_names_put() - False: no memory, or no room for more. A name that stands there twice (the disk says so) is the first one. */
bool ext_names_put(struct ext_names *names, struct known_dir *k, const char *name, size_t length,
                   ext2_ino_t ino, uint32_t block);

/** ext_names_drop() - All of all directories: something went wrong in the middle, or there are too many. */
void ext_names_drop(struct ext_names *names);

/** ext_entry_at() - What is at @at of x->dir_block, as far as its lengths make sense; else NULL. */
struct ext2_dir_entry *ext_entry_at(struct ext_fs *x, uint32_t at, unsigned int *bytes);

/** ext_is_dots() - "." and "..", or nothing. */
static inline bool ext_is_dots(const char *name, size_t length)
{
    return length == 0 || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

static inline uint32_t ext_dir_blocks(const struct ext_node *d)
{
    return (uint32_t)(EXT2_I_SIZE(&d->inode) / ext_of(d->node.fs)->e2->blocksize);
}

#endif
