// SPDX-License-Identifier: MIT
/*
 * What the files of the network frontend share.
 *
 * Everything but the upcall runs in cooperative threads and does not block between looking and acting, so the queues have no locks.
 * The upcall writes kicked, fired and masked, and counts; nothing else.
 */
#ifndef NETFRONT_PRIV_H
#define NETFRONT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/netif.h>

#include <xenolith/events.h>
#include <xenolith/frontend.h>
#include <xenolith/gnttab.h>
#include <xenolith/netdev.h>
#include <xenolith/ring.h>
#include <xenolith/timer.h>
#include <xenolith/types.h>
#include <xenolith/wait.h>

#define NETFRONT_SLOTS      256U /* of either ring: one page each */
#define NETFRONT_MAX_QUEUES 8U
#define NETFRONT_RX_MIN     32U /* buffers a queue: the largest frame, and room to go on */
#define NETFRONT_BATCH      64U /* responses taken before others get the processor */

/* Answers to what was sent are looked at along with what was received. By themselves they wake nobody before there are so many, or it has
 * been so long: half of all upcalls are saved. */
#define NETFRONT_TX_LAZY    64U
#define NETFRONT_TX_LAZY_NS (20 * NS_PER_MS)

/* In a flood the backend wakes us for half of what is expected in so long, or that time wakes us. */
#define NETFRONT_HOLD_NS    (200 * NS_PER_US)

#define NO_REF              UINT32_MAX

/** struct tx_slot - What request id stands for; NO_REF: no grant of its own to end. */
struct tx_slot {
    struct netdev_tx *tx; /* NULL: a request without a frame */
    grant_ref_t ref;
    uint16_t next; /* free: the next free id */
    bool used;
    grant_ref_t bounce_ref; /* kept granted as long as the connection lasts; NO_REF: no page yet */
    void *bounce;
};

/** struct rx_buf - A page for receiving, and the frame's piece in it while it is up. */
struct rx_buf {
    struct netdev_buf buf;
    struct queue *queue;
    struct rx_buf *next_free;
    void *page;
    grant_ref_t ref; /* NO_REF: ours alone */
};

/** struct rx_frame - The frame that is being put together. */
struct rx_frame {
    struct rx_buf *first, *last;
    uint32_t total;
    uint32_t flags;
    uint16_t gso_size;
    uint8_t gso_type, nr;
    bool open;       /* more pieces follow */
    bool want_extra; /* the next slot is extra info */
    bool bad;        /* drop it once it is complete */
};

struct queue {
    struct netfront *nf;
    unsigned int index;
    bool running, stopping, in_batch, tx_blocked;
    bool kicked, masked;
    uint8_t fired; /* the ports that called since the thread began to look: bit 0 rx, 1 tx */
    struct thread *thread;
    struct wait_queue wq;
    evtchn_port_t tx_port, rx_port; /* the same one unless split; 0: none */
    struct ring tx, rx;
    void *tx_page, *rx_page;
    grant_ref_t tx_ref, rx_ref;

    struct tx_slot slots[NETFRONT_SLOTS];
    uint16_t tx_free;
    unsigned int tx_extras; /* extra-info slots that have not been answered */

    struct rx_buf *rx_bufs[NETFRONT_SLOTS]; /* by slot */
    struct rx_buf *pool;
    unsigned int pool_len, rx_total, rx_target;
    struct rx_frame frame;
    struct timer refill_timer, reap_timer, hold_timer;

    /* How many slots the backend fills at the moment: rx_threshold() alone knows. */
    uint64_t rate_since_ns, rate_slots;
    uint32_t expected, held;
};

struct netfront {
    struct netdev dev;
    struct frontend *f;
    bool up; /* both sides are connected */
    bool trusted, sg, split, dynamic_mcast;
    bool mcast_wanted, mcast_requested;
    unsigned int nr_queues, published_queues;
    struct queue *queues[NETFRONT_MAX_QUEUES]; /* made once, kept */
    unsigned int nr_mcast;
    uint8_t mcast[NETDEV_MCAST_MAX][NETDEV_MAC_BYTES];
};

static inline struct netfront *netfront_of(struct netdev *dev)
{
    return container_of(dev, struct netfront, dev);
}

/* netfront_handshake.c */
int netfront_read_offer(struct netfront *nf);
int netfront_publish(struct frontend *f, uint32_t tx);
extern unsigned int netfront_queues_asked;

/* netfront_queue.c */
int queue_open(struct netfront *nf, unsigned int index);
void queue_stop(struct queue *q);
void queue_release(struct queue *q);
void queue_kick(struct queue *q);
/** queue_show() - Push what was put into the ring, and notify if the backend asks for it. */
void queue_show(struct queue *q, struct ring *r, evtchn_port_t port);

/* netfront_tx.c */
int netfront_tx(struct netdev *dev, struct netdev_tx *tx, bool more);
void netfront_flush(struct netdev *dev);

/* netfront_tx_done.c */
void tx_init(struct queue *q);
/** tx_take_id() - An id for a request; there is one for each free slot of the ring. */
uint16_t tx_take_id(struct queue *q, struct netdev_tx *tx);
void tx_give_id(struct queue *q, uint16_t id);
/** tx_reap() - Take all responses. 0; -EPROTO or -EBUSY: the backend lied. */
int tx_reap(struct queue *q);
void tx_release(struct queue *q);

/* netfront_mcast.c */
int netfront_multicast(struct netdev *dev, const uint8_t mac[NETDEV_MAC_BYTES], bool add);
int netfront_multicast_filter(struct netdev *dev, bool on);
/** tx_mcast() - Tell the backend of an address; lost if there is no room. */
void tx_mcast(struct netfront *nf, const uint8_t mac[NETDEV_MAC_BYTES], bool add);

/* netfront_rx.c */
/** rx_poll() - Take up to @budget responses. How many; -EPROTO or -EBUSY: the backend lied. */
int rx_poll(struct queue *q, unsigned int budget);
/** rx_threshold() - How many responses to be woken for, after @taken in this batch. Above 1 the hold timer is needed, too. */
uint32_t rx_threshold(struct queue *q, unsigned int taken);

/* netfront_pool.c */
void rx_init(struct queue *q, unsigned int target);
/** rx_refill() - Give the backend all the buffers it should have. */
void rx_refill(struct queue *q);
/** rx_put_back() - Keep @b for the next request: still granted if it has a ref. */
void rx_put_back(struct rx_buf *b);
/** rx_own() - End @b's grant before anybody reads it. 0; -EBUSY: @b is gone, its page in quarantine. */
int rx_own(struct rx_buf *b);
void rx_release(struct queue *q);
void netfront_rx_free(struct netdev_buf *buf);

#endif
