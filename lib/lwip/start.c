// SPDX-License-Identifier: MIT
/*
 * The start of the network, by the first who needs it: lwIP's modules, the timer thread, the devices, and then the wait until the interfaces have
 * addresses. Also what others may know of it all.
 */
#include <string.h>

#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/igmp.h>
#include <lwip/memp.h>
#include <lwip/netif.h>
#include <lwip/priv/raw_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/udp.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>
#include <xenolith/sync.h>
#include <xenolith/time.h>

#include "port_priv.h"

#define WAIT_DEFAULT_S 15U
#define WAIT_MAX_S     3600U

unsigned int net_depth;
bool net_dirty;
struct net_stats net_counters;

static unsigned int wait_s = WAIT_DEFAULT_S;
static struct mutex starting = MUTEX_INIT(starting);
static bool started;

static int set_wait(const char *value)
{
    unsigned int v = 0;

    if (*value == '\0') {
        return -EINVAL;
    }
    for (; *value >= '0' && *value <= '9' && v <= WAIT_MAX_S; value++) {
        v = v * 10 + (unsigned int)(*value - '0');
    }
    if (*value != '\0' || v > WAIT_MAX_S) {
        return -EINVAL;
    }
    wait_s = v;
    return 0;
}

BOOT_OPTION(netwait, "netwait", set_wait);

/* Upcalls do not come here either: they never lock. */
void net_not_locked(void)
{
    panic("net: the stack was entered without net_lock()");
}

static void tx_ready(struct netdev *dev)
{
    if (dev->user != NULL) {
        transmit_ready(dev->user);
    }
}

static const struct netdev_client client = {
    .found = interface_found,
    .carrier = interface_carrier,
    .rx = net_receive,
    .rx_batch_end = net_receive_end,
    .tx_ready = tx_ready,
};

/** stack_init() - What lwIP's lwip_init() does, with the port's own parts. */
static void stack_init(void)
{
    net_lock();
    stats_init();
    memp_limits_init();
    netif_init();
    etharp_init();
    raw_init();
    udp_init();
    tcp_init();
    igmp_init();
    dns_init();
    net_unlock();
}

static bool all_settled(void)
{
    for (const struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (!interface_is_settled(ni)) {
            return false;
        }
    }
    return true;
}

static void wait_for_addresses(void)
{
    uint64_t deadline_ns = time_deadline_ns(wait_s * NS_PER_SEC);

    if (wait_s == 0) {
        return;
    }
    if (netdev_settle(deadline_ns) == 0) {
        pr_warn("net: there is no interface");
        return;
    }
    if (wait_event_until(&net_configured_wq, all_settled(), deadline_ns) != 0) {
        for (const struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
            if (!interface_is_settled(ni)) {
                pr_warn("%s: no address yet after %u s; going on without", ni->name, wait_s);
            }
        }
    }
}

int net_start(void)
{
    int rc = 0;

    if (started) {
        return 0;
    }
    mutex_lock(&starting);
    if (!started) {
        (void)random_init();
        stack_init();
        rc = timeouts_start();
        if (rc == 0) {
            int without = netdev_start(&client);

            if (without == 0) {
                sntp_time_prepare();
                wait_for_addresses();
                sntp_time_start();
            } else {
                pr_warn("net: no devices (%d): only the loopback is there", without);
            }
            started = true;
        } else {
            pr_err("net: cannot start (%d)", rc);
        }
    }
    mutex_unlock(&starting);
    return rc;
}

static unsigned int list_length(const struct tcp_pcb *pcb)
{
    unsigned int n = 0;

    for (; pcb != NULL; pcb = pcb->next) {
        n++;
    }
    return n;
}

void net_get_stats(struct net_stats *out)
{
    *out = net_counters;
    out->tcp_in = lwip_stats.tcp.recv;
    out->tcp_out = lwip_stats.tcp.xmit;
    out->tcp_dropped = lwip_stats.tcp.drop;
    out->tcp_checksum_errors = lwip_stats.tcp.chkerr;
    out->udp_in = lwip_stats.udp.recv;
    out->udp_out = lwip_stats.udp.xmit;
    out->udp_dropped = lwip_stats.udp.drop;
    out->udp_checksum_errors = lwip_stats.udp.chkerr;
    out->tcp_connections = list_length(tcp_active_pcbs);
    out->tcp_time_wait = list_length(tcp_tw_pcbs);
}

static void fill_addresses(const struct net_interface *ni, struct net_interface_info *out)
{
    const struct netif *netif = &ni->netif;
    char text[IP6ADDR_STRLEN_MAX];

    if (ip4_addr_get_u32(netif_ip4_addr(netif)) != 0) {
        (void)ip4addr_ntoa_r(netif_ip4_addr(netif), text, sizeof(text));
        (void)ksnprintf(out->addresses[out->nr_addresses++], NET_ADDRESS_TEXT, "%s/%u", text,
                        (unsigned int)__builtin_popcount(ip4_addr_get_u32(netif_ip4_netmask(netif))));
        if (ip4_addr_get_u32(netif_ip4_gw(netif)) != 0) {
            (void)ip4addr_ntoa_r(netif_ip4_gw(netif), out->gateway, sizeof(out->gateway));
        }
    }
    for (u8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES && out->nr_addresses < NET_MAX_ADDRESSES; i++) {
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i))) {
            interface_text_v6(netif_ip6_addr(netif, i), text, sizeof(text));
            (void)ksnprintf(out->addresses[out->nr_addresses++], NET_ADDRESS_TEXT, "%s/64", text);
        }
    }
}

bool net_interface_next(unsigned int *at, struct net_interface_info *out)
{
    const struct net_interface *ni = net_interfaces;

    for (unsigned int n = 0; ni != NULL && n < *at; n++) {
        ni = ni->next;
    }
    if (ni == NULL) {
        return false;
    }
    (*at)++;
    memset(out, 0, sizeof(*out));
    out->name = ni->name;
    memcpy(out->mac, ni->dev->mac, sizeof(out->mac));
    out->mtu = ni->dev->mtu;
    out->carrier = ni->dev->carrier;
    out->source = ni->source;
    out->stats = ni->dev->stats;
    if (ni->added) {
        out->configured = interface_is_settled(ni);
        fill_addresses(ni, out);
    }
    return true;
}
