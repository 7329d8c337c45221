// SPDX-License-Identifier: MIT
/*
 * POSIX semaphores within the one process there is; named ones do not exist.
 */
#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <sys/cdefs.h>
#include <sys/_timespec.h>
#include <sys/types.h>

#define SEM_VALUE_MAX 0x7fffffff

typedef struct {
    unsigned long state[4];
} sem_t;

__BEGIN_DECLS
int sem_init(sem_t *sem, int shared, unsigned int value);
int sem_destroy(sem_t *sem);
int sem_wait(sem_t *sem);
int sem_trywait(sem_t *sem);
int sem_timedwait(sem_t *__restrict sem, const struct timespec *__restrict deadline);
int sem_clockwait(sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict deadline);
int sem_post(sem_t *sem);
int sem_getvalue(sem_t *__restrict sem, int *__restrict value);
__END_DECLS

#endif
