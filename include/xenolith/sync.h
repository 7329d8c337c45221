// SPDX-License-Identifier: MIT
/*
 * Mutexes, condition variables and semaphores for threads. First come, first served. Deadlines are
 * absolute time_monotonic_ns(), or TIME_FOREVER. Only semaphore_post() may be called in an upcall.
 */
#ifndef XENOLITH_SYNC_H
#define XENOLITH_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/wait.h>

/** struct mutex - @depth counts nested locks of the owner (mutex_lock_recursive only). */
struct mutex {
    struct thread *owner;
    unsigned int depth;
    struct wait_queue waiters;
};

#define MUTEX_INIT(name) {NULL, 0, WAIT_QUEUE_INIT((name).waiters)}

void mutex_init(struct mutex *m);

/** mutex_lock() - Block until held. Locking what one holds already is a bug and panics. */
void mutex_lock(struct mutex *m);

/** mutex_lock_recursive() - As mutex_lock(), but the owner may lock again; unlock as often. */
void mutex_lock_recursive(struct mutex *m);

/** mutex_lock_until() - Return: 0, or -ETIMEDOUT; -EDEADLK when held by oneself. */
int mutex_lock_until(struct mutex *m, uint64_t deadline_ns) MUST_CHECK;

/** mutex_trylock() - Return: true when taken. False when held, also by oneself. */
bool mutex_trylock(struct mutex *m) MUST_CHECK;

/** mutex_trylock_recursive() - As mutex_trylock(), but true for the owner. */
bool mutex_trylock_recursive(struct mutex *m) MUST_CHECK;

/** mutex_unlock() - Hand the mutex to the longest waiter. By anyone but the owner it panics. */
void mutex_unlock(struct mutex *m);

bool mutex_is_mine(const struct mutex *m);

struct cond {
    struct wait_queue waiters;
};

#define COND_INIT(name) {WAIT_QUEUE_INIT((name).waiters)}

void cond_init(struct cond *c);

/** cond_wait() - Release @m, block until signalled, take @m again. Recheck your condition. */
void cond_wait(struct cond *c, struct mutex *m);

/** cond_wait_until() - Return: 0 or -ETIMEDOUT; @m is held again in both cases. */
int cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns);

void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/** struct semaphore - Written with upcalls off. */
struct semaphore {
    unsigned int count;
    struct wait_queue waiters;
};

#define SEMAPHORE_INIT(name, n) {(n), WAIT_QUEUE_INIT((name).waiters)}

void semaphore_init(struct semaphore *s, unsigned int count);
void semaphore_wait(struct semaphore *s);
int semaphore_wait_until(struct semaphore *s, uint64_t deadline_ns) MUST_CHECK;
bool semaphore_trywait(struct semaphore *s) MUST_CHECK;

/** semaphore_post() - Context: any. -EOVERFLOW when the count is at its limit. */
int semaphore_post(struct semaphore *s);

#endif
