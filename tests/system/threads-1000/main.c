// SPDX-License-Identifier: MIT
/*
 * Claim: 1,000 threads live at once, each with its own stack, thread-local data, errno and floating-point state; all
 * memory comes back when they end.
 */
#include <errno.h>

#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/sync.h>

#include "system_test.h"

#define NR_THREADS 1000
#define ROUNDS     10

static _Thread_local int local = 42;
static _Thread_local char local_zero[64];

static struct semaphore done = SEMAPHORE_INIT(done, 0);
static struct mutex lock = MUTEX_INIT(lock);
static unsigned long counter;
static unsigned int wrong;

static void body(void *arg)
{
    int id = (int)(long)arg;
    volatile double value = id;
    char stack[2048];

    wrong += local != 42 || local_zero[63] != 0;
    local = id;
    local_zero[63] = (char)id;
    errno = id;
    stack[0] = stack[2047] = (char)id;
    for (int i = 0; i < ROUNDS; i++) {
        double before = value;

        thread_yield();
        wrong += local != id || errno != id || stack[0] != (char)id || stack[2047] != (char)id;
        value = before + 0.5;
        mutex_lock(&lock);
        counter++;
        mutex_unlock(&lock);
    }
    wrong += value != id + ROUNDS * 0.5;
    CHECK_EQUAL(semaphore_post(&done), 0);
}

static void run_all(void)
{
    static struct thread *threads[NR_THREADS];

    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(thread_create(&threads[i], "many", body, (void *)(long)i, 16 << 10), 0);
    }
    for (int i = 0; i < NR_THREADS; i++) {
        semaphore_wait(&done);
    }
    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(thread_join(threads[i]), 0);
    }
}

int main(void)
{
    struct page_stats before, after;
    unsigned long rounds = 0;

    /* Guard pages split large pages, and those tables stay: so the first rounds may cost a page here and there. */
    do {
        page_get_stats(&before);
        run_all();
        page_get_stats(&after);
        rounds++;
    } while (after.free != before.free && rounds < 20);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(counter, rounds * NR_THREADS * ROUNDS);
    CHECK_EQUAL(after.free, before.free);
    test_success();
}
