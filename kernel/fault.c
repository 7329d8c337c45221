// SPDX-License-Identifier: MIT
/*
 * What an exception means, in words. Looks at addresses only, never at what they point to.
 */
#include "panic_priv.h"

#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/types.h>

/* ABI: the x86 page fault error code. */
#define PF_PRESENT  (1U << 0)
#define PF_WRITE    (1U << 1)
#define PF_RESERVED (1U << 3)
#define PF_FETCH    (1U << 4)

static const char *const vector_names[] = {
    [0] = "divide error",
    [1] = "debug exception",
    [2] = "NMI",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid opcode",
    [7] = "no FPU",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack segment fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "x87 floating-point error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD floating-point error",
    [20] = "virtualization exception",
    [21] = "control protection exception",
};

static bool in_page(uintptr_t addr, const char *page)
{
    return addr >= (uintptr_t)page && addr - (uintptr_t)page < PAGE_SIZE;
}

/* Does @addr lie in a guard page? The name of the stack above it, or NULL. */
static const char *guarded_stack(uintptr_t addr)
{
    const struct thread *t = thread_current();
    bool guard = false;

    if (t != NULL && thread_stack_contains(t, addr, &guard) && guard) {
        return thread_name(t);
    }
    if (in_page(addr, boot_stack_guard)) {
        return "main";
    }
    if (in_page(addr, upcall_stack_guard)) {
        return "(upcall)";
    }
    return in_page(addr, fault_stack_guard) ? "(fault)" : NULL;
}

static const char *page_fault_meaning(uint64_t error, uintptr_t addr)
{
    if (error & PF_RESERVED) {
        return "damaged page table";
    }
    if (addr < PAGE_SIZE) {
        return error & PF_FETCH ? "call of a NULL pointer" : "use of a NULL pointer";
    }
    if (error & PF_FETCH) {
        return error & PF_PRESENT ? "execution of data" : "jump to an unmapped address";
    }
    if ((error & PF_WRITE) && addr >= (uintptr_t)__text_start && addr < (uintptr_t)__rodata_end) {
        return addr < (uintptr_t)__text_end ? "write to program text" : "write to constant data";
    }
    return error & PF_PRESENT ? "forbidden access" : "unmapped address";
}

void fault_describe(char *buf, size_t bytes, unsigned int vector, const struct cpu_regs *regs, uint64_t cr2)
{
    const char *name = vector < ARRAY_SIZE(vector_names) ? vector_names[vector] : NULL;
    const char *stack = NULL;
    uint64_t error = regs->error_code;

    if (vector == VECTOR_PAGE_FAULT || vector == VECTOR_DOUBLE_FAULT) {
        stack = guarded_stack(vector == VECTOR_PAGE_FAULT ? cr2 : regs->rsp - 1);
    }
    if (stack != NULL) {
        ksnprintf(buf, bytes, "%s: stack overflow of thread '%s'", name, stack);
    } else if (vector == VECTOR_PAGE_FAULT) {
        ksnprintf(buf, bytes, "%s: %s: %s %#lx", name, page_fault_meaning(error, cr2),
                  error & PF_FETCH   ? "execute"
                  : error & PF_WRITE ? "write"
                                     : "read",
                  (unsigned long)cr2);
    } else if (name != NULL) {
        ksnprintf(buf, bytes, "%s", name);
    } else {
        ksnprintf(buf, bytes, "exception %u", vector);
    }
}
