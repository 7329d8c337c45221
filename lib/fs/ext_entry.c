// SPDX-License-Identifier: MIT
/*
 * Entries in the blocks of directories: put where there is room, taken out where they stand, which ext_names.c knows. libext2fs does it,
 * by looking everywhere, where nothing is known or the directory has an index.
 */
#include "ext_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ext2_dir_entry *ext_entry_at(struct ext_fs *x, uint32_t at, unsigned int *bytes)
{
    struct ext2_dir_entry *e = (struct ext2_dir_entry *)(x->dir_block + at);
    uint32_t size = x->e2->blocksize;

    if (ext2fs_get_rec_len(x->e2, e, bytes) != 0 || *bytes < 8 || *bytes % 4 != 0 || *bytes > size - at ||
        (unsigned int)ext2fs_dirent_name_len(e) + 8 > *bytes) {
        return NULL;
    }
    return e;
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
        struct ext2_dir_entry *e = ext_entry_at(x, at, &bytes);

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

    for (uint32_t block = 0; rc == -ENOSPC && !k->full && block < ext_dir_blocks(d); block++) {
        rc = put_in_block(d, block, name, length, ino, type);
        k->room = rc == 0 ? block : k->room;
    }
    if (rc == -ENOSPC) {
        k->full = true;
        rc = ext_errno(ext2fs_expand_dir(x->e2, d->ino));
        rc = rc != 0 ? rc : ext_dir_read_again(d);
        if (rc == 0) {
            k->room = ext_dir_blocks(d) - 1;
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
    uint32_t block = EXT_ANY_BLOCK;
    struct known_dir *k;
    int rc;

    k = ext_names_know(d, &rc);
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
    if (k != NULL && (rc != 0 || !ext_names_put(x->names, k, name, length, ino, block))) {
        ext_names_drop(x->names);
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
        e = ext_entry_at(x, at, &bytes);
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

    k = ext_names_know(d, &rc);
    if (rc != 0) {
        return rc;
    }
    rc = -ENOENT;
    if (k != NULL) {
        link = ext_names_link(x->names, d->ino, name, length);
        p = *link;
    }
    if (p != NULL && p->block != EXT_ANY_BLOCK) {
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
        ext_names_drop(x->names);
    } else if (p != NULL) {
        *link = p->chain;
        free(p);
        k->nr_names--;
        x->names->nr--;
    }
    return rc;
}
