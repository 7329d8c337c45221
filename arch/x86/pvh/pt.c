// SPDX-License-Identifier: MIT
/*
 * Page tables as PVH: our own, identity mapped, changed by plain stores. RAM by 1 GiB and 2 MiB pages, the image by
 * 4 KiB pages; a large page is split when somebody wants a guard inside it.
 */
#include "pvh_priv.h"

#include <arch/cpu.h>

#include <xen/memory.h>

#include <xenolith/errno.h>
#include <xenolith/hypercall.h>
#include <xenolith/page.h>
#include <xenolith/string.h>

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

static uint64_t *l4;

/* During boot tables come from here; afterwards from the page allocator. */
static struct pfn *boot_pool;

static void invalidate(uintptr_t va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static uint64_t *new_table(void)
{
    uint64_t *table;

    if (boot_pool != NULL) {
        table = pfn_to_virt(*boot_pool);
        boot_pool->n++;
    } else {
        table = page_alloc(0);
    }
    if (table != NULL) {
        memset(table, 0, PAGE_SIZE);
    }
    return table;
}

/** split() - Make a table that maps the same as the large page @entry of @level did. */
static uint64_t *split(uint64_t entry, unsigned int level)
{
    uint64_t *table = new_table();
    uint64_t flags = entry & ~PTE_ADDR & (level == 2 ? ~PTE_LARGE : ~0UL);

    for (unsigned int i = 0; table != NULL && i < PT_ENTRIES; i++) {
        table[i] = ((entry & PTE_ADDR) + ((uint64_t)i << PT_SHIFT(level - 1))) | flags;
    }
    return table;
}

/** entry_at() - The entry of @level for @va, making and splitting tables on the way; NULL: no memory. */
static uint64_t *entry_at(uintptr_t va, unsigned int level)
{
    uint64_t *table = l4;

    for (unsigned int l = 4; l > level; l--) {
        uint64_t *entry = &table[PT_INDEX(va, l)];

        if (!(*entry & PTE_PRESENT) || (*entry & PTE_LARGE)) {
            uint64_t *lower = (*entry & PTE_PRESENT) ? split(*entry, l) : new_table();

            if (lower == NULL) {
                return NULL;
            }
            WRITE_ONCE(*entry, (uintptr_t)lower | TABLE_FLAGS);
            invalidate(va);
        }
        table = (uint64_t *)(*entry & PTE_ADDR);
    }
    return &table[PT_INDEX(va, level)];
}

int pvh_map_page(uintptr_t va, uint64_t pte)
{
    uint64_t *entry = entry_at(va, 1);

    if (entry == NULL) {
        return -ENOMEM;
    }
    WRITE_ONCE(*entry, pte);
    invalidate(va);
    return 0;
}

static bool has_1g_pages(void)
{
    uint32_t r[4];

    cpu_cpuid(0x80000001, 0, r);
    return (r[3] & (1U << 26)) != 0;
}

/** map_ram() - Identity, read-write, not executable, by the largest pages that fit between @va and @end. */
static void map_ram(uintptr_t va, uintptr_t end)
{
    bool large = end - va >= L3_PAGE && has_1g_pages();

    while (va < end) {
        unsigned int level = 1;

        if (va % L2_PAGE == 0 && end - va >= L2_PAGE) {
            level = (large && va % L3_PAGE == 0 && end - va >= L3_PAGE) ? 3 : 2;
        }
        *entry_at(va, level) = va | PTE_RW | (level > 1 ? PTE_LARGE : 0);
        va += 1UL << PT_SHIFT(level);
    }
}

void pvh_pt_init(struct pfn *pool)
{
    uintptr_t image_end = ALIGN_UP((uintptr_t)__image_end, L2_PAGE);

    /* All tables are new: we run on the first mapping until they are complete. */
    boot_pool = pool;
    l4 = new_table();
    for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
        uintptr_t va = boot_info.ram[i].start.n << PAGE_SHIFT;
        uintptr_t end = boot_info.ram[i].end.n << PAGE_SHIFT;

        for (; va < image_end && va < end; va += PAGE_SIZE) {
            uint64_t flags = image_pte_flags(va);

            if (flags != 0) {
                *entry_at(va, 1) = va | flags;
            }
        }
        map_ram(va, end);
    }
    __asm__ volatile("mov %0, %%cr3" ::"r"(l4) : "memory");
    boot_pool = NULL;
}

static struct gfn pvh_pfn_to_gfn(struct pfn pfn)
{
    return (struct gfn){pfn.n};
}

static int pvh_guard(uintptr_t va)
{
    return pvh_map_page(va, 0);
}

static void pvh_unguard(uintptr_t va)
{
    /* Never fails: the guard has its table. */
    (void)pvh_map_page(va, va | PTE_RW);
}

/** pvh_window_prepare() - The window is identity mapped; the frames come and go in the hypervisor's tables. */
static int pvh_window_prepare(uintptr_t start, size_t nr_pages)
{
    for (uintptr_t va = start; va < start + nr_pages * PAGE_SIZE; va += PAGE_SIZE) {
        uint64_t *entry = entry_at(va, 1);

        if (entry == NULL) {
            return -ENOMEM;
        }
        WRITE_ONCE(*entry, va | PTE_RW);
    }
    return 0;
}

/** pvh_map() - A frame that Xen already put at @gfn: identity for the window, or an alias of it. */
static int pvh_map(uintptr_t va, struct gfn gfn, bool readonly)
{
    return pvh_map_page(va, (gfn.n << PAGE_SHIFT) | (readonly ? PTE_RO : PTE_RW));
}

static void pvh_unmap(uintptr_t va)
{
    (void)pvh_map_page(va, va | PTE_RW);
}

static int pvh_map_gnttab(uintptr_t va, unsigned int first, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        struct xen_add_to_physmap xatp = {.domid = DOMID_SELF,
                                          .space = XENMAPSPACE_grant_table,
                                          .idx = first + i,
                                          .gpfn = (va >> PAGE_SHIFT) + i};
        int rc = (int)HYPERVISOR_memory_op(XENMEM_add_to_physmap, &xatp);

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

const struct paging_ops pvh_paging = {
    .pfn_to_gfn = pvh_pfn_to_gfn,
    .guard = pvh_guard,
    .unguard = pvh_unguard,
    .window_prepare = pvh_window_prepare,
    .map = pvh_map,
    .unmap = pvh_unmap,
    .map_gnttab = pvh_map_gnttab,
};
