// SPDX-License-Identifier: MIT
/*
 * Sockets of whole messages (UDP, ping, raw): the queue of what came, and its delivery with address and control data.
 */
#ifndef LIB_SOCKET_PACKET_H
#define LIB_SOCKET_PACKET_H

#include "inet.h"

#include <lwip/pbuf.h>

#include <xenolith/wait.h>

/** struct packet - A message, and what IP knew of it. */
struct packet {
    struct list link;
    struct pbuf *p;
    ip_addr_t from, to;
    uint16_t port;
    uint8_t device, ttl, tos;
};

/** struct packet_socket - Embedded first. @dropped counts what found the queue full. */
struct packet_socket {
    struct socket socket;
    struct inet_options options;
    struct wait_queue readers;
    struct list queue;
    size_t queued, limit; /* bytes, overhead included */
    uint64_t dropped;
    bool connected, read_shut, write_shut, tell_drops;
    /* multicast */
    uint8_t multicast_ttl, multicast_device;
    bool multicast_loop;
    struct list memberships;
};

static inline struct packet_socket *packet_socket_of(struct socket *s)
{
    return container_of(s, struct packet_socket, socket);
}

void packet_socket_init(struct packet_socket *ps, const struct file_ops *file_ops,
                        const struct socket_ops *ops, int family, int type, int protocol);

/** packet_socket_drain() - Free what is queued; leave all groups. For release. */
void packet_socket_drain(struct packet_socket *ps);

/** packet_arrived() - Queue @p, which is taken over, with what lwIP tells of the packet that it is at. Context: lock held. */
void packet_arrived(struct packet_socket *ps, struct pbuf *p, const ip_addr_t *from, uint16_t port);

/** packet_failed() - An asynchronous error, positive, as by ICMP. */
void packet_failed(struct packet_socket *ps, int error);

long packet_receive(struct socket *s, struct msghdr *message, int flags);
unsigned int packet_ready(struct file *file);
int packet_control(struct file *file, unsigned long request, void *argument);

/** packet_shutdown() - -ENOTCONN without a peer. */
int packet_shutdown(struct socket *s, int how);

/** packet_gather() - The message in one pbuf with room for headers. -EMSGSIZE above @most, -ENOBUFS. */
int packet_gather(const struct msghdr *message, size_t most, struct pbuf **out);

/** packet_send_control() - Source address and interface that IP_PKTINFO or IPV6_PKTINFO of @message ask for. -EINVAL. */
int packet_send_control(const struct packet_socket *ps, const struct msghdr *message, ip_addr_t *source,
                        struct netif **netif);

/** packet_set_option(), packet_get_option() - All options but those of one family. */
int packet_set_option(struct packet_socket *ps, struct ip_pcb *pcb, int level, int option, const void *value,
                      socklen_t length);
int packet_get_option(struct packet_socket *ps, int level, int option, void *value, socklen_t *length);

/** multicast_set_option() - Groups, and how multicasts leave. -ENOPROTOOPT: not one of these. */
int multicast_set_option(struct packet_socket *ps, int level, int option, const void *value,
                         socklen_t length);
int multicast_get_option(struct packet_socket *ps, int level, int option, void *value, socklen_t *length);
void multicast_leave_all(struct packet_socket *ps);

#endif
