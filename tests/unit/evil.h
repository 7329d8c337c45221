// SPDX-License-Identifier: MIT
/*
 * A long run of random steps against a backend that lies, in turns of one connection each: how many steps, memory that runs out on the way, and that
 * the heap is at the end as it was when every turn had been seen.
 */
#ifndef XENOLITH_EVIL_H
#define XENOLITH_EVIL_H

#include <stdlib.h>

#include <xenolith/page.h>

#include <fake.h>

#include "unit.h"

/* Blocks that one turn's luck may hold or not: grants that are kept aside, devices that were not there yet. */
#define EVIL_SLACK 16U

/** struct evil - @left: steps still to go. */
struct evil {
    unsigned long left, total;
    size_t blocks;
    unsigned int lies;
};

/** evil_begin() - XENOLITH_STEPS of the environment, or @steps. */
static inline void evil_begin(struct evil *e, unsigned long steps)
{
    const char *text = getenv("XENOLITH_STEPS");

    *e = (struct evil){.left = text != NULL ? strtoul(text, NULL, 10) : steps};
    e->total = e->left;
}

/** evil_step() - Before each step. False: they are all done. Memory or grants run out now and then. */
static inline bool evil_step(struct evil *e)
{
    if (e->left == 0) {
        return false;
    }
    e->left--;
    if (fake_random_below(300) == 0) {
        fake_fail_after(1 + (unsigned int)fake_random_below(20));
    }
    return true;
}

/** evil_turn_over() - The connection is gone, and all that belonged to it. */
static inline void evil_turn_over(struct evil *e)
{
    if (e->total - e->left < e->total / 4) {
        e->blocks = MAX(e->blocks, fake_heap_blocks);
    }
}

/** evil_end() - Return: pages that are in quarantine. */
static inline unsigned long evil_end(const struct evil *e)
{
    struct page_stats pages;

    assert_true(fake_heap_blocks <= e->blocks + EVIL_SLACK);
    page_get_stats(&pages);
    return pages.quarantined;
}

#endif
