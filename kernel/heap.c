// SPDX-License-Identifier: MIT
/*
 * The heap's face: decides between slabs and whole pages, and counts. Knows neither's insides.
 */
#include <xenolith/heap.h>

#include <xenolith/irq.h>
#include <xenolith/panic.h>

#include "heap_priv.h"
#include "page_priv.h"

struct heap_stats heap_stats;

/* Large blocks are exact runs of pages; everything else can only be an object of a slab. */
static bool is_large(const void *ptr)
{
    uint8_t state = page_state(virt_to_pfn(ptr).n);

    return state == META_USED || state == META_RUN;
}

static void *heap_take(size_t align, size_t bytes)
{
    void *ptr = NULL;

    ASSERT(!in_upcall());
    if (LIKELY(bytes <= SLAB_MAX && align <= SLAB_MAX_ALIGN)) {
        ptr = slab_alloc(bytes, align);
    }
    if (ptr == NULL) {
        /*
         * Also when the slab wanted more pages side by side than there are: one page may still be
         * had.
         */
        ptr = large_alloc(bytes, align);
    }
    if (ptr == NULL) {
        heap_stats.failures++;
    } else {
        heap_stats.allocs++;
    }
    return ptr;
}

void *heap_alloc(size_t bytes)
{
    return heap_take(HEAP_ALIGN, bytes);
}

void *heap_zalloc(size_t nr, size_t bytes)
{
    size_t total;
    void *ptr;

    if (__builtin_mul_overflow(nr, bytes, &total)) {
        heap_stats.failures++;
        return NULL;
    }
    ptr = heap_take(HEAP_ALIGN, total);
    if (ptr != NULL) {
        memset(ptr, 0, total);
    }
    return ptr;
}

void *heap_aligned_alloc(size_t align, size_t bytes)
{
    ASSERT(align != 0 && (align & (align - 1)) == 0);
    return heap_take(MAX(align, HEAP_ALIGN), bytes);
}

void heap_free(void *ptr)
{
    if (ptr == NULL) {
        return;
    }
    ASSERT(!in_upcall());
    if (is_large(ptr)) {
        large_free(ptr);
    } else {
        slab_free(ptr);
    }
    heap_stats.frees++;
}

size_t heap_usable_size(const void *ptr)
{
    return is_large(ptr) ? large_size(ptr) : slab_size(ptr);
}

void *heap_realloc(void *ptr, size_t bytes)
{
    size_t have;
    void *moved;

    ASSERT(!in_upcall());
    if (ptr == NULL) {
        return heap_alloc(bytes);
    }
    have = heap_usable_size(ptr);
    if (is_large(ptr) && bytes > SLAB_MAX) {
        if (large_resize(ptr, bytes)) {
            return ptr;
        }
    } else if (bytes <= have && bytes >= have / 4) {
        return ptr;
    }
    moved = heap_alloc(bytes);
    if (moved == NULL) {
        return bytes <= have ? ptr : NULL; /* not smaller, but all that was asked for */
    }
    memcpy(moved, ptr, MIN(have, bytes));
    heap_free(ptr);
    return moved;
}

void heap_get_stats(struct heap_stats *out)
{
    *out = heap_stats;
}
