// SPDX-License-Identifier: MIT
/*
 * Names of directories in memory: who looks into a directory learns all of its entries, in which block each stands and where there is room, so
 * that finding, adding and removing a name takes the same time in a directory of ten and of ten thousand. libext2fs reads the whole
 * directory each time; it is asked where this is not worth it (too many names for the memory) or not ours to do (indexed, encrypted).
 *
 * What is known of a directory is complete, or nothing is. When names take too much memory, all are forgotten.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/types.h>

#define MEMORY_SHARE  64
#define FIRST_BUCKETS 256
#define DIR_BUCKETS   64
#define ANY_BLOCK     UINT32_MAX /* not known in which */
#define NAME_COST     64         /* bytes, roughly */

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
    struct known_dir *dirs[DIR_BUCKETS];
    struct ext_name **buckets;
    size_t nr_buckets, nr, limit;
};

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

static void forget_names(struct ext_names *names)
{
    for (size_t i = 0; i < names->nr_buckets; i++) {
        while (names->buckets[i] != NULL) {
            struct ext_name *p = names->buckets[i];

            names->buckets[i] = p->chain;
            free(p);
        }
    }
    for (size_t i = 0; i < DIR_BUCKETS; i++) {
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
        forget_names(x->names);
        free(x->names->buckets);
        free(x->names);
        x->names = NULL;
    }
}

static struct known_dir **dir_link(struct ext_names *names, ext2_ino_t ino)
{
    struct known_dir **link = &names->dirs[ino % DIR_BUCKETS];

    while (*link != NULL && (*link)->ino != ino) {
        link = &(*link)->chain;
    }
    return link;
}

static struct ext_name **name_link(struct ext_names *names, ext2_ino_t dir, const char *name, size_t length)
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

/* False: no memory, or no room for more. A name that stands there twice (the disk says so) is the first one. */
static bool add(struct ext_names *names, struct known_dir *k, const char *name, size_t length, ext2_ino_t ino,
                uint32_t block)
{
    struct ext_name **link = name_link(names, k->ino, name, length), *p;

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
    link = dir_link(x->names, dir);
    k = *link;
    if (k == NULL) {
        return;
    }
    if (k->nr_names > 0) {
        /* Rare: something went wrong in the middle. */
        forget_names(x->names);
        return;
    }
    *link = k->chain;
    free(k);
}

/* What is at @at of the block, as far as its lengths make sense. */
static struct ext2_dir_entry *entry_at(struct ext_fs *x, uint32_t at, unsigned int *bytes)
{
    struct ext2_dir_entry *e = (struct ext2_dir_entry *)(x->dir_block + at);
    uint32_t size = x->e2->blocksize;

    if (ext2fs_get_rec_len(x->e2, e, bytes) != 0 || *bytes < 8 || *bytes % 4 != 0 || *bytes > size - at ||
        (unsigned int)ext2fs_dirent_name_len(e) + 8 > *bytes) {
        return NULL;
    }
    return e;
}

/* "." and "..", or nothing. */
static bool is_dots(const char *name, size_t length)
{
    return length == 0 || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

static int learn_block(struct ext_fs *x, struct known_dir *k, uint32_t block)
{
    unsigned int bytes;

    for (uint32_t at = 0; at + 8 <= x->e2->blocksize; at += bytes) {
        struct ext2_dir_entry *e = entry_at(x, at, &bytes);

        if (e == NULL) {
            return -EIO;
        }
        if (e->inode != 0 && !is_dots(e->name, (size_t)ext2fs_dirent_name_len(e)) &&
            !add(x->names, k, e->name, (size_t)ext2fs_dirent_name_len(e), e->inode, block)) {
            return -ENOMEM;
        }
    }
    return 0;
}

static uint32_t nr_blocks(const struct ext_node *d)
{
    return (uint32_t)(EXT2_I_SIZE(&d->inode) / ext_of(d->node.fs)->e2->blocksize);
}

/* What is known of a directory; NULL: ask libext2fs. *@rc: what is wrong with it. */
static struct known_dir *know(struct ext_node *d, int *rc)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct ext_names *names = names_of(x);
    struct known_dir *k = names != NULL ? *dir_link(names, d->ino) : NULL;

    *rc = 0;
    if (k != NULL || names == NULL ||
        (d->inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL)) != 0 ||
        EXT2_I_SIZE(&d->inode) / 32 > names->limit) {
        return k;
    }
    /* A length that the disk made up: a directory has no holes, so it is no longer than what it holds. */
    if (EXT2_I_SIZE(&d->inode) > ext2fs_inode_i_blocks(x->e2, ext_inode(d)) * 512) {
        return NULL;
    }
    if (EXT2_I_SIZE(&d->inode) / 32 + names->nr > names->limit) {
        forget_names(names);
    }
    k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return NULL;
    }
    k->ino = d->ino;
    k->chain = names->dirs[d->ino % DIR_BUCKETS];
    names->dirs[d->ino % DIR_BUCKETS] = k;
    for (uint32_t block = 0; *rc >= 0 && block < nr_blocks(d); block++) {
        *rc = ext_dir_block(d, block);
        if (*rc > 0) {
            k->room = block;
            *rc = learn_block(x, k, block);
        }
    }
    if (*rc < 0) {
        forget_names(names);
        *rc = *rc == -ENOMEM ? 0 : *rc;
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
    if (is_dots(name, length) || know(d, &rc) == NULL) {
        return ext_errno(ext2fs_lookup(x->e2, d->ino, name, (int)length, NULL, ino));
    }
    p = *name_link(x->names, d->ino, name, length);
    *ino = p != NULL ? p->ino : 0;
    return p != NULL ? 0 : -ENOENT;
}

void ext_name_note(struct ext_node *d, const char *name, size_t length, ext2_ino_t ino)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct known_dir *k = x->names != NULL ? *dir_link(x->names, d->ino) : NULL;

    if (k != NULL && !add(x->names, k, name, length, ino, ANY_BLOCK)) {
        forget_names(x->names);
    }
}

static int write_dir_block(struct ext_node *d)
{
    struct ext_fs *x = ext_of(d->node.fs);
    errcode_t error = ext2fs_write_dir_block4(x->e2, x->dir_block_number, x->dir_block, 0, d->ino);

    if (error != 0) {
        x->dir_block_number = 0;
    }
    return ext_errno(error);
}

/* Into the first gap of the block that is large enough. -ENOSPC: there is none. */
static int put_in_block(struct ext_node *d, uint32_t block, const char *name, size_t length, ext2_ino_t ino,
                        int type)
{
    struct ext_fs *x = ext_of(d->node.fs);
    /* The checksum stands behind the last entry, as one that is not in use. */
    uint32_t end = x->e2->blocksize -
                   (ext2fs_has_feature_metadata_csum(x->e2->super) ? sizeof(struct ext2_dir_entry_tail) : 0);
    unsigned int bytes, used, needed = ext2fs_dir_rec_len((__u8)length, 0);
    int rc = ext_dir_block(d, block);

    if (rc <= 0) {
        return rc < 0 ? rc : -ENOSPC;
    }
    for (uint32_t at = 0; at + 8 <= end; at += bytes) {
        struct ext2_dir_entry *e = entry_at(x, at, &bytes);

        if (e == NULL) {
            return -EIO;
        }
        used = e->inode != 0 ? ext2fs_dir_rec_len((__u8)ext2fs_dirent_name_len(e), 0) : 0;
        if (bytes < used + needed || at + bytes > end) {
            continue;
        }
        if (used > 0) {
            (void)ext2fs_set_rec_len(x->e2, used, e);
            e = (struct ext2_dir_entry *)(x->dir_block + at + used);
            (void)ext2fs_set_rec_len(x->e2, bytes - used, e);
        }
        e->inode = ino;
        ext2fs_dirent_set_name_len(e, (int)length);
        ext2fs_dirent_set_file_type(e, ext2fs_has_feature_filetype(x->e2->super) ? type : 0);
        memcpy(e->name, name, length);
        return write_dir_block(d);
    }
    return -ENOSPC;
}

/* In a block that has room, or a new one. *@block: which it was. */
static int put_somewhere(struct ext_node *d, struct known_dir *k, const char *name, size_t length,
                         ext2_ino_t ino, int type)
{
    struct ext_fs *x = ext_of(d->node.fs);
    int rc = put_in_block(d, k->room, name, length, ino, type);

    for (uint32_t block = 0; rc == -ENOSPC && !k->full && block < nr_blocks(d); block++) {
        rc = put_in_block(d, block, name, length, ino, type);
        k->room = rc == 0 ? block : k->room;
    }
    if (rc == -ENOSPC) {
        k->full = true;
        rc = ext_errno(ext2fs_expand_dir(x->e2, d->ino));
        rc = rc != 0 ? rc : ext_dir_read_again(d);
        if (rc == 0) {
            k->room = nr_blocks(d) - 1;
            rc = put_in_block(d, k->room, name, length, ino, type);
        }
    }
    return rc;
}

/* libext2fs does it, by looking everywhere. A full directory grows by a block. */
static int link_slowly(struct ext_node *d, const char *name, ext2_ino_t ino, int type)
{
    struct ext_fs *x = ext_of(d->node.fs);
    errcode_t error = ext2fs_link(x->e2, d->ino, name, ino, type);
    int rc;

    if (error == EXT2_ET_DIR_NO_SPACE) {
        error = ext2fs_expand_dir(x->e2, d->ino);
        if (error == 0) {
            error = ext2fs_link(x->e2, d->ino, name, ino, type);
        }
    }
    rc = ext_dir_read_again(d);
    return error != 0 ? ext_errno(error) : rc;
}

int ext_name_add(struct ext_node *d, const char *name, size_t length, ext2_ino_t ino, int type)
{
    struct ext_fs *x = ext_of(d->node.fs);
    char text[FS_NAME_LIMIT + 1];
    uint32_t block = ANY_BLOCK;
    struct known_dir *k;
    int rc;

    k = know(d, &rc);
    if (rc != 0) {
        return rc;
    }
    if (k != NULL && (d->inode.i_flags & EXT2_INDEX_FL) == 0) {
        rc = put_somewhere(d, k, name, length, ino, type);
        block = k->room;
    } else {
        memcpy(text, name, length);
        text[length] = '\0';
        rc = link_slowly(d, text, ino, type);
    }
    if (k != NULL && (rc != 0 || !add(x->names, k, name, length, ino, block))) {
        forget_names(x->names);
    }
    return rc;
}

/* -ENOENT: it is not in this block. */
static int take_from_block(struct ext_node *d, uint32_t block, const char *name, size_t length)
{
    struct ext_fs *x = ext_of(d->node.fs);
    struct ext2_dir_entry *e, *before = NULL;
    unsigned int bytes, bytes_before = 0;
    int rc = ext_dir_block(d, block);

    if (rc <= 0) {
        return rc < 0 ? rc : -ENOENT;
    }
    for (uint32_t at = 0; at + 8 <= x->e2->blocksize; at += bytes) {
        e = entry_at(x, at, &bytes);
        if (e == NULL) {
            return -EIO;
        }
        if (e->inode != 0 && (size_t)ext2fs_dirent_name_len(e) == length &&
            memcmp(e->name, name, length) == 0) {
            if (before != NULL) {
                (void)ext2fs_set_rec_len(x->e2, bytes_before + bytes, before);
            } else {
                e->inode = 0;
            }
            return write_dir_block(d);
        }
        before = e;
        bytes_before = bytes;
    }
    return -ENOENT;
}

int ext_name_remove(struct ext_node *d, const char *name, size_t length)
{
    struct ext_fs *x = ext_of(d->node.fs);
    char text[FS_NAME_LIMIT + 1];
    struct ext_name **link = NULL, *p = NULL;
    struct known_dir *k;
    int rc;

    k = know(d, &rc);
    if (rc != 0) {
        return rc;
    }
    rc = -ENOENT;
    if (k != NULL) {
        link = name_link(x->names, d->ino, name, length);
        p = *link;
    }
    if (p != NULL && p->block != ANY_BLOCK) {
        rc = take_from_block(d, p->block, name, length);
        k->full = k->full && p->block == k->room;
        k->room = p->block;
    }
    if (rc == -ENOENT) {
        memcpy(text, name, length);
        text[length] = '\0';
        rc = ext_errno(ext2fs_unlink(x->e2, d->ino, text, 0, 0));
        x->dir_block_number = 0;
        if (k != NULL) {
            k->full = false;
        }
    }
    if (rc != 0 && k != NULL) {
        forget_names(x->names);
    } else if (p != NULL) {
        *link = p->chain;
        free(p);
        k->nr_names--;
        x->names->nr--;
    }
    return rc;
}
