// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for arch/thread.h: threads are fibers of the test process, known to
 * AddressSanitizer.
 */
#ifndef XENOLITH_ARCH_THREAD_H
#define XENOLITH_ARCH_THREAD_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct arch_context - sp as on the target; the rest is what AddressSanitizer wants to be told.
 */
struct arch_context {
    void *sp;
    const void *stack_low; /* NULL: the process's own stack, learnt at the first switch away from it */
    size_t stack_bytes;
    void *asan_stack;
    void (*entry)(void);
};

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*entry)(void));
void arch_context_switch(struct arch_context *from, struct arch_context *to);
void arch_tls_set(void *thread_pointer);
void arch_idle(void);

#endif
