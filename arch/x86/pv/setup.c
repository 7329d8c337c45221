// SPDX-License-Identifier: MIT
/*
 * The boot as PV, from struct start_info to kernel_main(). RAM that the domain builder has mapped is handed over at
 * once; the rest is mapped when the page allocator asks, so a large domain boots as fast as a small one.
 */
#include "pv_priv.h"

#include <xenolith/hypercall.h>
#include <xenolith/page.h>
#include <xenolith/shutdown.h>

const unsigned long *pv_p2m;

static struct pfn ram_end, mapped_end;

/* Machine frame to our own: Xen's read-only table, valid for frames that are ours. */
static void *mfn_to_virt(unsigned long mfn)
{
    return pfn_to_virt((struct pfn){((const unsigned long *)MACH2PHYS_VIRT_START)[mfn]});
}

/** pv_map_more() - Map at least @nr_pages more of RAM, as far as there are any. Return: the first usable frame. */
static struct pfn pv_map_more(unsigned long nr_pages)
{
    unsigned long tables = nr_pages / PT_ENTRIES + 8;
    struct pfn start = mapped_end;

    mapped_end.n = MIN(ALIGN_UP(start.n + nr_pages + tables, (unsigned long)PT_ENTRIES), ram_end.n);
    return pv_pt_map_ram(start, mapped_end);
}

/** pv_refill() - For the page allocator: at least an eighth of what is mapped, so that it happens rarely. */
static bool pv_refill(size_t nr_pages)
{
    struct pfn start = mapped_end, rest;

    if (start.n >= ram_end.n) {
        return false;
    }
    rest = pv_map_more(MAX(nr_pages, mapped_end.n / 8));
    page_reserve_taken(mapped_end.n - start.n);
    page_add(rest, mapped_end);
    return true;
}

static void pv_find_rings(const struct start_info *si)
{
    boot_info.console_gfn.n = si->console.domU.mfn;
    boot_info.console_port = si->console.domU.evtchn;
    boot_info.store_gfn.n = si->store_mfn;
    boot_info.store_port = si->store_evtchn;
    if (boot_info.console_port != 0) {
        boot_info.console_ring = mfn_to_virt(si->console.domU.mfn);
    }
    if (boot_info.store_port != 0) {
        boot_info.store_ring = mfn_to_virt(si->store_mfn);
    }
}

/**
 * pv_add_ram() - Give the allocator what is mapped and not in use.
 *
 * The builder's layout, upwards: image, ramdisk, p2m, start_info, rings, page tables, our first stack, padding.
 */
static void pv_add_ram(const struct start_info *si)
{
    struct pfn used_end = {(si->pt_base >> PAGE_SHIFT) + si->nr_pt_frames};
    struct pfn meta = used_end, builders_end;
    unsigned long meta_pages = (page_meta_bytes(ram_end) + PAGE_SIZE - 1) / PAGE_SIZE;

    mapped_end = pv_pt_mapped_end();
    if (mapped_end.n > ram_end.n) {
        mapped_end = ram_end;
    }
    builders_end = mapped_end;
    if (meta_pages > mapped_end.n - used_end.n) {
        meta = pv_map_more(meta_pages);
    }
    page_init(ram_end, pfn_to_virt(meta));
    page_set_refill(pv_refill, ram_end.n - mapped_end.n);
    page_add((struct pfn){1}, virt_to_pfn(__image_start));
    page_add(virt_to_pfn(pvh_tables), virt_to_pfn(pvh_tables_end));
    page_add(used_end, meta.n < builders_end.n ? meta : builders_end);
    page_add((struct pfn){meta.n + meta_pages}, mapped_end);
}

NORETURN void pv_setup(struct start_info *si);

/** pv_setup() - From pv/head.S, on the boot stack, upcalls masked. */
NORETURN NO_STACK_PROTECTOR void pv_setup(struct start_info *si)
{
    boot_info.mode = BOOT_PV;
    seed_stack_guard();
    pv_p2m = (const unsigned long *)si->mfn_list;
    ram_end.n = si->nr_pages;
    pv_pt_init(si->pt_base);
    if (pv_update_va((uintptr_t)&shared_info, si->shared_info | PTE_RW | PTE_USER) != 0) {
        shutdown_now(SHUTDOWN_crash);
    }
    pv_traps_init();

    si->cmd_line[MAX_GUEST_CMDLINE - 1] = '\0';
    boot_info.cmdline = (const char *)si->cmd_line;
    boot_info.nr_pages = si->nr_pages;
    boot_note_ram((struct pfn){0}, ram_end);
    if (si->mod_len != 0) {
        boot_info.ramdisk = (const void *)si->mod_start;
        boot_info.ramdisk_bytes = si->mod_len;
    }
    pv_find_rings(si);
    pv_add_ram(si);
    kernel_main();
}
