// SPDX-License-Identifier: MIT
/*
 * Bringing the fake machine up to the point where a test has RAM and threads, as kernel_main() does
 * on the target.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <arch/irq.h>
#include <fake.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>

#include "fake_priv.h"

void fake_boot(size_t nr_pages)
{
    char *here = __builtin_frame_address(0);
    struct rlimit limit;
    size_t below = 8UL << 20;

    fake_boot_pages(nr_pages);
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        below = limit.rlim_cur;
    }
    upcall_disable();
    sched_init(here - below, here + PAGE_SIZE);
    upcall_enable();
}
