// SPDX-License-Identifier: MIT
/*
 * Claim: a domain that is told nothing takes an address and a name by DHCP and others by router advertisement, says so on its console, and answers
 * pings of every size up to 65,507 bytes, by IPv4 and IPv6, with an MTU of 1500 and of 9000; to dom0, whose frames come as they are in memory, and to a
 * station behind a wire, where every frame is well formed and every checksum right.
 */
#include <unistd.h>

#include <xenolith/net.h>

#include "system_test.h"

int main(void)
{
    struct net_interface_info info;
    unsigned int at = 0;
    char word[8];

    CHECK_EQUAL(net_start(), 0);
    CHECK(net_interface_next(&at, &info));
    CHECK(info.configured);
    CHECK(!net_interface_next(&at, &info));
    printf("ready %s mtu %u by %s\n", info.name, info.mtu, info.source);
    fflush(stdout);
    CHECK(read(0, word, sizeof(word)) > 0); /* the end is typed */
    test_success();
}
