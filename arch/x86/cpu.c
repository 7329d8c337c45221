// SPDX-License-Identifier: MIT
/*
 * What both modes do the same way with the processor: the image's rights, exceptions, threads' first stack, thread
 * pointer, idling, the stack guard's seed.
 */
#include "x86_priv.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/thread.h>

#include <xenolith/errno.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>

struct boot_info boot_info SECTION(".data.boot_info") = {.cmdline = ""};
uint64_t hypercall_count;

/* Remapped to the page that Xen shares with us. */
struct shared_info shared_info ALIGNED(PAGE_SIZE) SECTION(".bss_pages");
_Static_assert(sizeof(struct shared_info) <= PAGE_SIZE, "shared_info is one page");

extern uintptr_t __stack_chk_guard;

void arch_context_start(void);

uint64_t image_pte_flags(uintptr_t va)
{
    if (va < PAGE_SIZE || va == (uintptr_t)boot_stack_guard || va == (uintptr_t)upcall_stack_guard ||
        va == (uintptr_t)fault_stack_guard) {
        return 0;
    }
    if (va >= (uintptr_t)__text_start && va < (uintptr_t)__text_end) {
        return PTE_RX;
    }
    return va >= (uintptr_t)__text_end && va < (uintptr_t)__rodata_end ? PTE_RO : PTE_RW;
}

void boot_note_ram(struct pfn start, struct pfn end)
{
    if (boot_info.nr_ram < BOOT_MAX_RAM_REGIONS && start.n < end.n) {
        boot_info.ram[boot_info.nr_ram++] = (struct boot_ram){start, end};
    }
}

/* Without RDRAND the low bits of the TSC are all there is; the first byte in memory stays 0, so that
 * no string function reads or writes past it. */
NO_STACK_PROTECTOR void seed_stack_guard(void)
{
    uint64_t seed = boot_info.first_tsc * 0x9e3779b97f4a7c15ULL ^ cpu_tsc();
    uint64_t random = 0;
    uint32_t r[4];

    cpu_cpuid(1, 0, r);
    if (r[2] & (1U << 30)) {
        __asm__ volatile("rdrand %0" : "=r"(random)::"cc");
    }
    __stack_chk_guard = (seed ^ random) & ~0xffULL;
}

void trap_handle(struct cpu_regs *regs)
{
    uint64_t cr2;

    upcall_disable();
    if (boot_is_pv()) {
        cr2 = shared_info.vcpu_info[0].arch.cr2;
    } else {
        __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    }
    panic_exception((unsigned int)regs->vector, regs, cr2);
}

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*entry)(void))
{
    uint64_t *sp = stack_top;
    uint32_t mxcsr;
    uint16_t fcw;

    /* A thread inherits its creator's rounding and exception masks. */
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(fcw));
    *--sp = 0;
    *--sp = (uintptr_t)arch_context_start;
    *--sp = 0;                /* rbp */
    *--sp = (uintptr_t)entry; /* rbx */
    sp -= 4;                  /* r12-r15 */
    *--sp = (uint64_t)fcw << 32 | mxcsr;
    ctx->sp = sp;
}

/** thread_pointer_by_instruction() - May we use WRFSBASE? CPUID offers it, and CR4 must allow it. */
static bool thread_pointer_by_instruction(void)
{
    uint32_t r[4];
    uint64_t cr4;

    cpu_cpuid(7, 0, r);
    if (!(r[1] & 1)) {
        return false;
    }
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    if (!(cr4 & (1UL << 16)) && !boot_is_pv()) {
        cr4 |= 1UL << 16;
        __asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
    }
    return (cr4 & (1UL << 16)) != 0;
}

void arch_tls_set(void *thread_pointer)
{
    static enum { FIRST, SECOND, INSTRUCTION, BY_XEN_OR_MSR } way;
    uintptr_t tp = (uintptr_t)thread_pointer;

    /* To ask costs three exits, and a program of one thread comes here only once. */
    if (UNLIKELY(way == SECOND)) {
        way = thread_pointer_by_instruction() ? INSTRUCTION : BY_XEN_OR_MSR;
    } else if (UNLIKELY(way == FIRST)) {
        way = SECOND;
    }
    if (way == INSTRUCTION) {
        __asm__ volatile("wrfsbase %0" ::"r"(tp) : "memory");
    } else if (boot_is_pv()) {
        (void)HYPERVISOR_set_segment_base(SEGBASE_FS, tp);
    } else {
        __asm__ volatile("wrmsr" ::"c"(0xc0000100), "a"((uint32_t)tp), "d"((uint32_t)(tp >> 32)) : "memory");
    }
}

void arch_idle(void)
{
    if (boot_is_pv()) {
        /* Xen unmasks and blocks in one. */
        (void)HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    } else {
        pvh_idle();
    }
}

void upcall_force(void)
{
    (void)HYPERVISOR_xen_version(XENVER_version, NULL);
}
