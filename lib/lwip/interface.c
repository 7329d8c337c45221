// SPDX-License-Identifier: MIT
/*
 * Every network device becomes an interface of lwIP's: what it can do, when it has a carrier, which multicast it wants, and which of several
 * leads out of the local networks.
 */
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/ethip6.h>
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <netif/ethernet.h>

#include <xenolith/heap.h>
#include <xenolith/printk.h>

#include "port_priv.h"

struct net_interface *net_interfaces;
struct wait_queue net_configured_wq = WAIT_QUEUE_INIT(net_configured_wq);

static err_t filter_v4(struct netif *netif, const ip4_addr_t *group, enum netif_mac_filter_action action)
{
    const uint8_t *g = (const uint8_t *)&group->addr;
    uint8_t mac[NETDEV_MAC_BYTES] = {0x01, 0x00, 0x5e, g[1] & 0x7f, g[2], g[3]};

    (void)netdev_multicast(net_interface_of(netif)->dev, mac, action == NETIF_ADD_MAC_FILTER);
    return ERR_OK;
}

static err_t filter_v6(struct netif *netif, const ip6_addr_t *group, enum netif_mac_filter_action action)
{
    uint8_t mac[NETDEV_MAC_BYTES] = {0x33, 0x33};

    memcpy(mac + 2, &group->addr[3], 4);
    (void)netdev_multicast(net_interface_of(netif)->dev, mac, action == NETIF_ADD_MAC_FILTER);
    return ERR_OK;
}

static err_t init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 't'; /* and lwIP's number behind it; ours is in net_interface.name */
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = net_transmit;
    netif->hwaddr_len = NETDEV_MAC_BYTES;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP |
                   NETIF_FLAG_MLD6;
    netif_set_igmp_mac_filter(netif, filter_v4);
    netif_set_mld_mac_filter(netif, filter_v6);
    return ERR_OK;
}

/** take_properties() - Those of the new connection to the backend. */
static void take_properties(struct net_interface *ni)
{
    const struct netdev *dev = ni->dev;
    u16_t checks = NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_IP; /* merge.c makes IPv4's */
    u16_t mtu = (u16_t)MIN(dev->mtu, 65535U);

    /* One flag of lwIP's covers both versions; a device without the one of them cannot use the other. */
    if ((dev->features & (NETDEV_CSUM_V4 | NETDEV_CSUM_V6)) == (NETDEV_CSUM_V4 | NETDEV_CSUM_V6)) {
        checks &= (u16_t) ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
        ni->sums = true;
    } else {
        ni->sums = false;
    }
    NETIF_SET_CHECKSUM_CTRL(&ni->netif, checks);
    ni->netif.mtu = mtu;
    ni->netif.mtu6 = mtu;
    memcpy(ni->netif.hwaddr, dev->mac, NETDEV_MAC_BYTES);
}

void interface_found(struct netdev *dev)
{
    struct net_interface *ni = heap_zalloc(1, sizeof(*ni));
    struct net_interface **at = &net_interfaces;

    if (ni == NULL) {
        pr_err("%s: no memory for it", dev->name);
        return;
    }
    ni->dev = dev;
    ni->source = "";
    list_init(&ni->in_flight);
    list_init(&ni->deferred);
    memcpy(ni->name, dev->name, sizeof(ni->name));
    while (*at != NULL && strcmp((*at)->name, ni->name) < 0) {
        at = &(*at)->next;
    }
    ni->next = *at;
    *at = ni;
    dev->user = ni;
}

/** choose_default() - The first interface that is up and has a gateway, else the first that is up. */
static void choose_default(void)
{
    struct net_interface *best = NULL;

    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        bool out = ni->added && ip4_addr_get_u32(netif_ip4_gw(&ni->netif)) != 0;

        if (!ni->added || !netif_is_link_up(&ni->netif)) {
            continue;
        }
        if (best == NULL || (out && ip4_addr_get_u32(netif_ip4_gw(&best->netif)) == 0)) {
            best = ni;
        }
    }
    if (best != NULL && netif_default != &best->netif) {
        netif_set_default(&best->netif);
    }
}

static void status_changed(struct netif *netif, netif_nsc_reason_t reason,
                           const netif_ext_callback_args_t *args)
{
    (void)reason;
    (void)args;
    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (&ni->netif == netif && ni->added) {
            configure_report(ni);
            choose_default();
        }
    }
    wait_wake_all(&net_configured_wq);
}

static netif_ext_callback_t status_callback;

void interface_carrier(struct netdev *dev, bool up)
{
    struct net_interface *ni = dev->user;

    if (ni == NULL) {
        return;
    }
    if (up && !ni->added) {
        configure_choose(ni);
    }
    net_lock();
    if (!up) {
        netif_set_link_down(&ni->netif);
        transmit_drop(ni);
        pr_info("%s: carrier lost", ni->name);
    } else if (ni->added) {
        take_properties(ni);
        netif_set_link_up(&ni->netif);
        pr_info("%s: carrier is back", ni->name);
    } else if (netif_add(&ni->netif, NULL, NULL, NULL, ni, init, ethernet_input) != NULL) {
        static bool known;

        if (!known) {
            netif_add_ext_callback(&status_callback, status_changed);
            known = true;
        }
        ni->added = true;
        take_properties(ni);
        netif_set_up(&ni->netif);
        netif_set_link_up(&ni->netif);
        configure_start(ni);
    }
    choose_default();
    net_unlock();
    wait_wake_all(&net_configured_wq);
}

void interface_text_v6(const ip6_addr_t *address, char *out, int bytes)
{
    (void)ip6addr_ntoa_r(address, out, bytes);
    for (; *out != '\0'; out++) {
        *out = (char)(*out >= 'A' && *out <= 'F' ? *out | 0x20 : *out);
    }
}

/* A connection that has one interface's address leaves through it, not through the one that is first: its answers would be dropped as
 * strangers', and its gateway knows the way back. */
struct netif *net_route_by_source(const ip4_addr_t *from, const ip4_addr_t *to)
{
    struct net_interface *found = NULL;

    if (net_interfaces == NULL || net_interfaces->next == NULL || ip4_addr_isany(from)) {
        return NULL;
    }
    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (!ni->added || !netif_is_link_up(&ni->netif) || ip4_addr_isany(netif_ip4_addr(&ni->netif))) {
            continue;
        }
        if (ip4_addr_eq(netif_ip4_addr(&ni->netif), from)) {
            found = ni;
        } else if (ip4_addr_net_eq(to, netif_ip4_addr(&ni->netif), netif_ip4_netmask(&ni->netif))) {
            return NULL; /* a neighbour on another one: the ordinary way */
        }
    }
    return found != NULL ? &found->netif : NULL;
}

static bool has_v6(const struct netif *netif)
{
    for (u8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)) &&
            !ip6_addr_islinklocal(netif_ip6_addr(netif, i))) {
            return true;
        }
    }
    return false;
}

/* Whether the link has had its time to object to the addresses that the command line asks for: before that nothing leaves from them. */
static bool words_v6_settled(const struct net_interface *ni)
{
    for (u8_t i = 0; ni->words.nr_v6 > 0 && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_istentative(netif_ip6_addr_state(&ni->netif, i))) {
            return false;
        }
    }
    return true;
}

bool interface_is_settled(const struct net_interface *ni)
{
    if (!ni->dev->carrier) {
        return true;
    }
    if (!ni->added) {
        return false;
    }
    if (!words_v6_settled(ni)) {
        return false;
    }
    if (ip4_addr_get_u32(netif_ip4_addr(&ni->netif)) != 0) {
        return true;
    }
    return ni->gave_up && (ni->words.v6 == IP_AUTO_OFF || has_v6(&ni->netif));
}

err_t net_udp_send(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, uint16_t port,
                   struct netif *netif, const ip_addr_t *source)
{
    err_t rc;

    /* A datagram that is cut must bring its sum along: no device makes it. */
    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (ni->added && ni->sums && p->tot_len + 48U > ni->netif.mtu) {
            ni->netif.chksum_flags |= NETIF_CHECKSUM_GEN_UDP;
        }
    }
    if (netif == NULL) {
        rc = udp_sendto(pcb, p, to, port);
    } else if (source == NULL) {
        rc = udp_sendto_if(pcb, p, to, port, netif);
    } else {
        rc = udp_sendto_if_src(pcb, p, to, port, netif, source);
    }
    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (ni->added && ni->sums) {
            ni->netif.chksum_flags &= (u16_t)~NETIF_CHECKSUM_GEN_UDP;
        }
    }
    return rc;
}
