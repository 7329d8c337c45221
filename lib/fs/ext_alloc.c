// SPDX-License-Identifier: MIT
/*
 * Which blocks may be given out: those that are free and were so at the last commit. What was freed since the disk still knows as somebody's.
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

errcode_t ext_alloc_init(struct ext_fs *x)
{
    errcode_t error = ext2fs_copy_bitmap(x->e2->block_map, &x->committed);

    x->e2->get_alloc_block2 = new_block;
    x->e2->new_range = new_range;
    x->e2->block_alloc_stats = count_freed;
    return error;
}
