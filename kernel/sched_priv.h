// SPDX-License-Identifier: MIT
/*
 * What sched.c, thread.c, thread_stack.c, tls.c, wait.c and sync.c share. Nobody else includes it.
 */
#ifndef XENOLITH_KERNEL_SCHED_PRIV_H
#define XENOLITH_KERNEL_SCHED_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/thread.h>
#include <xenolith/list.h>
#include <xenolith/sched.h>
#include <xenolith/wait.h>

/*
 * A thread's life. Changed with upcalls off.
 *   RUNNING   it has the processor
 *   PREPARING it has the processor and has queued itself somewhere: a wake makes it RUNNING again
 *   BLOCKED   in sched_switch(), not in the run queue; it may still lend its stack to the idle loop
 *   RUNNABLE  in the run queue
 *   DEAD      it will never run again
 */
enum thread_state {
    THREAD_RUNNING,
    THREAD_PREPARING,
    THREAD_BLOCKED,
    THREAD_RUNNABLE,
    THREAD_DEAD,
};

/**
 * struct thread_stack - One run of pages: the guard page at @base, the stack above it up to @top.
 */
struct thread_stack {
    void *base;
    void *top;
};

/**
 * struct thread - Lies at the top of its own stack, above its TLS block; main's is static.
 * @link:      In the run queue while RUNNABLE.
 * @nr_waits:  wait_prepare() calls without their wait_finish().
 * @preparing: Between the first wait_prepare() and wait_block(): a wake that came since is kept.
 * @timed_out: Why wait_block() ended; written by its timer.
 */
struct thread {
    struct arch_context context;
    struct list link;
    enum thread_state state;
    uint32_t id;
    unsigned int nr_waits;
    bool preparing;
    bool timed_out;
    bool detached;
    bool joined;
    void *thread_pointer;
    struct thread_stack stack;
    void (*fn)(void *arg);
    void *arg;
    struct wait_queue joiners;
    char name[THREAD_NAME_BYTES];
};

/* ---- sched.c ---- */

/**
 * sched_switch() - Run the next runnable thread, idling until there is one. The caller set its own
 * state. Upcalls off.
 */
void sched_switch(void);

/** sched_check_may_block() - Panics in upcalls and timer callbacks. */
void sched_check_may_block(void);

/** sched_make_runnable() - Append @t to the run queue. Upcalls off. */
void sched_make_runnable(struct thread *t);

/** sched_wake() - If @t waits, let it go on. Upcalls off. Return: whether it did wait. */
bool sched_wake(struct thread *t);

/**
 * sched_enter() - The first thing a new thread does: enables upcalls, and frees the one that ended
 * before it.
 */
void sched_enter(void);

/** sched_end() - Leave the processor for ever. @reclaim: free the thread once its stack is left. */
NORETURN void sched_end(bool reclaim);

/** sched_count_thread() - One more (+1) or one less (-1). */
void sched_count_thread(int change);

/* ---- thread.c ---- */

/** thread_free() - Give back everything of a DEAD thread that is not running. */
void thread_free(struct thread *t);

extern struct thread thread_main;

/** thread_next_id() - Never 0. */
uint32_t thread_next_id(void);

/* ---- thread_stack.c ---- */

/** thread_stack_alloc() - A stack of @nr_pages and its guard page. 0 or -ENOMEM. */
int thread_stack_alloc(struct thread_stack *stack, size_t nr_pages);

/** thread_stack_free() - Give it back, or keep it for the next thread. */
void thread_stack_free(const struct thread_stack *stack);

/* ---- tls.c ---- */

/**
 * tls_bytes() - Room for a TLS block with its thread pointer words, 0 if the image has no TLS;
 * tls_align(): its alignment.
 */
size_t tls_bytes(void);
size_t tls_align(void);

/**
 * tls_init() - Make a TLS block in @block, tls_bytes() long and aligned to tls_align(). Return: the
 * thread pointer.
 */
void *tls_init(void *block);

/* ---- wait.c ---- */

/**
 * wait_take_one() - Take the longest waiter that still waits out of its queue and wake it. Upcalls
 * off. NULL: none.
 */
struct waiter *wait_take_one(struct wait_queue *wq);

#endif
