// SPDX-License-Identifier: MIT
/*
 * What heap.c, heap_slab.c and heap_large.c share. A pointer tells by its page's state which of the
 * two it belongs to: one of an exact run of pages is large, one of a page_alloc() block is an
 * object of a slab.
 */
#ifndef XENOLITH_KERNEL_HEAP_PRIV_H
#define XENOLITH_KERNEL_HEAP_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/heap.h>

#define HEAP_ALIGN    16UL
#define SLAB_MAX      3264UL /* the largest class; beyond it, whole pages */
#define SLAB_MAX_ALIGN 64UL
#define LARGE_MAX     (1UL << 46)

extern struct heap_stats heap_stats;

/**
 * slab_alloc() - An object of @bytes <= SLAB_MAX, aligned to @align <= SLAB_MAX_ALIGN. NULL: no
 * page for a new slab.
 */
void *slab_alloc(size_t bytes, size_t align);

/** slab_free() - Take back an object; panics unless it is one. */
void slab_free(void *ptr);

/** slab_size() - Usable bytes of an object; panics unless it is one. */
size_t slab_size(const void *ptr);

/** large_alloc() - Pages of their own; @align is a power of two. */
void *large_alloc(size_t bytes, size_t align);

/** large_free() - Take them back; panics unless @ptr is where they begin. */
void large_free(void *ptr);

/** large_size() - Usable bytes. */
size_t large_size(const void *ptr);

/** large_resize() - Make it @bytes (not 0) without moving it. False: that is not possible. */
bool large_resize(void *ptr, size_t bytes);

#endif
