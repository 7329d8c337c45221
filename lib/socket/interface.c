// SPDX-License-Identifier: MIT
/*
 * <net/if.h> and <ifaddrs.h>: what interfaces there are, and their addresses.
 */
#include "interface.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../newlib/newlib_priv.h"
#include "inet.h"

#define LOOPBACK_MTU 65536

static bool is_loopback(const struct netif *netif)
{
    return netif->name[0] == 'l' && netif->name[1] == 'o';
}

void interface_name(const struct netif *netif, char *out)
{
    if (is_loopback(netif)) {
        strcpy(out, "lo");
    } else {
        snprintf(out, IF_NAMESIZE, "eth%u", netif->num);
    }
}

struct netif *interface_find(const char *name)
{
    char its_name[IF_NAMESIZE];
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        interface_name(netif, its_name);
        if (strcmp(name, its_name) == 0) {
            return netif;
        }
    }
    return NULL;
}

unsigned int interface_flags(const struct netif *netif)
{
    unsigned int flags = netif_is_up(netif) ? IFF_UP : 0;

    if (netif_is_link_up(netif)) {
        flags |= IFF_RUNNING;
    }
    return flags | (is_loopback(netif) ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST);
}

int interface_mtu(const struct netif *netif)
{
    return is_loopback(netif) ? LOOPBACK_MTU : netif->mtu;
}

/* A program that asks for interfaces before it has a socket finds them configured. */
static bool start(void)
{
    return libc_result(net_start()) == 0;
}

unsigned int if_nametoindex(const char *name)
{
    struct netif *netif;

    if (!start()) {
        return 0;
    }
    net_lock();
    netif = interface_find(name);
    net_unlock();
    if (netif == NULL) {
        errno = ENODEV;
        return 0;
    }
    return netif_get_index(netif);
}

char *if_indextoname(unsigned int index, char *name)
{
    struct netif *netif = NULL;

    if (start()) {
        net_lock();
        netif = inet_netif_at(0, index);
        net_unlock();
    }
    if (netif == NULL) {
        errno = ENXIO;
        return NULL;
    }
    interface_name(netif, name);
    return name;
}

struct if_nameindex *if_nameindex(void)
{
    struct if_nameindex *list;
    struct netif *netif;
    char *names;
    size_t nr = 0;

    if (!start()) {
        return NULL;
    }
    NETIF_FOREACH(netif)
    {
        nr++;
    }
    list = malloc((nr + 1) * sizeof(*list) + nr * IF_NAMESIZE);
    if (list == NULL) {
        return NULL;
    }
    names = (char *)&list[nr + 1];
    nr = 0;
    NETIF_FOREACH(netif)
    {
        list[nr].if_index = netif_get_index(netif);
        list[nr].if_name = names + nr * IF_NAMESIZE;
        interface_name(netif, list[nr].if_name);
        nr++;
    }
    list[nr] = (struct if_nameindex){0, NULL};
    return list;
}

void if_freenameindex(struct if_nameindex *list)
{
    free(list);
}

/* One element of getifaddrs(), which is one block of memory. */
struct element {
    struct ifaddrs ifa;
    struct sockaddr_storage address, netmask, broadcast;
    char name[IF_NAMESIZE];
};

static struct element *add(struct ifaddrs ***tail, const struct netif *netif)
{
    struct element *e = calloc(1, sizeof(*e));

    if (e != NULL) {
        interface_name(netif, e->name);
        e->ifa.ifa_name = e->name;
        e->ifa.ifa_flags = interface_flags(netif);
        **tail = &e->ifa;
        *tail = &e->ifa.ifa_next;
    }
    return e;
}

static bool add_v4(struct ifaddrs ***tail, const struct netif *netif)
{
    struct sockaddr_in *sin;
    struct element *e;

    if (ip4_addr_isany(netif_ip4_addr(netif))) {
        return true;
    }
    e = add(tail, netif);
    if (e == NULL) {
        return false;
    }
    sin = (struct sockaddr_in *)&e->address;
    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = netif_ip4_addr(netif)->addr;
    e->ifa.ifa_addr = (struct sockaddr *)sin;
    sin = (struct sockaddr_in *)&e->netmask;
    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = netif_ip4_netmask(netif)->addr;
    e->ifa.ifa_netmask = (struct sockaddr *)sin;
    if (!is_loopback(netif)) {
        sin = (struct sockaddr_in *)&e->broadcast;
        sin->sin_family = AF_INET;
        sin->sin_addr.s_addr = netif_ip4_addr(netif)->addr | ~netif_ip4_netmask(netif)->addr;
        e->ifa.ifa_broadaddr = (struct sockaddr *)sin;
    }
    return true;
}

static bool add_v6(struct ifaddrs ***tail, const struct netif *netif, int i)
{
    unsigned int prefix = is_loopback(netif) ? 128 : 64;
    struct sockaddr_in6 *sin6;
    struct element *e;

    if (!ip6_addr_isvalid(netif_ip6_addr_state(netif, i))) {
        return true;
    }
    e = add(tail, netif);
    if (e == NULL) {
        return false;
    }
    sin6 = (struct sockaddr_in6 *)&e->address;
    sin6->sin6_family = AF_INET6;
    memcpy(&sin6->sin6_addr, netif_ip6_addr(netif, i)->addr, 16);
    sin6->sin6_scope_id = ip6_addr_zone(netif_ip6_addr(netif, i));
    e->ifa.ifa_addr = (struct sockaddr *)sin6;
    sin6 = (struct sockaddr_in6 *)&e->netmask;
    sin6->sin6_family = AF_INET6;
    memset(&sin6->sin6_addr, 0xff, prefix / 8);
    e->ifa.ifa_netmask = (struct sockaddr *)sin6;
    return true;
}

int getifaddrs(struct ifaddrs **out)
{
    struct ifaddrs **tail = out;
    struct netif *netif;

    *out = NULL;
    if (!start()) {
        return -1;
    }
    NETIF_FOREACH(netif)
    {
        bool added = add_v4(&tail, netif);

        for (int i = 0; added && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
            added = add_v6(&tail, netif, i);
        }
        if (!added) {
            freeifaddrs(*out);
            *out = NULL;
            errno = ENOMEM;
            return -1;
        }
    }
    return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    while (list != NULL) {
        struct ifaddrs *next = list->ifa_next;

        free(list);
        list = next;
    }
}
