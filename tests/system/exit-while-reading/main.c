// SPDX-License-Identifier: MIT
/*
 * Claim: main's return ends the domain and puts out all that was printed, also while another thread blocks in stdin
 * and holds its lock.
 */
#include <unistd.h>

#include <xenolith/sched.h>

#include "system_test.h"

static int reading;

static void read_for_ever(void *argument)
{
    (void)argument;
    reading = 1;
    (void)getchar();
    test_failure("there was input");
}

int main(void)
{
    static char buffer[4096];
    struct thread *reader;

    CHECK_EQUAL(setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)), 0);
    CHECK_EQUAL(thread_create(&reader, "reader", read_for_ever, NULL, 0), 0);
    usleep(1000);
    CHECK_EQUAL(reading, 1);
    printf("TEST: SUCCESS\n");
    return 0;
}
