// SPDX-License-Identifier: MIT
/*
 * The heap as modules under test see it: the host's malloc, so that AddressSanitizer finds uses
 * after free and overruns in them and leaks at the end; with planned failures. fake_heap_real makes
 * it the kernel's own.
 */
#include <malloc.h>
#include <stdlib.h>

#include <fake.h>
#include <xenolith/heap.h>

bool fake_heap_real;
size_t fake_heap_blocks;
void (*fake_heap_hook)(void);

void *__real_heap_alloc(size_t bytes);
void *__real_heap_zalloc(size_t nr, size_t bytes);
void *__real_heap_aligned_alloc(size_t align, size_t bytes);
void *__real_heap_realloc(void *ptr, size_t bytes);
void __real_heap_free(void *ptr);
size_t __real_heap_usable_size(const void *ptr);

void *__wrap_heap_alloc(size_t bytes);
void *__wrap_heap_zalloc(size_t nr, size_t bytes);
void *__wrap_heap_aligned_alloc(size_t align, size_t bytes);
void *__wrap_heap_realloc(void *ptr, size_t bytes);
void __wrap_heap_free(void *ptr);
size_t __wrap_heap_usable_size(const void *ptr);

static void run_hook(void)
{
    if (fake_heap_hook != NULL) {
        fake_heap_hook();
    }
}

static void *counted(void *ptr)
{
    fake_heap_blocks += ptr != NULL;
    run_hook();
    return ptr;
}

void *__wrap_heap_alloc(size_t bytes)
{
    if (fake_fail_now()) {
        return NULL;
    }
    return counted(fake_heap_real ? __real_heap_alloc(bytes) : malloc(bytes));
}

void *__wrap_heap_zalloc(size_t nr, size_t bytes)
{
    if (fake_fail_now()) {
        return NULL;
    }
    return counted(fake_heap_real ? __real_heap_zalloc(nr, bytes) : calloc(nr, bytes));
}

void *__wrap_heap_aligned_alloc(size_t align, size_t bytes)
{
    void *ptr = NULL;

    if (fake_fail_now()) {
        return NULL;
    }
    if (fake_heap_real) {
        return counted(__real_heap_aligned_alloc(align, bytes));
    }
    if (posix_memalign(&ptr, align < sizeof(void *) ? sizeof(void *) : align, bytes) != 0) {
        return NULL;
    }
    return counted(ptr);
}

void *__wrap_heap_realloc(void *ptr, size_t bytes)
{
    void *moved;

    if (fake_fail_now()) {
        return NULL;
    }
    moved = fake_heap_real ? __real_heap_realloc(ptr, bytes) : realloc(ptr, bytes == 0 ? 1 : bytes);
    if (ptr == NULL) {
        return counted(moved);
    }
    run_hook();
    return moved;
}

void __wrap_heap_free(void *ptr)
{
    fake_heap_blocks -= ptr != NULL;
    if (fake_heap_real) {
        __real_heap_free(ptr);
    } else {
        free(ptr);
    }
    run_hook();
}

size_t __wrap_heap_usable_size(const void *ptr)
{
    return fake_heap_real ? __real_heap_usable_size(ptr) : malloc_usable_size((void *)ptr);
}
