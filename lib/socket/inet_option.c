// SPDX-License-Identifier: MIT
/*
 * Options that all internet sockets have: those of IP, and of SOL_SOCKET where the family has no part in them.
 */
#include "inet.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int inet_int_in(const void *value, socklen_t length, int *out)
{
    if (length >= sizeof(int)) {
        memcpy(out, value, sizeof(int));
        return 0;
    }
    if (length >= 1) {
        *out = *(const uint8_t *)value;
        return 0;
    }
    return -EINVAL;
}

int inet_bytes_out(const void *from, size_t bytes, void *value, socklen_t *length)
{
    if (*length > bytes) {
        *length = (socklen_t)bytes;
    }
    memcpy(value, from, *length);
    return 0;
}

int inet_int_out(int number, void *value, socklen_t *length)
{
    return inet_bytes_out(&number, sizeof(number), value, length);
}

static void set_flag(struct inet_options *options, struct ip_pcb *pcb, uint8_t flag, bool on)
{
    options->flags = on ? options->flags | flag : options->flags & (uint8_t)~flag;
    if (pcb != NULL) {
        pcb->so_options = on ? pcb->so_options | flag : pcb->so_options & (uint8_t)~flag;
    }
}

static int bind_to_device(struct inet_options *options, struct ip_pcb *pcb, const char *name,
                          socklen_t length)
{
    char text[NETIF_NAMESIZE + 1] = {0};

    memcpy(text, name, length < NETIF_NAMESIZE ? length : NETIF_NAMESIZE);
    options->device = text[0] != '\0' ? netif_name_to_index(text) : 0;
    if (options->device == 0 && text[0] != '\0') {
        return -ENODEV;
    }
    if (pcb != NULL) {
        pcb->netif_idx = options->device;
    }
    return 0;
}

static int set_socket_option(struct inet_options *options, struct ip_pcb *pcb, int option, const void *value,
                             socklen_t length)
{
    int number;

    if (option == SO_BINDTODEVICE) {
        return bind_to_device(options, pcb, value, length);
    }
    if (length < sizeof(int) || inet_int_in(value, length, &number) != 0) {
        return -EINVAL;
    }
    switch (option) {
    case SO_REUSEADDR:
    case SO_REUSEPORT:
        set_flag(options, pcb, SOF_REUSEADDR, number != 0);
        return 0;
    case SO_KEEPALIVE:
        set_flag(options, pcb, SOF_KEEPALIVE, number != 0);
        return 0;
    case SO_BROADCAST:
        set_flag(options, pcb, SOF_BROADCAST, number != 0);
        return 0;
    /* Accepted, for they ask for nothing that could be missed here. */
    case SO_DEBUG:
    case SO_DONTROUTE:
    case SO_OOBINLINE:
    case SO_PRIORITY:
    case SO_MARK:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_ip_option(struct inet_options *options, struct ip_pcb *pcb, int option, int number)
{
    switch (option) {
    case IP_TOS:
        options->tos = (uint8_t)number;
        if (pcb != NULL) {
            pcb->tos = options->tos;
        }
        return 0;
    case IP_TTL:
        if (number != -1 && (number < 1 || number > 255)) {
            return -EINVAL;
        }
        options->ttl = number == -1 ? 0 : (uint8_t)number;
        if (pcb != NULL) {
            pcb->ttl = number == -1 ? IP_DEFAULT_TTL : (uint8_t)number;
        }
        return 0;
    case IP_PKTINFO:
        options->packet_info = number != 0;
        return 0;
    case IP_RECVTTL:
        options->receive_ttl = number != 0;
        return 0;
    case IP_RECVTOS:
        options->receive_tos = number != 0;
        return 0;
    case IP_FREEBIND:
        options->freebind = number != 0;
        return 0;
    case IP_MTU_DISCOVER:
        return number >= IP_PMTUDISC_DONT && number <= IP_PMTUDISC_PROBE ? 0 : -EINVAL;
    case IP_RECVERR: /* errors come by SO_ERROR only */
    case IP_MULTICAST_ALL:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_ipv6_option(struct socket *s, struct inet_options *options, struct ip_pcb *pcb, int option,
                           int number)
{
    if (s->family != AF_INET6) {
        return -ENOPROTOOPT;
    }
    switch (option) {
    case IPV6_V6ONLY:
        /* Only while it has no address. */
        if (pcb == NULL || !ip_addr_isany(&pcb->local_ip)) {
            return -EINVAL;
        }
        options->v6only = number != 0;
        IP_SET_TYPE_VAL(pcb->local_ip, inet_pcb_type(s, options->v6only));
        IP_SET_TYPE_VAL(pcb->remote_ip, inet_pcb_type(s, options->v6only));
        return 0;
    case IPV6_UNICAST_HOPS:
        return set_ip_option(options, pcb, IP_TTL, number);
    case IPV6_TCLASS:
        return set_ip_option(options, pcb, IP_TOS, number == -1 ? 0 : number);
    case IPV6_RECVPKTINFO:
        options->packet_info = number != 0;
        return 0;
    case IPV6_RECVHOPLIMIT:
        options->receive_ttl = number != 0;
        return 0;
    case IPV6_RECVTCLASS:
        options->receive_tos = number != 0;
        return 0;
    case IPV6_MTU_DISCOVER:
    case IPV6_RECVERR:
    case IPV6_DONTFRAG:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int inet_set_option(struct socket *s, struct inet_options *options, struct ip_pcb *pcb, int level, int option,
                    const void *value, socklen_t length)
{
    int number;

    if (level == SOL_SOCKET) {
        return set_socket_option(options, pcb, option, value, length);
    }
    if (inet_int_in(value, length, &number) != 0) {
        return -EINVAL;
    }
    switch (level) {
    case IPPROTO_IP:
        return set_ip_option(options, pcb, option, number);
    case IPPROTO_IPV6:
        return set_ipv6_option(s, options, pcb, option, number);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_socket_option(const struct inet_options *options, int option, void *value, socklen_t *length)
{
    char name[NETIF_NAMESIZE] = "";

    switch (option) {
    case SO_REUSEADDR:
    case SO_REUSEPORT:
        return inet_int_out((options->flags & SOF_REUSEADDR) != 0, value, length);
    case SO_KEEPALIVE:
        return inet_int_out((options->flags & SOF_KEEPALIVE) != 0, value, length);
    case SO_BROADCAST:
        return inet_int_out((options->flags & SOF_BROADCAST) != 0, value, length);
    case SO_DEBUG:
    case SO_DONTROUTE:
    case SO_OOBINLINE:
    case SO_PRIORITY:
    case SO_MARK:
    case SO_ACCEPTCONN:
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
        return inet_int_out(0, value, length);
    case SO_RCVLOWAT:
    case SO_SNDLOWAT:
        return inet_int_out(1, value, length);
    case SO_BINDTODEVICE:
        if (options->device != 0) {
            netif_index_to_name(options->device, name);
        }
        return inet_bytes_out(name, strlen(name) + 1, value, length);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_ip_option(const struct inet_options *options, int option, void *value, socklen_t *length)
{
    switch (option) {
    case IP_TOS:
        return inet_int_out(options->tos, value, length);
    case IP_TTL:
        return inet_int_out(options->ttl != 0 ? options->ttl : IP_DEFAULT_TTL, value, length);
    case IP_PKTINFO:
        return inet_int_out(options->packet_info, value, length);
    case IP_RECVTTL:
        return inet_int_out(options->receive_ttl, value, length);
    case IP_RECVTOS:
        return inet_int_out(options->receive_tos, value, length);
    case IP_FREEBIND:
        return inet_int_out(options->freebind, value, length);
    case IP_MTU_DISCOVER:
        return inet_int_out(IP_PMTUDISC_DONT, value, length);
    case IP_RECVERR:
        return inet_int_out(0, value, length);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_ipv6_option(const struct inet_options *options, int option, void *value, socklen_t *length)
{
    switch (option) {
    case IPV6_V6ONLY:
        return inet_int_out(options->v6only, value, length);
    case IPV6_UNICAST_HOPS:
        return get_ip_option(options, IP_TTL, value, length);
    case IPV6_TCLASS:
        return get_ip_option(options, IP_TOS, value, length);
    case IPV6_RECVPKTINFO:
        return inet_int_out(options->packet_info, value, length);
    case IPV6_RECVHOPLIMIT:
        return inet_int_out(options->receive_ttl, value, length);
    case IPV6_RECVTCLASS:
        return inet_int_out(options->receive_tos, value, length);
    default:
        return -ENOPROTOOPT;
    }
}

int inet_get_option(struct socket *s, const struct inet_options *options, int level, int option, void *value,
                    socklen_t *length)
{
    switch (level) {
    case SOL_SOCKET:
        return get_socket_option(options, option, value, length);
    case IPPROTO_IP:
        return get_ip_option(options, option, value, length);
    case IPPROTO_IPV6:
        return s->family == AF_INET6 ? get_ipv6_option(options, option, value, length) : -ENOPROTOOPT;
    default:
        return -ENOPROTOOPT;
    }
}
