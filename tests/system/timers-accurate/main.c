// SPDX-License-Identifier: MIT
/*
 * Claim: sleeps and timed waits end after their time and never before it, in the order of their deadlines, and the
 * clocks never step back.
 */
#include <time.h>

#include <xenolith/sched.h>
#include <xenolith/sync.h>
#include <xenolith/time.h>
#include <xenolith/timer.h>

#include "system_test.h"

#define NR_TIMERS 1000

/* Generous: the machine under us may be emulated and loaded. What must hold exactly is "never early". */
#define LATE_NS (500 * NS_PER_MS)

static uint64_t last_deadline;
static unsigned int fired, early, out_of_order;

static struct probe {
    struct timer timer;
    uint64_t deadline;
} probes[NR_TIMERS];

static void fire(void *arg)
{
    struct probe *p = arg;

    early += time_monotonic_ns() < p->deadline;
    out_of_order += p->deadline < last_deadline;
    last_deadline = p->deadline;
    fired++;
}

static void check_sleep(uint64_t ns)
{
    uint64_t start = time_monotonic_ns(), took;

    thread_sleep_ns(ns);
    took = time_monotonic_ns() - start;
    printf("asked for %llu ns, slept %llu ns\n", (unsigned long long)ns, (unsigned long long)took);
    CHECK(took >= ns);
    CHECK(took < ns + LATE_NS);
}

int main(void)
{
    struct semaphore never = SEMAPHORE_INIT(never, 0);
    uint64_t now = time_monotonic_ns(), last = now;
    struct timespec t1, t2;

    for (int i = 0; i < 100000; i++) {
        now = time_monotonic_ns();
        CHECK(now >= last);
        last = now;
    }
    check_sleep(0);
    check_sleep(1);
    check_sleep(50 * NS_PER_US);
    check_sleep(NS_PER_MS);
    check_sleep(20 * NS_PER_MS);

    now = time_monotonic_ns();
    CHECK(semaphore_wait_until(&never, now + 10 * NS_PER_MS) < 0);
    CHECK(time_monotonic_ns() >= now + 10 * NS_PER_MS);

    now = time_monotonic_ns();
    for (unsigned int i = 0; i < NR_TIMERS; i++) {
        unsigned int place = i * 7919 % NR_TIMERS;

        probes[i].deadline = now + 5 * NS_PER_MS + place * 20 * NS_PER_US;
        timer_init(&probes[i].timer, fire, &probes[i]);
        timer_arm(&probes[i].timer, probes[i].deadline);
    }
    for (unsigned int i = 0; i < NR_TIMERS; i += 10) {
        CHECK(timer_cancel(&probes[i].timer));
    }
    while (fired < NR_TIMERS - NR_TIMERS / 10) {
        thread_sleep_ns(NS_PER_MS);
    }
    CHECK_EQUAL(early, 0);
    CHECK_EQUAL(out_of_order, 0);
    CHECK_EQUAL(fired, NR_TIMERS - NR_TIMERS / 10);

    CHECK_EQUAL(clock_gettime(CLOCK_MONOTONIC, &t1), 0);
    CHECK_EQUAL(nanosleep(&(struct timespec){0, 3000000}, NULL), 0);
    CHECK_EQUAL(clock_gettime(CLOCK_MONOTONIC, &t2), 0);
    CHECK((t2.tv_sec - t1.tv_sec) * 1000000000LL + t2.tv_nsec - t1.tv_nsec >= 3000000);
    CHECK(time(NULL) > 1700000000);
    test_success();
}
