// SPDX-License-Identifier: MIT
/*
 * Cooperative threads. A thread runs until it blocks, yields or ends; only upcalls interrupt it,
 * and they never switch threads. Idle blocks in Xen. One vCPU today; nothing here assumes that a
 * thread finds itself by its stack pointer.
 */
#ifndef XENOLITH_SCHED_H
#define XENOLITH_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>
#include <xenolith/time.h>

#define THREAD_NAME_BYTES  16
#define THREAD_STACK_BYTES (60UL << 10) /* default: with the guard page just a block of 16 pages */

struct thread;

/**
 * thread_create() - Make a runnable thread.
 * @out:         The thread; joinable until thread_detach().
 * @name:        Copied, cut to THREAD_NAME_BYTES - 1.
 * @fn:          Its body; returning ends the thread.
 * @stack_bytes: 0 for the default; rounded up to pages, of which the thread's own record and a
 *               small TLS block take the top.
 *               An unmapped guard page lies below.
 * Context: threads, never blocks. Return: 0, -ENOMEM.
 */
int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg,
                  size_t stack_bytes);

/** thread_join() - Block until @t has ended, and free it. -EDEADLK on oneself. */
int thread_join(struct thread *t);

/** thread_detach() - @t frees itself at its end; it may not be named afterwards. */
void thread_detach(struct thread *t);

/** thread_exit() - End the running thread. */
NORETURN void thread_exit(void);

/** thread_current() - The running thread; in an upcall the interrupted one. */
struct thread *thread_current(void);

/** thread_name() - For messages. */
const char *thread_name(const struct thread *t);

/**
 * thread_id() - A number that no other thread has had (until 2^32 were made); never 0. For traces.
 */
uint32_t thread_id(const struct thread *t);

/**
 * thread_stack_contains() - Is @addr in @t's stack proper (*guard false) or in its guard page
 * (*guard true)?
 */
bool thread_stack_contains(const struct thread *t, uintptr_t addr, bool *guard);

/** thread_yield() - Let every other runnable thread run once. */
void thread_yield(void);

/** thread_sleep_until() - Block until time_monotonic_ns() >= @deadline_ns. */
void thread_sleep_until(uint64_t deadline_ns);

/** thread_sleep_ns() - Block for @ns. */
static inline void thread_sleep_ns(uint64_t ns)
{
    thread_sleep_until(time_deadline_ns(ns));
}

/**
 * THREAD_EXIT_HOOK() - Have @fn(void) called in each ending thread, on its own stack, before its
 * memory goes. For modules that keep state a thread (the C library's reentrancy).
 */
#define THREAD_EXIT_HOOK(ident, fn)                                                               \
    static void (*const thread_exit_hook_##ident)(void) REGISTERED(".rodata.thread_exit_hooks") = (fn)

/**
 * sched_alarm_upcall() - The alarm of time_set_alarm() came: timers are due. Context: upcalls
 * (VIRQ_TIMER's handler).
 */
void sched_alarm_upcall(void);

/** struct sched_stats - Counted since boot; threads and runnable (with the caller) as of now. */
struct sched_stats {
    uint64_t switches, idle_blocks, wakes;
    unsigned int threads, runnable;
};

void sched_get_stats(struct sched_stats *out);

/**
 * sched_init() - Turn the boot stack's flow of control into the thread "main".
 * @stack_low, @stack_high: The boot stack's bounds.
 * Context: once, from kernel_main(), before anything that may block.
 */
void sched_init(void *stack_low, void *stack_high);

#endif
