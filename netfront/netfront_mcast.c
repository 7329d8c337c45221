// SPDX-License-Identifier: MIT
/*
 * The multicast filter: the addresses are kept here and told to each backend that filters, by requests that carry extra info and no frame.
 * ABI: xen/io/netif.h, XEN_NETIF_EXTRA_TYPE_MCAST_ADD and _DEL.
 */
#include <xenolith/errno.h>
#include <xenolith/string.h>

#include "netfront_priv.h"

void tx_mcast(struct netfront *nf, const uint8_t mac[NETDEV_MAC_BYTES], bool add)
{
    struct queue *q = nf->queues[0];
    struct netif_tx_request slot = {.flags = NETTXF_extra_info};
    struct netif_extra_info extra = {.type = add ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD
                                                 : XEN_NETIF_EXTRA_TYPE_MCAST_DEL};

    if (!nf->up || !q->running || !(nf->dev.features & NETDEV_MCAST) || ring_free_slots(&q->tx) < 2) {
        return;
    }
    slot.id = tx_take_id(q, NULL);
    ring_put_req(&q->tx, &slot, sizeof(slot));
    memcpy(extra.u.mcast.addr, mac, NETDEV_MAC_BYTES);
    memset(&slot, 0, sizeof(slot));
    memcpy(&slot, &extra, sizeof(extra));
    ring_put_req(&q->tx, &slot, sizeof(slot));
    q->tx_extras++;
    queue_show(q, &q->tx, q->tx_port);
}

int netfront_multicast(struct netdev *dev, const uint8_t mac[NETDEV_MAC_BYTES], bool add)
{
    struct netfront *nf = netfront_of(dev);
    unsigned int at = 0;

    while (at < nf->nr_mcast && memcmp(nf->mcast[at], mac, NETDEV_MAC_BYTES) != 0) {
        at++;
    }
    if (add == (at < nf->nr_mcast)) {
        return 0;
    }
    if (add && at == NETDEV_MCAST_MAX) {
        return -ENOSPC;
    }
    if (add) {
        memcpy(nf->mcast[nf->nr_mcast++], mac, NETDEV_MAC_BYTES);
    } else {
        memmove(nf->mcast[at], nf->mcast[--nf->nr_mcast], NETDEV_MAC_BYTES);
    }
    tx_mcast(nf, mac, add);
    return 0;
}

int netfront_multicast_filter(struct netdev *dev, bool on)
{
    struct netfront *nf = netfront_of(dev);

    if (nf->up && !(dev->features & NETDEV_MCAST)) {
        return -EOPNOTSUPP;
    }
    nf->mcast_wanted = on;
    if (!nf->up) {
        return -EINPROGRESS;
    }
    if (on == nf->mcast_requested) {
        return 0;
    }
    if (!nf->dynamic_mcast) {
        return -EINPROGRESS;
    }
    nf->mcast_requested = on;
    return frontend_write(nf->f, XS_TX_NONE, "request-multicast-control", on);
}
