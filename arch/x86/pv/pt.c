// SPDX-License-Identifier: MIT
/*
 * Page tables as PV: Xen owns the truth. Tables are mapped read-only for us and changed by hypercall;
 * a new table is filled while it is still plain memory and validated by Xen when it is hooked in.
 * Never touches a live entry by a store.
 * ABI: xen/xen.h, mmu_update, update_va_mapping.
 */
#include "pv_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/hypercall.h>
#include <xenolith/page.h>
#include <xenolith/string.h>

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)
#define BATCH 64

/* A page of the image whose frame we replace to look at frames that are not mapped anywhere yet. */
static char scratch[PAGE_SIZE] ALIGNED(PAGE_SIZE) SECTION(".bss_pages");

static uint64_t *l4;
static struct pfn mapped_end;

/** struct pt_batch - Updates on their way to Xen. */
struct pt_batch {
    struct mmu_update req[BATCH];
    unsigned int nr;
};

static int batch_flush(struct pt_batch *b)
{
    long rc = b->nr == 0 ? 0 : HYPERVISOR_mmu_update(b->req, b->nr, NULL, DOMID_SELF);

    b->nr = 0;
    return (int)rc;
}

static int batch_add(struct pt_batch *b, uint64_t entry_maddr, uint64_t value)
{
    b->req[b->nr++] = (struct mmu_update){.ptr = entry_maddr | MMU_NORMAL_PT_UPDATE, .val = value};
    return b->nr == BATCH ? batch_flush(b) : 0;
}

/** table_of() - The table that an entry points to, in the linear map. */
static uint64_t *table_of(uint64_t entry)
{
    unsigned long mfn = (entry & PTE_ADDR) >> PAGE_SHIFT;

    return pfn_to_virt((struct pfn){((const unsigned long *)MACH2PHYS_VIRT_START)[mfn]});
}

/** table_at() - The table of @level that covers @va, or NULL. Level 1 holds the leaves. */
static uint64_t *table_at(uintptr_t va, unsigned int level)
{
    uint64_t *table = l4;

    for (unsigned int l = 4; l > level; l--) {
        uint64_t entry = table[PT_INDEX(va, l)];

        if (!(entry & PTE_PRESENT)) {
            return NULL;
        }
        table = table_of(entry);
    }
    return table;
}

/** entry_maddr() - Machine address of the entry for @va in @table, which lies in the linear map. */
static uint64_t entry_maddr(const uint64_t *table, uintptr_t va, unsigned int level)
{
    return (pfn_to_mfn(virt_to_pfn(table)).n << PAGE_SHIFT) + PT_INDEX(va, level) * sizeof(uint64_t);
}

int pv_update_va(uintptr_t va, uint64_t pte)
{
    return (int)HYPERVISOR_update_va_mapping(va, pte, UVMF_INVLPG | UVMF_LOCAL);
}

static uint64_t leaf(struct pfn pfn, uint64_t flags)
{
    return (pfn_to_mfn(pfn).n << PAGE_SHIFT) | flags | PTE_USER;
}

/** narrow_leaves() - Page by page: page tables stay read-only, everything else as the image says. */
static int narrow_leaves(struct pt_batch *b, uintptr_t start, uintptr_t end)
{
    const uint64_t *l1 = table_at(start, 1);
    int rc = 0;

    for (uintptr_t va = start; va < end; va += PAGE_SIZE) {
        uint64_t old = l1[PT_INDEX(va, 1)];
        uint64_t flags = image_pte_flags(va);
        uint64_t new =
            flags == 0 ? 0 : (old & ~(PTE_NX | PTE_WRITE)) | (flags & PTE_NX) | (old & flags & PTE_WRITE);

        if ((old & PTE_PRESENT) && new != old) {
            rc |= batch_add(b, entry_maddr(l1, va, 1), new);
        }
    }
    return rc;
}

void pv_pt_init(uintptr_t pt_base)
{
    struct pt_batch b = {.nr = 0};
    uintptr_t va = 0;
    int rc = 0;

    l4 = (uint64_t *)pt_base;
    for (;; va += L2_PAGE) {
        const uint64_t *l2 = table_at(va, 2);
        uint64_t entry = l2 == NULL ? 0 : l2[PT_INDEX(va, 2)];

        if (!(entry & PTE_PRESENT)) {
            break;
        }
        if (va < (uintptr_t)__image_end) {
            rc |= narrow_leaves(&b, va, va + L2_PAGE);
        } else {
            rc |= batch_add(&b, entry_maddr(l2, va, 2), entry | PTE_NX);
        }
    }
    if ((rc | batch_flush(&b)) != 0) {
        panic("pv: Xen refuses to narrow the first page tables");
    }
    mapped_end.n = va >> PAGE_SHIFT;
}

struct pfn pv_pt_mapped_end(void)
{
    return mapped_end;
}

/** struct table_pool - Frames for tables, from the start of the very range they will map. */
struct table_pool {
    struct pfn next;
};

/** new_table() - Show the pool's next frame at scratch. */
static struct pfn new_table(struct table_pool *pool)
{
    struct pfn pfn = pool->next;

    pool->next.n++;
    if (pv_update_va((uintptr_t)scratch, leaf(pfn, PTE_RW)) != 0) {
        panic("pv: cannot map pfn %#lx", pfn.n);
    }
    return pfn;
}

/** hook_table() - Let @table's entry for @va point to the finished table @pfn; scratch lets go of it first. */
static void hook_table(const uint64_t *table, uintptr_t va, unsigned int level, struct pfn pfn)
{
    struct pt_batch b = {.nr = 0};
    int rc = pv_update_va((uintptr_t)scratch, 0);

    batch_add(&b, entry_maddr(table, va, level), (pfn_to_mfn(pfn).n << PAGE_SHIFT) | TABLE_FLAGS);
    rc = rc != 0 ? rc : batch_flush(&b);
    if (rc != 0) {
        panic("pv: Xen refuses the level %u table for %#lx (%d)", level - 1, va, rc);
    }
}

/** tables_for() - How many tables mapping [start, end) takes: its leaves' and those above that are missing. */
static unsigned long tables_for(uintptr_t start, uintptr_t end)
{
    unsigned long nr = 0;

    for (uintptr_t va = start; va < end; va = ALIGN_DOWN(va, L2_PAGE) + L2_PAGE) {
        nr++;
        for (unsigned int level = 2; level <= 3; level++) {
            bool first = va == start || ALIGN_DOWN(va, 1UL << PT_SHIFT(level + 1)) == va;

            nr += first && table_at(va, level) == NULL;
        }
    }
    return nr;
}

struct pfn pv_pt_map_ram(struct pfn start, struct pfn end)
{
    uintptr_t va_end = end.n << PAGE_SHIFT;
    struct table_pool pool = {start};
    struct pfn usable = {start.n + tables_for(start.n << PAGE_SHIFT, va_end)};
    struct pfn pfn = start;

    if (usable.n >= end.n) {
        return end; /* a few pages at the end of RAM, not worth their own tables */
    }
    while (pfn.n < end.n) {
        uintptr_t va = pfn.n << PAGE_SHIFT;
        uint64_t *entries = (uint64_t *)scratch;
        struct pfn l1;

        for (unsigned int level = 3; level >= 2; level--) {
            if (table_at(va, level) == NULL) {
                struct pfn upper = new_table(&pool);

                memset(scratch, 0, PAGE_SIZE);
                hook_table(table_at(va, level + 1), va, level + 1, upper);
            }
        }
        l1 = new_table(&pool);
        for (unsigned int i = 0; i < PT_ENTRIES; i++, pfn.n++) {
            entries[i] = pfn.n >= end.n ? 0 : leaf(pfn, pfn.n < usable.n ? PTE_RO : PTE_RW);
        }
        hook_table(table_at(va, 2), va, 2, l1);
    }
    return usable;
}

static struct gfn pv_pfn_to_gfn(struct pfn pfn)
{
    return (struct gfn){pv_p2m[pfn.n]};
}

static int pv_guard(uintptr_t va)
{
    return pv_update_va(va, 0);
}

static void pv_unguard(uintptr_t va)
{
    if (pv_update_va(va, leaf(virt_to_pfn((void *)va), PTE_RW)) != 0) {
        panic("pv: cannot map %#lx back", va);
    }
}

/**
 * pv_window_prepare() - Have empty tables under a part of the window.
 *
 * Xen writes the entries of mapped grants and does not set NX there, so the tables above say it.
 */
static int pv_window_prepare(uintptr_t start, size_t nr_pages)
{
    for (uintptr_t va = start; va < start + nr_pages * PAGE_SIZE; va = ALIGN_DOWN(va, L2_PAGE) + L2_PAGE) {
        for (unsigned int level = 3; level >= 1; level--) {
            struct pt_batch b = {.nr = 0};
            void *page;
            int rc;

            if (table_at(va, level) != NULL) {
                continue;
            }
            page = page_alloc(0);
            if (page == NULL) {
                return -ENOMEM;
            }
            memset(page, 0, PAGE_SIZE);
            rc = pv_update_va((uintptr_t)page, leaf(virt_to_pfn(page), PTE_RO));
            batch_add(&b, entry_maddr(table_at(va, level + 1), va, level + 1),
                      (pfn_to_mfn(virt_to_pfn(page)).n << PAGE_SHIFT) | TABLE_FLAGS | PTE_NX);
            rc = rc != 0 ? rc : batch_flush(&b);
            if (rc != 0) {
                pv_unguard((uintptr_t)page);
                page_free(page, 0);
                return rc;
            }
        }
    }
    return 0;
}

static int pv_map(uintptr_t va, struct gfn gfn, bool readonly)
{
    return pv_update_va(va, (gfn.n << PAGE_SHIFT) | (readonly ? PTE_RO : PTE_RW) | PTE_USER);
}

static void pv_unmap(uintptr_t va)
{
    (void)pv_update_va(va, 0);
}

/** pv_map_gnttab() - Xen names the grant table's frames; setup_table wants all of them each time. */
static int pv_map_gnttab(uintptr_t va, unsigned int first, unsigned int nr)
{
    unsigned long *frames = heap_zalloc(first + nr, sizeof(*frames));
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = first + nr};
    int rc;

    if (frames == NULL) {
        return -ENOMEM;
    }
    set_xen_guest_handle(setup.frame_list, frames);
    rc = (int)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    if (rc == 0 && setup.status != GNTST_okay) {
        rc = -ENOSPC;
    }
    for (unsigned int i = 0; rc == 0 && i < nr; i++) {
        rc = pv_map(va + i * PAGE_SIZE, (struct gfn){frames[first + i]}, false);
    }
    heap_free(frames);
    return rc;
}

const struct paging_ops pv_paging = {
    .pfn_to_gfn = pv_pfn_to_gfn,
    .guard = pv_guard,
    .unguard = pv_unguard,
    .window_prepare = pv_window_prepare,
    .map = pv_map,
    .unmap = pv_unmap,
    .map_gnttab = pv_map_gnttab,
};
