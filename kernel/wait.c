// SPDX-License-Identifier: MIT
/*
 * Wait queues. Owns the hand-shake between a thread that is about to block and a wake that may come
 * from an upcall at any instruction: the queue and the thread's state change together, with upcalls
 * off.
 */
#include <xenolith/wait.h>

#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/timer.h>

#include "sched_priv.h"

void wait_queue_init(struct wait_queue *wq)
{
    list_init(&wq->waiters);
}

void wait_prepare(struct wait_queue *wq, struct waiter *w)
{
    struct thread *self = thread_current();
    bool was;

    sched_check_may_block();
    was = upcall_save();
    w->thread = self;
    list_push_back(&wq->waiters, &w->link);
    self->nr_waits++;
    /* In several queues at once, a wake from the first must not be forgotten when the second is joined. */
    if (!self->preparing) {
        self->preparing = true;
        self->state = THREAD_PREPARING;
    }
    upcall_restore(was);
}

static void wait_time_out(void *arg)
{
    struct thread *t = arg;
    bool was = upcall_save();

    if (sched_wake(t)) {
        t->timed_out = true;
    }
    upcall_restore(was);
}

/* Block unless woken. Upcalls off. */
static void block(struct thread *self)
{
    if (self->state == THREAD_PREPARING) {
        self->state = THREAD_BLOCKED;
        sched_switch();
    }
}

int wait_block(uint64_t deadline_ns)
{
    struct thread *self = thread_current();
    struct timer timer;
    bool was;

    ASSERT(self->nr_waits > 0);
    self->preparing = false;
    self->timed_out = false;
    if (deadline_ns == TIME_FOREVER) {
        was = upcall_save();
        block(self);
        upcall_restore(was);
        return 0;
    }
    if (deadline_ns <= time_monotonic_ns()) {
        return READ_ONCE(self->state) == THREAD_PREPARING ? -ETIMEDOUT : 0;
    }
    timer_init(&timer, wait_time_out, self);
    timer_arm(&timer, deadline_ns);
    was = upcall_save();
    block(self);
    upcall_restore(was);
    timer_cancel(&timer);
    return self->timed_out ? -ETIMEDOUT : 0;
}

void wait_finish(struct waiter *w)
{
    struct thread *self = w->thread;
    bool was = upcall_save();

    list_remove(&w->link);
    if (--self->nr_waits == 0) {
        self->preparing = false;
        self->state = THREAD_RUNNING;
    }
    upcall_restore(was);
}

struct waiter *wait_take_one(struct wait_queue *wq)
{
    struct list *pos, *tmp;

    list_for_each_safe(pos, tmp, &wq->waiters) {
        struct waiter *w = list_entry(pos, struct waiter, link);

        /*
         * One whose time ran out, or that another queue woke, is on its way out: the wake is for
         * the next.
         */
        if (sched_wake(w->thread)) {
            list_remove(&w->link);
            return w;
        }
    }
    return NULL;
}

/* Only threads join a queue, so one that is empty stays so while its waker runs, upcalls or not. */
bool wait_wake_one(struct wait_queue *wq)
{
    bool was, any;

    if (list_is_empty(&wq->waiters)) {
        return false;
    }
    was = upcall_save();
    any = wait_take_one(wq) != NULL;
    upcall_restore(was);
    return any;
}

void wait_wake_all(struct wait_queue *wq)
{
    struct list *pos;
    bool was;

    if (list_is_empty(&wq->waiters)) {
        return;
    }
    was = upcall_save();
    while ((pos = list_pop_front(&wq->waiters)) != NULL) {
        sched_wake(list_entry(pos, struct waiter, link)->thread);
    }
    upcall_restore(was);
}
