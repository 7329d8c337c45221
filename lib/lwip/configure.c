// SPDX-License-Identifier: MIT
/*
 * Which addresses an interface has, and from whom: what the command line says, else the vif's `ip` in xenstore, else DHCP and router
 * advertisements. Says on the console what came of it.
 */
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/dhcp6.h>
#include <lwip/dns.h>
#include <lwip/ethip6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/xenstore.h>

#include "port_priv.h"

#define MAX_WORDS 16U

static struct ip_words words[MAX_WORDS];
static unsigned int nr_words;
static char hostname[IP_WORDS_HOST];

static int note(int (*parse)(struct ip_words *, const char *, const char **), const char *name,
                const char *value)
{
    const char *why = "";
    int rc;

    if (nr_words == MAX_WORDS) {
        pr_err("net: %s=%s: there are too many", name, value);
        return -ENOSPC;
    }
    rc = parse(&words[nr_words], value, &why);
    if (rc != 0) {
        pr_err("net: %s=%s: cannot be read: %s", name, value, why);
        return rc;
    }
    nr_words++;
    return 0;
}

static int set_ip(const char *value)
{
    return note(ip_words_v4, "ip", value);
}

static int set_ip6(const char *value)
{
    return note(ip_words_v6, "ip6", value);
}

static int set_hostname(const char *value)
{
    size_t len = strlen(value);

    if (len == 0 || len >= sizeof(hostname)) {
        return -EINVAL;
    }
    memcpy(hostname, value, len + 1);
    return 0;
}

BOOT_OPTION(ip, "ip", set_ip);
BOOT_OPTION(ip6, "ip6", set_ip6);
BOOT_OPTION(hostname, "hostname", set_hostname);

const char *net_hostname(void)
{
    return hostname;
}

/** apply() - Take from @from what is said there. */
static void apply(struct ip_words *to, const struct ip_words *from)
{
    if (from->v4 != IP_AUTO_UNSAID) {
        to->v4 = from->v4;
    }
    if (from->v6 != IP_AUTO_UNSAID) {
        to->v6 = from->v6;
    }
    to->address = from->address != 0 ? from->address : to->address;
    to->gateway = from->gateway != 0 ? from->gateway : to->gateway;
    to->mask = from->mask != 0 ? from->mask : to->mask;
    for (unsigned int i = 0; i < IP_WORDS_DNS; i++) {
        to->dns[i] = from->dns[i] != 0 ? from->dns[i] : to->dns[i];
    }
    for (unsigned int i = 0; i < from->nr_v6 && to->nr_v6 < IP_WORDS_V6; i++) {
        to->v6_addresses[to->nr_v6++] = from->v6_addresses[i];
    }
    if (from->has_v6_gateway) {
        to->has_v6_gateway = true;
        memcpy(to->v6_gateway, from->v6_gateway, sizeof(to->v6_gateway));
    }
    if (from->host[0] != '\0') {
        memcpy(to->host, from->host, sizeof(to->host));
    }
}

/** is_for() - Does a word concern the interface? One that names no device: DHCP and the like all, an address only the first. */
static bool is_for(const struct ip_words *w, const struct net_interface *ni)
{
    if (w->device[0] != '\0') {
        return strcmp(w->device, ni->name) == 0;
    }
    return ni == net_interfaces || (w->address == 0 && w->nr_v6 == 0);
}

/** read_vif() - What the toolstack was told: `ip=` of the vif. */
static bool read_vif(struct ip_words *out, const struct net_interface *ni)
{
    char path[320];
    const char *why = "";
    char *backend, *value;
    bool good = false;

    (void)ksnprintf(path, sizeof(path), "device/vif/%s/backend", ni->name + 3);
    if (xs_read(XS_TX_NONE, path, &backend, NULL) != 0) {
        return false;
    }
    (void)ksnprintf(path, sizeof(path), "%s/ip", backend);
    heap_free(backend);
    if (xs_read(XS_TX_NONE, path, &value, NULL) != 0) {
        return false;
    }
    if (value[0] != '\0') {
        good = ip_words_vif(out, value, &why) == 0;
        if (!good) {
            pr_err("%s: ip of the vif, '%s', cannot be read: %s", ni->name, value, why);
        }
    }
    heap_free(value);
    return good;
}

/** choose() - All that is said of the interface, into ni->words. */
static void choose(struct net_interface *ni)
{
    struct ip_words vif, line = {.device = ""};

    for (unsigned int i = 0; i < nr_words; i++) {
        if (is_for(&words[i], ni) && words[i].device[0] == '\0') {
            apply(&line, &words[i]);
        }
    }
    for (unsigned int i = 0; i < nr_words; i++) {
        if (is_for(&words[i], ni) && words[i].device[0] != '\0') {
            apply(&line, &words[i]);
        }
    }
    ni->source = "ip=";
    memset(&ni->words, 0, sizeof(ni->words));
    if (line.address == 0 && line.v4 == IP_AUTO_UNSAID && read_vif(&vif, ni)) {
        apply(&ni->words, &vif);
        ni->source = "xenstore";
    }
    apply(&ni->words, &line);
    if (ni->words.v4 == IP_AUTO_UNSAID) {
        ni->words.v4 = ni->words.address != 0 ? IP_AUTO_OFF : IP_AUTO_DHCP;
    }
    if (ni->words.address != 0 && ni->words.mask == 0) {
        ni->words.mask = ip_words_mask(ni->words.address);
    }
    if (ni->words.v4 == IP_AUTO_DHCP) {
        ni->source = "dhcp";
    }
    if (ni->words.v6 == IP_AUTO_UNSAID) {
        ni->words.v6 = ni->words.nr_v6 != 0 ? IP_AUTO_OFF : IP_AUTO_DHCP;
    }
}

static void read_name(void)
{
    char *name;

    if (hostname[0] == '\0' && xs_read(XS_TX_NONE, "name", &name, NULL) == 0) {
        (void)set_hostname(name);
        heap_free(name);
    }
}

void configure_choose(struct net_interface *ni)
{
    choose(ni);
    read_name();
    if (ni->words.host[0] != '\0') {
        memcpy(hostname, ni->words.host, sizeof(hostname));
    }
    ni->gave_up = ni->words.v4 != IP_AUTO_DHCP && ni->words.address == 0;
}

static void configure_v6(struct net_interface *ni)
{
    struct netif *netif = &ni->netif;

    netif_create_ip6_linklocal_address(netif, 1);
    netif_set_ip6_autoconfig_enabled(netif, ni->words.v6 == IP_AUTO_DHCP);
    for (unsigned int i = 0; i < ni->words.nr_v6; i++) {
        ip6_addr_t address;
        s8_t index;

        memset(&address, 0, sizeof(address));
        memcpy(address.addr, ni->words.v6_addresses[i].address, 16);
        ip6_addr_assign_zone(&address, IP6_UNICAST, netif);
        if (netif_add_ip6_address(netif, &address, &index) == ERR_OK) {
            netif_ip6_addr_set_state(netif, index, IP6_ADDR_TENTATIVE);
        }
    }
    if (ni->words.has_v6_gateway) {
        memset(&ni->gateway_v6, 0, sizeof(ni->gateway_v6));
        memcpy(ni->gateway_v6.addr, ni->words.v6_gateway, 16);
        ip6_addr_assign_zone(&ni->gateway_v6, IP6_UNICAST, netif);
    }
    if (ni->words.v6 == IP_AUTO_DHCP) {
        (void)dhcp6_enable_stateless(netif);
    }
}

void configure_start(struct net_interface *ni)
{
    struct netif *netif = &ni->netif;
    unsigned int slot = 0;

    netif_set_hostname(netif, hostname[0] != '\0' ? hostname : NULL);
    if (ni->words.v4 == IP_AUTO_OFF && ni->words.address != 0) {
        ip4_addr_t address = {ni->words.address}, mask = {ni->words.mask}, gateway = {ni->words.gateway};

        netif_set_addr(netif, &address, &mask, &gateway);
    } else if (ni->words.v4 == IP_AUTO_DHCP) {
        err_t rc = dhcp_start(netif);

        if (rc != ERR_OK) {
            pr_err("%s: DHCP cannot start (%d)", ni->name, rc);
            ni->gave_up = true;
        }
    }
    for (unsigned int i = 0; i < IP_WORDS_DNS; i++) {
        if (ni->words.dns[i] != 0) {
            ip_addr_t server;

            ip_addr_set_ip4_u32_val(server, ni->words.dns[i]);
            dns_setserver((u8_t)slot++, &server);
        }
    }
    configure_v6(ni);
    mdns_name_start(ni);
}

/** say() - A line that is wanted whatever loglevel= says: without it nobody knows how to reach the domain. */
static void PRINTF_LIKE(1, 2) say(const char *fmt, ...)
{
    char line[320];
    va_list ap;
    size_t len;

    va_start(ap, fmt);
    len = (size_t)kvsnprintf(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    len = MIN(len, sizeof(line) - 2);
    line[len++] = '\n';
    console_write_atomic(line, len);
}

/* Asked for each packet that leaves the local networks; NULL: a router that has announced itself. */
const struct ip6_addr *net_gateway_v6(const struct netif *netif)
{
    const struct net_interface *ni = netif->state;

    return ni != NULL && netif->linkoutput == net_transmit && ni->words.has_v6_gateway ? &ni->gateway_v6
                                                                                       : NULL;
}

static void append(char *line, size_t bytes, const char *word, const char *text)
{
    size_t len = strlen(line);

    (void)ksnprintf(line + len, bytes - len, " %s %s", word, text);
}

static unsigned int mask_length(u32_t mask)
{
    return (unsigned int)__builtin_popcount(mask);
}

static void report_v4(struct net_interface *ni)
{
    const struct netif *netif = &ni->netif;
    uint32_t address = ip4_addr_get_u32(netif_ip4_addr(netif));
    char line[200], text[IP4ADDR_STRLEN_MAX];

    if (address == ni->told_v4) {
        return;
    }
    ni->told_v4 = address;
    if (address == 0) {
        say("%s: has lost its IPv4 address", ni->name);
        return;
    }
    (void)ip4addr_ntoa_r(netif_ip4_addr(netif), text, sizeof(text));
    (void)ksnprintf(line, sizeof(line), "%s/%u", text,
                    mask_length(ip4_addr_get_u32(netif_ip4_netmask(netif))));
    if (ip4_addr_get_u32(netif_ip4_gw(netif)) != 0) {
        append(line, sizeof(line), "gateway", ip4addr_ntoa_r(netif_ip4_gw(netif), text, sizeof(text)));
    }
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        const ip_addr_t *server = dns_getserver(i);

        if (server != NULL && !ip_addr_isany(server)) {
            char name[IPADDR_STRLEN_MAX];

            if (IP_IS_V6(server)) {
                interface_text_v6(ip_2_ip6(server), name, sizeof(name));
            } else {
                (void)ip4addr_ntoa_r(ip_2_ip4(server), name, sizeof(name));
            }
            append(line, sizeof(line), "dns", name);
        }
    }
    say("%s: %s by %s, mac %02x:%02x:%02x:%02x:%02x:%02x, mtu %u", ni->name, line, ni->source,
        netif->hwaddr[0], netif->hwaddr[1], netif->hwaddr[2], netif->hwaddr[3], netif->hwaddr[4],
        netif->hwaddr[5], netif->mtu);
}

static void report_v6(struct net_interface *ni)
{
    const struct netif *netif = &ni->netif;

    for (u8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        bool valid = ip6_addr_isvalid(netif_ip6_addr_state(netif, i));
        bool told = (ni->told_v6 & 1U << i) != 0;
        char text[IP6ADDR_STRLEN_MAX];

        if (valid == told) {
            continue;
        }
        ni->told_v6 ^= (uint8_t)(1U << i);
        if (valid && !ip6_addr_islinklocal(netif_ip6_addr(netif, i))) {
            interface_text_v6(netif_ip6_addr(netif, i), text, sizeof(text));
            say("%s: %s/64 by %s", ni->name, text,
                netif_ip6_addr_isstatic(netif, i) ? "ip6=" : "router advertisement");
        }
    }
}

void configure_report(struct net_interface *ni)
{
    report_v4(ni);
    report_v6(ni);
}
