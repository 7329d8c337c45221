// SPDX-License-Identifier: MIT
/*
 * Between network drivers and their one client. Who the driver is the link decides.
 */
#include <xenolith/netdev.h>

#include <stddef.h>

#include <xenolith/errno.h>

static struct list devices = LIST_INIT(devices);
static const struct netdev_client *client;

int netdev_start(const struct netdev_client *who)
{
    if (client != NULL) {
        return -EALREADY;
    }
    client = who;
    return netdev_driver_start();
}

unsigned int netdev_settle(uint64_t deadline_ns)
{
    return netdev_driver_settle(deadline_ns);
}

struct netdev *netdev_next(struct netdev *dev)
{
    struct list *next = dev == NULL ? devices.next : dev->link.next;

    return next == &devices ? NULL : list_entry(next, struct netdev, link);
}

void netdev_add(struct netdev *dev)
{
    list_push_back(&devices, &dev->link);
    if (client != NULL) {
        client->found(dev);
    }
}

void netdev_set_carrier(struct netdev *dev, bool up)
{
    if (dev->carrier != up) {
        dev->carrier = up;
        if (client != NULL) {
            client->carrier(dev, up);
        }
    }
}

void netdev_rx(struct netdev *dev, struct netdev_buf *buf)
{
    if (client != NULL) {
        client->rx(dev, buf);
    } else {
        netdev_rx_free(buf);
    }
}

void netdev_rx_batch_end(struct netdev *dev)
{
    if (client != NULL && client->rx_batch_end != NULL) {
        client->rx_batch_end(dev);
    }
}

void netdev_tx_ready(struct netdev *dev)
{
    if (client != NULL && client->tx_ready != NULL) {
        client->tx_ready(dev);
    }
}
