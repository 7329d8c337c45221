// SPDX-License-Identifier: MIT
/*
 * The boot as PVH, from struct hvm_start_info to kernel_main().
 * ABI: xen/arch-x86/hvm/start_info.h, xen/hvm/params.h, Xen's CPUID leaves (xen/arch-x86/cpuid.h).
 */
#include "pvh_priv.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>

#include <arch/cpu.h>

#include <xenolith/hypercall.h>
#include <xenolith/page.h>
#include <xenolith/shutdown.h>

#define CALLBACK_TYPE_VECTOR (2ULL << 56) /* HVM_PARAM_CALLBACK_IRQ: bits 63-56 */

static bool have_hypercalls;

/* A halt with interrupts off is a power-off to Xen, a triple fault a reboot: the best that can be said without it. */
static NORETURN void die(void)
{
    if (have_hypercalls) {
        shutdown_now(SHUTDOWN_crash);
    }
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/** find_hypercalls() - Have Xen fill the hypercall page. Its leaves may be moved up by a nested hypervisor's. */
static NO_STACK_PROTECTOR void find_hypercalls(void)
{
    for (uint32_t base = XEN_CPUID_FIRST_LEAF; base < XEN_CPUID_FIRST_LEAF + 0x10000; base += 0x100) {
        uint32_t r[4];

        cpu_cpuid(base, 0, r);
        if (r[1] == XEN_CPUID_SIGNATURE_EBX && r[2] == XEN_CPUID_SIGNATURE_ECX &&
            r[3] == XEN_CPUID_SIGNATURE_EDX) {
            cpu_cpuid(base + 2, 0, r);
            __asm__ volatile("wrmsr" ::"c"(r[1]), "a"((uint32_t)(uintptr_t)hypercall_page), "d"(0)
                             : "memory");
            have_hypercalls = true;
            return;
        }
    }
    die();
}

static uint64_t hvm_param(uint32_t index)
{
    struct xen_hvm_param p = {.domid = DOMID_SELF, .index = index};

    return HYPERVISOR_hvm_op(HVMOP_get_param, &p) == 0 ? p.value : 0;
}

static void find_ram(const struct hvm_start_info *si)
{
    const struct hvm_memmap_table_entry *map = (const void *)si->memmap_paddr;

    if (si->version < 1 || si->memmap_entries == 0) {
        die();
    }
    for (uint32_t i = 0; i < si->memmap_entries; i++) {
        if (map[i].type == XEN_HVM_MEMMAP_TYPE_RAM) {
            boot_note_ram((struct pfn){ALIGN_UP(map[i].addr, PAGE_SIZE) >> PAGE_SHIFT},
                          (struct pfn){(map[i].addr + map[i].size) >> PAGE_SHIFT});
        }
    }
    pvh_forgo_unpopulated();
    for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
        boot_info.nr_pages += boot_info.ram[i].end.n - boot_info.ram[i].start.n;
    }
}

static void keep(uintptr_t *end, uint64_t addr, uint64_t bytes)
{
    if (addr + bytes > *end && addr < L3_PAGE) {
        *end = addr + bytes;
    }
}

static size_t string_bytes(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        n++;
    }
    return n + 1;
}

/** used_end() - First frame above the image and what the builder put behind it. */
static struct pfn used_end(const struct hvm_start_info *si)
{
    uintptr_t end = (uintptr_t)__image_end;
    const struct hvm_modlist_entry *mods = (const void *)si->modlist_paddr;

    keep(&end, (uintptr_t)si, sizeof(*si));
    keep(&end, si->memmap_paddr, si->memmap_entries * sizeof(struct hvm_memmap_table_entry));
    if (si->cmdline_paddr != 0) {
        keep(&end, si->cmdline_paddr, string_bytes(boot_info.cmdline));
    }
    keep(&end, si->modlist_paddr, si->nr_modules * sizeof(*mods));
    for (uint32_t i = 0; i < si->nr_modules; i++) {
        keep(&end, mods[i].paddr, mods[i].size);
        if (mods[i].cmdline_paddr != 0) {
            keep(&end, mods[i].cmdline_paddr, string_bytes((const char *)mods[i].cmdline_paddr));
        }
    }
    return (struct pfn){ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT};
}

static void map_shared_info(void)
{
    struct xen_add_to_physmap xatp = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .idx = 0, .gpfn = virt_to_pfn(&shared_info).n};

    if (HYPERVISOR_memory_op(XENMEM_add_to_physmap, &xatp) != 0) {
        die();
    }
}

/** find_rings() - Console and xenstore pages lie outside RAM and are mapped where they are. */
static void find_rings(void)
{
    boot_info.console_port = (uint32_t)hvm_param(HVM_PARAM_CONSOLE_EVTCHN);
    boot_info.store_port = (uint32_t)hvm_param(HVM_PARAM_STORE_EVTCHN);
    boot_info.console_gfn.n = hvm_param(HVM_PARAM_CONSOLE_PFN);
    boot_info.store_gfn.n = hvm_param(HVM_PARAM_STORE_PFN);
    boot_info.console_ring = pfn_to_virt((struct pfn){boot_info.console_gfn.n});
    boot_info.store_ring = pfn_to_virt((struct pfn){boot_info.store_gfn.n});
    if (boot_info.console_port != 0 && pvh_map_page((uintptr_t)boot_info.console_ring,
                                                    (boot_info.console_gfn.n << PAGE_SHIFT) | PTE_RW) != 0) {
        boot_info.console_port = 0;
    }
    if (boot_info.store_port != 0 &&
        pvh_map_page((uintptr_t)boot_info.store_ring, (boot_info.store_gfn.n << PAGE_SHIFT) | PTE_RW) != 0) {
        boot_info.store_port = 0;
    }
}

/** add_ram() - Metadata first, then every region; the first one from @free on. */
static void add_ram(struct pfn free)
{
    struct pfn end = boot_info.ram[boot_info.nr_ram - 1].end;
    struct pfn meta = free;

    free.n += (page_meta_bytes(end) + PAGE_SIZE - 1) / PAGE_SIZE;
    page_init(end, pfn_to_virt(meta));
    page_add((struct pfn){1}, virt_to_pfn(__image_start));
    page_add(virt_to_pfn(pvh_tables), virt_to_pfn(pvh_tables_end));
    for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
        struct boot_ram ram = boot_info.ram[i];

        if (ram.end.n > free.n) {
            page_add(ram.start.n < free.n ? free : ram.start, ram.end);
        }
    }
}

NORETURN void pvh_setup(const struct hvm_start_info *si);

/** pvh_setup() - From pvh/head.S, on the boot stack, interrupts off. */
NORETURN NO_STACK_PROTECTOR void pvh_setup(const struct hvm_start_info *si)
{
    struct xen_hvm_param upcall = {.domid = DOMID_SELF,
                                   .index = HVM_PARAM_CALLBACK_IRQ,
                                   .value = CALLBACK_TYPE_VECTOR | PVH_UPCALL_VECTOR};
    struct pfn free;

    boot_info.mode = BOOT_PVH;
    seed_stack_guard();
    find_hypercalls();
    boot_info.cmdline = si->cmdline_paddr != 0 ? (const char *)si->cmdline_paddr : "";
    find_ram(si);
    if (si->nr_modules != 0) {
        const struct hvm_modlist_entry *mod = (const void *)si->modlist_paddr;

        boot_info.ramdisk = (const void *)mod->paddr;
        boot_info.ramdisk_bytes = mod->size;
    }
    free = used_end(si);
    pvh_pt_init(&free);
    pvh_traps_init();
    map_shared_info();
    if (HYPERVISOR_hvm_op(HVMOP_set_param, &upcall) != 0) {
        die();
    }
    add_ram(free);
    find_rings();
    kernel_main();
}
