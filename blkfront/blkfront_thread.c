// SPDX-License-Identifier: MIT
/*
 * A disk's thread: takes answers from all its rings in batches, tells who waits for them, refills the rings and shows what is new at once.
 * While it works the rings' thresholds lie behind, so an honest backend sends no events.
 */
#include <xenolith/errno.h>
#include <xenolith/sched.h>

#include "blkfront_priv.h"

/* Room for done(): a page cache or a file system goes on from there. */
#define BLKFRONT_STACK_BYTES (28UL << 10)

void blkfront_kick(struct blkfront *bf)
{
    bf->kicked = true;
    (void)wait_wake_one(&bf->wq);
}

/** reap() - Take what there is, up to a limit. 0: all; 1: there may be more; negative: the backend lied. */
static int reap(struct blkfront *bf)
{
    int more = 0;

    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        int taken;

        bf->queues[i]->fired = false;
        taken = part_reap(bf->queues[i], BLKFRONT_BATCH);
        if (taken < 0) {
            return taken;
        }
        more |= taken == (int)BLKFRONT_BATCH;
    }
    return more;
}

/** batch() - 0: nothing more; 1: go on; negative: the backend lied. */
static int batch(struct blkfront *bf)
{
    int more;

    bf->dev.stats.batches++;
    bf->in_batch = true;
    more = reap(bf);
    if (more >= 0) {
        blkfront_answer(bf);
    }
    bf->in_batch = false;
    if (more < 0 || bf->stopping || !bf->up) {
        return MIN(more, 0);
    }
    blkfront_feed(bf);
    blkfront_show(bf);
    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        int rc = ring_arm(&bf->queues[i]->ring, 1);

        if (rc < 0) {
            return rc;
        }
        more |= rc;
    }
    return more;
}

static void unmask(struct blkfront *bf)
{
    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        struct queue *q = bf->queues[i];

        if (q->masked) {
            q->masked = false;
            evtchn_unmask(q->port);
        }
    }
}

static void thread_main(void *arg)
{
    struct blkfront *bf = arg;

    while (!bf->stopping) {
        int rc;

        wait_event(&bf->wq, READ_ONCE(bf->kicked) || bf->stopping);
        bf->kicked = false;
        if (bf->stopping || !bf->up) {
            continue;
        }
        rc = batch(bf);
        if (rc < 0) {
            bf->up = false;
            frontend_fail(bf->f, rc, "its backend broke the protocol");
            wait_event(&bf->wq, bf->stopping);
        } else if (rc > 0) {
            bf->kicked = true;
            thread_yield();
        } else if (!bf->stopping) {
            unmask(bf);
        }
    }
}

int thread_open(struct blkfront *bf)
{
    bf->stopping = bf->kicked = false;
    return thread_create(&bf->thread, bf->dev.name, thread_main, bf, BLKFRONT_STACK_BYTES);
}

void thread_close(struct blkfront *bf)
{
    bf->stopping = true;
    if (bf->thread != NULL) {
        wait_wake_all(&bf->wq);
        (void)thread_join(bf->thread);
        bf->thread = NULL;
    }
}
