// SPDX-License-Identifier: MIT
/*
 * Claim: stack=SIZE gives main() a stack of that size, with a guard page below it, and the program ends as any other does.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <xenolith/sched.h>

#include "system_test.h"

#define ASKED (3UL << 20)
#define FRAME 512

static volatile int never;

static __attribute__((noinline)) int deeper(volatile int left)
{
    volatile char room[FRAME];

    memset((char *)room, left, sizeof(room));
    return left > 0 ? deeper(left - 1) + room[never] - room[never] : 7;
}

static __attribute__((constructor)) void before_main(void)
{
    /* Constructors run on the same stack, and the thread's own variables are main's. */
    setenv("BEFORE", "1", 1);
}

static void at_end(void)
{
    test_success();
}

int main(int argc, char **argv)
{
    char here;
    bool guard;
    uintptr_t at;
    struct rlimit limit;

    CHECK_EQUAL(argc, 2);
    CHECK(strcmp(argv[1], "word") == 0);
    CHECK(getenv("BEFORE") != NULL);
    CHECK_EQUAL(getrlimit(RLIMIT_STACK, &limit), 0);
    CHECK_EQUAL(limit.rlim_cur, ASKED);
    CHECK(strcmp(thread_name(thread_current()), "main") == 0);
    /* 2.9 MiB deep, and the end is where the limit says. */
    CHECK_EQUAL(deeper((int)((ASKED - (128UL << 10)) / (FRAME + 64))), 7);
    /* The guard page is where the limit says. */
    at = (uintptr_t)&here;
    do {
        at -= 4096;
        CHECK(thread_stack_contains(thread_current(), at, &guard));
    } while (!guard);
    CHECK((uintptr_t)&here - at > ASKED - (64UL << 10) && (uintptr_t)&here - at < ASKED + (8UL << 10));
    CHECK_EQUAL(atexit(at_end), 0);
    exit(0);
}
