// SPDX-License-Identifier: MIT
/*
 * The address space beyond plain RAM: guard pages, and a window for frames that are not ours.
 * Both modes, behind one function table chosen at boot.
 */
#ifndef XENOLITH_VM_H
#define XENOLITH_VM_H

#include <stdbool.h>
#include <stddef.h>

#include <xenolith/compiler.h>
#include <xenolith/types.h>

/** vm_guard() - Make a page of the linear map inaccessible. Threads. 0, or -ENOMEM (a large page must be split). */
int vm_guard(void *page) MUST_CHECK;

/** vm_unguard() - Back to read-write. Never fails for a page that vm_guard() took. */
void vm_unguard(void *page);

/** pfn_to_gfn() - How Xen and other domains call one of our frames. Context: any. */
struct gfn pfn_to_gfn(struct pfn pfn);

/** virt_to_gfn() - The same from an address in the linear map. */
static inline struct gfn virt_to_gfn(const void *virt)
{
    return pfn_to_gfn(virt_to_pfn(virt));
}

/**
 * vm_window_alloc() - Address space of @nr_pages outside RAM, for foreign frames; page tables are there, entries empty.
 * In PVH the same numbers are guest-physical frames that are not populated. Threads. NULL: no memory.
 */
void *vm_window_alloc(size_t nr_pages) MUST_CHECK;

/** vm_window_free() - Give it back. Nothing may be mapped there any more. */
void vm_window_free(void *addr, size_t nr_pages);

/** vm_map_gfn() - Map a frame that Xen put at @gfn (grant table, status frames) at a window page. 0 or -errno. */
int vm_map_gfn(void *window, struct gfn gfn, bool readonly) MUST_CHECK;

/** vm_unmap() - Empty the window's entry. */
void vm_unmap(void *window);

#endif
