// SPDX-License-Identifier: MIT
/*
 * The page allocator: a binary buddy whose free blocks are linked through their own first bytes,
 * and one byte of metadata a page (page_priv.h). Owns all RAM that page_add() was given. Never maps
 * anything, never blocks, and touches no page that is in use. Allocations of other sizes than
 * powers of two: page_exact.c.
 */
#include <xenolith/page.h>

#include <xenolith/irq.h>
#include <xenolith/list.h>
#include <xenolith/panic.h>

#include "page_priv.h"

#define NR_ORDERS (PAGE_MAX_ORDER + 1)

struct page_pool page_pool;

static unsigned long limit; /* one above the highest pfn that the metadata has room for */

static struct list free_blocks[NR_ORDERS];
static uint32_t free_orders; /* bit n: free_blocks[n] is not empty */

static unsigned long pages_added;
static bool (*refill_fn)(size_t nr_pages);
static struct page_reclaimer *reclaimers;
static bool busy; /* one of the two runs: what it allocates itself must do with what is there */

static inline struct list *block_links(unsigned long pfn)
{
    return pfn_to_virt((struct pfn){pfn});
}

static void block_link(unsigned long pfn, unsigned int order)
{
    page_pool.meta[pfn] = (uint8_t)(META_FREE | order);
    list_push_front(&free_blocks[order], block_links(pfn));
    free_orders |= 1U << order;
}

void page_unlink_block(unsigned long pfn, unsigned int order)
{
    struct list *links = block_links(pfn);

    /* The links lie in memory that a stale pointer may still write to. */
    if (UNLIKELY(links->next->prev != links || links->prev->next != links)) {
        panic("page: free page %p was written to", (void *)links);
    }
    list_remove(links);
    if (list_is_empty(&free_blocks[order])) {
        free_orders &= ~(1U << order);
    }
    page_pool.meta[pfn] = META_TAIL;
}

/* Link a block whose bytes are all TAIL, united with its free buddies. */
static void block_give(unsigned long pfn, unsigned int order)
{
    while (order < PAGE_MAX_ORDER) {
        unsigned long buddy = pfn ^ pages_of(order);

        if (page_state(buddy) != (META_FREE | order)) {
            break;
        }
        page_unlink_block(buddy, order);
        pfn = MIN(pfn, buddy);
        order++;
    }
    block_link(pfn, order);
}

void page_give_range(unsigned long start, unsigned long end)
{
    while (start < end) {
        unsigned int order = floor_log2(end - start);

        if (start != 0) {
            order = MIN(order, (unsigned int)__builtin_ctzl(start));
        }
        order = MIN(order, (unsigned int)PAGE_MAX_ORDER);
        block_give(start, order);
        start += pages_of(order);
    }
}

/* Unlink a block of 2^order pages, split off a larger one if need be. False: none is free. */
static bool block_take(unsigned int order, unsigned long *pfn)
{
    uint32_t large_enough = free_orders & ~((1U << order) - 1);
    unsigned int have;

    if (large_enough == 0) {
        return false;
    }
    have = (unsigned int)__builtin_ctz(large_enough);
    *pfn = virt_to_pfn(free_blocks[have].next).n;
    page_unlink_block(*pfn, have);
    while (have > order) {
        have--;
        block_link(*pfn + pages_of(have), have);
    }
    return true;
}

/*
 * Ask the reserve for room for @nr_pages, then those who keep pages for themselves. False: there is
 * no more.
 */
static bool more_pages(size_t nr_pages)
{
    unsigned long before = pages_added;
    bool any = false;

    if (busy) {
        return false;
    }
    busy = true;
    if (refill_fn != NULL) {
        any = refill_fn(nr_pages) && pages_added != before;
    }
    for (struct page_reclaimer *r = reclaimers; r != NULL && !any; r = r->next) {
        any = r->fn();
    }
    busy = false;
    return any;
}

bool page_take_block(unsigned int order, unsigned long *pfn)
{
    while (!block_take(order, pfn)) {
        if (!more_pages(pages_of(order))) {
            return false;
        }
    }
    return true;
}

void *page_alloc(unsigned int order)
{
    struct page_stats *stats = &page_pool.stats;
    unsigned long pfn;

    ASSERT(!in_upcall());
    if (order > PAGE_MAX_ORDER || !page_take_block(order, &pfn)) {
        stats->failures++;
        return NULL;
    }
    page_pool.meta[pfn] = (uint8_t)(META_USED | order);
    stats->allocs++;
    stats->free -= pages_of(order);
    page_junk(pfn, pages_of(order), JUNK_ALLOCATED);
    return pfn_to_virt((struct pfn){pfn});
}

unsigned long page_checked_pfn(const void *virt, size_t nr_pages)
{
    unsigned long pfn = virt_to_pfn(virt).n;

    ASSERT(!in_upcall());
    if (UNLIKELY(((uintptr_t)virt & ~PAGE_MASK) != 0 || pfn < page_pool.known_start ||
                 pfn >= page_pool.known_end || nr_pages > page_pool.known_end - pfn)) {
        panic("page: free of %p, which is not a page of ours", virt);
    }
    return pfn;
}

void page_free(void *virt, unsigned int order)
{
    struct page_stats *stats = &page_pool.stats;
    unsigned long pfn;

    if (virt == NULL) {
        return;
    }
    if (order == 0) {
        page_free_exact(virt, 1); /* it may be one page of an exact allocation */
        return;
    }
    ASSERT(order <= PAGE_MAX_ORDER);
    pfn = page_checked_pfn(virt, pages_of(order));
    if (UNLIKELY(page_pool.meta[pfn] != (META_USED | order))) {
        panic("page: free of %p, order %u, which is not allocated so (state 0x%x)", virt, order,
              page_pool.meta[pfn]);
    }
    page_junk(pfn, pages_of(order), JUNK_FREED);
    page_pool.meta[pfn] = META_TAIL;
    block_give(pfn, order);
    stats->frees++;
    stats->free += pages_of(order);
}

size_t page_meta_bytes(struct pfn end)
{
    return end.n;
}

void page_init(struct pfn end, void *meta)
{
    page_pool = (struct page_pool){.meta = meta};
    limit = end.n;
    free_orders = 0;
    pages_added = 0;
    refill_fn = NULL;
    for (unsigned int i = 0; i < NR_ORDERS; i++) {
        list_init(&free_blocks[i]);
    }
}

/* Make the metadata of [start, end) ours, and define that of the gap to what is known already. */
static void know_range(struct page_pool *pool, unsigned long start, unsigned long end)
{
    if (pool->known_start == pool->known_end) {
        pool->known_start = pool->known_end = start;
    }
    for (unsigned long pfn = MAX(start, pool->known_start); pfn < MIN(end, pool->known_end); pfn++) {
        if (UNLIKELY(pool->meta[pfn] != META_ABSENT)) {
            panic("page: frame 0x%lx was handed over twice", pfn);
        }
    }
    if (end < pool->known_start) {
        memset(&pool->meta[end], META_ABSENT, pool->known_start - end);
    }
    if (start > pool->known_end) {
        memset(&pool->meta[pool->known_end], META_ABSENT, start - pool->known_end);
    }
    pool->known_start = MIN(pool->known_start, start);
    pool->known_end = MAX(pool->known_end, end);
    memset(&pool->meta[start], META_TAIL, end - start);
}

void page_add(struct pfn start, struct pfn end)
{
    ASSERT(start.n <= end.n && end.n <= limit);
    if (start.n == end.n) {
        return;
    }
    know_range(&page_pool, start.n, end.n);
    page_give_range(start.n, end.n);
    pages_added += end.n - start.n;
    page_pool.stats.total += end.n - start.n;
    page_pool.stats.free += end.n - start.n;
}

void page_set_refill(bool (*refill)(size_t nr_pages), unsigned long reserve_pages)
{
    struct page_stats *stats = &page_pool.stats;

    refill_fn = refill;
    stats->total += reserve_pages - stats->reserve;
    stats->free += reserve_pages - stats->reserve;
    stats->reserve = reserve_pages;
}

void page_reclaimer_add(struct page_reclaimer *r)
{
    if (!r->known) {
        r->known = true;
        r->next = reclaimers;
        reclaimers = r;
    }
}

void page_reserve_taken(unsigned long nr_pages)
{
    struct page_stats *stats = &page_pool.stats;

    ASSERT(nr_pages <= stats->reserve);
    stats->reserve -= nr_pages;
    stats->total -= nr_pages;
    stats->free -= nr_pages;
}

void page_get_stats(struct page_stats *out)
{
    *out = page_pool.stats;
    out->largest_free = free_orders == 0 ? 0 : pages_of(floor_log2(free_orders));
}
