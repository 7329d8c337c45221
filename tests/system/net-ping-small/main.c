// SPDX-License-Identifier: MIT
/*
 * Claim: a domain with `ip=` on its command line has that address, and answers pings of all sizes to it: small, of the MTU, and in
 * fragments up to the largest datagram there is.
 */
#include <xenolith/net.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "system_test.h"

int main(void)
{
    struct net_interface_info info;
    unsigned int at = 0;

    CHECK(net_start() == 0);
    CHECK(net_interface_next(&at, &info));
    CHECK(info.configured);
    /* Duplicate address detection takes its second. */
    while (info.nr_addresses < 2) {
        thread_sleep_ns(100 * NS_PER_MS);
        at = 0;
        CHECK(net_interface_next(&at, &info));
    }
    printf("link %s\n", info.addresses[1]);
    printf("ready %s %s\n", info.name, info.addresses[0]);
    thread_sleep_until(TIME_FOREVER);
    test_success();
}
