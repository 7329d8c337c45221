// SPDX-License-Identifier: MIT
/*
 * Claim: `xl shutdown` is acknowledged, runs the program's exit handlers, loses no output and powers the domain off. The main
 * thread sleeps all the while.
 */
#include <stdio.h>
#include <stdlib.h>

#include <xenolith/sched.h>

static void at_exit(void)
{
    printf("exit handler ran, no newline behind it");
}

int main(void)
{
    atexit(at_exit);
    printf("ready\n");
    fflush(stdout);
    printf("left in the buffer, ");
    thread_sleep_until(TIME_FOREVER);
    return 1;
}
