// SPDX-License-Identifier: MIT
/*
 * getnameinfo(): addresses to text. Names are found only where no question to the network is needed: there is no reverse DNS.
 */
#include "netdb_priv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static int put(const char *text, char *out, socklen_t bytes)
{
    if (strlen(text) >= bytes) {
        return EAI_OVERFLOW;
    }
    strcpy(out, text);
    return 0;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    }
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static int put_host(const struct sockaddr *address, char *out, socklen_t bytes, int flags)
{
    char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
    const struct sockaddr_in6 *sin6 = (const void *)address;

    if ((flags & NI_NUMERICHOST) == 0 && is_loopback(address)) {
        return put("localhost", out, bytes);
    }
    if ((flags & NI_NAMEREQD) != 0) {
        return EAI_NONAME;
    }
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  sizeof(text));
        return put(text, out, bytes);
    }
    inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text));
    if (sin6->sin6_scope_id != 0) {
        sprintf(text + strlen(text), "%%%u", (unsigned int)sin6->sin6_scope_id);
    }
    return put(text, out, bytes);
}

static int put_service(uint16_t port, char *out, socklen_t bytes, int flags)
{
    const char *name =
        (flags & NI_NUMERICSERV) == 0 ? service_name(port, (flags & NI_DGRAM) != 0 ? "udp" : "tcp") : NULL;
    char text[8];

    if (name != NULL) {
        return put(name, out, bytes);
    }
    sprintf(text, "%u", port);
    return put(text, out, bytes);
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_bytes,
                char *service, socklen_t service_bytes, int flags)
{
    const struct sockaddr_in *sin = (const void *)address;
    int rc = 0;

    if (length < sizeof(sa_family_t) || (address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
        length < (address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6))) {
        return EAI_FAMILY;
    }
    if (host != NULL && host_bytes > 0) {
        rc = put_host(address, host, host_bytes, flags);
    }
    if (rc == 0 && service != NULL && service_bytes > 0) {
        /* The port stands at the same place in both families. */
        rc = put_service(ntohs(sin->sin_port), service, service_bytes, flags);
    }
    return rc;
}
