// SPDX-License-Identifier: MIT
/*
 * The page allocator: a binary buddy over the linear map. RAM is handed to it in regions; when it
 * runs dry it asks its refill hook for more (PV maps RAM on first need). Never blocks, never panics
 * for want of memory.
 */
#ifndef XENOLITH_PAGE_H
#define XENOLITH_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/types.h>

#define PAGE_MAX_ORDER 18 /* largest block: 1 GiB */

/**
 * page_alloc() - 2^order contiguous pages, naturally aligned, content undefined.
 * Context: threads, not upcalls; never blocks. Return: address in the linear map, or NULL.
 */
void *page_alloc(unsigned int order) MUST_CHECK;

/** page_free() - Give back a block of page_alloc() with the same order. NULL is ignored. */
void page_free(void *virt, unsigned int order);

/**
 * page_alloc_exact() - Exactly @nr_pages (not 0) contiguous pages; what the buddy rounds up is
 * given back at once. When no block is large enough, neighbouring ones are joined, so alignment
 * above a page is not promised.
 * Return: address, or NULL.
 */
void *page_alloc_exact(size_t nr_pages) MUST_CHECK;

/** page_free_exact() - Counterpart; any sub-range of an exact allocation may be freed by itself. */
void page_free_exact(void *virt, size_t nr_pages);

/**
 * page_quarantine() - The page is lost for good: another domain may still hold a grant on it.
 * Counted.
 */
void page_quarantine(void *virt);

/**
 * page_init() - Prepare the allocator.
 * @end:  One above the highest pfn it will ever manage (sizes the metadata: one byte a page).
 * @meta: Metadata, page_meta_bytes(end) bytes; it need not be zeroed: a region's part is written by
 *        page_add().
 */
void page_init(struct pfn end, void *meta);

/** page_meta_bytes() - Metadata that page_init() wants. */
size_t page_meta_bytes(struct pfn end);

/**
 * page_add() - Hand over mapped, unused RAM, frames [start, end). May be called at any time, in any
 * order.
 */
void page_add(struct pfn start, struct pfn end);

/**
 * page_set_refill() - What to call when no block is large enough.
 * @refill: Calls page_add() with more RAM, at least @nr_pages contiguous ones if it can; false when
 *          there is none left.
 * @reserve_pages: RAM that the hook can still bring, for the statistics; the hook's owner keeps it
 *                 current by page_reserve_taken().
 */
void page_set_refill(bool (*refill)(size_t nr_pages), unsigned long reserve_pages);

/** page_reserve_taken() - @nr_pages of the reserve were handed over (or used up otherwise). */
void page_reserve_taken(unsigned long nr_pages);

/**
 * struct page_reclaimer - Somebody who keeps free pages for himself and can give them back.
 * @fn: Called when no block is large enough and the reserve is used up; frees pages, allocates
 *      none. True: it freed some.
 */
struct page_reclaimer {
    bool (*fn)(void);
    struct page_reclaimer *next;
    bool known;
};

/** page_reclaimer_add() - Register; again is harmless. */
void page_reclaimer_add(struct page_reclaimer *r);

/** struct page_stats - In pages. total = everything ever added + reserve; free includes reserve. */
struct page_stats {
    unsigned long total, free, reserve, quarantined, largest_free;
    uint64_t allocs, frees, failures;
};

void page_get_stats(struct page_stats *out);

#endif
