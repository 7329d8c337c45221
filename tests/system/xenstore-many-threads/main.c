// SPDX-License-Identifier: MIT
/*
 * Claim: 200 threads with requests under way at once each get their own answers, watches and transactions among them.
 */
#include <string.h>

#include <xenolith/sched.h>

#include "peer.h"

#define THREADS 200
#define ROUNDS  10

static unsigned int finished;

static void worker(void *arg)
{
    unsigned int id = (unsigned int)(uintptr_t)arg;
    char path[32], expected[600], *value;
    size_t len;

    snprintf(path, sizeof(path), "data/t/%u", id);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        int want = snprintf(expected, sizeof(expected), "%0*u", (int)(id * 2 + 1), id * 1000 + round);

        CHECK_EQUAL(xs_write(XS_TX_NONE, path, expected, (size_t)want), 0);
        CHECK_EQUAL(xs_read(XS_TX_NONE, path, &value, &len), 0);
        CHECK(len == (size_t)want && memcmp(value, expected, len) == 0);
        heap_free(value);
    }
    if (id % 10 == 0) {
        struct xs_watch watch = {0};
        char *fired;

        CHECK_EQUAL(xs_watch_add(&watch, path), 0);
        CHECK_EQUAL(xs_watch_next(&watch, &fired, time_deadline_ns(30 * NS_PER_SEC)), 0);
        CHECK(strcmp(fired, path) == 0);
        heap_free(fired);
        CHECK_EQUAL(xs_watch_remove(&watch), 0);
    }
    CHECK_EQUAL(xs_rm(XS_TX_NONE, path), 0);
    finished++;
}

int main(void)
{
    static struct thread *threads[THREADS];
    struct xs_stats before, after;
    uint64_t start = time_monotonic_ns();

    CHECK_EQUAL(xs_mkdir(XS_TX_NONE, "data/t"), 0);
    xs_get_stats(&before);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK_EQUAL(thread_create(&threads[i], "worker", worker, (void *)i, 0), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK_EQUAL(thread_join(threads[i]), 0);
    }
    CHECK_EQUAL(finished, THREADS);
    xs_get_stats(&after);
    CHECK_EQUAL(after.replies_refused, 0);
    CHECK_EQUAL(after.events_malformed, 0);
    printf("%llu requests, %llu notifications, %llu us\n",
           (unsigned long long)(after.requests - before.requests),
           (unsigned long long)(after.notifications - before.notifications),
           (unsigned long long)((time_monotonic_ns() - start) / 1000));
    test_success();
}
