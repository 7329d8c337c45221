// SPDX-License-Identifier: MIT
/*
 * The pages that frames are received into: granted and shown to the backend, taken back before anybody reads them, handed up, and used
 * again. A page that never left the ring keeps its grant. Nothing the backend does changes how many there are.
 */
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/page.h>
#include <xenolith/string.h>

#include "netfront_priv.h"

#define RETRY_NS (50 * NS_PER_MS)

/* Held by the stack at most, as a multiple of what the ring holds: then the ring runs dry and the backend drops. */
#define HELD_FACTOR 4U

void rx_init(struct queue *q, unsigned int target)
{
    memset(q->rx_bufs, 0, sizeof(q->rx_bufs));
    q->rx_target = target;
    q->frame = (struct rx_frame){.first = NULL};
}

static struct rx_buf *make_buf(struct queue *q)
{
    struct rx_buf *b;

    if (q->rx_total >= HELD_FACTOR * q->rx_target) {
        return NULL;
    }
    b = heap_zalloc(1, sizeof(*b));
    if (b == NULL) {
        return NULL;
    }
    b->page = page_alloc(0);
    if (b->page == NULL) {
        heap_free(b);
        return NULL;
    }
    b->queue = q;
    b->buf.dev = &q->nf->dev;
    b->ref = NO_REF;
    q->rx_total++;
    return b;
}

/** drop_buf() - For good. A grant that does not end takes the page with it. */
static void drop_buf(struct rx_buf *b)
{
    if (b->ref != NO_REF) {
        (void)gnttab_end_page(b->ref, b->page);
    } else {
        page_free(b->page, 0);
    }
    b->queue->rx_total--;
    heap_free(b);
}

/** take_buf() - One that is granted, or NULL. */
static struct rx_buf *take_buf(struct queue *q)
{
    struct rx_buf *b = q->pool;

    if (b != NULL) {
        q->pool = b->next_free;
        q->pool_len--;
    } else {
        b = make_buf(q);
    }
    if (b == NULL || b->ref != NO_REF) {
        return b;
    }
    if (!q->nf->trusted) {
        memset(b->page, 0, PAGE_SIZE); /* whatever lay there before is none of the backend's business */
    }
    if (gnttab_grant(q->nf->f->backend_id, b->page, false, &b->ref) != 0) {
        b->ref = NO_REF;
        drop_buf(b);
        return NULL;
    }
    return b;
}

void rx_refill(struct queue *q)
{
    while (q->rx.req_prod - q->rx.rsp_cons < q->rx_target) {
        struct rx_buf *b = take_buf(q);
        uint16_t slot = (uint16_t)ring_slot(&q->rx, q->rx.req_prod);
        struct netif_rx_request req = {.id = slot};

        if (b == NULL) {
            q->nf->dev.stats.rx_no_memory++;
            timer_arm(&q->refill_timer, time_deadline_ns(RETRY_NS));
            break;
        }
        q->rx_bufs[slot] = b;
        req.gref = b->ref;
        ring_put_req(&q->rx, &req, sizeof(req));
    }
    queue_show(q, &q->rx, q->rx_port);
}

void rx_put_back(struct rx_buf *b)
{
    struct queue *q = b->queue;

    if (!q->running || q->pool_len >= q->rx_target) {
        drop_buf(b);
        return;
    }
    b->next_free = q->pool;
    q->pool = b;
    q->pool_len++;
}

int rx_own(struct rx_buf *b)
{
    int rc = gnttab_end(b->ref);

    if (rc != 0) {
        drop_buf(b);
        return -EBUSY;
    }
    b->ref = NO_REF;
    return 0;
}

void netfront_rx_free(struct netdev_buf *buf)
{
    struct queue *q = container_of(buf, struct rx_buf, buf)->queue;

    while (buf != NULL) {
        struct netdev_buf *next = buf->next;

        rx_put_back(container_of(buf, struct rx_buf, buf));
        buf = next;
    }
    /* In a batch its end does it; else only when the ring gets low: each refill may cost a notification. */
    if (q->running && !q->in_batch && q->rx.req_prod - q->rx.rsp_cons <= q->rx_target / 2) {
        rx_refill(q);
    }
}

void rx_release(struct queue *q)
{
    for (unsigned int i = 0; i < NETFRONT_SLOTS; i++) {
        if (q->rx_bufs[i] != NULL) {
            drop_buf(q->rx_bufs[i]);
            q->rx_bufs[i] = NULL;
        }
    }
    while (q->pool != NULL) {
        struct rx_buf *b = q->pool;

        q->pool = b->next_free;
        drop_buf(b);
    }
    q->pool_len = 0;
    while (q->frame.first != NULL) {
        struct rx_buf *b = q->frame.first;

        q->frame.first = b->buf.next == NULL ? NULL : container_of(b->buf.next, struct rx_buf, buf);
        drop_buf(b);
    }
    q->frame = (struct rx_frame){.first = NULL};
}
