// SPDX-License-Identifier: MIT
/*
 * What ICMP says of datagrams that did not arrive, for sockets that are connected. lwIP drops such messages; a raw block beside it
 * reads along while somebody wants them.
 */
#ifndef LIB_SOCKET_ICMP_ERRORS_H
#define LIB_SOCKET_ICMP_ERRORS_H

#include <stdint.h>

#include <lwip/ip_addr.h>

#include <xenolith/list.h>

struct icmp_listener {
    struct list link;
    ip_addr_t remote;
    uint16_t local_port, remote_port;
    void (*failed)(struct icmp_listener *self, int error);
};

static inline void icmp_listener_init(struct icmp_listener *listener)
{
    list_init(&listener->link);
}

/** icmp_errors_want() - Have @failed called, with a positive number, for UDP between these. Again: for others. Context: lock held. */
void icmp_errors_want(struct icmp_listener *listener, const ip_addr_t *remote, uint16_t local_port,
                      uint16_t remote_port, void (*failed)(struct icmp_listener *self, int error));

/** icmp_errors_ignore() - No more. Context: lock held. */
void icmp_errors_ignore(struct icmp_listener *listener);

#endif
