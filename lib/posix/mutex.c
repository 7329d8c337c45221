// SPDX-License-Identifier: MIT
/*
 * POSIX mutexes: the kernel's, with types. A normal mutex that its owner locks again gives EDEADLK, where POSIX
 * would let it hang.
 */
#define _GNU_SOURCE
#include "posix_priv.h"

#include <errno.h>

_Static_assert(sizeof(struct mutex) <= sizeof(((pthread_mutex_t *)0)->state), "no room for a mutex");

struct mutex *posix_mutex(pthread_mutex_t *mutex)
{
    struct mutex *m = (struct mutex *)mutex->state;

    if (!mutex->ready) {
        mutex_init(m);
        mutex->ready = 1;
    }
    return m;
}

int posix_deadline(clockid_t clock, const struct timespec *time, uint64_t *deadline_ns)
{
    uint64_t now, ns;

    if (!libc_clock_ns(clock, &now) || !libc_timespec_ns(time, &ns)) {
        return EINVAL;
    }
    *deadline_ns = libc_clock_deadline(clock, ns);
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    *mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (attr != NULL) {
        mutex->type = attr->type;
    }
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return posix_mutex(mutex)->owner != NULL ? EBUSY : 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    struct mutex *m = posix_mutex(mutex);

    if (mutex->type == PTHREAD_MUTEX_RECURSIVE) {
        mutex_lock_recursive(m);
        return 0;
    }
    return -mutex_lock_until(m, TIME_FOREVER);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    struct mutex *m = posix_mutex(mutex);
    bool taken = mutex->type == PTHREAD_MUTEX_RECURSIVE ? mutex_trylock_recursive(m) : mutex_trylock(m);

    return taken ? 0 : EBUSY;
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict mutex, clockid_t clock,
                            const struct timespec *restrict time)
{
    struct mutex *m = posix_mutex(mutex);
    uint64_t deadline_ns;
    int rc;

    if (pthread_mutex_trylock(mutex) == 0) {
        return 0;
    }
    rc = posix_deadline(clock, time, &deadline_ns);
    return rc != 0 ? rc : -mutex_lock_until(m, deadline_ns);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *time)
{
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, time);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    struct mutex *m = posix_mutex(mutex);

    if (!mutex_is_mine(m)) {
        return EPERM;
    }
    mutex_unlock(m);
    return 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    attr->type = PTHREAD_MUTEX_DEFAULT;
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK) {
        return EINVAL;
    }
    attr->type = type;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type)
{
    *type = attr->type;
    return 0;
}
