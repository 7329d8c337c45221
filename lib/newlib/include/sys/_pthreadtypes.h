// SPDX-License-Identifier: MIT
/*
 * The types of POSIX threads on Xenolith, in place of newlib's 32-bit handles: the objects hold their
 * own state, so that none needs a table or a clean-up. All zero is a valid static initializer of
 * each; lib/posix checks that the private parts are large enough. Never used by the kernel.
 */
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <sys/sched.h>

#define PTHREAD_SCOPE_PROCESS 0
#define PTHREAD_SCOPE_SYSTEM 1
#define PTHREAD_INHERIT_SCHED 1
#define PTHREAD_EXPLICIT_SCHED 2
#define PTHREAD_CREATE_DETACHED 0
#define PTHREAD_CREATE_JOINABLE 1
#define PTHREAD_PROCESS_PRIVATE 0
#define PTHREAD_PROCESS_SHARED 1
#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_RECURSIVE 1
#define PTHREAD_MUTEX_ERRORCHECK 2
#define PTHREAD_MUTEX_DEFAULT PTHREAD_MUTEX_NORMAL

typedef struct xenolith_pthread *pthread_t;

typedef struct {
    size_t stacksize;
    int detachstate;
    struct sched_param schedparam;
} pthread_attr_t;

typedef struct {
    int type;
} pthread_mutexattr_t;

typedef struct {
    int type;
    int ready;
    unsigned long state[6];
} pthread_mutex_t;

/* clang-format off */
#define _PTHREAD_MUTEX_INITIALIZER { PTHREAD_MUTEX_DEFAULT, 0, { 0 } }
/* clang-format on */

typedef struct {
    clockid_t clock;
} pthread_condattr_t;

typedef struct {
    clockid_t clock; /* 0: CLOCK_REALTIME */
    int ready;
    unsigned long state[4];
} pthread_cond_t;

/* clang-format off */
#define _PTHREAD_COND_INITIALIZER { 0, 0, { 0 } }
/* clang-format on */

typedef unsigned int pthread_key_t;

typedef struct {
    int state;
    unsigned long wait[4];
} pthread_once_t;

/* clang-format off */
#define _PTHREAD_ONCE_INIT { 0, { 0 } }
/* clang-format on */

typedef struct {
    int unused;
} pthread_barrierattr_t;

typedef struct {
    unsigned int count;
    unsigned int arrived;
    unsigned int round;
    unsigned long wait[4];
} pthread_barrier_t;

typedef struct {
    void *owner;
} pthread_spinlock_t;

typedef struct {
    int unused;
} pthread_rwlockattr_t;

typedef struct {
    int ready;
    unsigned int readers;
    unsigned int writers_waiting;
    void *writer;
    unsigned long wait[4];
} pthread_rwlock_t;

/* clang-format off */
#define _PTHREAD_RWLOCK_INITIALIZER { 0, 0, 0, 0, { 0 } }
/* clang-format on */

#endif
