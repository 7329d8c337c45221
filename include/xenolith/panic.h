// SPDX-License-Identifier: MIT
/*
 * The end of a domain that has found a bug of its own. Nothing that another domain sends may lead here.
 */
#ifndef XENOLITH_PANIC_H
#define XENOLITH_PANIC_H

#include <stdint.h>

#include <xenolith/compiler.h>

/** struct cpu_regs - What entry.S saves, lowest address first; both modes. Its offsets go to assembly by arch/x86/offsets.c. */
struct cpu_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector;
    uint64_t error_code; /* 0 for vectors without one */
    uint64_t rip, cs, rflags, rsp, ss;
};

/** panic() - Say why, dump registers, backtrace and thread, flush the console, SHUTDOWN_crash. Context: any. */
NORETURN void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) COLD;

/** panic_regs() - The same for an exception; @regs is the interrupted state, @cr2 the faulting address or 0. */
NORETURN void panic_regs(const struct cpu_regs *regs, uint64_t cr2, const char *fmt, ...)
    PRINTF_LIKE(3, 4) COLD;

/**
 * panic_exception() - What entry code calls for an exception that nobody handles: names it, says what it most likely
 * means (NULL pointer, stack overflow, write to text, ...) and dumps.
 * @vector: 0-31. @regs: the interrupted state. @cr2: the faulting address of a page fault, else anything.
 */
NORETURN void panic_exception(unsigned int vector, const struct cpu_regs *regs, uint64_t cr2) COLD;

/** kernel_abort() - The program gave up (abort(3), a failed assert): dump and SHUTDOWN_crash. Context: any. */
NORETURN void kernel_abort(void) COLD;

/** ASSERT() - A claim about our own state; stays in every build. */
#define ASSERT(cond)                                                         \
    do {                                                                     \
        if (UNLIKELY(!(cond))) {                                             \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
        }                                                                    \
    } while (0)

#endif
