// SPDX-License-Identifier: MIT
/*
 * The window: address space above all RAM, for frames that are not ours. Owns which pages of it are taken; what is
 * mapped there is arch/x86's.
 */
#include <xenolith/vm.h>

#include <arch/paging.h>

#include <xenolith/boot.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>

#define BITS 64
#define FIRST_PAGES 4096UL               /* 16 MiB at first */
#define LIMIT_PAGES (64UL << (30 - 12)) /* 64 GiB */

static uint64_t *taken; /* one bit a page */
static size_t nr_pages_known;
static size_t search_hint;

static uintptr_t window_base(void)
{
    uintptr_t end = boot_info.ram[boot_info.nr_ram - 1].end.n << PAGE_SHIFT;

    return ALIGN_UP(MAX(end, 4UL << 30), 1UL << 30);
}

static bool is_taken(size_t page)
{
    return (taken[page / BITS] >> (page % BITS)) & 1;
}

static void set_taken(size_t first, size_t nr, bool value)
{
    for (size_t i = first; i < first + nr; i++) {
        uint64_t bit = 1UL << (i % BITS);

        taken[i / BITS] = value ? taken[i / BITS] | bit : taken[i / BITS] & ~bit;
    }
}

/** grow() - Know enough pages for a run of @nr, together with the free ones at the end. */
static bool grow(size_t nr)
{
    size_t tail = nr_pages_known, needed, pages;
    uint64_t *bits;

    while (tail > 0 && !is_taken(tail - 1)) {
        tail--;
    }
    needed = ALIGN_UP(tail + nr, (size_t)BITS);
    pages = MIN(MAX(MAX(nr_pages_known * 2, FIRST_PAGES), needed), LIMIT_PAGES);
    if (needed > LIMIT_PAGES) {
        return false;
    }
    bits = heap_realloc(taken, pages / 8);
    if (bits == NULL) {
        return false;
    }
    memset((char *)bits + nr_pages_known / 8, 0, (pages - nr_pages_known) / 8);
    taken = bits;
    nr_pages_known = pages;
    return true;
}

/** find() - First run of @nr free pages at or after @from; nr_pages_known when there is none. */
static size_t find(size_t from, size_t nr)
{
    size_t run = 0;

    for (size_t i = from; i < nr_pages_known; i++) {
        if (i % BITS == 0 && taken[i / BITS] == UINT64_MAX) {
            run = 0;
            i += BITS - 1;
            continue;
        }
        run = is_taken(i) ? 0 : run + 1;
        if (run == nr) {
            return i + 1 - nr;
        }
    }
    return nr_pages_known;
}

void *vm_window_alloc(size_t nr_pages)
{
    size_t first;
    uintptr_t va;

    if (nr_pages == 0 || nr_pages > LIMIT_PAGES) {
        return NULL;
    }
    first = find(search_hint, nr_pages);
    if (first == nr_pages_known) {
        first = find(0, nr_pages);
    }
    if (first == nr_pages_known) {
        if (!grow(nr_pages)) {
            return NULL;
        }
        first = find(0, nr_pages);
    }
    va = window_base() + first * PAGE_SIZE;
    if (arch_window_prepare(va, nr_pages) != 0) {
        return NULL;
    }
    set_taken(first, nr_pages, true);
    search_hint = first + nr_pages;
    return (void *)va;
}

void vm_window_free(void *addr, size_t nr_pages)
{
    size_t first = ((uintptr_t)addr - window_base()) >> PAGE_SHIFT;

    set_taken(first, nr_pages, false);
    search_hint = MIN(search_hint, first);
}
