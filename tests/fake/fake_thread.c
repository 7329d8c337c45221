// SPDX-License-Identifier: MIT
/*
 * Threads of the system as fibers of the test process. AddressSanitizer is told of each stack, and
 * a stack's shadow is wiped when it is taken up and when it is given back, because a thread that
 * ends leaves its frames.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <arch/irq.h>
#include <arch/thread.h>
#include <fake.h>

#include "fake_priv.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom_old, size_t *size_old);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

static struct arch_context *leaving; /* who made the switch that is just happening */
static struct arch_context *entering;

void fake_stack_wipe(const void *low, size_t bytes)
{
    if (WITH_ASAN) {
        __asan_unpoison_memory_region(low, bytes);
    }
}

/* Saves the callee's registers on this stack and goes on where @to saved its own. */
void fake_switch_sp(void **from_sp, void *to_sp);

__asm__(".text\n"
        ".globl fake_switch_sp\n"
        ".type fake_switch_sp, @function\n"
        "fake_switch_sp:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fake_switch_sp, . - fake_switch_sp\n");

static void switch_landed(struct arch_context *self)
{
    const void *low = NULL;
    size_t bytes = 0;

    if (WITH_ASAN) {
        __sanitizer_finish_switch_fiber(self->asan_stack, &low, &bytes);
        if (leaving->stack_low == NULL) {
            leaving->stack_low = low;
            leaving->stack_bytes = bytes;
        }
    }
}

static void fiber_start(void)
{
    struct arch_context *self = entering;

    switch_landed(self);
    self->entry();
    fprintf(stderr, "fake: a thread's entry returned\n");
    abort();
}

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*entry)(void))
{
    void **sp = stack_top;
    const void *low = fake_stack_low(stack_top);

    assert(((uintptr_t)stack_top & 15) == 0);
    ctx->entry = entry;
    ctx->asan_stack = NULL;
    ctx->stack_low = low;
    ctx->stack_bytes = (size_t)((char *)stack_top - (const char *)low);
    fake_stack_wipe(low, ctx->stack_bytes);
    *--sp = NULL; /* fiber_start() finds the stack as after a call */
    *--sp = (void *)fiber_start;
    for (int i = 0; i < 6; i++) {
        *--sp = NULL;
    }
    ctx->sp = sp;
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
    if (upcall_is_enabled()) {
        fprintf(stderr, "fake: arch_context_switch() with upcalls on\n");
        abort();
    }
    leaving = from;
    entering = to;
    if (WITH_ASAN) {
        __sanitizer_start_switch_fiber(&from->asan_stack, to->stack_low, to->stack_bytes);
    }
    fake_switch_sp(&from->sp, to->sp);
    switch_landed(from);
}

void *fake_thread_pointer;

void arch_tls_set(void *thread_pointer)
{
    fake_thread_pointer = thread_pointer;
}
