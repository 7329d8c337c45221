// SPDX-License-Identifier: MIT
/*
 * The life of requests: checked, waiting for room, on the rings, ended, answered. Each accepted request is always on exactly one of the lists
 * waiting, active and ended. What the rings carry is the other files'.
 */
#include <xenolith/errno.h>

#include "blkfront_priv.h"

/** check_range() - In blocks, not empty, and within the disk. */
static int check_range(const struct blkdev *dev, uint64_t offset, uint64_t bytes)
{
    if (((offset | bytes) & (dev->block_bytes - 1)) != 0 || bytes == 0 || offset > dev->size_bytes ||
        bytes > dev->size_bytes - offset) {
        return -EINVAL;
    }
    return 0;
}

/** knows_discard() - Of the kind that @req wants? */
static bool knows_discard(const struct blkdev *dev, const struct blkdev_req *req)
{
    return (dev->features & (req->flags & BLKDEV_SECURE ? BLKDEV_CAN_SECURE : BLKDEV_CAN_DISCARD)) != 0;
}

static int check(const struct blkdev *dev, struct blkdev_req *req)
{
    uint64_t bytes = 0;

    switch (req->op) {
    case BLKDEV_READ:
    case BLKDEV_WRITE:
        for (unsigned int i = 0; i < req->nr_segments; i++) {
            if (req->segments[i].bytes == 0 || (req->segments[i].bytes & (dev->block_bytes - 1)) != 0) {
                return -EINVAL;
            }
            bytes += req->segments[i].bytes;
        }
        req->bytes = bytes;
        if (req->op == BLKDEV_WRITE && (dev->features & BLKDEV_READ_ONLY)) {
            return -EROFS;
        }
        return check_range(dev, req->offset, bytes);
    case BLKDEV_FLUSH:
        req->bytes = 0;
        return 0;
    case BLKDEV_DISCARD:
        if (dev->features & BLKDEV_READ_ONLY) {
            return -EROFS;
        }
        if (!knows_discard(dev, req)) {
            return -EOPNOTSUPP;
        }
        return check_range(dev, req->offset, req->bytes);
    default:
        return -EINVAL;
    }
}

static void start_over(struct blkdev_req *req)
{
    req->at = 0;
    req->segment = 0;
    req->in_segment = 0;
    req->pending = 0;
    req->status = 0;
}

static void account(struct blkdev_stats *stats, const struct blkdev_req *req)
{
    switch (req->op) {
    case BLKDEV_READ:
        stats->reads++;
        stats->read_bytes += req->bytes;
        break;
    case BLKDEV_WRITE:
        stats->writes++;
        stats->write_bytes += req->bytes;
        break;
    case BLKDEV_FLUSH:
        stats->flushes++;
        break;
    default:
        stats->discards++;
        break;
    }
}

int blkfront_submit(struct blkdev *dev, struct blkdev_req *req, bool more)
{
    struct blkfront *bf = blkfront_of(dev);
    bool first = list_is_empty(&bf->waiting);
    int rc;

    if (dev->state == BLKDEV_ABSENT) {
        return -ENXIO;
    }
    rc = check(dev, req);
    if (rc != 0) {
        return rc;
    }
    account(&dev->stats, req);
    start_over(req);
    list_push_back(&bf->waiting, &req->link);
    if (first) {
        blkfront_feed(bf);
    }
    if (!more && !bf->in_batch) {
        blkfront_show(bf);
    }
    return 0;
}

void blkfront_push(struct blkdev *dev)
{
    struct blkfront *bf = blkfront_of(dev);

    if (!bf->in_batch) {
        blkfront_show(bf);
    }
}

void blkfront_show(struct blkfront *bf)
{
    for (unsigned int i = 0; bf->up && i < bf->nr_queues; i++) {
        queue_show(bf->queues[i]);
    }
}

/** put() - As much of @req as one part takes, onto the next ring with room. */
static int put(struct blkfront *bf, struct blkdev_req *req)
{
    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        struct queue *q = bf->queues[bf->turn++ % bf->nr_queues];

        if (ring_free_slots(&q->ring) != 0 && part_put(q, req) == 0) {
            return 0;
        }
    }
    return -EAGAIN;
}

/** is_pointless() - What this backend cannot do, when an earlier one perhaps could; or a flush where no cache is. *status is its answer. */
static bool is_pointless(const struct blkfront *bf, const struct blkdev_req *req, int *status)
{
    *status = req->op == BLKDEV_FLUSH ? 0 : -EOPNOTSUPP;
    return (req->op == BLKDEV_FLUSH && !(bf->dev.features & BLKDEV_WRITE_CACHE)) ||
           (req->op == BLKDEV_DISCARD && !knows_discard(&bf->dev, req));
}

void blkfront_feed(struct blkfront *bf)
{
    while (bf->up && !list_is_empty(&bf->waiting)) {
        struct blkdev_req *req = list_entry(bf->waiting.next, struct blkdev_req, link);
        int status;

        if (is_pointless(bf, req, &status)) {
            blkfront_end(bf, req, status);
            blkfront_kick(bf);
            continue;
        }
        if (put(bf, req) != 0) {
            bf->dev.stats.waits++;
            if (!bf->in_batch) {
                blkfront_show(bf); /* what waits for a push would hold its own room back */
            }
            return;
        }
        if (req->at == req->bytes) {
            list_remove(&req->link);
            list_push_back(&bf->active, &req->link);
        }
    }
}

void blkfront_end(struct blkfront *bf, struct blkdev_req *req, int status)
{
    if (status == 0 && req->op == BLKDEV_WRITE) {
        bf->writes++;
    } else if (status == 0 && req->op == BLKDEV_FLUSH && bf->lost) {
        bf->lost = false;
        status = -EIO;
    }
    bf->dev.stats.errors += status != 0;
    req->status = status;
    list_remove(&req->link);
    list_push_back(&bf->ended, &req->link);
}

void blkfront_answer(struct blkfront *bf)
{
    struct list *node;

    while ((node = list_pop_front(&bf->ended)) != NULL) {
        struct blkdev_req *req = list_entry(node, struct blkdev_req, link);

        req->done(req, req->status);
    }
}

void blkfront_replay(struct blkfront *bf)
{
    struct list *pos, *next;

    while (!list_is_empty(&bf->active)) {
        pos = bf->active.prev;
        list_remove(pos);
        list_push_front(&bf->waiting, pos);
    }
    list_for_each_safe(pos, next, &bf->waiting) {
        struct blkdev_req *req = list_entry(pos, struct blkdev_req, link);

        if (req->status != 0) {
            blkfront_end(bf, req, req->status);
            continue;
        }
        bf->dev.stats.replays += req->at != 0;
        start_over(req);
    }
}

void blkfront_refuse(struct blkfront *bf, int status)
{
    while (!list_is_empty(&bf->waiting)) {
        blkfront_end(bf, list_entry(bf->waiting.next, struct blkdev_req, link), status);
    }
}
