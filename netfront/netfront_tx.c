// SPDX-License-Identifier: MIT
/*
 * Sending. A frame's own pages are granted, read-only, one slot for each page it touches; where the sender asks for it, the backend is not
 * trusted, takes no scatter-gather, or the frame has too many pieces, it is copied into pages kept for that. Answers are
 * netfront_tx_done.c's.
 * ABI: xen/io/netif.h, "Guest transmit".
 */
#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/string.h>

#include "netfront_priv.h"

#define MAX_SLOTS XEN_NETIF_NR_SLOTS_MIN /* what every backend takes for a frame */

/** struct plan - One frame on its way into the ring: decided and granted before the first slot is written. */
struct plan {
    struct queue *q;
    struct netdev_tx *tx;
    uint32_t total;
    unsigned int slots, extras;
    bool bounce;
    bool copy; /* the caller has no more to do with it */
    uint16_t ids[MAX_SLOTS];
    struct netif_tx_request reqs[MAX_SLOTS];
};

static uint32_t min_u32(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static uint32_t page_left(const void *addr)
{
    return (uint32_t)(PAGE_SIZE - ((uintptr_t)addr & (PAGE_SIZE - 1)));
}

/** plan_check() - Measure the frame, and refuse what cannot be sent. */
static int plan_check(struct plan *p, const struct netfront *nf)
{
    static const uint32_t needs[] = {[NETDEV_GSO_TCP4] = NETDEV_GSO_V4, [NETDEV_GSO_TCP6] = NETDEV_GSO_V6};
    const struct netdev_tx *tx = p->tx;
    unsigned int max = nf->sg ? MAX_SLOTS : 1;
    uint32_t first = 0;

    for (unsigned int i = 0; i < tx->nr_frags; i++) {
        const struct netdev_frag *frag = &tx->frags[i];
        uint32_t in_first = page_left(frag->addr);

        if (frag->len > NETDEV_MAX_FRAME - p->total) {
            return -EMSGSIZE;
        }
        if (frag->len == 0) {
            continue;
        }
        p->total += frag->len;
        p->slots +=
            1 + (frag->len > in_first ? (frag->len - in_first + (uint32_t)PAGE_SIZE - 1) >> PAGE_SHIFT : 0);
        first = first == 0 ? MIN(in_first, frag->len) : first;
    }
    if (p->total < NETDEV_HEADER) {
        return -EINVAL;
    }
    if (tx->gso_type != NETDEV_GSO_NONE) {
        if (tx->gso_type >= ARRAY_SIZE(needs) || !(nf->dev.features & needs[tx->gso_type])) {
            return -EOPNOTSUPP;
        }
        if (tx->gso_size == 0) {
            return -EINVAL;
        }
        p->extras = 1;
    } else if ((tx->flags & NETDEV_CSUM_BLANK) && !(nf->dev.features & (NETDEV_CSUM_V4 | NETDEV_CSUM_V6))) {
        return -EOPNOTSUPP;
    }
    /* A backend looks for the Ethernet header in the first slot. */
    p->copy = (tx->flags & NETDEV_COPY) && p->total <= PAGE_SIZE;
    if (!nf->trusted || p->copy || p->slots > max || first < NETDEV_HEADER) {
        p->bounce = true;
        p->slots = (p->total + (uint32_t)PAGE_SIZE - 1) >> PAGE_SHIFT;
    }
    return p->slots > max ? -EMSGSIZE : 0;
}

/** plan_slot() - The next request. @page_addr: where its bytes are; a grant is made unless one is given. */
static int plan_slot(struct plan *p, unsigned int n, const void *addr, uint32_t len, grant_ref_t ref)
{
    struct queue *q = p->q;
    uint16_t id = tx_take_id(q, p->copy ? NULL : p->tx);

    p->ids[n] = id;
    p->reqs[n] = (struct netif_tx_request){
        .gref = ref,
        .offset = (uint16_t)((uintptr_t)addr & (PAGE_SIZE - 1)),
        .id = id,
        .size = (uint16_t)len,
    };
    if (ref == NO_REF) {
        int rc = gnttab_grant(q->nf->f->backend_id, addr, true, &q->slots[id].ref);

        if (rc != 0) {
            q->slots[id].ref = NO_REF;
            return rc == -ENOSPC ? -ENOMEM : rc;
        }
        p->reqs[n].gref = q->slots[id].ref;
    }
    return 0;
}

static int plan_direct(struct plan *p, unsigned int *made)
{
    for (unsigned int i = 0; i < p->tx->nr_frags; i++) {
        const uint8_t *addr = p->tx->frags[i].addr;
        uint32_t left = p->tx->frags[i].len;

        while (left != 0) {
            uint32_t len = MIN(left, page_left(addr));
            int rc = plan_slot(p, (*made)++, addr, len, NO_REF);

            if (rc != 0) {
                return rc;
            }
            addr += len;
            left -= len;
        }
    }
    return 0;
}

/** bounce_page() - The page kept with @slot: granted once, and never used for anything else while it is. */
static int bounce_page(struct queue *q, struct tx_slot *slot)
{
    int rc;

    if (slot->bounce != NULL) {
        return 0;
    }
    slot->bounce = page_alloc(0);
    if (slot->bounce == NULL) {
        return -ENOMEM;
    }
    memset(slot->bounce, 0, PAGE_SIZE);
    rc = gnttab_grant(q->nf->f->backend_id, slot->bounce, true, &slot->bounce_ref);
    if (rc != 0) {
        page_free(slot->bounce, 0);
        slot->bounce = NULL;
        slot->bounce_ref = NO_REF;
        return -ENOMEM;
    }
    return 0;
}

static int plan_bounce(struct plan *p, unsigned int *made)
{
    struct queue *q = p->q;
    uint32_t left = p->total, frag_at = 0;
    unsigned int frag = 0;

    for (unsigned int n = 0; n < p->slots; n++) {
        struct tx_slot *slot = &q->slots[q->tx_free]; /* the one plan_slot() will take */
        uint32_t len = min_u32(left, PAGE_SIZE), at = 0;
        int rc = bounce_page(q, slot);

        if (rc != 0) {
            return rc;
        }
        while (at < len) {
            const struct netdev_frag *from = &p->tx->frags[frag];
            uint32_t piece = MIN(len - at, from->len - frag_at);

            memcpy((uint8_t *)slot->bounce + at, (const uint8_t *)from->addr + frag_at, piece);
            at += piece;
            frag_at += piece;
            if (frag_at == from->len) {
                frag++;
                frag_at = 0;
            }
        }
        left -= len;
        rc = plan_slot(p, (*made)++, slot->bounce, len, slot->bounce_ref);
        if (rc != 0) {
            return rc;
        }
    }
    q->nf->dev.stats.tx_bounced += !p->copy;
    return 0;
}

/** plan_undo() - Nothing was shown; but a backend can guess a reference and hold it all the same. */
static int plan_undo(struct plan *p, unsigned int made, int error)
{
    struct queue *q = p->q;

    while (made-- != 0) {
        struct tx_slot *slot = &q->slots[p->ids[made]];

        if (slot->ref != NO_REF && gnttab_end(slot->ref) != 0) {
            slot->tx = NULL; /* stays used: tx_release() tries again */
            error = -EBUSY;
            continue;
        }
        tx_give_id(q, p->ids[made]);
    }
    if (error == -EBUSY) {
        q->nf->dev.stats.tx_lost++;
        q->nf->up = false; /* at once: there are ids fewer than slots now */
        frontend_fail(q->nf->f, error, "its backend holds what it was not given");
    }
    return error;
}

static void plan_write(struct plan *p)
{
    struct netdev_tx *tx = p->tx;
    struct ring *r = &p->q->tx;
    uint16_t flags = p->extras != 0 ? NETTXF_extra_info : 0;

    if (p->extras != 0 || (tx->flags & NETDEV_CSUM_BLANK)) {
        flags |= NETTXF_csum_blank | NETTXF_data_validated;
    }
    p->reqs[0].size = (uint16_t)p->total;
    for (unsigned int n = 0; n < p->slots; n++, flags = 0) {
        p->reqs[n].flags = (uint16_t)(flags | (n + 1 < p->slots ? NETTXF_more_data : 0));
        ring_put_req(r, &p->reqs[n], sizeof(p->reqs[n]));
        if (n == 0 && p->extras != 0) {
            struct netif_tx_request slot;
            struct netif_extra_info extra = {
                .type = XEN_NETIF_EXTRA_TYPE_GSO,
                .u.gso = {.size = tx->gso_size,
                          .type = tx->gso_type == NETDEV_GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4
                                                                  : XEN_NETIF_GSO_TYPE_TCPV6},
            };

            memset(&slot, 0, sizeof(slot));
            memcpy(&slot, &extra, sizeof(extra));
            ring_put_req(r, &slot, sizeof(slot));
            p->q->tx_extras++;
        }
    }
}

int netfront_tx(struct netdev *dev, struct netdev_tx *tx, bool more)
{
    struct netfront *nf = netfront_of(dev);
    struct plan p; /* its arrays are written as far as they are used */
    unsigned int made = 0;
    struct queue *q;
    int rc;

    if (!nf->up) {
        return -ENOTCONN;
    }
    p.tx = tx;
    p.total = 0;
    p.slots = p.extras = 0;
    p.bounce = p.copy = false;
    q = p.q = nf->queues[nf->nr_queues == 1 ? 0 : tx->hash % nf->nr_queues];
    if (!q->running) {
        return -ENOTCONN;
    }
    rc = plan_check(&p, nf);
    if (rc != 0) {
        return rc;
    }
    if (ring_free_slots(&q->tx) < p.slots + p.extras) {
        q->tx_blocked = true;
        dev->stats.tx_busy++;
        queue_show(q, &q->tx, q->tx_port); /* what waits for a flush would hold its own answers back */
        return -EAGAIN;
    }
    rc = p.bounce ? plan_bounce(&p, &made) : plan_direct(&p, &made);
    if (rc != 0) {
        return plan_undo(&p, made, rc);
    }
    tx->pending = (uint16_t)p.slots;
    tx->status = 0;
    plan_write(&p);
    if (!q->reap_timer.armed) {
        timer_arm(&q->reap_timer, time_deadline_ns(NETFRONT_TX_LAZY_NS));
    }
    dev->stats.tx_packets++;
    dev->stats.tx_bytes += p.total;
    dev->stats.tx_slots += p.slots + p.extras;
    if (!more && !q->in_batch) {
        queue_show(q, &q->tx, q->tx_port);
    }
    return p.copy ? 1 : 0;
}

void netfront_flush(struct netdev *dev)
{
    struct netfront *nf = netfront_of(dev);

    for (unsigned int i = 0; nf->up && i < nf->nr_queues; i++) {
        struct queue *q = nf->queues[i];

        if (q->running && !q->in_batch) {
            queue_show(q, &q->tx, q->tx_port);
        }
    }
}
