// SPDX-License-Identifier: MIT
/*
 * Addresses and errors between POSIX and lwIP.
 */
#include "inet.h"

#include <errno.h>
#include <string.h>

int inet_errno(err_t error)
{
    static const uint8_t numbers[] = {
        [-ERR_MEM] = ENOBUFS,
        [-ERR_BUF] = ENOBUFS,
        [-ERR_TIMEOUT] = ETIMEDOUT,
        [-ERR_RTE] = ENETUNREACH,
        [-ERR_INPROGRESS] = EINPROGRESS,
        [-ERR_VAL] = EINVAL,
        [-ERR_WOULDBLOCK] = EAGAIN,
        [-ERR_USE] = EADDRINUSE,
        [-ERR_ALREADY] = EALREADY,
        [-ERR_ISCONN] = EISCONN,
        [-ERR_CONN] = ENOTCONN,
        [-ERR_IF] = ENETDOWN,
        [-ERR_ABRT] = ECONNABORTED,
        [-ERR_RST] = ECONNRESET,
        [-ERR_CLSD] = ENOTCONN,
        [-ERR_ARG] = EINVAL,
    };

    if (error >= 0) {
        return 0;
    }
    return (size_t)-error < sizeof(numbers) && numbers[-error] != 0 ? -numbers[-error] : -EIO;
}

static int address_in_v6(bool v6only, const struct sockaddr *address, socklen_t length, ip_addr_t *ip,
                         uint16_t *port)
{
    struct sockaddr_in6 sin6 = {0};

    /* Without the scope id the structure was once shorter. */
    if (length < offsetof(struct sockaddr_in6, sin6_scope_id)) {
        return -EINVAL;
    }
    memcpy(&sin6, address, length < sizeof(sin6) ? length : sizeof(sin6));
    *port = ntohs(sin6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr)) {
        if (v6only) {
            return -ENETUNREACH;
        }
        ip_addr_set_zero_ip4(ip);
        ip_2_ip4(ip)->addr = sin6.sin6_addr.s6_addr32[3];
        return 0;
    }
    ip_addr_set_zero_ip6(ip);
    memcpy(ip_2_ip6(ip)->addr, &sin6.sin6_addr, 16);
    if (sin6.sin6_scope_id <= UINT8_MAX && ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN)) {
        ip6_addr_set_zone(ip_2_ip6(ip), (uint8_t)sin6.sin6_scope_id);
    }
    return 0;
}

int inet_address_in(const struct socket *s, bool v6only, const struct sockaddr *address, socklen_t length,
                    ip_addr_t *ip, uint16_t *port)
{
    struct sockaddr_in sin;
    sa_family_t family;

    if (length < sizeof(family)) {
        return -EINVAL;
    }
    memcpy(&family, address, sizeof(family));
    if (family != s->family) {
        return -EAFNOSUPPORT;
    }
    if (s->family == AF_INET6) {
        return address_in_v6(v6only, address, length, ip, port);
    }
    if (length < sizeof(sin)) {
        return -EINVAL;
    }
    memcpy(&sin, address, sizeof(sin));
    ip_addr_set_zero_ip4(ip);
    ip_2_ip4(ip)->addr = sin.sin_addr.s_addr;
    *port = ntohs(sin.sin_port);
    return 0;
}

void inet_address_out(const struct socket *s, const ip_addr_t *ip, uint16_t port,
                      struct sockaddr_storage *out, socklen_t *length)
{
    struct sockaddr_in *sin = (void *)out;
    struct sockaddr_in6 *sin6 = (void *)out;

    if (s->family == AF_INET) {
        memset(sin, 0, sizeof(*sin));
        sin->sin_family = AF_INET;
        sin->sin_port = htons(port);
        sin->sin_addr.s_addr = ip_2_ip4(ip)->addr;
        *length = sizeof(*sin);
        return;
    }
    memset(sin6, 0, sizeof(*sin6));
    sin6->sin6_family = AF_INET6;
    sin6->sin6_port = htons(port);
    if (IP_IS_V6_VAL(*ip)) {
        memcpy(&sin6->sin6_addr, ip_2_ip6(ip)->addr, 16);
        sin6->sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
    } else if (IP_IS_V4_VAL(*ip)) {
        sin6->sin6_addr.s6_addr32[2] = htonl(0xffff);
        sin6->sin6_addr.s6_addr32[3] = ip_2_ip4(ip)->addr;
    }
    *length = sizeof(*sin6);
}

bool inet_address_is_ours(const ip_addr_t *ip)
{
    struct netif *netif;

    if (ip_addr_isany(ip)) {
        return true;
    }
    if (IP_IS_V4_VAL(*ip) && (ntohl(ip_2_ip4(ip)->addr) >> 24) == IN_LOOPBACKNET) {
        return true;
    }
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V4_VAL(*ip) ? ip4_addr_eq(ip_2_ip4(ip), netif_ip4_addr(netif))
                              : netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0) {
            return true;
        }
    }
    return false;
}

uint8_t inet_pcb_type(const struct socket *s, bool v6only)
{
    return s->family == AF_INET ? IPADDR_TYPE_V4 : v6only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
}

struct netif *inet_netif_at(uint32_t address, unsigned int index)
{
    struct netif *netif;

    if (address == 0) {
        return index > 0 && index <= UINT8_MAX ? netif_get_by_index((uint8_t)index) : NULL;
    }
    NETIF_FOREACH(netif)
    {
        if (netif_ip4_addr(netif)->addr == address) {
            return netif;
        }
    }
    return NULL;
}
