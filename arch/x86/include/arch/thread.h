// SPDX-License-Identifier: MIT
/*
 * Switching the processor between threads. The scheduler knows nothing else of the machine.
 */
#ifndef XENOLITH_ARCH_THREAD_H
#define XENOLITH_ARCH_THREAD_H

#include <stdint.h>

/** struct arch_context - A thread that does not run: everything else lies on its stack. */
struct arch_context {
    void *sp;
};

/**
 * arch_context_init() - Prepare a stack so that the first switch to it calls @entry, which never returns.
 * @stack_top: End of the stack, 16-byte aligned.
 */
void arch_context_init(struct arch_context *ctx, void *stack_top, void (*entry)(void));

/**
 * arch_context_switch() - Save the caller (callee-saved registers, MXCSR, x87 control word), go on with @to.
 * Context: upcalls off. Returns when somebody switches back.
 */
void arch_context_switch(struct arch_context *from, struct arch_context *to);

/** arch_tls_set() - The thread pointer (FS base) of the thread about to run. ABI: x86-64 psABI, TLS variant II. */
void arch_tls_set(void *thread_pointer);

/** arch_idle() - Block in Xen until an event comes. Context: upcalls off on entry, on when it returns; no event is lost between. */
void arch_idle(void);

#endif
