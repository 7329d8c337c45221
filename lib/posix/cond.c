// SPDX-License-Identifier: MIT
/*
 * POSIX condition variables: the kernel's, with a clock for the time-outs.
 */
#define _GNU_SOURCE
#include "posix_priv.h"

#include <errno.h>

_Static_assert(sizeof(struct cond) <= sizeof(((pthread_cond_t *)0)->state),
               "no room for a condition variable");

static struct cond *inner(pthread_cond_t *cond)
{
    struct cond *c = (struct cond *)cond->state;

    if (!cond->ready) {
        cond_init(c);
        cond->ready = 1;
    }
    return c;
}

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    *cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (attr != NULL) {
        cond->clock = attr->clock;
    }
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
    return list_is_empty(&inner(cond)->waiters.waiters) ? 0 : EBUSY;
}

int pthread_cond_signal(pthread_cond_t *cond)
{
    cond_signal(inner(cond));
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    cond_broadcast(inner(cond));
    return 0;
}

/* The kernel wants the mutex locked once; a recursive one may be locked deeper, which the wait has to undo and redo. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns)
{
    struct mutex *m = posix_mutex(mutex);
    unsigned int depth = m->depth;
    int rc;

    if (!mutex_is_mine(m)) {
        return EPERM;
    }
    m->depth = 1;
    rc = -cond_wait_until(inner(cond), m, deadline_ns);
    m->depth = depth;
    return rc;
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    return wait_until(cond, mutex, TIME_FOREVER);
}

int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict time)
{
    uint64_t deadline_ns;
    int rc = posix_deadline(clock, time, &deadline_ns);

    return rc != 0 ? rc : wait_until(cond, mutex, deadline_ns);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *time)
{
    return pthread_cond_clockwait(cond, mutex, cond->clock != 0 ? cond->clock : CLOCK_REALTIME, time);
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
    attr->clock = CLOCK_REALTIME;
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    uint64_t now;

    if (!libc_clock_ns(clock, &now)) {
        return EINVAL;
    }
    attr->clock = clock;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
    *clock = attr->clock;
    return 0;
}
