// SPDX-License-Identifier: MIT
/*
 * POSIX barriers, spin locks and pthread_once(): meeting points built on one wait queue each. A spin lock yields,
 * because on the only processor spinning would keep its owner from letting go.
 */
#include "posix_priv.h"

#include <errno.h>

#include <xenolith/sched.h>
#include <xenolith/wait.h>

_Static_assert(sizeof(struct wait_queue) <= sizeof(((pthread_barrier_t *)0)->wait),
               "no room for a wait queue");
_Static_assert(sizeof(struct wait_queue) <= sizeof(((pthread_once_t *)0)->wait), "no room for a wait queue");

enum once_state {
    ONCE_NEW,
    ONCE_RUNNING,
    ONCE_DONE,
};

int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attr, unsigned int count)
{
    (void)attr;
    if (count == 0) {
        return EINVAL;
    }
    *barrier = (pthread_barrier_t){.count = count};
    wait_queue_init((struct wait_queue *)barrier->wait);
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    return barrier->arrived == 0 ? 0 : EBUSY;
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    struct wait_queue *wq = (struct wait_queue *)barrier->wait;
    unsigned int round = barrier->round;

    if (++barrier->arrived < barrier->count) {
        wait_event(wq, barrier->round != round);
        return 0;
    }
    barrier->arrived = 0;
    barrier->round++;
    wait_wake_all(wq);
    return PTHREAD_BARRIER_SERIAL_THREAD;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
    attr->unused = 0;
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    struct wait_queue *wq = (struct wait_queue *)once->wait;

    if (once->state == ONCE_NEW) {
        wait_queue_init(wq);
        once->state = ONCE_RUNNING;
        routine();
        once->state = ONCE_DONE;
        wait_wake_all(wq);
    } else {
        wait_event(wq, once->state == ONCE_DONE);
    }
    return 0;
}

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    (void)shared;
    lock->owner = NULL;
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    return lock->owner == NULL ? 0 : EBUSY;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    if (lock->owner != NULL) {
        return EBUSY;
    }
    lock->owner = thread_current();
    return 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    if (lock->owner == thread_current()) {
        return EDEADLK;
    }
    while (pthread_spin_trylock(lock) != 0) {
        thread_yield();
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    if (lock->owner != thread_current()) {
        return EPERM;
    }
    lock->owner = NULL;
    return 0;
}
