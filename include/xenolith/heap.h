// SPDX-License-Identifier: MIT
/*
 * The heap: what kernel code, drivers and the C library's malloc allocate from. Size classes in slabs of
 * pages, large blocks straight from the page allocator. Threads only (never upcalls); never blocks; NULL
 * when there is no memory. Double frees and wild pointers are our own bugs and panic.
 */
#ifndef XENOLITH_HEAP_H
#define XENOLITH_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>

/** heap_alloc() - @bytes (0: a unique pointer), 16-byte aligned, content undefined. NULL: no memory. */
void *heap_alloc(size_t bytes) MUST_CHECK;

/** heap_zalloc() - @nr elements of @bytes each, zeroed; NULL also when the product overflows. */
void *heap_zalloc(size_t nr, size_t bytes) MUST_CHECK;

/** heap_aligned_alloc() - @align is a power of two of any size. */
void *heap_aligned_alloc(size_t align, size_t bytes) MUST_CHECK;

/** heap_realloc() - As realloc(3); on NULL the old block is untouched. In place where it fits. */
void *heap_realloc(void *ptr, size_t bytes) MUST_CHECK;

/** heap_free() - NULL is ignored. */
void heap_free(void *ptr);

/** heap_usable_size() - Bytes that may be used at @ptr. */
size_t heap_usable_size(const void *ptr);

/** struct heap_stats - used_bytes counts what callers may use; held_bytes the pages behind it. */
struct heap_stats {
    size_t used_bytes, held_bytes;
    uint64_t allocs, frees, failures;
};

void heap_get_stats(struct heap_stats *out);

#endif
