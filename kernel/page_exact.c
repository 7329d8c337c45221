// SPDX-License-Identifier: MIT
/*
 * Allocations of any number of pages, on top of the buddy: what a block rounds up is given back at
 * once, any part can be freed by itself, and one can grow in place. Each page's byte says whether
 * the allocation goes on behind it, so its length need not be kept anywhere else.
 */
#include <xenolith/irq.h>
#include <xenolith/page.h>
#include <xenolith/panic.h>

#include "page_priv.h"

/* Where the last allocation of an odd size ended. */
static unsigned long packed_end;

/* The order whose blocks have room for @nr_pages (not 0); above PAGE_MAX_ORDER: none has. */
static inline unsigned int order_for(size_t nr_pages)
{
    return nr_pages == 1 ? 0 : floor_log2(nr_pages - 1) + 1;
}

/*
 * The first page after the free blocks that lie side by side from @pfn on; looks no further than
 * @nr_pages need.
 */
static unsigned long free_until(unsigned long pfn, size_t nr_pages)
{
    unsigned long at = pfn;

    while (at - pfn < nr_pages && META_KIND(page_state(at)) == META_FREE) {
        at += pages_of(META_ORDER(page_state(at)));
    }
    return at;
}

/* Unlink the free blocks in [start, end), and give back all but the first @nr_pages. */
static void carve(unsigned long start, unsigned long end, size_t nr_pages)
{
    for (unsigned long block = start; block < end;) {
        unsigned int order = META_ORDER(page_state(block));

        page_unlink_block(block, order);
        block += pages_of(order);
    }
    page_give_range(start + nr_pages, end);
}

/*
 * Unlink neighbouring free blocks that hold @nr_pages together, for sizes that no single one has
 * room for. Slow: it looks at every block there is.
 */
static bool take_run(size_t nr_pages, unsigned long *pfn)
{
    const struct page_stats *stats = &page_pool.stats;
    unsigned long at = page_pool.known_start;

    if (nr_pages > stats->free - stats->reserve) {
        return false;
    }
    while (at < page_pool.known_end) {
        uint8_t m = page_state(at);

        if (META_KIND(m) == META_FREE) {
            unsigned long end = free_until(at, nr_pages);

            if (end - at >= nr_pages) {
                carve(at, end, nr_pages);
                *pfn = at;
                return true;
            }
            at = end;
        } else {
            at += m >= META_USED && m <= (META_USED | PAGE_MAX_ORDER) ? pages_of(META_ORDER(m)) : 1;
        }
    }
    return false;
}

static void mark_run(unsigned long pfn, size_t nr_pages)
{
    memset(&page_pool.meta[pfn], META_RUN, nr_pages - 1);
    page_pool.meta[pfn + nr_pages - 1] = META_USED;
}

/*
 * Sizes that would leave part of a block over are packed one behind the other instead, as long as
 * there is room: a row of stacks of 5 pages would otherwise take 8 each.
 */
static bool take_behind_last(size_t nr_pages, unsigned long *pfn)
{
    unsigned long end = free_until(packed_end, nr_pages);

    if (end - packed_end < nr_pages) {
        return false;
    }
    *pfn = packed_end;
    carve(packed_end, end, nr_pages);
    return true;
}

static bool take_exact(size_t nr_pages, unsigned long *pfn)
{
    unsigned int order = order_for(nr_pages);
    bool odd = (nr_pages & (nr_pages - 1)) != 0;

    if (odd && take_behind_last(nr_pages, pfn)) {
        packed_end = *pfn + nr_pages;
        return true;
    }
    if (order <= PAGE_MAX_ORDER && page_take_block(order, pfn)) {
        page_give_range(*pfn + nr_pages, *pfn + pages_of(order));
        packed_end = odd ? *pfn + nr_pages : packed_end;
        return true;
    }
    return take_run(nr_pages, pfn);
}

void *page_alloc_exact(size_t nr_pages)
{
    struct page_stats *stats = &page_pool.stats;
    unsigned long pfn;

    ASSERT(!in_upcall());
    ASSERT(nr_pages != 0);
    if (!take_exact(nr_pages, &pfn)) {
        stats->failures++;
        return NULL;
    }
    mark_run(pfn, nr_pages);
    stats->allocs++;
    stats->free -= nr_pages;
    page_junk(pfn, nr_pages, JUNK_ALLOCATED);
    return pfn_to_virt((struct pfn){pfn});
}

bool page_extend_exact(void *virt, size_t old_pages, size_t new_pages)
{
    struct page_stats *stats = &page_pool.stats;
    unsigned long pfn = virt_to_pfn(virt).n;
    size_t more = new_pages - old_pages;
    unsigned long end;

    ASSERT(!in_upcall());
    ASSERT(new_pages > old_pages && page_run_pages(pfn) == old_pages);
    end = free_until(pfn + old_pages, more);
    if (end - (pfn + old_pages) < more) {
        return false;
    }
    carve(pfn + old_pages, end, more);
    mark_run(pfn + old_pages - 1, more + 1);
    stats->free -= more;
    page_junk(pfn + old_pages, more, JUNK_ALLOCATED);
    return true;
}

size_t page_run_pages(unsigned long pfn)
{
    unsigned long end = pfn;

    while (page_state(end) == META_RUN) {
        end++;
    }
    ASSERT(page_state(end) == META_USED);
    return end - pfn + 1;
}

void page_free_exact(void *virt, size_t nr_pages)
{
    struct page_stats *stats = &page_pool.stats;
    unsigned long pfn;

    if (virt == NULL || nr_pages == 0) {
        return;
    }
    pfn = page_checked_pfn(virt, nr_pages);
    for (size_t i = 0; i < nr_pages; i++) {
        uint8_t m = page_pool.meta[pfn + i];

        if (UNLIKELY(m != META_RUN && m != META_USED)) {
            panic("page: free of %p, page %zu of %zu, which is not allocated so (state 0x%x)", virt, i,
                  nr_pages, m);
        }
    }
    if (page_state(pfn - 1) == META_RUN) {
        page_pool.meta[pfn - 1] = META_USED; /* what is left below ends here now */
    }
    page_junk(pfn, nr_pages, JUNK_FREED);
    memset(&page_pool.meta[pfn], META_TAIL, nr_pages);
    page_give_range(pfn, pfn + nr_pages);
    stats->frees++;
    stats->free += nr_pages;
}

void page_quarantine(void *virt)
{
    unsigned long pfn = page_checked_pfn(virt, 1);
    uint8_t m = page_pool.meta[pfn];

    if (UNLIKELY(m != META_USED && m != META_RUN)) {
        panic("page: quarantine of %p, which is not an allocated page (state 0x%x)", virt, m);
    }
    if (page_state(pfn - 1) == META_RUN) {
        page_pool.meta[pfn - 1] = META_USED;
    }
    page_pool.meta[pfn] = META_LOST;
    page_pool.stats.quarantined++;
}
