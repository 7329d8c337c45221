// SPDX-License-Identifier: MIT
/*
 * Receiving: responses become frames. Each response is copied out, checked and only then acted upon; the frame under construction is
 * kept across batches, as a backend may show a frame in parts. The k-th response answers the k-th request: by its slot we know the buffer,
 * extra info having no id of its own.
 * ABI: xen/io/netif.h, "Guest receive".
 */
#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/time.h>

#include "netfront_priv.h"

#define MAX_PIECES XEN_NETIF_NR_SLOTS_MIN

/* The rate of slots is taken over so long; fewer than so many are never waited for. */
#define RATE_NS  NS_PER_MS
#define HOLD_MIN 4U

/** free_frame() - Give all pieces back, and be ready for the next frame. */
static void free_frame(struct rx_frame *frame)
{
    struct netdev_buf *buf = frame->first == NULL ? NULL : &frame->first->buf;

    *frame = (struct rx_frame){.first = NULL};
    while (buf != NULL) {
        struct netdev_buf *next = buf->next;

        rx_put_back(container_of(buf, struct rx_buf, buf));
        buf = next;
    }
}

/** finish_frame() - All slots are here: pass it up, or drop it. */
static void finish_frame(struct queue *q)
{
    struct netdev *dev = &q->nf->dev;
    struct rx_frame frame = q->frame;

    if (frame.bad || frame.total < NETDEV_HEADER) {
        dev->stats.rx_dropped++;
        free_frame(&q->frame);
        return;
    }
    q->frame = (struct rx_frame){.first = NULL};
    frame.first->buf.total = frame.total;
    frame.first->buf.flags = frame.flags;
    frame.first->buf.gso_type = frame.gso_type;
    frame.first->buf.gso_size = frame.gso_size;
    frame.first->buf.nr = frame.nr;
    dev->stats.rx_packets++;
    dev->stats.rx_bytes += frame.total;
    netdev_rx(dev, &frame.first->buf);
}

/** take_extra() - A slot of extra info: only GSO was negotiated, once a frame. */
static int take_extra(struct queue *q, const struct netif_extra_info *extra)
{
    struct rx_frame *frame = &q->frame;

    if (extra->type != XEN_NETIF_EXTRA_TYPE_GSO || frame->gso_type != NETDEV_GSO_NONE ||
        extra->u.gso.size == 0 || (extra->flags & ~XEN_NETIF_EXTRA_FLAG_MORE)) {
        return -EPROTO;
    }
    switch (extra->u.gso.type) {
    case XEN_NETIF_GSO_TYPE_TCPV4:
        frame->gso_type = NETDEV_GSO_TCP4;
        break;
    case XEN_NETIF_GSO_TYPE_TCPV6:
        frame->gso_type = NETDEV_GSO_TCP6;
        break;
    default:
        return -EPROTO;
    }
    frame->gso_size = extra->u.gso.size;
    frame->want_extra = (extra->flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
    return 0;
}

/** check_piece() - Can this be an answer to the request in @slot? */
static int check_piece(const struct rx_frame *frame, const struct netif_rx_response *rsp, uint32_t slot)
{
    const uint16_t known = NETRXF_data_validated | NETRXF_csum_blank | NETRXF_more_data | NETRXF_extra_info;

    if (rsp->id != slot || (rsp->flags & ~known) || (frame->open && (rsp->flags & NETRXF_extra_info))) {
        return -EPROTO;
    }
    if (rsp->status >= 0 && (uint32_t)rsp->offset + (uint32_t)rsp->status > PAGE_SIZE) {
        return -EPROTO;
    }
    return rsp->status < NETIF_RSP_DROPPED ? -EPROTO : 0;
}

/** add_piece() - @b is ours already, with @len bytes from @data. */
static void add_piece(struct rx_frame *frame, struct rx_buf *b, const struct netif_rx_response *rsp)
{
    b->buf.next = NULL;
    b->buf.data = (uint8_t *)b->page + rsp->offset;
    b->buf.len = (uint32_t)rsp->status;
    if (frame->last != NULL) {
        frame->last->buf.next = &b->buf;
    } else {
        frame->first = b;
    }
    frame->last = b;
    frame->nr++;
    frame->total += b->buf.len;
}

static int take_piece(struct queue *q, struct rx_buf *b, const struct netif_rx_response *rsp)
{
    struct rx_frame *frame = &q->frame;
    int rc;

    if (!frame->open) {
        frame->flags = rsp->flags & NETRXF_csum_blank ? NETDEV_CSUM_BLANK | NETDEV_CSUM_OK : 0;
        frame->flags |= rsp->flags & NETRXF_data_validated ? NETDEV_CSUM_OK : 0;
        frame->want_extra = (rsp->flags & NETRXF_extra_info) != 0;
    }
    frame->open = (rsp->flags & NETRXF_more_data) != 0;
    if (rsp->status < 0 || frame->nr == MAX_PIECES ||
        frame->total + (uint32_t)rsp->status > NETDEV_MAX_FRAME) {
        q->nf->dev.stats.rx_errors += rsp->status < 0;
        frame->bad = true;
    }
    if (frame->bad) {
        rx_put_back(b); /* nobody reads it: its grant may stay */
        return 0;
    }
    rc = rx_own(b);
    if (rc == 0) {
        add_piece(frame, b, rsp);
    }
    return rc;
}

uint32_t rx_threshold(struct queue *q, unsigned int taken)
{
    uint64_t now = time_monotonic_ns(), span = now - q->rate_since_ns;
    uint32_t wanted;

    q->rate_slots += taken;
    if (taken < q->held) {
        q->expected = 0; /* it was the timer that woke us: the flood is over */
    } else if (span >= RATE_NS) {
        q->expected = (uint32_t)MIN(q->rate_slots * NETFRONT_HOLD_NS / span, NETFRONT_SLOTS);
    }
    if (span >= RATE_NS) {
        q->rate_since_ns = now;
        q->rate_slots = 0;
    }
    wanted = MIN(q->expected / 2, q->rx_target / 4);
    q->held = wanted < HOLD_MIN ? 1 : wanted;
    return q->held;
}

int rx_poll(struct queue *q, unsigned int budget)
{
    union {
        struct netif_rx_response rsp;
        struct netif_extra_info extra;
    } slot;
    unsigned int taken = 0;
    int rc = 0;

    while (taken < budget && !q->stopping) {
        struct rx_buf *b;
        uint32_t index;

        rc = ring_take_rsp(&q->rx, &slot, sizeof(slot), &index);
        if (rc <= 0) {
            break;
        }
        index = ring_slot(&q->rx, index);
        b = q->rx_bufs[index];
        q->rx_bufs[index] = NULL;
        taken++;
        if (q->frame.want_extra) {
            rx_put_back(b);
            rc = take_extra(q, &slot.extra);
        } else {
            rc = check_piece(&q->frame, &slot.rsp, index);
            if (rc != 0) {
                rx_put_back(b);
            } else {
                rc = take_piece(q, b, &slot.rsp);
            }
        }
        if (rc != 0) {
            break;
        }
        if (!q->frame.want_extra && !q->frame.open) {
            finish_frame(q);
        }
    }
    q->nf->dev.stats.rx_slots += taken;
    return rc < 0 ? rc : (int)taken;
}
