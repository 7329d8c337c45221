// SPDX-License-Identifier: MIT
/*
 * How an x86_64 guest enters Xen: a call into the hypercall page, which Xen fills with SYSCALL (PV), VMCALL or
 * VMMCALL (PVH). ABI: xen/arch-x86/xen-x86_64.h: number * 32 into the page; arguments rdi rsi rdx r10 r8, result rax;
 * rcx and r11 are lost.
 */
#ifndef XENOLITH_ARCH_HYPERCALL_H
#define XENOLITH_ARCH_HYPERCALL_H

#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/trace.h>

extern char hypercall_page[]; /* entry.S, one page of text */

/* Calls since boot, for benchmarks. */
extern uint64_t hypercall_count;

#define HYPERCALL_ENTRY(nr) ((unsigned long)hypercall_page + (nr) * 32UL)

/** hypercall4() - Call @nr with four arguments; unused ones are 0. Return: what Xen returns. */
static inline long hypercall4(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
                              unsigned long a4)
{
    register unsigned long r10 __asm__("r10") = a4;
    long ret;

    TRACE(TRACE_HYPERCALL, TRACE_EV_HYPERCALL, nr, a1, a2);
    hypercall_count++;
    __asm__ volatile("call *%[entry]"
                     : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10)
                     : [entry] "0"(HYPERCALL_ENTRY(nr))
                     : "rcx", "r11", "memory", "cc");
    TRACE(TRACE_HYPERCALL, TRACE_EV_HYPERCALL_RET, nr, ret, 0);
    return ret;
}

#endif
