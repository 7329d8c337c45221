// SPDX-License-Identifier: MIT
/*
 * The queue of a message socket. Bounded by SO_RCVBUF, in which each message counts with the memory that it keeps busy; what does
 * not fit is dropped and counted.
 */
#include "packet.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xenolith/heap.h>

#define DEFAULT_LIMIT 212992U /* Linux's */
#define MOST_LIMIT    (4U << 20)

void packet_socket_init(struct packet_socket *ps, const struct file_ops *file_ops,
                        const struct socket_ops *ops, int family, int type, int protocol)
{
    socket_init(&ps->socket, file_ops, ops, family, type, protocol);
    wait_queue_init(&ps->readers);
    list_init(&ps->queue);
    list_init(&ps->memberships);
    ps->limit = DEFAULT_LIMIT;
    ps->multicast_ttl = 1;
    ps->multicast_loop = true;
}

/* A received page is a page, however short the message in it. */
static size_t cost_of(const struct pbuf *p)
{
    size_t cost = sizeof(struct packet);

    for (; p != NULL; p = p->next) {
        cost += (p->flags & PBUF_FLAG_IS_CUSTOM) != 0 ? 2048 : sizeof(*p) + p->len;
    }
    return cost;
}

static void drop(struct packet_socket *ps, struct packet *packet)
{
    list_remove(&packet->link);
    ps->queued -= cost_of(packet->p);
    pbuf_free(packet->p);
    heap_free(packet);
}

void packet_socket_drain(struct packet_socket *ps)
{
    while (!list_is_empty(&ps->queue)) {
        drop(ps, list_entry(ps->queue.next, struct packet, link));
    }
    multicast_leave_all(ps);
}

void packet_arrived(struct packet_socket *ps, struct pbuf *p, const ip_addr_t *from, uint16_t port)
{
    size_t cost = cost_of(p);
    struct packet *packet = NULL;

    /* An empty queue takes one message of any size. */
    if (!ps->read_shut && (ps->queued + cost <= ps->limit || ps->queued == 0)) {
        packet = heap_alloc(sizeof(*packet));
    }
    if (packet == NULL) {
        ps->dropped++;
        pbuf_free(p);
        return;
    }
    packet->p = p;
    packet->from = *from;
    packet->port = port;
    packet->to = *ip_current_dest_addr();
    packet->device = netif_get_index(ip_current_input_netif());
    if (ip_current_is_v6()) {
        packet->ttl = IP6H_HOPLIM(ip6_current_header());
        packet->tos = (uint8_t)IP6H_TC(ip6_current_header());
    } else {
        packet->ttl = IPH_TTL(ip4_current_header());
        packet->tos = IPH_TOS(ip4_current_header());
    }
    ps->queued += cost;
    list_push_back(&ps->queue, &packet->link);
    wait_wake_one(&ps->readers);
    file_notify(&ps->socket.file, FILE_CAN_READ);
}

void packet_failed(struct packet_socket *ps, int error)
{
    ps->socket.error = error;
    wait_wake_all(&ps->readers);
    file_notify(&ps->socket.file, FILE_FAILED | FILE_CAN_READ | FILE_CAN_WRITE);
}

unsigned int packet_ready(struct file *file)
{
    struct packet_socket *ps = container_of(file, struct packet_socket, socket.file);
    unsigned int now = FILE_CAN_WRITE;

    if (ps->socket.error != 0) {
        now |= FILE_FAILED | FILE_CAN_READ;
    }
    if (!list_is_empty(&ps->queue)) {
        now |= FILE_CAN_READ;
    }
    if (ps->read_shut) {
        now |= FILE_CAN_READ | FILE_PEER_CLOSED | (ps->write_shut ? FILE_HANGUP : 0);
    }
    return now;
}

int packet_shutdown(struct socket *s, int how)
{
    struct packet_socket *ps = packet_socket_of(s);

    if (!ps->connected) {
        return -ENOTCONN;
    }
    ps->read_shut = ps->read_shut || how != SHUT_WR;
    ps->write_shut = ps->write_shut || how != SHUT_RD;
    wait_wake_all(&ps->readers);
    file_notify(&s->file, packet_ready(&s->file));
    return 0;
}

int packet_control(struct file *file, unsigned long request, void *argument)
{
    struct packet_socket *ps = container_of(file, struct packet_socket, socket.file);

    if (request != FIONREAD) {
        return inet_control(file, request, argument);
    }
    *(int *)argument =
        list_is_empty(&ps->queue) ? 0 : list_entry(ps->queue.next, struct packet, link)->p->tot_len;
    return 0;
}

static void put_control(struct msghdr *message, size_t *used, int level, int type, const void *data,
                        size_t bytes)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(bytes), .cmsg_level = level, .cmsg_type = type};
    char *at = (char *)message->msg_control + *used;
    size_t space = message->msg_control != NULL ? message->msg_controllen - *used : 0;

    if (space < header.cmsg_len) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    memcpy(at, &header, sizeof(header));
    memcpy(at + CMSG_ALIGN(sizeof(header)), data, bytes);
    *used += CMSG_SPACE(bytes) < space ? CMSG_SPACE(bytes) : space;
}

static void put_packet_info(const struct packet *packet, struct msghdr *message, size_t *used)
{
    struct in_pktinfo info = {0};
    struct in6_pktinfo info6 = {0};

    if (IP_IS_V6_VAL(packet->to)) {
        memcpy(&info6.ipi6_addr, ip_2_ip6(&packet->to)->addr, 16);
        info6.ipi6_ifindex = packet->device;
        put_control(message, used, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
    } else {
        info.ipi_addr.s_addr = ip_2_ip4(&packet->to)->addr;
        info.ipi_spec_dst = info.ipi_addr;
        info.ipi_ifindex = packet->device;
        put_control(message, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
}

static void give_control(struct packet_socket *ps, const struct packet *packet, struct msghdr *message)
{
    bool v6 = IP_IS_V6_VAL(packet->to);
    size_t used = 0;
    int number;

    if (ps->options.packet_info) {
        put_packet_info(packet, message, &used);
    }
    if (ps->options.receive_ttl) {
        number = packet->ttl;
        put_control(message, &used, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HOPLIMIT : IP_TTL, &number,
                    sizeof(number));
    }
    if (ps->options.receive_tos) {
        number = packet->tos;
        put_control(message, &used, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &number,
                    v6 ? sizeof(number) : 1);
    }
    if (ps->tell_drops && ps->dropped > 0) {
        uint32_t dropped = (uint32_t)ps->dropped;

        put_control(message, &used, SOL_SOCKET, SO_RXQ_OVFL, &dropped, sizeof(dropped));
    }
    message->msg_controllen = used;
}

static void give_name(struct packet_socket *ps, const struct packet *packet, struct msghdr *message)
{
    struct sockaddr_storage name;
    socklen_t length;

    if (message->msg_name == NULL) {
        message->msg_namelen = 0;
        return;
    }
    inet_address_out(&ps->socket, &packet->from, packet->port, &name, &length);
    memcpy(message->msg_name, &name, message->msg_namelen < length ? message->msg_namelen : length);
    message->msg_namelen = length;
}

static void scatter(const struct pbuf *p, struct iov_walk *walk)
{
    for (; p != NULL && walk->left > 0; p = p->next) {
        iov_scatter(walk, p->payload, p->len < walk->left ? p->len : walk->left);
    }
}

static int wait_for_packet(struct packet_socket *ps, int flags)
{
    if (!list_is_empty(&ps->queue)) {
        return 0;
    }
    if (ps->socket.error == 0 && !ps->read_shut) {
        if (socket_is_nonblocking(&ps->socket, flags)) {
            return -EAGAIN;
        }
        if (wait_event_until(&ps->readers,
                             !list_is_empty(&ps->queue) || ps->socket.error != 0 || ps->read_shut,
                             inet_deadline(ps->socket.receive_timeout_ns)) != 0) {
            return -EAGAIN;
        }
    }
    return 0;
}

long packet_receive(struct socket *s, struct msghdr *message, int flags)
{
    struct packet_socket *ps = packet_socket_of(s);
    struct packet *packet;
    struct iov_walk walk;
    size_t bytes, given;
    int rc = wait_for_packet(ps, flags);

    if (rc != 0) {
        return rc;
    }
    if (s->error != 0) {
        return socket_take_error(s);
    }
    if (list_is_empty(&ps->queue)) {
        return 0;
    }
    packet = list_entry(ps->queue.next, struct packet, link);
    bytes = packet->p->tot_len;
    iov_walk_init(&walk, message);
    given = bytes < walk.left ? bytes : walk.left;
    net_lock();
    scatter(packet->p, &walk);
    give_name(ps, packet, message);
    give_control(ps, packet, message);
    if (given < bytes) {
        message->msg_flags |= MSG_TRUNC;
    }
    if ((flags & MSG_PEEK) == 0) {
        drop(ps, packet);
    }
    net_unlock();
    return (long)((flags & MSG_TRUNC) != 0 ? bytes : given);
}

int packet_gather(const struct msghdr *message, size_t most, struct pbuf **out)
{
    struct iov_walk walk;
    struct pbuf *p;

    iov_walk_init(&walk, message);
    if (walk.left > most) {
        return -EMSGSIZE;
    }
    p = pbuf_alloc(PBUF_TRANSPORT, (uint16_t)walk.left, PBUF_RAM);
    if (p == NULL) {
        return -ENOBUFS;
    }
    iov_gather(&walk, p->payload, walk.left);
    *out = p;
    return 0;
}

int packet_send_control(const struct packet_socket *ps, const struct msghdr *message, ip_addr_t *source,
                        struct netif **netif)
{
    struct in6_pktinfo info6;
    struct in_pktinfo info;
    /* Only read; a host's macros ask for one that may be written. */
    struct msghdr *all = (struct msghdr *)(uintptr_t)message;

    *netif = NULL;
    ip_addr_set_any(ps->socket.family == AF_INET6, source);
    if (message->msg_control == NULL) {
        return 0;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(all); c != NULL; c = CMSG_NXTHDR(all, c)) {
        if (c->cmsg_len < sizeof(*c)) {
            return -EINVAL;
        }
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
            c->cmsg_len >= CMSG_LEN(sizeof(info))) {
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            ip_addr_set_zero_ip4(source);
            ip_2_ip4(source)->addr = info.ipi_spec_dst.s_addr;
            *netif = inet_netif_at(0, (unsigned int)info.ipi_ifindex);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
                   c->cmsg_len >= CMSG_LEN(sizeof(info6))) {
            memcpy(&info6, CMSG_DATA(c), sizeof(info6));
            ip_addr_set_zero_ip6(source);
            memcpy(ip_2_ip6(source)->addr, &info6.ipi6_addr, 16);
            *netif = inet_netif_at(0, info6.ipi6_ifindex);
        }
    }
    return 0;
}

int packet_set_option(struct packet_socket *ps, struct ip_pcb *pcb, int level, int option, const void *value,
                      socklen_t length)
{
    int number;
    int rc = multicast_set_option(ps, level, option, value, length);

    if (rc != -ENOPROTOOPT) {
        return rc;
    }
    if (level != SOL_SOCKET) {
        return inet_set_option(&ps->socket, &ps->options, pcb, level, option, value, length);
    }
    switch (option) {
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
    case SO_RXQ_OVFL:
    case SO_RCVLOWAT:
        if (length < sizeof(int) || inet_int_in(value, length, &number) != 0) {
            return -EINVAL;
        }
        if (option == SO_RXQ_OVFL) {
            ps->tell_drops = number != 0;
        } else if (option == SO_RCVBUF || option == SO_RCVBUFFORCE) {
            uint64_t twice = number < 0 ? MOST_LIMIT : (uint64_t)number * 2;

            ps->limit = twice < 2304 ? 2304 : twice > MOST_LIMIT ? MOST_LIMIT : (size_t)twice;
        }
        return 0;
    case SO_LINGER:
        return length < sizeof(struct linger) ? -EINVAL : 0;
    default:
        return inet_set_option(&ps->socket, &ps->options, pcb, level, option, value, length);
    }
}

int packet_get_option(struct packet_socket *ps, int level, int option, void *value, socklen_t *length)
{
    static const struct linger no_linger;
    int rc = multicast_get_option(ps, level, option, value, length);

    if (rc != -ENOPROTOOPT) {
        return rc;
    }
    if (level == SOL_SOCKET) {
        switch (option) {
        case SO_RCVBUF:
            return inet_int_out((int)ps->limit, value, length);
        case SO_SNDBUF:
            return inet_int_out(DEFAULT_LIMIT, value, length);
        case SO_RXQ_OVFL:
            return inet_int_out(ps->tell_drops, value, length);
        case SO_LINGER:
            return inet_bytes_out(&no_linger, sizeof(no_linger), value, length);
        default:
            break;
        }
    }
    return inet_get_option(&ps->socket, &ps->options, level, option, value, length);
}
