// SPDX-License-Identifier: MIT
/*
 * A network interface as its user (an IP stack, a test) sees it: Ethernet frames out and in without a copy, with what the stack
 * leaves to the other side. No word of how frames travel is here. The driver that an image has is the one that defines
 * netdev_driver_start(); naming netdev_start() links it.
 *
 * Everything is for threads, never upcalls. Threads are cooperative: no call here blocks unless said so.
 */
#ifndef XENOLITH_NETDEV_H
#define XENOLITH_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>

#define NETDEV_MAC_BYTES   6
#define NETDEV_HEADER      14     /* Ethernet's */
#define NETDEV_MAX_FRAME   65535U /* header included; large only with GSO or a large MTU */
#define NETDEV_COPY_MAX    4096U
#define NETDEV_MCAST_MAX   64     /* addresses in the filter */

/* What the other side does for us; may change when it comes back, while the carrier is down. */
#define NETDEV_CSUM_V4     (1U << 0) /* takes TCP and UDP over IPv4 with blank checksums */
#define NETDEV_CSUM_V6     (1U << 1)
#define NETDEV_GSO_V4      (1U << 2) /* cuts large TCP segments */
#define NETDEV_GSO_V6      (1U << 3)
#define NETDEV_SG          (1U << 4) /* frames above a page; without it the driver takes up to 4096 bytes */
#define NETDEV_MCAST       (1U << 5) /* filters multicast */

/* Flags of a frame, sent or received. */
#define NETDEV_CSUM_BLANK  (1U << 0) /* the TCP/UDP checksum field holds only the pseudo-header's sum */
#define NETDEV_CSUM_OK     (1U << 1) /* received: the checksum needs no look */
#define NETDEV_COPY        (1U << 2) /* to send: copy it if that can be done; see netdev_tx() */

enum netdev_gso {
    NETDEV_GSO_NONE,
    NETDEV_GSO_TCP4,
    NETDEV_GSO_TCP6,
};

struct netdev;

/** struct netdev_frag - A piece of a frame, anywhere in the linear map, of any length, across pages. */
struct netdev_frag {
    const void *addr;
    uint32_t len;
};

/**
 * struct netdev_tx - A frame to send. From acceptance until done() it and all that it names belong to the driver; nothing is copied
 * where the backend is trusted.
 * @flags:    NETDEV_CSUM_BLANK, for a TCP or UDP frame, if the device has the feature of its IP version. Implied by GSO.
 * @gso_type: With @gso_size, the payload of a segment: a TCP frame to be cut.
 * @hash:     Frames of one flow share it, so that they stay in order on a device with several queues. May be 0.
 * @done:     Called once, in another thread, never from inside tx(). @status: 0; -EIO; -ECONNRESET, the device was lost; -EBUSY: the
 *            other domain still reads the memory and it must never be used for anything else.
 */
struct netdev_tx {
    const struct netdev_frag *frags;
    unsigned int nr_frags;
    uint32_t flags;
    uint32_t hash;
    uint16_t gso_size;
    uint8_t gso_type;
    void (*done)(struct netdev_tx *tx, int status);
    /* owned by the driver */
    uint16_t pending;
    int16_t status;
};

/**
 * struct netdev_buf - A received frame, or a further piece of one. The memory is the receiver's, to read and write, until it gives the
 * chain back by netdev_rx_free().
 * @total, @flags, @gso_type, @gso_size, @nr: In the first piece: length of the frame, and so on. A frame above the MTU has been merged from
 *          TCP segments of @gso_size; trust in none of it is needed to be safe, the driver has bounded all lengths.
 * @scratch: The receiver's, for example its own buffer header.
 */
struct netdev_buf {
    struct netdev_buf *next;
    uint8_t *data;
    uint32_t len, total;
    uint32_t flags;
    uint16_t gso_size;
    uint8_t gso_type, nr;
    struct netdev *dev;
    uint64_t scratch[8];
};

/** struct netdev_stats - Counted since the device was found. */
struct netdev_stats {
    uint64_t rx_packets, rx_bytes, rx_slots, rx_dropped, rx_errors, rx_no_memory;
    uint64_t tx_packets, tx_bytes, tx_slots, tx_bounced, tx_busy, tx_errors, tx_lost;
    uint64_t upcalls, masked, notifies, batches, connects, failures;
};

struct netdev_ops {
    int (*tx)(struct netdev *dev, struct netdev_tx *tx, bool more);
    void (*flush)(struct netdev *dev);
    void (*rx_free)(struct netdev_buf *buf);
    int (*multicast)(struct netdev *dev, const uint8_t mac[NETDEV_MAC_BYTES], bool add);
    int (*multicast_filter)(struct netdev *dev, bool on);
};

/** struct netdev - One interface. It is never freed; one that is taken away has its carrier down. */
struct netdev {
    char name[12];
    uint8_t mac[NETDEV_MAC_BYTES];
    uint32_t mtu;
    uint32_t features;
    unsigned int nr_queues;
    bool carrier;
    struct netdev_stats stats;
    void *user; /* the client's own */
    /* owned by the driver */
    const struct netdev_ops *ops;
    struct list link;
};

/**
 * struct netdev_client - Who uses the interfaces; one an image. Callbacks run in the driver's threads; they may block shortly for a lock,
 * but not until the device itself makes progress.
 */
struct netdev_client {
    void (*found)(struct netdev *dev);            /* once a device, before anything else of it */
    void (*carrier)(struct netdev *dev, bool up); /* mac, mtu and features are those of the new connection */
    void (*rx)(struct netdev *dev, struct netdev_buf *buf);
    void (*rx_batch_end)(struct netdev *dev); /* may be NULL; what was sent from rx() leaves after it */
    void (*tx_ready)(struct netdev *dev);     /* after -EAGAIN: there is room again */
};

/**
 * netdev_start() - Have @who told of all interfaces, now and later.
 * Context: blocks. Return: 0; -EALREADY; the driver's error.
 */
int netdev_start(const struct netdev_client *who) MUST_CHECK;

/** netdev_settle() - Block until each interface that there is has connected or failed. Return: how many are connected at the end. */
unsigned int netdev_settle(uint64_t deadline_ns);

/** netdev_next() - The interface after @dev, the first after NULL; NULL at the end. */
struct netdev *netdev_next(struct netdev *dev);

/**
 * netdev_tx() - Send a frame.
 * @more: Others follow at once: netdev_flush() will be called. Frames sent from rx() wait for the end of the batch by themselves.
 * A frame of up to NETDEV_COPY_MAX bytes with NETDEV_COPY is copied into memory of the driver's, which costs less than to share pages for it.
 * Return: 0: accepted, done() will come. 1: accepted and copied: done() will not come, and everything is the caller's again. Else the frame is still the caller's: -EAGAIN, no room, tx_ready() will come; -ENOTCONN; -EINVAL,
 * shorter than a header; -EMSGSIZE; -EOPNOTSUPP, an offload that is not offered; -ENOMEM; -EBUSY: as in done().
 */
static inline int netdev_tx(struct netdev *dev, struct netdev_tx *tx, bool more)
{
    return dev->ops->tx(dev, tx, more);
}

/** netdev_flush() - Show what was sent with @more. */
static inline void netdev_flush(struct netdev *dev)
{
    dev->ops->flush(dev);
}

/** netdev_rx_free() - Give a received chain back. */
static inline void netdev_rx_free(struct netdev_buf *buf)
{
    buf->dev->ops->rx_free(buf);
}

/**
 * netdev_multicast() - Add an address to the filter, or take it out; remembered across connections. Return: 0; -ENOSPC.
 */
static inline int netdev_multicast(struct netdev *dev, const uint8_t mac[NETDEV_MAC_BYTES], bool add)
{
    return dev->ops->multicast(dev, mac, add);
}

/**
 * netdev_multicast_filter() - Let the backend drop multicast that is not in the filter. Context: blocks.
 * Return: 0; -EOPNOTSUPP; -EINPROGRESS: from the next connection on; an error of xenstore's.
 */
static inline int netdev_multicast_filter(struct netdev *dev, bool on)
{
    return dev->ops->multicast_filter(dev, on);
}

/* ---- For the driver ---- */

/** netdev_driver_start() - Find the devices and netdev_add() them, from now on. Defined by the driver. */
int netdev_driver_start(void);

/** netdev_driver_settle() - See netdev_settle(). Defined by the driver. */
unsigned int netdev_driver_settle(uint64_t deadline_ns);

/** netdev_add() - A new device; ops and name are set. */
void netdev_add(struct netdev *dev);

/** netdev_set_carrier() - Tell the client, if it is news. */
void netdev_set_carrier(struct netdev *dev, bool up);

/** netdev_rx() - Pass a frame up. */
void netdev_rx(struct netdev *dev, struct netdev_buf *buf);

/** netdev_rx_batch_end() - No more for now. */
void netdev_rx_batch_end(struct netdev *dev);

/** netdev_tx_ready() - There is room again. */
void netdev_tx_ready(struct netdev *dev);

#endif
