// SPDX-License-Identifier: MIT
/*
 * Files so small that their bytes lie in the inode. They are read there; who writes to one gets it blocks first, and it keeps them.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/compiler.h>

/* What can lie in an inode and behind it is far less. */
#define LARGEST_INLINE 65536

/* ext2fs/ext2fsP.h */
errcode_t ext2fs_inline_data_ea_remove(ext2_filsys fs, ext2_ino_t ino);

/* All bytes of the file, for free(). */
static int take_bytes(struct ext_node *n, char **out, size_t *bytes)
{
    struct ext_fs *x = ext_of(n->node.fs);
    size_t size = 0;
    errcode_t error = ext2fs_inline_data_size(x->e2, n->ino, &size);

    if (error != 0 || size > LARGEST_INLINE) {
        return error != 0 ? ext_errno(error) : -EUCLEAN;
    }
    *out = calloc(1, size + 1);
    if (*out == NULL) {
        return -ENOMEM;
    }
    error = ext2fs_inline_data_get(x->e2, n->ino, NULL, *out, &size);
    *bytes = MIN(size, EXT2_I_SIZE(&n->inode));
    return ext_errno(error);
}

long ext_inline_read(struct ext_node *n, void *buf, size_t bytes, uint64_t offset)
{
    char *all = NULL;
    size_t size = 0;
    int rc = take_bytes(n, &all, &size);

    if (rc == 0) {
        bytes = offset < size ? MIN(bytes, size - offset) : 0;
        memcpy(buf, all + (bytes > 0 ? offset : 0), bytes);
    }
    free(all);
    return rc != 0 ? rc : (long)bytes;
}

/* An inode as a new file has it, empty. */
static errcode_t make_empty(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    ext2_extent_handle_t handle;
    errcode_t error = ext2fs_inline_data_ea_remove(x->e2, n->ino);

    /* The bytes behind the inode are gone from the inode on the disk, not from our copy. */
    if (error == 0) {
        error = ext2fs_read_inode_full(x->e2, n->ino, ext_inode(n), sizeof(n->inode));
    }
    if (error != 0) {
        return error;
    }
    memset(n->inode.i_block, 0, sizeof(n->inode.i_block));
    n->inode.i_flags &= ~(__u32)(EXT4_INLINE_DATA_FL | EXT4_EXTENTS_FL);
    n->inode.i_size = n->inode.i_size_high = 0;
    n->run.nr = 0;
    if (ext2fs_has_feature_extents(x->e2->super)) {
        n->inode.i_flags |= EXT4_EXTENTS_FL;
        error = ext2fs_extent_open2(x->e2, n->ino, ext_inode(n), &handle);
        if (error == 0) {
            ext2fs_extent_free(handle);
        }
    }
    return error;
}

int ext_inline_expand(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    char *all = NULL;
    size_t size = 0;
    long written;
    int rc;

    if (ext2fs_free_blocks_count(x->e2->super) <= x->nr_freed + EXT2FS_CLUSTER_RATIO(x->e2)) {
        return -ENOSPC;
    }
    rc = take_bytes(n, &all, &size);
    rc = rc != 0 ? rc : ext_errno(make_empty(n));
    rc = rc != 0 ? rc : ext_node_write(n);
    if (rc == 0 && size > 0) {
        written = ext_write_some(n, all, size, 0);
        rc = written < 0 ? (int)written : (size_t)written < size ? -EIO : 0;
    }
    free(all);
    return rc;
}
