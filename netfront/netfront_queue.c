// SPDX-License-Identifier: MIT
/*
 * A queue: two rings, one or two event channels and the thread that serves them in batches. While the thread works the rings'
 * thresholds lie behind, so an honest backend sends no events; a backend that sends them all the same is masked at the second.
 */
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "netfront_priv.h"

/* Room for the client's rx(): an IP stack runs on this stack. */
#define QUEUE_STACK_BYTES (28UL << 10)

static void on_event(evtchn_port_t port, void *arg)
{
    struct queue *q = arg;
    uint8_t bit = port == q->rx_port ? 1 : 2;

    q->nf->dev.stats.upcalls++;
    if (q->fired & bit) {
        evtchn_mask(port);
        q->masked = true;
        q->nf->dev.stats.masked++;
        return;
    }
    q->fired |= bit;
    q->kicked = true;
    (void)wait_wake_one(&q->wq);
}

void queue_kick(struct queue *q)
{
    q->kicked = true;
    (void)wait_wake_one(&q->wq);
}

static void on_timer(void *arg)
{
    queue_kick(arg);
}

void queue_show(struct queue *q, struct ring *r, evtchn_port_t port)
{
    if (ring_push(r)) {
        q->nf->dev.stats.notifies++;
        (void)evtchn_send(port); /* a port that cannot be notified is about to be closed */
    }
}

static void unmask(struct queue *q)
{
    q->masked = false;
    evtchn_unmask(q->tx_port);
    if (q->rx_port != q->tx_port) {
        evtchn_unmask(q->rx_port);
    }
}

static bool others_can_run(void)
{
    struct sched_stats stats;

    sched_get_stats(&stats);
    return stats.runnable > 1;
}

/** arm() - Nothing is left for now: have the backend wake us. 0; 1: it was faster; -EPROTO. */
static int arm(struct queue *q, unsigned int taken)
{
    uint32_t after = rx_threshold(q, taken);
    int rc = ring_arm(&q->rx, after);

    if (rc == 0 && after > 1) {
        timer_arm(&q->hold_timer, time_deadline_ns(NETFRONT_HOLD_NS));
    }
    if (rc == 0) {
        rc = ring_arm(&q->tx, MAX(NETFRONT_TX_LAZY, ring_outstanding(&q->tx) / 2));
    }
    if (rc == 0 && ring_outstanding(&q->tx) != 0 && !q->reap_timer.armed) {
        timer_arm(&q->reap_timer, time_deadline_ns(NETFRONT_TX_LAZY_NS));
    }
    return rc;
}

/** batch() - Take what there is, up to a limit. 0: nothing more; 1: go on; negative: the backend lied. */
static int batch(struct queue *q)
{
    struct netdev *dev = &q->nf->dev;
    int taken, rc;

    dev->stats.batches++;
    q->in_batch = true;
    rc = tx_reap(q);
    taken = rc == 0 ? rx_poll(q, NETFRONT_BATCH) : rc;
    if (rc == 0) {
        netdev_rx_batch_end(dev); /* also after a lie: frames went up before it */
    }
    q->in_batch = false;
    if (taken < 0) {
        return taken;
    }
    if (q->stopping) {
        return 0;
    }
    rx_refill(q);
    queue_show(q, &q->tx, q->tx_port);
    if (q->tx_blocked && ring_free_slots(&q->tx) >= NETFRONT_SLOTS / 4) {
        q->tx_blocked = false;
        netdev_tx_ready(dev);
    }
    /* While others have work, what comes meanwhile can wait behind them without an upcall. */
    if (taken == (int)NETFRONT_BATCH || (taken > 0 && others_can_run())) {
        q->rate_slots += (unsigned int)taken;
        return 1;
    }
    return arm(q, (unsigned int)taken);
}

static void queue_main(void *arg)
{
    struct queue *q = arg;

    while (!q->stopping) {
        int rc;

        wait_event(&q->wq, READ_ONCE(q->kicked) || q->stopping);
        q->kicked = false;
        q->fired = 0;
        if (q->stopping || !q->nf->up) {
            continue;
        }
        rc = batch(q);
        if (rc < 0) {
            q->nf->up = false;
            frontend_fail(q->nf->f, rc, "its backend broke the protocol");
            wait_event(&q->wq, q->stopping);
        } else if (rc > 0) {
            q->kicked = true;
            thread_yield();
        } else if (q->masked && !q->stopping) {
            unmask(q);
        }
    }
}

static struct queue *queue_make(struct netfront *nf, unsigned int index)
{
    struct queue *q = heap_zalloc(1, sizeof(*q));

    if (q != NULL) {
        q->nf = nf;
        q->index = index;
        wait_queue_init(&q->wq);
        timer_init(&q->refill_timer, on_timer, q);
        timer_init(&q->reap_timer, on_timer, q);
        timer_init(&q->hold_timer, on_timer, q);
        nf->queues[index] = q;
    }
    return q;
}

static unsigned int rx_target(const struct netfront *nf)
{
    struct page_stats stats;
    unsigned long share;

    page_get_stats(&stats);
    share = stats.total / 16 / nf->nr_queues;
    return (unsigned int)MIN(MAX(share, NETFRONT_RX_MIN), NETFRONT_SLOTS);
}

static int make_ring(struct queue *q, struct ring *r, void **page, grant_ref_t *ref, size_t slot_bytes,
                     unsigned int id)
{
    *page = page_alloc(0);
    if (*page == NULL) {
        return -ENOMEM;
    }
    ring_init(r, *page, (uint32_t)slot_bytes, id);
    return gnttab_grant(q->nf->f->backend_id, *page, false, ref);
}

int queue_open(struct netfront *nf, unsigned int index)
{
    struct queue *q = nf->queues[index];
    domid_t backend = nf->f->backend_id;
    unsigned int trace_id = nf->f->id << 8 | index << 1;
    int rc;

    if (q == NULL) {
        q = queue_make(nf, index);
        if (q == NULL) {
            return -ENOMEM;
        }
    }
    q->tx_ref = q->rx_ref = NO_REF;
    q->stopping = q->kicked = q->masked = q->tx_blocked = false;
    q->fired = 0;
    q->rate_since_ns = time_monotonic_ns();
    q->rate_slots = 0;
    q->expected = q->held = 0;
    tx_init(q);
    rx_init(q, rx_target(nf));
    rc = make_ring(q, &q->tx, &q->tx_page, &q->tx_ref, sizeof(union netif_tx_sring_entry), trace_id);
    if (rc == 0) {
        rc = make_ring(q, &q->rx, &q->rx_page, &q->rx_ref, sizeof(union netif_rx_sring_entry), trace_id + 1);
    }
    if (rc == 0) {
        rc = evtchn_alloc_unbound(backend, on_event, q, &q->tx_port);
    }
    if (rc == 0) {
        q->rx_port = q->tx_port;
        rc = nf->split ? evtchn_alloc_unbound(backend, on_event, q, &q->rx_port) : 0;
    }
    if (rc == 0) {
        rc = thread_create(&q->thread, nf->dev.name, queue_main, q, QUEUE_STACK_BYTES);
    }
    if (rc != 0) {
        return rc;
    }
    q->running = true;
    rx_refill(q);
    unmask(q);
    return 0;
}

void queue_stop(struct queue *q)
{
    q->running = false;
    q->stopping = true;
    (void)timer_cancel(&q->refill_timer);
    (void)timer_cancel(&q->reap_timer);
    (void)timer_cancel(&q->hold_timer);
    if (q->thread != NULL) {
        wait_wake_all(&q->wq);
        (void)thread_join(q->thread);
        q->thread = NULL;
    }
    if (q->rx_port != 0 && q->rx_port != q->tx_port) {
        (void)evtchn_close(q->rx_port);
    }
    if (q->tx_port != 0) {
        (void)evtchn_close(q->tx_port);
    }
    q->tx_port = q->rx_port = 0;
}

static void release_ring(void **page, grant_ref_t *ref)
{
    if (*ref != NO_REF) {
        (void)gnttab_end_page(*ref, *page);
    } else {
        page_free(*page, 0);
    }
    *page = NULL;
    *ref = NO_REF;
}

void queue_release(struct queue *q)
{
    if (q->tx_page != NULL) {
        tx_release(q);
        release_ring(&q->tx_page, &q->tx_ref);
    }
    if (q->rx_page != NULL) {
        rx_release(q);
        release_ring(&q->rx_page, &q->rx_ref);
    }
}
