// SPDX-License-Identifier: MIT
/*
 * Claim: with trace=all, what happens is in the trace that is printed at the end, and tools/xenolith-trace reads it: the
 * application's own marks, the hypercalls, switches and upcalls around them.
 */
#include <xenolith/sched.h>
#include <xenolith/trace.h>

#include "system_test.h"

static void worker(void *arg)
{
    (void)arg;
    TRACE(TRACE_APP, TRACE_EV_APP, 0xbeef, 2, 3);
    thread_sleep_ns(1000000);
}

int main(void)
{
    struct thread *thread;

    if (trace_mask == 0) {
        test_error("the option trace= was not taken");
    }
    TRACE(TRACE_APP, TRACE_EV_APP, 0xcafe, 0, 0);
    if (thread_create(&thread, "traced", worker, NULL, 0) != 0) {
        test_error("no thread");
    }
    thread_join(thread);
    printf("TEST: SUCCESS\n");
    return 0; /* the dump follows */
}
