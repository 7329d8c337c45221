// SPDX-License-Identifier: MIT
/*
 * Which blocks may be given out: those that are free and were so at the last commit. What was freed since the disk still knows as somebody's.
 * And files that grow piece by piece: libext2fs would make an extent of each piece.
 */
#include "ext_priv.h"

#include <errno.h>

#include <xenolith/compiler.h>

/* No block that was freed since the last commit: the disk still says whose it is. */
static errcode_t new_range(ext2_filsys e2, int flags, blk64_t goal, blk64_t length, blk64_t *start,
                           blk64_t *got)
{
    struct ext_fs *x = e2->priv_data;
    blk64_t first = e2->super->s_first_data_block, last = ext2fs_blocks_count(e2->super) - 1;
    blk64_t at = goal > first && goal <= last ? goal : first, other, end;
    bool wrapped = at == first;

    for (;;) {
        errcode_t error = ext2fs_find_first_zero_block_bitmap2(e2->block_map, at, last, &other);

        if (error == 0) {
            error = ext2fs_find_first_zero_block_bitmap2(x->committed, other, last, &at);
        }
        if (error == 0 && at == other) {
            break;
        }
        if (error != 0 && (error != ENOENT || wrapped)) {
            return error == ENOENT ? EXT2_ET_BLOCK_ALLOC_FAIL : error;
        }
        if (error != 0) {
            wrapped = true;
            at = first;
        }
    }
    if ((flags & EXT2_NEWRANGE_FIXED_GOAL) != 0 && at != goal) {
        return EXT2_ET_BLOCK_ALLOC_FAIL;
    }
    end = MIN(at + length - 1, last) + 1;
    if (ext2fs_find_first_set_block_bitmap2(e2->block_map, at, end - 1, &other) == 0) {
        end = other;
    }
    if (ext2fs_find_first_set_block_bitmap2(x->committed, at, end - 1, &other) == 0) {
        end = other;
    }
    if ((flags & EXT2_NEWRANGE_MIN_LENGTH) != 0 && end - at < length) {
        return EXT2_ET_BLOCK_ALLOC_FAIL;
    }
    *start = at;
    *got = end - at;
    return 0;
}

static void count_freed(ext2_filsys e2, blk64_t block, int in_use)
{
    struct ext_fs *x = e2->priv_data;

    if (in_use < 0 && x->committed != NULL && ext2fs_test_block_bitmap2(x->committed, block)) {
        x->nr_freed += EXT2FS_CLUSTER_RATIO(e2);
    }
}

static errcode_t new_block(ext2_filsys e2, blk64_t goal, blk64_t *out, struct blk_alloc_ctx *context)
{
    blk64_t got;

    (void)context;
    return new_range(e2, 0, goal, 1, out, &got);
}

/* The extent that ends where @block begins, and at which block of the file the next one begins. */
static errcode_t find_before(ext2_extent_handle_t handle, uint64_t block, struct ext2fs_extent *before,
                             uint64_t *next)
{
    struct ext2fs_extent other;
    errcode_t error = block > 0 ? ext2fs_extent_goto(handle, block - 1) : EXT2_ET_EXTENT_NOT_FOUND;

    error = error != 0 ? error : ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, before);
    if (error != 0) {
        return error;
    }
    if (before->e_lblk + before->e_len != block || (before->e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0) {
        return EXT2_ET_EXTENT_NOT_FOUND;
    }
    error = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT_LEAF, &other);
    *next = error == 0 ? other.e_lblk : UINT64_MAX;
    if (error != 0 && error != EXT2_ET_EXTENT_NO_NEXT) {
        return error;
    }
    return ext2fs_extent_goto(handle, block - 1);
}

errcode_t ext_alloc_behind(struct ext_node *n, uint64_t block, uint64_t nr)
{
    ext2_filsys e2 = ext_of(n->node.fs)->e2;
    ext2_extent_handle_t handle;
    struct ext2fs_extent before;
    uint64_t next = 0;
    blk64_t start, got;
    errcode_t error;

    if (EXT2FS_CLUSTER_RATIO(e2) > 1) {
        return EXT2_ET_EXTENT_NOT_FOUND;
    }
    error = ext2fs_extent_open2(e2, n->ino, ext_inode(n), &handle);
    if (error != 0) {
        return error;
    }
    error = find_before(handle, block, &before, &next);
    if (error == 0 && (before.e_len >= EXT_INIT_MAX_LEN || next <= block)) {
        error = EXT2_ET_EXTENT_NOT_FOUND;
    }
    if (error == 0) {
        nr = MIN(MIN(nr, next - block), (uint64_t)EXT_INIT_MAX_LEN - before.e_len);
        error = new_range(e2, EXT2_NEWRANGE_FIXED_GOAL, before.e_pblk + before.e_len, nr, &start, &got);
    }
    if (error != 0) {
        ext2fs_extent_free(handle);
        return error;
    }
    before.e_len += (__u32)got;
    error = ext2fs_extent_replace(handle, 0, &before);
    ext2fs_extent_free(handle);
    if (error == 0) {
        ext2fs_block_alloc_stats_range(e2, start, (blk_t)got, +1);
        error = ext2fs_iblk_add_blocks(e2, ext_inode(n), got);
    }
    error = error != 0 ? error : ext2fs_write_inode_full(e2, n->ino, ext_inode(n), sizeof(n->inode));
    (void)ext_half_done(ext_of(n->node.fs), ext_errno(error));
    return error;
}

errcode_t ext_alloc_init(struct ext_fs *x)
{
    errcode_t error = ext2fs_copy_bitmap(x->e2->block_map, &x->committed);

    x->e2->get_alloc_block2 = new_block;
    x->e2->new_range = new_range;
    x->e2->block_alloc_stats = count_freed;
    return error;
}
