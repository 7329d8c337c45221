// SPDX-License-Identifier: MIT
/*
 * What page.c and page_exact.c share, and what the heap asks of them: the state of a page.
 *
 * The metadata byte of a page:
 *   FREE | order   first page of a free block of 2^order pages
 *   USED | order   first page of a block of page_alloc(order)
 *   SLAB | order   the same, while the heap uses the block as a slab
 *   TAIL           any further page of such a block
 *   RUN            page of an exact allocation that goes on in the next page; its last page is USED
 *   | 0
 *   LOST           quarantined
 *   ABSENT         not ours
 * It is defined for pages in [known_start, known_end) only, so handing over RAM costs no more than
 * its own bytes and those of the gap to what was there before.
 */
#ifndef XENOLITH_KERNEL_PAGE_PRIV_H
#define XENOLITH_KERNEL_PAGE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/page.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

#include "junk.h"

#define META_TAIL   0x00
#define META_FREE   0x40
#define META_USED   0x80
#define META_RUN    0xa0
#define META_SLAB   0xb0
#define META_LOST   0xfe
#define META_ABSENT 0xff

#define META_KIND(m)  ((m) & 0xc0)
#define META_ORDER(m) ((m) & 0x1f) /* not of SLAB */

/** struct page_pool - Read-only outside page*.c, but for page_mark_slab(). */
struct page_pool {
    uint8_t *meta;
    unsigned long known_start, known_end;
    struct page_stats stats; /* largest_free is computed on demand */
};

extern struct page_pool page_pool;

/** page_state() - The metadata of a page; ABSENT for what is not RAM of ours. */
static inline uint8_t page_state(unsigned long pfn)
{
    if (UNLIKELY(pfn - page_pool.known_start >= page_pool.known_end - page_pool.known_start)) {
        return META_ABSENT;
    }
    return page_pool.meta[pfn];
}

static inline unsigned int floor_log2(unsigned long n)
{
    return 63 - (unsigned int)__builtin_clzl(n);
}

static inline unsigned long pages_of(unsigned int order)
{
    return 1UL << order;
}

/** page_junk() - Make what a stale pointer would find unmistakable, if the build wants that. */
static inline void page_junk(unsigned long pfn, size_t nr_pages, int byte)
{
    if (JUNK_FILL) {
        memset(pfn_to_virt((struct pfn){pfn}), byte, nr_pages << PAGE_SHIFT);
    }
}

/**
 * page_checked_pfn() - The frame of an address that is about to be freed; panics unless @nr_pages
 * from it can be ours.
 */
unsigned long page_checked_pfn(const void *virt, size_t nr_pages);

/**
 * page_take_block() - Unlink a free block of 2^order pages, with refill and reclaim; its bytes are
 * TAIL. False: none.
 */
bool page_take_block(unsigned int order, unsigned long *pfn);

/** page_unlink_block() - Unlink this free block; its bytes are TAIL. */
void page_unlink_block(unsigned long pfn, unsigned int order);

/** page_give_range() - Make pages whose bytes are TAIL free, united with their neighbours. */
void page_give_range(unsigned long start, unsigned long end);

/**
 * page_mark_slab() - Tell a block of page_alloc(@order) apart as a slab, or (@slab false) no
 * longer.
 */
static inline void page_mark_slab(const void *virt, unsigned int order, bool slab)
{
    page_pool.meta[virt_to_pfn(virt).n] = (uint8_t)((slab ? META_SLAB : META_USED) | order);
}

/** page_run_pages() - How many pages there are from @pfn to the end of its exact allocation. */
size_t page_run_pages(unsigned long pfn);

/**
 * page_extend_exact() - Grow an exact allocation in place from @old_pages to @new_pages. False: the
 * pages behind are not free.
 */
bool page_extend_exact(void *virt, size_t old_pages, size_t new_pages);

#endif
