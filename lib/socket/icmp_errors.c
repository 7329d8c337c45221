// SPDX-License-Identifier: MIT
/*
 * Reading ICMP errors along. Messages come from the network: every length is checked before it is believed.
 */
#include "icmp_errors.h"

#include <errno.h>
#include <stdbool.h>

#include <lwip/pbuf.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/udp.h>
#include <lwip/raw.h>

#define ICMP_BYTES 8

static struct list listeners = LIST_INIT(listeners);
static struct raw_pcb *taps[2];

static int error_of_v4(uint8_t type, uint8_t code)
{
    static const uint8_t unreachable[] = {ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,
                                          ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP};

    if (type != ICMP_DUR) {
        return 0;
    }
    return code < sizeof(unreachable) ? unreachable[code] : EHOSTUNREACH;
}

static int error_of_v6(uint8_t type, uint8_t code)
{
    static const uint8_t unreachable[] = {ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED};

    if (type == ICMP6_TYPE_PTB) {
        return EMSGSIZE;
    }
    if (type != ICMP6_TYPE_DUR) {
        return 0;
    }
    return code < sizeof(unreachable) ? unreachable[code] : EPROTO;
}

/* @at: of the UDP header within @p that the error quotes. */
static void tell(struct pbuf *p, uint16_t at, const ip_addr_t *remote, int error)
{
    struct udp_hdr udp;
    struct list *pos, *next;

    if (pbuf_copy_partial(p, &udp, sizeof(udp), at) != sizeof(udp)) {
        return;
    }
    list_for_each_safe(pos, next, &listeners) {
        struct icmp_listener *l = list_entry(pos, struct icmp_listener, link);

        if (l->local_port == lwip_ntohs(udp.src) && l->remote_port == lwip_ntohs(udp.dest) &&
            ip_addr_eq(&l->remote, remote)) {
            l->failed(l, error);
        }
    }
}

static void read_v4(struct pbuf *p)
{
    struct ip_hdr outer, inner;
    uint8_t icmp[ICMP_BYTES];
    uint16_t at;
    ip_addr_t remote;
    int error;

    if (pbuf_copy_partial(p, &outer, sizeof(outer), 0) != sizeof(outer)) {
        return;
    }
    at = IPH_HL_BYTES(&outer);
    if (pbuf_copy_partial(p, icmp, sizeof(icmp), at) != sizeof(icmp)) {
        return;
    }
    error = error_of_v4(icmp[0], icmp[1]);
    at = (uint16_t)(at + ICMP_BYTES);
    if (error == 0 || pbuf_copy_partial(p, &inner, sizeof(inner), at) != sizeof(inner) ||
        IPH_PROTO(&inner) != IP_PROTO_UDP) {
        return;
    }
    ip_addr_set_zero_ip4(&remote);
    ip_2_ip4(&remote)->addr = inner.dest.addr;
    tell(p, (uint16_t)(at + IPH_HL_BYTES(&inner)), &remote, error);
}

static void read_v6(struct pbuf *p)
{
    struct ip6_hdr inner;
    uint8_t icmp[ICMP_BYTES];
    uint16_t at = ip_current_header_tot_len();
    ip_addr_t remote;
    int error;

    if (pbuf_copy_partial(p, icmp, sizeof(icmp), at) != sizeof(icmp)) {
        return;
    }
    error = error_of_v6(icmp[0], icmp[1]);
    at = (uint16_t)(at + ICMP_BYTES);
    if (error == 0 || pbuf_copy_partial(p, &inner, sizeof(inner), at) != sizeof(inner) ||
        IP6H_NEXTH(&inner) != IP6_NEXTH_UDP) {
        return;
    }
    ip_addr_copy_from_ip6_packed(remote, inner.dest);
    if (ip6_addr_has_scope(ip_2_ip6(&remote), IP6_UNKNOWN)) {
        ip6_addr_assign_zone(ip_2_ip6(&remote), IP6_UNKNOWN, ip_current_input_netif());
    }
    tell(p, (uint16_t)(at + sizeof(inner)), &remote, error);
}

/* Never takes the packet: lwIP's own ICMP still sees it. */
static u8_t overhear(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    (void)arg;
    (void)pcb;
    (void)from;
    if (list_is_empty(&listeners)) {
        return 0;
    }
    if (ip_current_is_v6()) {
        read_v6(p);
    } else {
        read_v4(p);
    }
    return 0;
}

static void tap(unsigned int which, uint8_t type, uint8_t protocol)
{
    if (taps[which] == NULL) {
        taps[which] = raw_new_ip_type(type, protocol);
        if (taps[which] != NULL) {
            raw_recv(taps[which], overhear, NULL);
        }
    }
}

void icmp_errors_want(struct icmp_listener *listener, const ip_addr_t *remote, uint16_t local_port,
                      uint16_t remote_port, void (*failed)(struct icmp_listener *self, int error))
{
    list_remove(&listener->link);
    listener->remote = *remote;
    listener->local_port = local_port;
    listener->remote_port = remote_port;
    listener->failed = failed;
    list_push_back(&listeners, &listener->link);
    /* Without memory for them errors are not heard, which UDP never promised. */
    tap(0, IPADDR_TYPE_V4, IP_PROTO_ICMP);
    tap(1, IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
}

void icmp_errors_ignore(struct icmp_listener *listener)
{
    list_remove(&listener->link);
}
