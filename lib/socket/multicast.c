// SPDX-License-Identifier: MIT
/*
 * Multicast groups of a socket: joined for it, and left with it. lwIP counts the joins of an interface.
 */
#include "packet.h"

#include <errno.h>
#include <string.h>

#include <lwip/igmp.h>
#include <lwip/mld6.h>

#include <xenolith/heap.h>

#define MOST_MEMBERSHIPS 64

struct membership {
    struct list link;
    ip_addr_t group;
    uint8_t device;
};

static err_t join_or_leave(struct netif *netif, const ip_addr_t *group, bool join)
{
    if (IP_IS_V6_VAL(*group)) {
        return join ? mld6_joingroup_netif(netif, ip_2_ip6(group))
                    : mld6_leavegroup_netif(netif, ip_2_ip6(group));
    }
    return join ? igmp_joingroup_netif(netif, ip_2_ip4(group))
                : igmp_leavegroup_netif(netif, ip_2_ip4(group));
}

static struct membership *find(struct packet_socket *ps, const ip_addr_t *group, uint8_t device,
                               unsigned int *nr)
{
    struct list *pos;

    *nr = 0;
    list_for_each(pos, &ps->memberships) {
        struct membership *m = list_entry(pos, struct membership, link);

        ++*nr;
        if (ip_addr_eq(&m->group, group) && (device == 0 || m->device == device)) {
            return m;
        }
    }
    return NULL;
}

static int join(struct packet_socket *ps, ip_addr_t *group, struct netif *netif)
{
    struct membership *m;
    unsigned int nr;

    if (find(ps, group, netif_get_index(netif), &nr) != NULL) {
        return -EADDRINUSE;
    }
    m = nr < MOST_MEMBERSHIPS ? heap_alloc(sizeof(*m)) : NULL;
    if (m == NULL) {
        return -ENOBUFS;
    }
    if (join_or_leave(netif, group, true) != ERR_OK) {
        heap_free(m);
        return -ENODEV;
    }
    m->group = *group;
    m->device = netif_get_index(netif);
    list_push_back(&ps->memberships, &m->link);
    return 0;
}

static void leave(struct membership *m)
{
    struct netif *netif = netif_get_by_index(m->device);

    if (netif != NULL) {
        join_or_leave(netif, &m->group, false);
    }
    list_remove(&m->link);
    heap_free(m);
}

void multicast_leave_all(struct packet_socket *ps)
{
    while (!list_is_empty(&ps->memberships)) {
        leave(list_entry(ps->memberships.next, struct membership, link));
    }
}

static int change(struct packet_socket *ps, ip_addr_t *group, struct netif *netif, bool joining)
{
    struct membership *m;
    unsigned int nr;

    if (!ip_addr_ismulticast(group)) {
        return -EINVAL;
    }
    if (!joining) {
        m = find(ps, group, netif != NULL ? netif_get_index(netif) : 0, &nr);
        if (m == NULL) {
            return -EADDRNOTAVAIL;
        }
        leave(m);
        return 0;
    }
    if (netif == NULL) {
        netif = ip_route(IP_IS_V6_VAL(*group) ? IP6_ADDR_ANY : IP4_ADDR_ANY, group);
    }
    return netif != NULL ? join(ps, group, netif) : -ENODEV;
}

static int change_v4(struct packet_socket *ps, const void *value, socklen_t length, bool joining)
{
    struct ip_mreqn request = {0};
    struct netif *netif;
    ip_addr_t group;

    if (length < sizeof(struct ip_mreq)) {
        return -EINVAL;
    }
    /* Two lengths that are known: gcc would copy one that is not by indexed stores, which check-red-zone cannot follow. */
    if (length < sizeof(request)) {
        memcpy(&request, value, sizeof(struct ip_mreq));
    } else {
        memcpy(&request, value, sizeof(request));
    }
    ip_addr_set_zero_ip4(&group);
    ip_2_ip4(&group)->addr = request.imr_multiaddr.s_addr;
    netif = inet_netif_at(request.imr_ifindex != 0 ? 0 : request.imr_address.s_addr,
                          (unsigned int)request.imr_ifindex);
    if (netif == NULL && (request.imr_ifindex != 0 || request.imr_address.s_addr != 0)) {
        return -ENODEV;
    }
    return change(ps, &group, netif, joining);
}

static int change_v6(struct packet_socket *ps, const void *value, socklen_t length, bool joining)
{
    struct ipv6_mreq request;
    struct netif *netif;
    ip_addr_t group;

    if (length < sizeof(request)) {
        return -EINVAL;
    }
    memcpy(&request, value, sizeof(request));
    ip_addr_set_zero_ip6(&group);
    memcpy(ip_2_ip6(&group)->addr, &request.ipv6mr_multiaddr, 16);
    netif = inet_netif_at(0, request.ipv6mr_interface);
    if (netif == NULL && request.ipv6mr_interface != 0) {
        return -ENODEV;
    }
    if (netif != NULL) {
        ip6_addr_assign_zone(ip_2_ip6(&group), IP6_MULTICAST, netif);
    }
    return change(ps, &group, netif, joining);
}

static int set_interface(struct packet_socket *ps, int level, const void *value, socklen_t length)
{
    struct ip_mreqn request = {0};
    struct netif *netif;
    int index = 0;

    if (level == IPPROTO_IPV6) {
        if (inet_int_in(value, length, &index) != 0) {
            return -EINVAL;
        }
    } else if (length >= sizeof(struct ip_mreq)) {
        /* Two lengths that are known: gcc would copy one that is not by indexed stores, which check-red-zone cannot follow. */
        if (length < sizeof(request)) {
            memcpy(&request, value, sizeof(struct ip_mreq));
        } else {
            memcpy(&request, value, sizeof(request));
        }
        index = request.imr_ifindex;
    } else if (length >= sizeof(struct in_addr)) {
        memcpy(&request.imr_address, value, sizeof(request.imr_address));
    } else {
        return -EINVAL;
    }
    if (index == 0 && request.imr_address.s_addr == 0) {
        ps->multicast_device = 0;
        return 0;
    }
    netif = inet_netif_at(index != 0 ? 0 : request.imr_address.s_addr, (unsigned int)index);
    if (netif == NULL) {
        return level == IPPROTO_IPV6 ? -ENODEV : -EADDRNOTAVAIL;
    }
    ps->multicast_device = netif_get_index(netif);
    return 0;
}

static int set_ttl(struct packet_socket *ps, int number)
{
    if (number < -1 || number > 255) {
        return -EINVAL;
    }
    ps->multicast_ttl = number == -1 ? 1 : (uint8_t)number;
    return 0;
}

int multicast_set_option(struct packet_socket *ps, int level, int option, const void *value, socklen_t length)
{
    int number = 0;
    bool v6 = level == IPPROTO_IPV6;

    if (level != IPPROTO_IP && !v6) {
        return -ENOPROTOOPT;
    }
    if (option == (v6 ? IPV6_JOIN_GROUP : IP_ADD_MEMBERSHIP)) {
        return v6 ? change_v6(ps, value, length, true) : change_v4(ps, value, length, true);
    }
    if (option == (v6 ? IPV6_LEAVE_GROUP : IP_DROP_MEMBERSHIP)) {
        return v6 ? change_v6(ps, value, length, false) : change_v4(ps, value, length, false);
    }
    if (option == (v6 ? IPV6_MULTICAST_IF : IP_MULTICAST_IF)) {
        return set_interface(ps, level, value, length);
    }
    if (option == (v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL)) {
        return inet_int_in(value, length, &number) != 0 ? -EINVAL : set_ttl(ps, number);
    }
    if (option == (v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP)) {
        if (inet_int_in(value, length, &number) != 0) {
            return -EINVAL;
        }
        ps->multicast_loop = number != 0;
        return 0;
    }
    return -ENOPROTOOPT;
}

int multicast_get_option(struct packet_socket *ps, int level, int option, void *value, socklen_t *length)
{
    bool v6 = level == IPPROTO_IPV6;
    struct in_addr address = {0};
    struct netif *netif;

    if (level != IPPROTO_IP && !v6) {
        return -ENOPROTOOPT;
    }
    if (option == (v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL)) {
        return inet_int_out(ps->multicast_ttl, value, length);
    }
    if (option == (v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP)) {
        return inet_int_out(ps->multicast_loop, value, length);
    }
    if (option == (v6 ? IPV6_MULTICAST_IF : IP_MULTICAST_IF)) {
        if (v6) {
            return inet_int_out(ps->multicast_device, value, length);
        }
        netif = inet_netif_at(0, ps->multicast_device);
        address.s_addr = netif != NULL ? netif_ip4_addr(netif)->addr : 0;
        return inet_bytes_out(&address, sizeof(address), value, length);
    }
    return -ENOPROTOOPT;
}
