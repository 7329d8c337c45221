// SPDX-License-Identifier: MIT
/*
 * What the files of arch/x86 share among themselves: page table bits, the image's bounds, and the two
 * function tables (paging, upcall) behind which the modes differ.
 */
#ifndef XENOLITH_X86_PRIV_H
#define XENOLITH_X86_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/irq.h>

#include <xenolith/boot.h>
#include <xenolith/init.h>
#include <xenolith/panic.h>
#include <xenolith/types.h>

#define PTE_PRESENT  (1UL << 0)
#define PTE_WRITE    (1UL << 1)
#define PTE_USER     (1UL << 2)
#define PTE_ACCESSED (1UL << 5)
#define PTE_DIRTY    (1UL << 6)
#define PTE_LARGE    (1UL << 7)
#define PTE_NX       (1UL << 63)
#define PTE_ADDR     0x000ffffffffff000UL

/* Ready-made leaf entries; accessed and dirty are set so that the processor need not. */
#define PTE_RW (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)
#define PTE_RO (PTE_PRESENT | PTE_ACCESSED | PTE_NX)
#define PTE_RX (PTE_PRESENT | PTE_ACCESSED)

#define PT_ENTRIES 512
#define PT_SHIFT(level) (PAGE_SHIFT + 9 * ((level) - 1))
#define PT_INDEX(va, level) (((va) >> PT_SHIFT(level)) & (PT_ENTRIES - 1))
#define L2_PAGE (1UL << PT_SHIFT(2))
#define L3_PAGE (1UL << PT_SHIFT(3))

extern char __image_start[], __text_start[], __text_end[], __rodata_end[], __bss_end[], __image_end[];
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];
extern char upcall_stack_guard[], upcall_stack[], upcall_stack_top[];
extern char fault_stack_guard[], fault_stack[], fault_stack_top[];

extern char pvh_tables[], pvh_tables_end[]; /* PVH's first page tables; plain RAM in PV */

/** struct paging_ops - One mode's page tables; all run in threads. */
struct paging_ops {
    struct gfn (*pfn_to_gfn)(struct pfn pfn);
    int (*guard)(uintptr_t va);
    void (*unguard)(uintptr_t va);
    int (*window_prepare)(uintptr_t va, size_t nr_pages);
    int (*map)(uintptr_t va, struct gfn gfn, bool readonly);
    void (*unmap)(uintptr_t va);
    int (*map_gnttab)(uintptr_t va, unsigned int first, unsigned int nr);
};

extern const struct paging_ops pv_paging, pvh_paging;

static inline const struct paging_ops *paging(void)
{
    return boot_is_pv() ? &pv_paging : &pvh_paging;
}

/** image_pte_flags() - What a page of the linear map may do: 0 (guards, page 0), PTE_RX, PTE_RO or PTE_RW. */
uint64_t image_pte_flags(uintptr_t va);

/** boot_note_ram() - Append frames [start, end) to boot_info.ram. */
void boot_note_ram(struct pfn start, struct pfn end);

/** seed_stack_guard() - Give __stack_chk_guard this boot's value. Runs before any protected frame matters. */
void seed_stack_guard(void);

/** trap_handle() - Every exception, from entry.S, both modes. */
void trap_handle(struct cpu_regs *regs);

/* Entries of the exception vectors 0-31, 16 bytes apart (entry.S), and the upcall. */
extern char pvh_trap_entries[], pv_trap_entries[], pvh_upcall[], pv_upcall[], pv_failsafe[];
/* entry.S: turn interrupts on and halt; an upcall is never missed in between. */
void pvh_idle(void);

#define TRAP_ENTRY_BYTES 16
#define NR_TRAPS 32

#endif
