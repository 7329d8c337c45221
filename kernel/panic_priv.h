// SPDX-License-Identifier: MIT
/*
 * What the files of the panic share. They run when nothing can be trusted any more: every address is checked before it
 * is read.
 */
#ifndef XENOLITH_PANIC_PRIV_H
#define XENOLITH_PANIC_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/panic.h>

/* minios.lds, and the stacks of arch/x86/entry.S, each above its guard page. */
extern char __text_start[], __text_end[], __rodata_end[], __image_end[];
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];
extern char upcall_stack_guard[], upcall_stack[], upcall_stack_top[];
extern char fault_stack_guard[], fault_stack[], fault_stack_top[];

#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT   14

/** fault_describe() - Say in words what an exception most likely means. @buf, @bytes: for the result. */
void fault_describe(char *buf, size_t bytes, unsigned int vector, const struct cpu_regs *regs, uint64_t cr2);

/** text_holds() - Do @bytes bytes at @addr lie in program text? */
bool text_holds(uintptr_t addr, size_t bytes);

/** stack_holds() - Do @bytes bytes at @addr lie in a stack that may be read: the running thread's or one of the CPU's? */
bool stack_holds(uintptr_t addr, size_t bytes);

/**
 * backtrace_walk() - Follow the chain of frame pointers, reading only what stack_holds().
 * @rbp: Of the innermost frame. @out: return addresses, innermost first; @max of them at most.
 * Return: how many.
 */
unsigned int backtrace_walk(uintptr_t rbp, uintptr_t *out, unsigned int max);

#endif
