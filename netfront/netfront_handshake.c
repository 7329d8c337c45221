// SPDX-License-Identifier: MIT
/*
 * What the backend offers, what the toolstack says of the interface, and what we publish. Numbers in xenstore are the toolstack's
 * and the backend's words: bounded before use.
 * ABI: the comments of xen/io/netif.h.
 */
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "netfront_priv.h"

#define MTU_DEFAULT 1500U
#define MTU_MIN     68U
#define MTU_MAX     (NETDEV_MAX_FRAME - NETDEV_HEADER)

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** parse_mac() - Exactly six pairs with colons between them, of one station. */
static int parse_mac(const char *text, uint8_t mac[NETDEV_MAC_BYTES])
{
    if (strlen(text) != 3 * NETDEV_MAC_BYTES - 1) {
        return -EINVAL;
    }
    for (unsigned int i = 0; i < NETDEV_MAC_BYTES; i++) {
        int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);

        if (high < 0 || low < 0 || (i + 1 < NETDEV_MAC_BYTES && text[3 * i + 2] != ':')) {
            return -EINVAL;
        }
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return mac[0] & 1 ? -EINVAL : 0;
}

static int read_mac(struct netfront *nf)
{
    char path[48], *text;
    int rc;

    (void)ksnprintf(path, sizeof(path), "%s/mac", nf->f->path);
    rc = xs_read(XS_TX_NONE, path, &text, NULL);
    if (rc == 0) {
        rc = parse_mac(text, nf->dev.mac);
        heap_free(text);
    }
    return rc;
}

int netfront_read_offer(struct netfront *nf)
{
    struct frontend *f = nf->f;
    uint64_t mtu = frontend_read_own(f, "mtu", MTU_DEFAULT), queues;
    uint32_t features = 0;
    int rc = read_mac(nf);

    nf->nr_queues = 0;
    if (rc != 0) {
        return rc;
    }
    if (frontend_read_backend(f, "feature-rx-copy", 0) == 0) {
        return -EOPNOTSUPP; /* page flipping is history */
    }
    nf->dev.mtu = (uint32_t)(mtu < MTU_MIN || mtu > MTU_MAX ? MTU_DEFAULT : mtu);
    nf->trusted = frontend_read_own(f, "trusted", 1) != 0;
    nf->split = frontend_read_backend(f, "feature-split-event-channels", 0) != 0;
    nf->sg = frontend_read_backend(f, "feature-sg", 0) != 0;
    features |= nf->sg ? NETDEV_SG : 0;
    features |= frontend_read_backend(f, "feature-no-csum-offload", 0) == 0 ? NETDEV_CSUM_V4 : 0;
    features |= frontend_read_backend(f, "feature-ipv6-csum-offload", 0) != 0 ? NETDEV_CSUM_V6 : 0;
    if (nf->sg && (features & NETDEV_CSUM_V4) && frontend_read_backend(f, "feature-gso-tcpv4", 0) != 0) {
        features |= NETDEV_GSO_V4;
    }
    if (nf->sg && (features & NETDEV_CSUM_V6) && frontend_read_backend(f, "feature-gso-tcpv6", 0) != 0) {
        features |= NETDEV_GSO_V6;
    }
    nf->dynamic_mcast = frontend_read_backend(f, "feature-dynamic-multicast-control", 0) != 0;
    if (nf->dynamic_mcast || frontend_read_backend(f, "feature-multicast-control", 0) != 0) {
        features |= NETDEV_MCAST;
    }
    nf->dev.features = features;
    nf->mcast_requested = nf->mcast_wanted && (features & NETDEV_MCAST);
    queues = frontend_read_backend(f, "multi-queue-max-queues", 1);
    nf->dev.nr_queues = nf->nr_queues = MAX(1U, (unsigned int)MIN(queues, netfront_queues_asked));
    return 0;
}

/** write_below() - One number, at the top level or in the queue's own folder. */
static int write_below(struct netfront *nf, uint32_t tx, struct queue *q, const char *node, uint64_t value)
{
    char name[48];

    if (nf->nr_queues == 1) {
        return frontend_write(nf->f, tx, node, value);
    }
    (void)ksnprintf(name, sizeof(name), "queue-%u/%s", q->index, node);
    return frontend_write(nf->f, tx, name, value);
}

static int publish_queue(struct netfront *nf, uint32_t tx, struct queue *q)
{
    int rc = write_below(nf, tx, q, "tx-ring-ref", q->tx_ref);

    if (rc == 0) {
        rc = write_below(nf, tx, q, "rx-ring-ref", q->rx_ref);
    }
    if (rc == 0) {
        rc = write_below(nf, tx, q, nf->split ? "event-channel-tx" : "event-channel", q->tx_port);
    }
    if (rc == 0 && nf->split) {
        rc = write_below(nf, tx, q, "event-channel-rx", q->rx_port);
    }
    return rc;
}

/** forget_layout() - What an earlier connection of another shape has left would contradict this one. */
static int forget_layout(struct netfront *nf, uint32_t tx)
{
    static const char *const flat[] = {"tx-ring-ref",      "rx-ring-ref",      "event-channel",
                                       "event-channel-tx", "event-channel-rx", "multi-queue-num-queues"};
    char path[64];
    int rc = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(flat) && rc == 0; i++) {
        (void)ksnprintf(path, sizeof(path), "%s/%s", nf->f->path, flat[i]);
        rc = xs_rm(tx, path);
        rc = rc == -ENOENT ? 0 : rc;
    }
    for (unsigned int i = 0; i < nf->published_queues && rc == 0; i++) {
        (void)ksnprintf(path, sizeof(path), "%s/queue-%u", nf->f->path, i);
        rc = xs_rm(tx, path);
        rc = rc == -ENOENT ? 0 : rc;
    }
    return rc;
}

int netfront_publish(struct frontend *f, uint32_t tx)
{
    static const char *const wants[] = {"request-rx-copy",   "feature-rx-notify",
                                        "feature-sg",        "feature-gso-tcpv4",
                                        "feature-gso-tcpv6", "feature-ipv6-csum-offload"};
    struct netfront *nf = f->priv;
    int rc = nf->published_queues != 0 ? forget_layout(nf, tx) : 0;

    if (rc == 0 && nf->nr_queues > 1) {
        rc = frontend_write(f, tx, "multi-queue-num-queues", nf->nr_queues);
    }
    for (unsigned int i = 0; i < nf->nr_queues && rc == 0; i++) {
        rc = publish_queue(nf, tx, nf->queues[i]);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(wants) && rc == 0; i++) {
        rc = frontend_write(f, tx, wants[i], 1);
    }
    if (rc == 0 && (nf->dev.features & NETDEV_MCAST)) {
        rc = frontend_write(f, tx, "request-multicast-control", nf->mcast_requested);
    }
    nf->published_queues = MAX(nf->published_queues, nf->nr_queues);
    return rc;
}
