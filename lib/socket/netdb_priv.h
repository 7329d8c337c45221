// SPDX-License-Identifier: MIT
/*
 * Where names come from: what the files of netdb share.
 */
#ifndef LIB_SOCKET_NETDB_PRIV_H
#define LIB_SOCKET_NETDB_PRIV_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_ADDRESSES 8

/** struct name_address - An address of a host. */
struct name_address {
    int family;
    union {
        struct in_addr v4;
        struct in6_addr v6;
    };
    uint32_t scope;
};

/**
 * name_resolve() - The addresses of @name: numbers, "localhost", /etc/hosts, then DNS.
 * @family: AF_INET, AF_INET6 or AF_UNSPEC.
 * @numeric: Only numbers.
 * Context: blocks. Return: how many, at most NAME_MAX_ADDRESSES, or an EAI_* error.
 */
int name_resolve(const char *name, int family, bool numeric, struct name_address *out);

/** name_from_hosts() - Into @out what /etc/hosts says of @name, at most @most. */
int name_from_hosts(const char *name, int family, struct name_address *out, int most);

/** name_from_dns() - The same of DNS. An EAI_* error if nothing is known. Context: blocks. */
int name_from_dns(const char *name, int family, struct name_address *out);

/** service_port() - Port, host byte order, of a service's name for "tcp" or "udp" (NULL: either). -1: unknown. */
int service_port(const char *name, const char *protocol);

/** service_name() - NULL: unknown. */
const char *service_name(int port, const char *protocol);

#endif
