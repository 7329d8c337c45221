// SPDX-License-Identifier: MIT
/*
 * Hands page table work to the mode we run in.
 */
#include <arch/paging.h>

#include <xenolith/vm.h>

#include "x86_priv.h"

struct gfn pfn_to_gfn(struct pfn pfn)
{
    return paging()->pfn_to_gfn(pfn);
}

int vm_guard(void *page)
{
    return paging()->guard((uintptr_t)page);
}

void vm_unguard(void *page)
{
    paging()->unguard((uintptr_t)page);
}

int vm_map_gfn(void *window, struct gfn gfn, bool readonly)
{
    return paging()->map((uintptr_t)window, gfn, readonly);
}

void vm_unmap(void *window)
{
    paging()->unmap((uintptr_t)window);
}

int arch_window_prepare(uintptr_t va, size_t nr_pages)
{
    return paging()->window_prepare(va, nr_pages);
}

int arch_map_gnttab(uintptr_t va, unsigned int first, unsigned int nr)
{
    return paging()->map_gnttab(va, first, nr);
}
