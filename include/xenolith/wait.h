// SPDX-License-Identifier: MIT
/*
 * Wait queues. A waiter queues itself first and looks at its condition then, so a wake that comes
 * between the look and the block is never lost, also one from an upcall.
 */
#ifndef XENOLITH_WAIT_H
#define XENOLITH_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/list.h>
#include <xenolith/time.h>

struct thread;

/** struct wait_queue - Threads waiting for one thing. Touched with upcalls off. */
struct wait_queue {
    struct list waiters;
};

#define WAIT_QUEUE_INIT(name) {LIST_INIT((name).waiters)}

/** struct waiter - One thread's place in one queue; lives on its stack. */
struct waiter {
    struct list link;
    struct thread *thread;
};

void wait_queue_init(struct wait_queue *wq);

/**
 * wait_prepare() - Queue the running thread. It still runs until wait_block(); should it block
 * otherwise before, wait_block() returns at once. May be called for several queues, each with its
 * waiter, before one wait_block(): a wake from any of them counts.
 */
void wait_prepare(struct wait_queue *wq, struct waiter *w);

/**
 * wait_block() - Give the processor away unless a wake came since wait_prepare(). Once for each
 * round of wait_prepare().
 * @deadline_ns: Absolute, or TIME_FOREVER.
 * Return: 0, or -ETIMEDOUT once the deadline has passed.
 */
int wait_block(uint64_t deadline_ns);

/**
 * wait_finish() - Leave the queue and be runnable again; after each wait_prepare(), whatever
 * happened.
 */
void wait_finish(struct waiter *w);

/**
 * wait_wake_one() - Wake the longest waiter that is neither awake already nor timed out, if any.
 * Context: any. Return: whether there was one.
 */
bool wait_wake_one(struct wait_queue *wq);

/** wait_wake_all() - Wake every waiter. Context: any. */
void wait_wake_all(struct wait_queue *wq);

/**
 * wait_event_until() - Block until @cond holds. @cond is evaluated again after each wake.
 * Evaluates to 0 once @cond held, or to -ETIMEDOUT when it still did not at @deadline_ns.
 */
#define wait_event_until(wq, cond, deadline_ns)                \
    ({                                                         \
        int wait_rc_ = 0;                                      \
        while (!(cond)) {                                      \
            struct waiter waiter_;                             \
            wait_prepare((wq), &waiter_);                      \
            if (!(cond)) {                                     \
                wait_rc_ = wait_block(deadline_ns);            \
            }                                                  \
            wait_finish(&waiter_);                             \
            if (wait_rc_ != 0) {                               \
                wait_rc_ = (cond) ? 0 : wait_rc_;              \
                break;                                         \
            }                                                  \
        }                                                      \
        wait_rc_;                                              \
    })

/** wait_event() - As above, without a limit. */
#define wait_event(wq, cond) ((void)wait_event_until((wq), (cond), TIME_FOREVER))

#endif
