// SPDX-License-Identifier: MIT
/*
 * Mutexes, condition variables, semaphores. What is released goes straight to the longest waiter,
 * so nobody can snatch it before that thread runs, and a time-out that comes at the same moment
 * loses nothing: the waiter that gave up is passed over, the one that was given something keeps it.
 */
#include <xenolith/sync.h>

#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>

#include "sched_priv.h"

void mutex_init(struct mutex *m)
{
    m->owner = NULL;
    m->depth = 0;
    wait_queue_init(&m->waiters);
}

bool mutex_is_mine(const struct mutex *m)
{
    return m->owner == thread_current();
}

bool mutex_trylock(struct mutex *m)
{
    ASSERT(!in_upcall());
    if (m->owner != NULL) {
        return false;
    }
    m->owner = thread_current();
    m->depth = 1;
    return true;
}

bool mutex_trylock_recursive(struct mutex *m)
{
    if (mutex_is_mine(m)) {
        ASSERT(m->depth < UINT32_MAX);
        m->depth++;
        return true;
    }
    return mutex_trylock(m);
}

/* Wait until mutex_unlock() has made us the owner. */
static int mutex_wait(struct mutex *m, uint64_t deadline_ns)
{
    int rc = 0;

    while (!mutex_is_mine(m)) {
        struct waiter waiter;

        if (rc != 0) {
            return rc;
        }
        wait_prepare(&m->waiters, &waiter);
        rc = wait_block(deadline_ns);
        wait_finish(&waiter);
    }
    return 0;
}

int mutex_lock_until(struct mutex *m, uint64_t deadline_ns)
{
    if (LIKELY(mutex_trylock(m))) {
        return 0;
    }
    if (mutex_is_mine(m)) {
        return -EDEADLK;
    }
    return mutex_wait(m, deadline_ns);
}

void mutex_lock(struct mutex *m)
{
    int rc = mutex_lock_until(m, TIME_FOREVER);

    if (UNLIKELY(rc != 0)) {
        panic("mutex %p: locked again by its owner %s", (void *)m, thread_name(thread_current()));
    }
}

void mutex_lock_recursive(struct mutex *m)
{
    if (!mutex_trylock_recursive(m)) {
        (void)mutex_wait(m, TIME_FOREVER);
    }
}

void mutex_unlock(struct mutex *m)
{
    struct waiter *next;
    bool was;

    if (UNLIKELY(!mutex_is_mine(m))) {
        panic("mutex %p: unlocked by %s, owned by %s", (void *)m, thread_name(thread_current()),
              m->owner != NULL ? thread_name(m->owner) : "nobody");
    }
    if (--m->depth > 0) {
        return;
    }
    m->owner = NULL;
    if (list_is_empty(&m->waiters.waiters)) {
        return;
    }
    was = upcall_save();
    next = wait_take_one(&m->waiters);
    if (next != NULL) {
        m->owner = next->thread;
        m->depth = 1;
    }
    upcall_restore(was);
}

void cond_init(struct cond *c)
{
    wait_queue_init(&c->waiters);
}

int cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns)
{
    struct waiter waiter;
    int rc;

    ASSERT(mutex_is_mine(m) && m->depth == 1);
    wait_prepare(&c->waiters, &waiter);
    mutex_unlock(m);
    rc = wait_block(deadline_ns);
    wait_finish(&waiter);
    mutex_lock(m);
    return rc;
}

void cond_wait(struct cond *c, struct mutex *m)
{
    (void)cond_wait_until(c, m, TIME_FOREVER);
}

void cond_signal(struct cond *c)
{
    wait_wake_one(&c->waiters);
}

void cond_broadcast(struct cond *c)
{
    wait_wake_all(&c->waiters);
}

/* A waiter and whether semaphore_post() gave it a token. Written with upcalls off. */
struct semaphore_waiter {
    struct waiter waiter;
    bool granted;
};

void semaphore_init(struct semaphore *s, unsigned int count)
{
    s->count = count;
    wait_queue_init(&s->waiters);
}

bool semaphore_trywait(struct semaphore *s)
{
    bool was = upcall_save();
    bool taken = s->count > 0;

    if (taken) {
        s->count--;
    }
    upcall_restore(was);
    return taken;
}

int semaphore_wait_until(struct semaphore *s, uint64_t deadline_ns)
{
    struct semaphore_waiter w = {.granted = false};
    bool was = upcall_save();

    if (s->count > 0) {
        s->count--;
        upcall_restore(was);
        return 0;
    }
    wait_prepare(&s->waiters, &w.waiter);
    upcall_restore(was);
    (void)wait_block(deadline_ns);
    wait_finish(&w.waiter);
    if (w.granted) {
        return 0;
    }
    /* Posted between our time-out and now: it is ours as much as anybody's. */
    return semaphore_trywait(s) ? 0 : -ETIMEDOUT;
}

void semaphore_wait(struct semaphore *s)
{
    while (semaphore_wait_until(s, TIME_FOREVER) != 0) {
    }
}

int semaphore_post(struct semaphore *s)
{
    bool was = upcall_save();
    struct waiter *next = wait_take_one(&s->waiters);
    int rc = 0;

    if (next != NULL) {
        container_of(next, struct semaphore_waiter, waiter)->granted = true;
    } else if (s->count == UINT32_MAX) {
        rc = -EOVERFLOW;
    } else {
        s->count++;
    }
    upcall_restore(was);
    return rc;
}
