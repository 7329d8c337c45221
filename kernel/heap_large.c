// SPDX-License-Identifier: MIT
/*
 * Large blocks: whole pages of the page allocator, which remembers how many. Nothing is added to
 * them, so page-sized requests cost a page.
 */
#include <xenolith/page.h>
#include <xenolith/panic.h>

#include "heap_priv.h"
#include "page_priv.h"

static size_t to_pages(size_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* One's first page: not the continuation of the run below. */
static size_t checked_pages(const void *ptr)
{
    unsigned long pfn = virt_to_pfn(ptr).n;
    uint8_t state = page_state(pfn);

    if (UNLIKELY(((uintptr_t)ptr & ~PAGE_MASK) != 0 || (state != META_RUN && state != META_USED) ||
                 page_state(pfn - 1) == META_RUN)) {
        panic("heap: %p is not where a block begins, or was freed", ptr);
    }
    return page_run_pages(pfn);
}

static void count(size_t nr_pages, bool more)
{
    size_t bytes = nr_pages << PAGE_SHIFT;

    heap_stats.used_bytes += more ? bytes : -bytes;
    heap_stats.held_bytes += more ? bytes : -bytes;
}

void *large_alloc(size_t bytes, size_t align)
{
    size_t nr = MAX(to_pages(bytes), (size_t)1);
    size_t spare = align > PAGE_SIZE ? (align >> PAGE_SHIFT) - 1 : 0;
    char *got, *start;

    if (bytes > LARGE_MAX || align > LARGE_MAX) {
        return NULL;
    }
    got = page_alloc_exact(nr + spare);
    if (got == NULL) {
        return NULL;
    }
    start = (char *)(((uintptr_t)got + align - 1) & ~(align - 1));
    page_free_exact(got, (size_t)(start - got) >> PAGE_SHIFT);
    page_free_exact(start + (nr << PAGE_SHIFT), spare - ((size_t)(start - got) >> PAGE_SHIFT));
    count(nr, true);
    return start;
}

void large_free(void *ptr)
{
    size_t nr = checked_pages(ptr);

    count(nr, false);
    page_free_exact(ptr, nr);
}

size_t large_size(const void *ptr)
{
    return checked_pages(ptr) << PAGE_SHIFT;
}

bool large_resize(void *ptr, size_t bytes)
{
    size_t old = checked_pages(ptr);
    size_t nr = to_pages(bytes);

    if (bytes > LARGE_MAX) {
        return false;
    }
    if (nr > old) {
        if (!page_extend_exact(ptr, old, nr)) {
            return false;
        }
        count(nr - old, true);
    } else if (nr < old) {
        page_free_exact((char *)ptr + (nr << PAGE_SHIFT), old - nr);
        count(old - nr, false);
    }
    return true;
}
