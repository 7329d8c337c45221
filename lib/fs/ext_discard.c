// SPDX-License-Identifier: MIT
/*
 * The mount option "discard": what a commit has freed for good is given back to the disk, in runs, before it may be given out again. A disk that does
 * not know that is not asked again.
 */
#include "ext_priv.h"

#include <errno.h>

#include <xenolith/compiler.h>
#include <xenolith/page.h>
#include <xenolith/printk.h>

/* The whole units of the disk within the run; pages at least, which is what the cache writes. */
static int discard_run(struct ext_fs *x, uint64_t first, uint64_t end)
{
    struct blkdev *dev = cache_device(x->cache);
    uint64_t unit = MAX((uint64_t)dev->discard_bytes, (uint64_t)PAGE_SIZE);
    uint64_t skew = dev->discard_offset_bytes % unit, block = x->e2->blocksize;
    uint64_t from = (first * block + unit - 1 - skew) / unit * unit + skew;
    uint64_t to = end * block < skew ? 0 : (end * block - skew) / unit * unit + skew;

    return from < to ? blkdev_discard(dev, from, to - from, 0) : 0;
}

/* The next blocks that were taken at the last commit and are free now: [*first, *end). False: no more. */
static bool next_run(struct ext_fs *x, blk64_t at, blk64_t *first, blk64_t *end)
{
    blk64_t last = ext2fs_blocks_count(x->e2->super) - 1, taken, stop;

    while (at <= last && ext2fs_find_first_set_block_bitmap2(x->committed, at, last, &taken) == 0) {
        if (ext2fs_find_first_zero_block_bitmap2(x->committed, taken, last, &stop) != 0) {
            stop = last + 1;
        }
        if (ext2fs_find_first_zero_block_bitmap2(x->e2->block_map, taken, stop - 1, first) == 0) {
            if (ext2fs_find_first_set_block_bitmap2(x->e2->block_map, *first, stop - 1, end) != 0) {
                *end = stop;
            }
            return true;
        }
        at = stop;
    }
    return false;
}

void ext_discard_freed(struct ext_fs *x)
{
    blk64_t first, end = x->e2->super->s_first_data_block;

    while (x->discard && x->nr_freed > 0 && next_run(x, end, &first, &end)) {
        int rc = ext_has_disk(x) ? discard_run(x, first, end) : -ENXIO;

        if (rc != 0) {
            pr_warn("ext: %s: no more discards (%d)", x->e2->device_name, rc);
            x->discard = false;
        }
    }
}
