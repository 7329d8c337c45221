// SPDX-License-Identifier: MIT
/*
 * The network driver as the frontends' state machine and netdev see it: devices found, connected, lost. Queues, rings and frames
 * are the other files'.
 */
#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "netfront_priv.h"

unsigned int netfront_queues_asked = 1;

static int set_queues(const char *value)
{
    if (value[0] < '1' || value[0] > '0' + (int)NETFRONT_MAX_QUEUES || value[1] != '\0') {
        return -EINVAL;
    }
    netfront_queues_asked = (unsigned int)(value[0] - '0');
    return 0;
}

BOOT_OPTION(netqueues, "netqueues", set_queues);

static const struct netdev_ops ops = {
    .tx = netfront_tx,
    .flush = netfront_flush,
    .rx_free = netfront_rx_free,
    .multicast = netfront_multicast,
    .multicast_filter = netfront_multicast_filter,
};

static int probe(struct frontend *f)
{
    struct netfront *nf = heap_zalloc(1, sizeof(*nf));

    if (nf == NULL) {
        return -ENOMEM;
    }
    nf->f = f;
    nf->dev.ops = &ops;
    (void)ksnprintf(nf->dev.name, sizeof(nf->dev.name), "eth%u", f->id);
    f->priv = nf;
    netdev_add(&nf->dev);
    return 0;
}

static int prepare(struct frontend *f)
{
    struct netfront *nf = f->priv;
    int rc = netfront_read_offer(nf);

    for (unsigned int i = 0; i < nf->nr_queues && rc == 0; i++) {
        rc = queue_open(nf, i);
    }
    return rc;
}

static void follow_carrier(struct netfront *nf)
{
    netdev_set_carrier(&nf->dev, nf->up && frontend_read_backend(nf->f, "carrier", 1) != 0);
}

/** is_bound() - Is somebody at the other end of @port? */
static bool is_bound(evtchn_port_t port)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = port};

    return evtchn_get_status(&status) != 0 || status.status != EVTCHNSTAT_unbound;
}

/**
 * is_attached() - Has the backend bound our ports? One that was started anew may have found the rings of before in xenstore, and be connected
 * to them, when it says Connected.
 */
static bool is_attached(const struct netfront *nf)
{
    for (unsigned int i = 0; i < nf->nr_queues; i++) {
        if (!is_bound(nf->queues[i]->tx_port) || !is_bound(nf->queues[i]->rx_port)) {
            return false;
        }
    }
    return true;
}

static int connected(struct frontend *f)
{
    struct netfront *nf = f->priv;

    if (!is_attached(nf)) {
        return -EAGAIN;
    }
    nf->up = true;
    nf->dev.stats.connects++;
    for (unsigned int i = 0; i < nf->nr_mcast; i++) {
        tx_mcast(nf, nf->mcast[i], true);
    }
    for (unsigned int i = 0; i < nf->nr_queues; i++) {
        queue_kick(nf->queues[i]);
    }
    pr_info("%s: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, %u queue(s)%s\n", nf->dev.name, nf->dev.mac[0],
            nf->dev.mac[1], nf->dev.mac[2], nf->dev.mac[3], nf->dev.mac[4], nf->dev.mac[5], nf->dev.mtu,
            nf->nr_queues, nf->trusted ? "" : ", backend not trusted");
    follow_carrier(nf);
    return 0;
}

static void changed(struct frontend *f)
{
    follow_carrier(f->priv);
}

static void quiesce(struct frontend *f)
{
    struct netfront *nf = f->priv;

    nf->up = false;
    nf->dev.stats.failures += f->dead;
    for (unsigned int i = 0; i < nf->nr_queues; i++) {
        queue_stop(nf->queues[i]);
    }
    netdev_set_carrier(&nf->dev, false);
}

static void release(struct frontend *f)
{
    struct netfront *nf = f->priv;

    for (unsigned int i = 0; i < NETFRONT_MAX_QUEUES; i++) {
        if (nf->queues[i] != NULL) {
            queue_stop(nf->queues[i]);
            queue_release(nf->queues[i]);
        }
    }
}

static struct frontend_driver driver = {
    .type = "vif",
    .probe = probe,
    .prepare = prepare,
    .publish = netfront_publish,
    .connected = connected,
    .changed = changed,
    .quiesce = quiesce,
    .release = release,
};

int netdev_driver_start(void)
{
    return frontend_register(&driver);
}

unsigned int netdev_driver_settle(uint64_t deadline_ns)
{
    return frontend_settle(&driver, deadline_ns);
}
