// SPDX-License-Identifier: MIT
/*
 * Timers: an intrusive pairing heap, so arming never allocates and stays fast with 100,000 of them.
 * Callbacks run in the scheduler, in the order of their deadlines, with upcalls on; they must not
 * block (they wake threads). All functions: threads and timer callbacks, not upcalls.
 */
#ifndef XENOLITH_TIMER_H
#define XENOLITH_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/** struct timer - Owned by the caller; child/next/prev link the heap. */
struct timer {
    uint64_t deadline_ns;
    void (*fn)(void *arg);
    void *arg;
    struct timer *child, *next, *prev;
    bool armed;
};

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg);

/** timer_arm() - Call back once time_monotonic_ns() >= @deadline_ns. An armed timer is moved. */
void timer_arm(struct timer *t, uint64_t deadline_ns);

/** timer_cancel() - Return: true when it was armed, so that its callback will not come. */
bool timer_cancel(struct timer *t);

/** timer_run_expired() - Call what is due. For the scheduler. Return: how many callbacks ran. */
unsigned int timer_run_expired(void);

/** timer_next_deadline() - The earliest deadline, or TIME_FOREVER. */
uint64_t timer_next_deadline(void);

#endif
