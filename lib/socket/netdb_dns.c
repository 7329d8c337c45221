// SPDX-License-Identifier: MIT
/*
 * Names by DNS: both kinds of address are asked for at once. lwIP gives one address of each; it always answers in the end, so
 * nobody waits for ever.
 */
#include "netdb_priv.h"

#include <netdb.h>
#include <string.h>

#include <lwip/dns.h>

#include <xenolith/wait.h>

#include "inet.h"

struct query {
    struct wait_queue done_wq;
    bool done;
    bool found;
    ip_addr_t address;
};

static void answered(const char *name, const ip_addr_t *address, void *arg)
{
    struct query *q = arg;

    (void)name;
    q->found = address != NULL;
    if (q->found) {
        q->address = *address;
    }
    q->done = true;
    wait_wake_all(&q->done_wq);
}

static err_t ask(struct query *q, const char *name, uint8_t type)
{
    err_t err;

    wait_queue_init(&q->done_wq);
    q->found = false;
    q->done = false;
    timeouts_note_packet(); /* without a carrier there is none, but the question is given up in time */
    err = dns_gethostbyname_addrtype(name, &q->address, answered, q, type);
    if (err != ERR_INPROGRESS) {
        q->done = true;
        q->found = err == ERR_OK;
    }
    return err;
}

static int take(const struct query *q, struct name_address *out)
{
    if (!q->found) {
        return 0;
    }
    memset(out, 0, sizeof(*out));
    if (IP_IS_V6_VAL(q->address)) {
        out->family = AF_INET6;
        memcpy(&out->v6, ip_2_ip6(&q->address)->addr, 16);
        out->scope = ip6_addr_zone(ip_2_ip6(&q->address));
    } else {
        out->family = AF_INET;
        out->v4.s_addr = ip_2_ip4(&q->address)->addr;
    }
    return 1;
}

/* Whether an address of IPv6 would be of use: then it comes first. */
static bool have_global_v6(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
            if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)) &&
                ip6_addr_isglobal(netif_ip6_addr(netif, i))) {
                return true;
            }
        }
    }
    return false;
}

int name_from_dns(const char *name, int family, struct name_address *out)
{
    struct query v4 = {.done = true}, v6 = {.done = true};
    err_t err4 = ERR_OK, err6 = ERR_OK;
    bool v6_first;
    int nr = 0;

    if (strlen(name) >= DNS_MAX_NAME_LENGTH) {
        return EAI_NONAME;
    }
    if (net_start() != 0) {
        return EAI_SYSTEM;
    }
    net_lock();
    if (family != AF_INET) {
        err6 = ask(&v6, name, LWIP_DNS_ADDRTYPE_IPV6);
    }
    if (family != AF_INET6) {
        err4 = ask(&v4, name, LWIP_DNS_ADDRTYPE_IPV4);
    }
    net_unlock();
    if (!v4.done) {
        wait_event(&v4.done_wq, v4.done);
    }
    if (!v6.done) {
        wait_event(&v6.done_wq, v6.done);
    }
    v6_first = have_global_v6();
    if (v6_first) {
        nr += take(&v6, &out[nr]);
    }
    nr += take(&v4, &out[nr]);
    if (!v6_first) {
        nr += take(&v6, &out[nr]);
    }
    if (nr > 0) {
        return nr;
    }
    return err4 == ERR_MEM || err6 == ERR_MEM ? EAI_AGAIN : EAI_NONAME;
}
