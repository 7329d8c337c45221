// SPDX-License-Identifier: MIT
/*
 * Claim: domains that come and go leave nothing behind: not in xenstore, not in dom0's event channels, not in Xen's
 * grant tables, not in Xen's memory. run.sh makes and destroys them; half end by themselves, half are shot.
 */
#include <string.h>

#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "system_test.h"

int main(int argc, char **argv)
{
    printf("here\n");
    while (argc > 1 && strcmp(argv[1], "stay") == 0) {
        thread_sleep_ns(3600 * NS_PER_SEC);
    }
    test_success();
}
