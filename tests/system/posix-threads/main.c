// SPDX-License-Identifier: MIT
/*
 * Claim: pthread.h and semaphore.h do what POSIX says, on top of the kernel's threads: results, types of mutexes,
 * condition variables with time-outs on both clocks, keys with destructors, once, barriers, reader-writer locks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "system_test.h"

#define NR_THREADS 8
#define ROUNDS     200

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t sem;
static int counter, initialized, destroyed, serials, cleaned;
static _Thread_local int own;

static void initialize(void)
{
    pthread_yield();
    initialized++;
}

static void destroy(void *value)
{
    destroyed += *(int *)value;
    free(value);
}

static void clean(void *argument)
{
    cleaned += *(int *)argument;
}

static void *work(void *argument)
{
    int *value = malloc(sizeof(*value));

    CHECK_EQUAL(pthread_once(&once, initialize), 0);
    CHECK_EQUAL(initialized, 1);
    CHECK_EQUAL(own, 0);
    own = (int)(intptr_t)argument;
    *value = 1;
    CHECK_EQUAL(pthread_setspecific(key, value), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int seen;

        CHECK_EQUAL(pthread_mutex_lock(&mutex), 0);
        seen = counter;
        pthread_yield();
        counter = seen + 1;
        CHECK_EQUAL(pthread_mutex_unlock(&mutex), 0);
    }
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        serials++;
    }
    CHECK_EQUAL(own, (int)(intptr_t)argument);
    CHECK(pthread_getspecific(key) == value);
    return argument;
}

static void check_creation(void)
{
    pthread_t threads[NR_THREADS];
    void *result;

    CHECK_EQUAL(pthread_key_create(&key, destroy), 0);
    CHECK_EQUAL(pthread_barrier_init(&barrier, NULL, NR_THREADS), 0);
    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(pthread_create(&threads[i], NULL, work, (void *)(intptr_t)(i + 1)), 0);
    }
    CHECK_EQUAL(pthread_join(pthread_self(), NULL), EDEADLK);
    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(pthread_join(threads[i], &result), 0);
        CHECK_EQUAL((int)(intptr_t)result, i + 1);
    }
    CHECK_EQUAL(counter, NR_THREADS * ROUNDS);
    CHECK_EQUAL(destroyed, NR_THREADS);
    CHECK_EQUAL(serials, 1);
}

static void check_mutex_types(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    CHECK_EQUAL(pthread_mutexattr_init(&attr), 0);
    CHECK_EQUAL(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE), 0);
    CHECK_EQUAL(pthread_mutex_init(&m, &attr), 0);
    CHECK_EQUAL(pthread_mutex_lock(&m), 0);
    CHECK_EQUAL(pthread_mutex_lock(&m), 0);
    CHECK_EQUAL(pthread_mutex_destroy(&m), EBUSY);
    CHECK_EQUAL(pthread_mutex_unlock(&m), 0);
    CHECK_EQUAL(pthread_mutex_unlock(&m), 0);
    CHECK_EQUAL(pthread_mutex_unlock(&m), EPERM);
    CHECK_EQUAL(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK), 0);
    CHECK_EQUAL(pthread_mutex_init(&m, &attr), 0);
    CHECK_EQUAL(pthread_mutex_lock(&m), 0);
    CHECK_EQUAL(pthread_mutex_lock(&m), EDEADLK);
    CHECK_EQUAL(pthread_mutex_trylock(&m), EBUSY);
    CHECK_EQUAL(pthread_mutex_unlock(&m), 0);
    CHECK_EQUAL(pthread_mutex_destroy(&m), 0);
}

static struct timespec soon(clockid_t clock, long ms)
{
    struct timespec ts;

    CHECK_EQUAL(clock_gettime(clock, &ts), 0);
    ts.tv_nsec += ms * 1000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

static void *signal_later(void *argument)
{
    (void)argument;
    CHECK_EQUAL(pthread_mutex_lock(&mutex), 0);
    counter = -1;
    CHECK_EQUAL(pthread_cond_broadcast(&cond), 0);
    CHECK_EQUAL(pthread_mutex_unlock(&mutex), 0);
    return NULL;
}

static void check_conditions(void)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
    pthread_t thread;

    CHECK_EQUAL(pthread_mutex_lock(&mutex), 0);
    for (int i = 0; i < 2; i++) {
        struct timespec deadline = soon(clocks[i], 5), now;

        CHECK_EQUAL(pthread_cond_clockwait(&cond, &mutex, clocks[i], &deadline), ETIMEDOUT);
        CHECK_EQUAL(clock_gettime(clocks[i], &now), 0);
        CHECK(now.tv_sec > deadline.tv_sec ||
              (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec));
    }
    CHECK_EQUAL(pthread_create(&thread, NULL, signal_later, NULL), 0);
    while (counter != -1) {
        struct timespec deadline = soon(CLOCK_REALTIME, 10000);

        CHECK_EQUAL(pthread_cond_timedwait(&cond, &mutex, &deadline), 0);
    }
    CHECK_EQUAL(pthread_mutex_unlock(&mutex), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static void *take_and_leave(void *argument)
{
    static int one = 1;
    struct timespec deadline = soon(CLOCK_MONOTONIC, 2);

    (void)argument;
    CHECK_EQUAL(pthread_rwlock_tryrdlock(&rwlock), 0);
    CHECK_EQUAL(pthread_rwlock_trywrlock(&rwlock), EBUSY);
    CHECK_EQUAL(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &deadline), ETIMEDOUT);
    CHECK_EQUAL(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(sem_post(&sem), 0);
    pthread_cleanup_push(clean, &one);
    pthread_exit((void *)7);
    pthread_cleanup_pop(0);
    return NULL;
}

static void check_the_rest(void)
{
    struct timespec deadline = soon(CLOCK_REALTIME, 2);
    pthread_t thread;
    void *result;
    int value;

    CHECK_EQUAL(sem_init(&sem, 0, 1), 0);
    CHECK_EQUAL(sem_wait(&sem), 0);
    CHECK_EQUAL(sem_trywait(&sem), -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(sem_timedwait(&sem, &deadline), -1);
    CHECK_EQUAL(errno, ETIMEDOUT);
    CHECK_EQUAL(pthread_rwlock_rdlock(&rwlock), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, take_and_leave, NULL), 0);
    CHECK_EQUAL(sem_wait(&sem), 0);
    CHECK_EQUAL(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(pthread_join(thread, &result), 0);
    CHECK_EQUAL((int)(intptr_t)result, 7);
    CHECK_EQUAL(cleaned, 1);
    CHECK_EQUAL(pthread_rwlock_wrlock(&rwlock), 0);
    CHECK_EQUAL(pthread_rwlock_wrlock(&rwlock), EDEADLK);
    CHECK_EQUAL(pthread_rwlock_unlock(&rwlock), 0);
    CHECK_EQUAL(pthread_rwlock_unlock(&rwlock), EPERM);
    CHECK_EQUAL(sem_post(&sem), 0);
    CHECK_EQUAL(sem_getvalue(&sem, &value), 0);
    CHECK_EQUAL(value, 1);
}

static void *end_last(void *argument)
{
    (void)argument;
    for (int i = 0; i < 10; i++) {
        pthread_yield();
    }
    printf("TEST: SUCCESS\n");
    return NULL;
}

int main(void)
{
    pthread_t thread;

    check_creation();
    check_mutex_types();
    check_conditions();
    check_the_rest();
    /* The domain lives until the last thread has ended. */
    CHECK_EQUAL(pthread_create(&thread, NULL, end_last, NULL), 0);
    CHECK_EQUAL(pthread_detach(thread), 0);
    CHECK_EQUAL(pthread_detach(thread), EINVAL);
    pthread_exit(NULL);
}
