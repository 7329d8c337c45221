// SPDX-License-Identifier: MIT
/*
 * Claim: a domain that ends in order, however it comes to that, leaves its files whole on the disk and the file system marked as
 * clean: `xl shutdown` in the middle of work, main() that returns with files open, exit() of another thread. run.sh says which.
 */
#include "file_agent.h"

static void end_it(void *unused)
{
    (void)unused;
    exit(7);
}

int main(int argc, char **argv)
{
    struct thread *thread;

    CHECK(argc > 1);
    agent_main();
    if (strcmp(argv[1], "thread") == 0) {
        CHECK_EQUAL(thread_create(&thread, "end", end_it, NULL, 0), 0);
        thread_sleep_until(TIME_FOREVER);
    }
    return 8;
}
