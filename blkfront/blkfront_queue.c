// SPDX-License-Identifier: MIT
/*
 * A queue: a ring of one or several pages, its event channel, and the table of parts on it. A backend that sends events while the thread has not
 * looked at the last one is masked.
 */
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/page.h>

#include "blkfront_priv.h"

static void on_event(evtchn_port_t port, void *arg)
{
    struct queue *q = arg;

    q->bf->dev.stats.upcalls++;
    if (q->fired) {
        evtchn_mask(port);
        q->masked = true;
        q->bf->dev.stats.masked++;
        return;
    }
    q->fired = true;
    q->bf->kicked = true;
    (void)wait_wake_one(&q->bf->wq);
}

void queue_show(struct queue *q)
{
    if (ring_push(&q->ring)) {
        q->bf->dev.stats.notifies++;
        (void)evtchn_send(q->port); /* a port that cannot be notified is about to be closed */
    }
}

static int make_parts(struct queue *q, uint32_t nr)
{
    q->parts = heap_zalloc(nr, sizeof(*q->parts));
    if (q->parts == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < nr; i++) {
        q->parts[i].next = (uint16_t)(i + 1);
    }
    q->free_part = 0;
    return 0;
}

static int make_ring(struct queue *q)
{
    int rc = 0;

    q->ring_pages = page_alloc_exact(q->nr_pages);
    if (q->ring_pages == NULL) {
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < q->nr_pages; i++) {
        q->refs[i] = NO_REF;
    }
    ring_init_pages(&q->ring, q->ring_pages, q->nr_pages, sizeof(union blkif_sring_entry),
                    0x10000 | q->bf->f->id << 3 | q->index);
    for (unsigned int i = 0; i < q->nr_pages && rc == 0; i++) {
        rc = gnttab_grant(q->bf->f->backend_id, q->ring_pages + i * PAGE_SIZE, false, &q->refs[i]);
        if (rc != 0) {
            q->refs[i] = NO_REF;
        }
    }
    return rc != 0 ? rc : make_parts(q, q->ring.nr_slots);
}

int queue_open(struct blkfront *bf, unsigned int index)
{
    struct queue *q = bf->queues[index];
    int rc;

    if (q == NULL) {
        q = heap_zalloc(1, sizeof(*q));
        if (q == NULL) {
            return -ENOMEM;
        }
        q->bf = bf;
        q->index = index;
        bf->queues[index] = q;
    }
    q->nr_pages = 1U << bf->ring_order;
    q->fired = q->masked = false;
    rc = make_ring(q);
    if (rc == 0) {
        rc = pool_open(q);
    }
    if (rc == 0) {
        rc = evtchn_alloc_unbound(bf->f->backend_id, on_event, q, &q->port);
    }
    if (rc == 0) {
        evtchn_unmask(q->port);
    } else {
        q->port = 0;
    }
    return rc;
}

void queue_close(struct queue *q)
{
    if (q->port != 0) {
        (void)evtchn_close(q->port);
        q->port = 0;
    }
}

void queue_release(struct queue *q)
{
    if (q->ring_pages == NULL) {
        return;
    }
    if (q->parts != NULL) {
        part_drop_all(q);
        heap_free(q->parts);
        q->parts = NULL;
    }
    pool_release(q);
    for (unsigned int i = 0; i < q->nr_pages; i++) {
        void *page = q->ring_pages + i * PAGE_SIZE;

        /* Pages of a run are freed one by one: a single one may have to stay. */
        if (q->refs[i] != NO_REF && gnttab_end(q->refs[i]) != 0) {
            stuck_add(q->refs[i], page);
        } else {
            page_free_exact(page, 1);
        }
    }
    q->ring_pages = NULL;
}
