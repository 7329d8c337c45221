// SPDX-License-Identifier: MIT
/*
 * The internet families: which kind of socket a type and a protocol mean. The first one starts the network.
 */
#include "inet.h"

#include <errno.h>

int inet_socket_create(int family, int type, int protocol, struct socket **out)
{
    int icmp = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    int rc;

    if (protocol < 0 || protocol >= IPPROTO_MAX) {
        return -EINVAL;
    }
    switch (type) {
    case SOCK_STREAM:
        if (protocol != 0 && protocol != IPPROTO_TCP) {
            return -EPROTONOSUPPORT;
        }
        break;
    case SOCK_DGRAM:
        if (protocol != 0 && protocol != IPPROTO_UDP && protocol != icmp) {
            return -EPROTONOSUPPORT;
        }
        break;
    case SOCK_RAW:
        if (protocol == 0) {
            return -EPROTONOSUPPORT;
        }
        break;
    default:
        return -ESOCKTNOSUPPORT;
    }
    rc = net_start();
    if (rc != 0) {
        return rc;
    }
    if (type == SOCK_STREAM) {
        return stream_create(family, out);
    }
    if (type == SOCK_RAW || protocol == icmp) {
        return raw_create(family, type, protocol, out);
    }
    return udp_create(family, out);
}
