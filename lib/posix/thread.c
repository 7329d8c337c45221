// SPDX-License-Identifier: MIT
/*
 * POSIX threads: the kernel's, with results, handles and clean-up handlers. They cannot be cancelled; what would
 * cancel one (pthread_cancel) does not exist, so a program that needs it does not link.
 */
#define _GNU_SOURCE
#include "posix_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/sched.h>
#include <xenolith/wait.h>

/* POSIX wants a minimum; below a page nothing could run. */
#define MIN_STACK_BYTES 4096

/**
 * struct xenolith_pthread - A handle. Freed by who joins it, or by the thread itself once detached.
 * @ended: The thread will touch this no more.
 */
struct xenolith_pthread {
    struct thread *thread;
    void *(*routine)(void *argument);
    void *argument;
    void *result;
    struct _pthread_cleanup_context *cleanups;
    bool detached, joining, ended;
};

/* Handles of threads that pthread_create() did not make: the main thread and the kernel's. */
static _Thread_local struct xenolith_pthread other;
static _Thread_local struct xenolith_pthread *self;

/* Threads made here that still run; the main thread may end before them, but the domain may not. */
static unsigned int nr_running;
static struct wait_queue all_ended = WAIT_QUEUE_INIT(all_ended);

pthread_t pthread_self(void)
{
    if (self == NULL) {
        other.thread = thread_current();
        other.detached = true;
        self = &other;
    }
    return self;
}

static void run_cleanups(struct xenolith_pthread *p)
{
    while (p->cleanups != NULL) {
        _pthread_cleanup_pop(p->cleanups, 1);
    }
    posix_keys_destroy();
}

void pthread_exit(void *result)
{
    struct xenolith_pthread *p = pthread_self();

    run_cleanups(p);
    if (p == &other) {
        wait_event(&all_ended, nr_running == 0);
        exit(0);
    }
    p->result = result;
    p->ended = true;
    if (--nr_running == 0) {
        wait_wake_all(&all_ended);
    }
    if (p->detached) {
        free(p);
    }
    thread_exit();
}

static void run_thread(void *argument)
{
    self = argument;
    pthread_exit(self->routine(self->argument));
}

int pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*routine)(void *), void *argument)
{
    struct xenolith_pthread *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        return EAGAIN;
    }
    p->routine = routine;
    p->argument = argument;
    if (thread_create(&p->thread, "pthread", run_thread, p, attr != NULL ? attr->stacksize : 0) != 0) {
        free(p);
        return EAGAIN;
    }
    nr_running++;
    *out = p;
    if (attr != NULL && attr->detachstate == PTHREAD_CREATE_DETACHED) {
        p->detached = true;
        thread_detach(p->thread);
    }
    return 0;
}

int pthread_join(pthread_t p, void **result)
{
    if (p == pthread_self()) {
        return EDEADLK;
    }
    if (p->detached || p->joining) {
        return EINVAL;
    }
    p->joining = true;
    (void)thread_join(p->thread);
    if (result != NULL) {
        *result = p->result;
    }
    free(p);
    return 0;
}

int pthread_detach(pthread_t p)
{
    if (p->detached || p->joining) {
        return EINVAL;
    }
    p->detached = true;
    thread_detach(p->thread);
    if (p->ended) {
        free(p);
    }
    return 0;
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

void pthread_yield(void)
{
    thread_yield();
}

void _pthread_cleanup_push(struct _pthread_cleanup_context *context, void (*routine)(void *), void *argument)
{
    struct xenolith_pthread *p = pthread_self();

    context->_routine = routine;
    context->_arg = argument;
    context->_previous = p->cleanups;
    p->cleanups = context;
}

void _pthread_cleanup_pop(struct _pthread_cleanup_context *context, int execute)
{
    pthread_self()->cleanups = context->_previous;
    if (execute) {
        context->_routine(context->_arg);
    }
}

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){
        .stacksize = THREAD_STACK_BYTES,
        .detachstate = PTHREAD_CREATE_JOINABLE,
    };
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t bytes)
{
    if (bytes < MIN_STACK_BYTES) {
        return EINVAL;
    }
    attr->stacksize = bytes;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *bytes)
{
    *bytes = attr->stacksize;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_DETACHED && state != PTHREAD_CREATE_JOINABLE) {
        return EINVAL;
    }
    attr->detachstate = state;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->detachstate;
    return 0;
}
