// SPDX-License-Identifier: MIT
/*
 * malloc and its relatives, by the kernel's heap. The names with _r are what newlib's own code calls.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include <xenolith/heap.h>

/* As everywhere else, errno tells why; the heap's only reason is that there is no memory. */
static void *or_enomem(void *block)
{
    if (block == NULL) {
        errno = ENOMEM;
    }
    return block;
}

void *malloc(size_t bytes)
{
    return or_enomem(heap_alloc(bytes));
}

void *calloc(size_t nr, size_t bytes)
{
    return or_enomem(heap_zalloc(nr, bytes));
}

void *realloc(void *block, size_t bytes)
{
    return or_enomem(heap_realloc(block, bytes));
}

void free(void *block)
{
    heap_free(block);
}

void *memalign(size_t align, size_t bytes)
{
    if (align == 0 || (align & (align - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return or_enomem(heap_aligned_alloc(align, bytes));
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    void *block;

    if (align < sizeof(void *) || (align & (align - 1)) != 0) {
        return EINVAL;
    }
    block = heap_aligned_alloc(align, bytes);
    if (block == NULL) {
        return ENOMEM;
    }
    *out = block;
    return 0;
}

size_t malloc_usable_size(void *block)
{
    return block != NULL ? heap_usable_size(block) : 0;
}

void *_malloc_r(struct _reent *reent, size_t bytes)
{
    (void)reent;
    return malloc(bytes);
}

void *_calloc_r(struct _reent *reent, size_t nr, size_t bytes)
{
    (void)reent;
    return calloc(nr, bytes);
}

void *_realloc_r(struct _reent *reent, void *block, size_t bytes)
{
    (void)reent;
    return realloc(block, bytes);
}

void *_memalign_r(struct _reent *reent, size_t align, size_t bytes)
{
    (void)reent;
    return memalign(align, bytes);
}

void _free_r(struct _reent *reent, void *block)
{
    (void)reent;
    free(block);
}
