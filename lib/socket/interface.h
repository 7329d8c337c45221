// SPDX-License-Identifier: MIT
/*
 * lwIP's interfaces by the names and in the terms that programs know.
 */
#ifndef LIB_SOCKET_INTERFACE_H
#define LIB_SOCKET_INTERFACE_H

#include <lwip/netif.h>

/** interface_name() - "eth0", "lo"; @out has IF_NAMESIZE bytes. */
void interface_name(const struct netif *netif, char *out);

/** interface_find() - By that name; NULL: none. */
struct netif *interface_find(const char *name);

/** interface_flags() - IFF_*. */
unsigned int interface_flags(const struct netif *netif);

/** interface_mtu() - In bytes; the loopback has Linux's. */
int interface_mtu(const struct netif *netif);

#endif
