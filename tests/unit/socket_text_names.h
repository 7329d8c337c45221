// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/socket/inet_text.c when it is compiled for the host, whose own calls of these names are the oracle.
 */
#ifndef SOCKET_TEXT_NAMES_H
#define SOCKET_TEXT_NAMES_H

#define inet_aton         own_inet_aton
#define inet_addr         own_inet_addr
#define inet_network      own_inet_network
#define inet_netof        own_inet_netof
#define inet_lnaof        own_inet_lnaof
#define inet_makeaddr     own_inet_makeaddr
#define inet_ntoa         own_inet_ntoa
#define inet_ntop         own_inet_ntop
#define inet_pton         own_inet_pton
#define in6addr_any       own_in6addr_any
#define in6addr_loopback  own_in6addr_loopback

#endif
