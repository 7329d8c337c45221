// SPDX-License-Identifier: MIT
/*
 * POSIX locks for many readers or one writer. Waiting writers go before new readers, or they might wait for ever.
 */
#define _GNU_SOURCE
#include "posix_priv.h"

#include <errno.h>

#include <xenolith/sched.h>
#include <xenolith/wait.h>

_Static_assert(sizeof(struct wait_queue) <= sizeof(((pthread_rwlock_t *)0)->wait),
               "no room for a wait queue");

static struct wait_queue *waiters(pthread_rwlock_t *lock)
{
    struct wait_queue *wq = (struct wait_queue *)lock->wait;

    if (!lock->ready) {
        wait_queue_init(wq);
        lock->ready = 1;
    }
    return wq;
}

static bool may_read(const pthread_rwlock_t *lock)
{
    return lock->writer == NULL && lock->writers_waiting == 0;
}

static bool may_write(const pthread_rwlock_t *lock)
{
    return lock->writer == NULL && lock->readers == 0;
}

static int read_until(pthread_rwlock_t *lock, uint64_t deadline_ns)
{
    if (lock->writer == thread_current()) {
        return EDEADLK;
    }
    if (wait_event_until(waiters(lock), may_read(lock), deadline_ns) != 0) {
        return ETIMEDOUT;
    }
    lock->readers++;
    return 0;
}

static int write_until(pthread_rwlock_t *lock, uint64_t deadline_ns)
{
    int rc;

    if (lock->writer == thread_current()) {
        return EDEADLK;
    }
    lock->writers_waiting++;
    rc = wait_event_until(waiters(lock), may_write(lock), deadline_ns);
    lock->writers_waiting--;
    if (rc != 0) {
        /* Readers may have waited for us only. */
        wait_wake_all(waiters(lock));
        return ETIMEDOUT;
    }
    lock->writer = thread_current();
    return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attr)
{
    (void)attr;
    *lock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return may_write(lock) && lock->writers_waiting == 0 ? 0 : EBUSY;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return read_until(lock, TIME_FOREVER);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    return may_read(lock) ? read_until(lock, TIME_FOREVER) : EBUSY;
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                               const struct timespec *restrict time)
{
    uint64_t deadline_ns;
    int rc;

    if (may_read(lock)) {
        return read_until(lock, TIME_FOREVER);
    }
    rc = posix_deadline(clock, time, &deadline_ns);
    return rc != 0 ? rc : read_until(lock, deadline_ns);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *time)
{
    return pthread_rwlock_clockrdlock(lock, CLOCK_REALTIME, time);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return write_until(lock, TIME_FOREVER);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    return may_write(lock) ? write_until(lock, TIME_FOREVER) : EBUSY;
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                               const struct timespec *restrict time)
{
    uint64_t deadline_ns;
    int rc;

    if (may_write(lock)) {
        return write_until(lock, TIME_FOREVER);
    }
    rc = posix_deadline(clock, time, &deadline_ns);
    return rc != 0 ? rc : write_until(lock, deadline_ns);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *time)
{
    return pthread_rwlock_clockwrlock(lock, CLOCK_REALTIME, time);
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    if (lock->writer != NULL) {
        if (lock->writer != thread_current()) {
            return EPERM;
        }
        lock->writer = NULL;
    } else if (lock->readers > 0) {
        lock->readers--;
    } else {
        return EPERM;
    }
    if (may_write(lock)) {
        wait_wake_all(waiters(lock));
    }
    return 0;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
    attr->unused = 0;
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
    (void)attr;
    return 0;
}
