// SPDX-License-Identifier: MIT
/*
 * POSIX semaphores without names: the kernel's.
 */
#include <semaphore.h>

#include <errno.h>

#include "posix_priv.h"

_Static_assert(sizeof(struct semaphore) <= sizeof(sem_t), "no room for a semaphore");

static struct semaphore *inner(sem_t *sem)
{
    return (struct semaphore *)sem->state;
}

int sem_init(sem_t *sem, int shared, unsigned int value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX) {
        errno = EINVAL;
        return -1;
    }
    semaphore_init(inner(sem), value);
    return 0;
}

int sem_destroy(sem_t *sem)
{
    (void)sem;
    return 0;
}

int sem_wait(sem_t *sem)
{
    semaphore_wait(inner(sem));
    return 0;
}

int sem_trywait(sem_t *sem)
{
    if (!semaphore_trywait(inner(sem))) {
        errno = EAGAIN;
        return -1;
    }
    return 0;
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict time)
{
    uint64_t deadline_ns;
    int rc;

    if (semaphore_trywait(inner(sem))) {
        return 0;
    }
    rc = posix_deadline(clock, time, &deadline_ns);
    if (rc != 0) {
        errno = rc;
        return -1;
    }
    return (int)libc_result(semaphore_wait_until(inner(sem), deadline_ns));
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict time)
{
    return sem_clockwait(sem, CLOCK_REALTIME, time);
}

int sem_post(sem_t *sem)
{
    if (inner(sem)->count >= SEM_VALUE_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    return (int)libc_result(semaphore_post(inner(sem)));
}

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
    *value = (int)inner(sem)->count;
    return 0;
}
