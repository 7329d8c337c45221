// SPDX-License-Identifier: MIT
/*
 * Stacks of threads, each above a guard page. Making a guard page costs a hypercall or a split
 * large page, so a few stacks of the default size are kept with theirs; they go back when memory
 * runs out.
 */
#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/vm.h>

#include "sched_priv.h"

#define CACHE_PAGES (THREAD_STACK_BYTES >> PAGE_SHIFT)
#define CACHE_MAX   4

static struct thread_stack cache[CACHE_MAX];
static unsigned int nr_cached;

static size_t stack_pages(const struct thread_stack *stack)
{
    return ((uintptr_t)stack->top - (uintptr_t)stack->base) >> PAGE_SHIFT;
}

static void stack_release(const struct thread_stack *stack)
{
    vm_unguard(stack->base);
    page_free_exact(stack->base, stack_pages(stack));
}

/* Empty the cache; true if that gave anything. */
static bool cache_reclaim(void)
{
    bool any = nr_cached > 0;

    while (nr_cached > 0) {
        stack_release(&cache[--nr_cached]);
    }
    return any;
}

int thread_stack_alloc(struct thread_stack *stack, size_t nr_pages)
{
    char *base;

    if (nr_pages == CACHE_PAGES && nr_cached > 0) {
        *stack = cache[--nr_cached];
        return 0;
    }
    base = page_alloc_exact(nr_pages + 1);
    if (base == NULL) {
        return -ENOMEM;
    }
    if (vm_guard(base) != 0) {
        page_free_exact(base, nr_pages + 1);
        return -ENOMEM;
    }
    stack->base = base;
    stack->top = base + ((nr_pages + 1) << PAGE_SHIFT);
    return 0;
}

void thread_stack_free(const struct thread_stack *stack)
{
    static struct page_reclaimer reclaimer = {.fn = cache_reclaim};

    if (stack_pages(stack) != CACHE_PAGES + 1 || nr_cached == CACHE_MAX) {
        stack_release(stack);
        return;
    }
    page_reclaimer_add(&reclaimer);
    cache[nr_cached++] = *stack;
}
