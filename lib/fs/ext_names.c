// SPDX-License-Identifier: MIT
/*
 * Names of directories in memory: who looks into a directory learns all of its entries, in which block each stands and where there is room, so
 * that finding, adding and removing a name takes the same time in a directory of ten and of ten thousand. libext2fs reads the whole
 * directory each time; it is asked where this is not worth it (too many names for the memory) or not ours to do (indexed, encrypted).
 *
 * What is known of a directory is complete, or nothing is. When names take too much memory, all are forgotten.
 */
#include "ext_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/types.h>

#define MEMORY_SHARE  64
#define FIRST_BUCKETS 256
#define NAME_COST     64         /* bytes, roughly */

static uint32_t hash_of(ext2_ino_t dir, const char *name, size_t length)
{
    uint32_t hash = dir * 2654435761u;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static struct ext_names *names_of(struct ext_fs *x)
{
    struct ext_names *names = x->names;

    if (names == NULL) {
        names = calloc(1, sizeof(*names));
        if (names != NULL) {
            names->buckets = calloc(FIRST_BUCKETS, sizeof(struct ext_name *));
            names->nr_buckets = FIRST_BUCKETS;
            names->limit = boot_info.nr_pages * PAGE_SIZE / MEMORY_SHARE / NAME_COST;
        }
        if (names != NULL && names->buckets == NULL) {
            free(names);
            names = NULL;
        }
        x->names = names;
    }
    return names;
}

void ext_names_drop(struct ext_names *names)
{
    for (size_t i = 0; i < names->nr_buckets; i++) {
        while (names->buckets[i] != NULL) {
            struct ext_name *p = names->buckets[i];

            names->buckets[i] = p->chain;
            free(p);
        }
    }
    for (size_t i = 0; i < EXT_DIR_BUCKETS; i++) {
        while (names->dirs[i] != NULL) {
            struct known_dir *k = names->dirs[i];

            names->dirs[i] = k->chain;
            free(k);
        }
    }
    names->nr = 0;
}

void ext_names_end(struct ext_fs *x)
{
    if (x->names != NULL) {
        ext_names_drop(x->names);
        free(x->names->buckets);
        free(x->names);
        x->names = NULL;
    }
}

static struct known_dir **dir_link(struct ext_names *names, ext2_ino_t ino)
{
    struct known_dir **link = &names->dirs[ino % EXT_DIR_BUCKETS];

    while (*link != NULL && (*link)->ino != ino) {
        link = &(*link)->chain;
    }
    return link;
}

struct ext_name **ext_names_link(struct ext_names *names, ext2_ino_t dir, const char *name, size_t length)
{
    uint32_t hash = hash_of(dir, name, length);
    struct ext_name **link = &names->buckets[hash & (names->nr_buckets - 1)];

    while (*link != NULL && ((*link)->hash != hash || (*link)->dir != dir || (*link)->length != length ||
                             memcmp((*link)->text, name, length) != 0)) {
        link = &(*link)->chain;
    }
    return link;
}

/* Twice as many buckets; without memory for them it goes on with these. */
static void grow(struct ext_names *names)
{
    size_t nr = names->nr_buckets * 2;
    struct ext_name **buckets = calloc(nr, sizeof(struct ext_name *));

    if (buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < names->nr_buckets; i++) {
        while (names->buckets[i] != NULL) {
            struct ext_name *p = names->buckets[i];

            names->buckets[i] = p->chain;
            p->chain = buckets[p->hash & (nr - 1)];
            buckets[p->hash & (nr - 1)] = p;
        }
    }
    free(names->buckets);
    names->buckets = buckets;
    names->nr_buckets = nr;
}

bool ext_names_put(struct ext_names *names, struct known_dir *k, const char *name, size_t length,
                   ext2_ino_t ino, uint32_t block)
{
    struct ext_name **link = ext_names_link(names, k->ino, name, length), *p;

    if (*link != NULL) {
        return true;
    }
    p = names->nr < names->limit ? malloc(sizeof(*p) + length) : NULL;
    if (p == NULL) {
        return false;
    }
    *p = (struct ext_name){.dir = k->ino,
                           .ino = ino,
                           .hash = hash_of(k->ino, name, length),
                           .block = block,
                           .length = (uint8_t)length};
    memcpy(p->text, name, length);
    *link = p;
    k->nr_names++;
    if (++names->nr > names->nr_buckets * 2) {
        grow(names);
    }
    return true;
}

void ext_names_forget(struct ext_fs *x, ext2_ino_t dir)
{
    struct known_dir **link, *k;

    if (x->names == NULL) {
        return;
    }
    if (x->names->too_large == dir) {
        x->names->too_large = 0;
    }
    link = dir_link(x->names, dir);
    k = *link;
    if (k == NULL) {
        return;
    }
    if (k->nr_names > 0) {
        /* Rare: something went wrong in the middle. */
        ext_names_drop(x->names);
        return;
    }
    *link = k->chain;
    free(k);
}

static int learn_block(struct ext_fs *x, struct known_dir *k, uint32_t block)
{
    unsigned int bytes;

    for (uint32_t at = 0; at + 8 <= x->e2->blocksize; at += bytes) {
        struct ext2_dir_entry *e = ext_entry_at(x, at, &bytes);

        if (e == NULL) {
            return -EIO;
        }
        if (e->inode != 0 && !ext_is_dots(e->name, (size_t)ext2fs_dirent_name_len(e)) &&
            !ext_names_put(x->names, k, e->name, (size_t)ext2fs_dirent_name_len(e), e->inode, block)) {
            return -ENOMEM;
        }
    }
    return 0;
}

struct known_dir *ext_names_know(struct ext_node *d, int *rc)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct ext_names *names = names_of(x);
    struct known_dir *k = names != NULL ? *dir_link(names, d->ino) : NULL;

    *rc = 0;
    if (k != NULL || names == NULL || d->ino == names->too_large ||
        (d->inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL)) != 0 ||
        EXT2_I_SIZE(&d->inode) / 32 > names->limit) {
        return k;
    }
    /* A length that the disk made up: a directory has no holes, so it is no longer than what it holds. */
    if (EXT2_I_SIZE(&d->inode) > ext2fs_inode_i_blocks(x->e2, ext_inode(d)) * 512) {
        return NULL;
    }
    if (EXT2_I_SIZE(&d->inode) / 32 + names->nr > names->limit) {
        ext_names_drop(names);
    }
    k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return NULL;
    }
    k->ino = d->ino;
    k->chain = names->dirs[d->ino % EXT_DIR_BUCKETS];
    names->dirs[d->ino % EXT_DIR_BUCKETS] = k;
    for (uint32_t block = 0; *rc >= 0 && block < ext_dir_blocks(d); block++) {
        *rc = ext_dir_block(d, block);
        if (*rc > 0) {
            k->room = block;
            *rc = learn_block(x, k, block);
        }
    }
    if (*rc < 0) {
        ext_names_drop(names);
        if (*rc == -ENOMEM) {
            names->too_large = d->ino;
            *rc = 0;
        }
        return NULL;
    }
    *rc = 0;
    return k;
}

int ext_name_find(struct ext_node *d, const char *name, size_t length, ext2_ino_t *ino)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct ext_name *p;
    int rc;

    /* That one changes when a directory moves. */
    if (ext_is_dots(name, length) || ext_names_know(d, &rc) == NULL) {
        return ext_errno(ext2fs_lookup(x->e2, d->ino, name, (int)length, NULL, ino));
    }
    p = *ext_names_link(x->names, d->ino, name, length);
    *ino = p != NULL ? p->ino : 0;
    return p != NULL ? 0 : -ENOENT;
}

void ext_name_note(struct ext_node *d, const char *name, size_t length, ext2_ino_t ino)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct known_dir *k = x->names != NULL ? *dir_link(x->names, d->ino) : NULL;

    if (k != NULL && !ext_names_put(x->names, k, name, length, ino, EXT_ANY_BLOCK)) {
        ext_names_drop(x->names);
    }
}
