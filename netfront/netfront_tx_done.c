// SPDX-License-Identifier: MIT
/*
 * What was sent, until it is answered: the ids of requests, an index each into q->slots, and the responses that name them, which are checked
 * before use. Sends nothing.
 * ABI: xen/io/netif.h, "Guest transmit".
 */
#include <xenolith/errno.h>

#include "netfront_priv.h"

void tx_init(struct queue *q)
{
    for (unsigned int i = 0; i < NETFRONT_SLOTS; i++) {
        q->slots[i] = (struct tx_slot){.ref = NO_REF, .bounce_ref = NO_REF, .next = (uint16_t)(i + 1)};
    }
    q->tx_free = 0;
    q->tx_extras = 0;
}

uint16_t tx_take_id(struct queue *q, struct netdev_tx *tx)
{
    uint16_t id = q->tx_free;

    q->tx_free = q->slots[id].next;
    q->slots[id].used = true;
    q->slots[id].tx = tx;
    q->slots[id].ref = NO_REF;
    return id;
}

void tx_give_id(struct queue *q, uint16_t id)
{
    q->slots[id].used = false;
    q->slots[id].tx = NULL;
    q->slots[id].next = q->tx_free;
    q->tx_free = id;
}

/** finish_slot() - One request is over, however. Return: 0, or -EBUSY when its page is still held. */
static int finish_slot(struct queue *q, uint16_t id, int status)
{
    struct tx_slot *slot = &q->slots[id];
    struct netdev_tx *tx = slot->tx;
    int rc = slot->ref != NO_REF ? gnttab_end(slot->ref) : 0;

    if (rc != 0) {
        q->nf->dev.stats.tx_lost++;
        status = -EBUSY;
    }
    slot->ref = NO_REF;
    tx_give_id(q, id);
    if (tx != NULL) {
        if (status != 0 && tx->status != -EBUSY) {
            tx->status = (int16_t)status;
        }
        if (--tx->pending == 0) {
            q->nf->dev.stats.tx_errors += tx->status != 0;
            tx->done(tx, tx->status);
        }
    }
    return rc;
}

/** check_response() - Is this an answer that there can be? */
static bool check_response(const struct queue *q, const struct netif_tx_response *rsp)
{
    if (rsp->status == NETIF_RSP_NULL) {
        return q->tx_extras != 0;
    }
    return rsp->id < NETFRONT_SLOTS && q->slots[rsp->id].used && rsp->status <= NETIF_RSP_OKAY &&
           rsp->status >= NETIF_RSP_DROPPED;
}

int tx_reap(struct queue *q)
{
    struct netif_tx_response rsp;
    int rc;

    while ((rc = ring_take_rsp(&q->tx, &rsp, sizeof(rsp), NULL)) == 1) {
        if (!check_response(q, &rsp)) {
            return -EPROTO;
        }
        if (rsp.status == NETIF_RSP_NULL) {
            q->tx_extras--;
            continue;
        }
        rc = finish_slot(q, rsp.id, rsp.status == NETIF_RSP_OKAY ? 0 : -EIO);
        if (rc != 0) {
            return -EBUSY;
        }
        if (q->stopping) {
            return 0; /* done() may have let others run */
        }
    }
    return rc;
}

void tx_release(struct queue *q)
{
    for (unsigned int i = 0; i < NETFRONT_SLOTS; i++) {
        if (q->slots[i].used) {
            (void)finish_slot(q, (uint16_t)i, -ECONNRESET);
        }
        if (q->slots[i].bounce != NULL) {
            (void)gnttab_end_page(q->slots[i].bounce_ref, q->slots[i].bounce);
            q->slots[i].bounce = NULL;
            q->slots[i].bounce_ref = NO_REF;
        }
    }
}
