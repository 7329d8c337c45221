// SPDX-License-Identifier: MIT
/*
 * Claim: a domain whose threads all wait uses no CPU time, by Xen's own account: what it tells the domain, and what
 * it tells `xl list` (run.sh).
 */
#include <xenolith/hypercall.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "system_test.h"

static uint64_t running_ns(void)
{
    struct vcpu_runstate_info info;

    CHECK_EQUAL(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info.time[RUNSTATE_running];
}

int main(void)
{
    struct sched_stats before, after;
    uint64_t ran, slept = time_monotonic_ns();

    thread_sleep_ns(100 * NS_PER_MS); /* what boot started ends here */
    printf("idle now\n");
    fflush(stdout);
    thread_sleep_ns(100 * NS_PER_MS);
    sched_get_stats(&before);
    ran = running_ns();
    thread_sleep_ns(8 * NS_PER_SEC);
    ran = running_ns() - ran;
    sched_get_stats(&after);
    slept = time_monotonic_ns() - slept;
    printf("ran %llu ns of %llu, blocked %llu times\n", (unsigned long long)ran, (unsigned long long)slept,
           (unsigned long long)(after.idle_blocks - before.idle_blocks));
    CHECK(ran < 30 * NS_PER_MS); /* 1 %, on an emulated processor */
    CHECK(after.idle_blocks - before.idle_blocks < 10);
    test_success();
}
