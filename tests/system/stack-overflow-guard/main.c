// SPDX-License-Identifier: MIT
/*
 * Claim: a thread that needs more stack than it has faults on its guard page, before it writes anywhere else. PVH: the dump
 * names the thread. PV: Xen pushes exception frames onto the stack that has just ended, so it stops the domain itself.
 */
#include <string.h>

#include <xenolith/sched.h>

#include "system_test.h"

static volatile int limit = 1 << 30; /* out of reach, but the compiler does not know */

static __attribute__((noinline)) int deeper(volatile int depth)
{
    volatile char room[512];

    memset((char *)room, depth, sizeof(room));
    return depth < limit ? deeper(depth + 1) + room[depth % 512] : 0;
}

static void run(void *arg)
{
    (void)arg;
    printf("%d\n", deeper(0));
}

int main(void)
{
    struct thread *thread;

    printf("about to overflow a stack\n");
    fflush(stdout);
    if (thread_create(&thread, "deep", run, NULL, 0) != 0) {
        test_error("no thread");
    }
    thread_join(thread);
    test_failure("the stack had no end");
}
