// SPDX-License-Identifier: MIT
/*
 * The disk driver as the frontends' state machine and blkdev see it: disks found, connected, held, lost. Requests, rings and memory are the
 * other files'.
 */
#include <xen/io/xenbus.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>

#include "blkfront_priv.h"

struct blkfront_options blkfront_options = {
    .queues = 1, .ring_order = 0, .segments = BLKFRONT_SEGMENTS, .persistent = true};

/** set_number() - A decimal number up to @max. */
static int set_number(const char *value, unsigned int max, unsigned int *out)
{
    unsigned int n = 0;

    if (*value == '\0') {
        return -EINVAL;
    }
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '9') {
            return -EINVAL;
        }
        n = n * 10 + (unsigned int)(*value - '0');
        if (n > max) {
            return -EINVAL;
        }
    }
    *out = n;
    return 0;
}

static int set_queues(const char *value)
{
    unsigned int n;
    int rc = set_number(value, BLKFRONT_MAX_QUEUES, &n);

    if (rc != 0 || n == 0) {
        return -EINVAL;
    }
    blkfront_options.queues = n;
    return 0;
}

static int set_ring(const char *value)
{
    return set_number(value, BLKFRONT_MAX_ORDER, &blkfront_options.ring_order);
}

static int set_segments(const char *value)
{
    return set_number(value, BLKFRONT_SEGMENTS, &blkfront_options.segments);
}

static int set_persistent(const char *value)
{
    unsigned int n;
    int rc = set_number(value, 1, &n);

    if (rc == 0) {
        blkfront_options.persistent = n != 0;
    }
    return rc;
}

BOOT_OPTION(blkqueues, "blkqueues", set_queues);
BOOT_OPTION(blkring, "blkring", set_ring);
BOOT_OPTION(blksegments, "blksegments", set_segments);
BOOT_OPTION(blkpersistent, "blkpersistent", set_persistent);

static void abandon(struct blkdev *dev)
{
    struct blkfront *bf = blkfront_of(dev);

    frontend_fail(bf->f, -EIO, "its backend did not come back");
    if (!bf->f->held) {
        blkdev_set_state(dev, BLKDEV_ABSENT);
        blkfront_refuse(bf, -EIO);
        blkfront_answer(bf);
    } /* else something is still on its rings, and release() follows */
}

static const struct blkdev_ops ops = {
    .submit = blkfront_submit,
    .push = blkfront_push,
    .abandon = abandon,
};

static int probe(struct frontend *f)
{
    struct blkfront *bf = heap_zalloc(1, sizeof(*bf));

    if (bf == NULL) {
        return -ENOMEM;
    }
    bf->f = f;
    bf->dev.ops = &ops;
    bf->dev.block_bytes = BLKDEV_BLOCK_MIN;
    wait_queue_init(&bf->wq);
    list_init(&bf->waiting);
    list_init(&bf->active);
    list_init(&bf->ended);
    blkfront_name(bf->dev.name, sizeof(bf->dev.name), frontend_read_own(f, "virtual-device", f->id));
    f->priv = bf;
    blkdev_add(&bf->dev);
    return 0;
}

static int prepare(struct frontend *f)
{
    struct blkfront *bf = f->priv;
    int rc = blkfront_read_offer(bf);

    stuck_retry();
    for (unsigned int i = 0; i < bf->nr_queues && rc == 0; i++) {
        rc = queue_open(bf, i);
    }
    return rc != 0 ? rc : thread_open(bf);
}

/**
 * is_attached() - Has the backend bound our ports? One that was started anew may have found the rings of before in xenstore, and be connected
 * to them, when it says Connected.
 */
static bool is_attached(const struct blkfront *bf)
{
    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        struct evtchn_status status = {.dom = DOMID_SELF, .port = bf->queues[i]->port};

        if (evtchn_get_status(&status) == 0 && status.status == EVTCHNSTAT_unbound) {
            return false;
        }
    }
    return true;
}

static int connected(struct frontend *f)
{
    struct blkfront *bf = f->priv;
    struct blkdev *dev = &bf->dev;
    int rc = is_attached(bf) ? blkfront_read_disk(bf) : -EAGAIN;

    if (rc != 0) {
        return rc;
    }
    if (!bf->connected) {
        bf->connected = true;
        bf->lost = false;
        bf->writes = bf->flushed = 0;
        dev->generation++;
    }
    bf->up = true;
    dev->stats.connects++;
    pr_info("%s: %lu MiB in blocks of %u%s%s, %u ring(s) of %u, parts of %u KiB%s%s\n", dev->name,
            (unsigned long)(dev->size_bytes >> 20), dev->block_bytes,
            dev->features & BLKDEV_READ_ONLY ? ", read-only" : "",
            dev->features & BLKDEV_WRITE_CACHE ? "" : ", no cache to flush", bf->nr_queues,
            bf->queues[0]->ring.nr_slots, dev->best_bytes >> 10, bf->persistent ? ", grants kept" : "",
            bf->trusted ? "" : ", backend not trusted");
    blkdev_set_state(dev, BLKDEV_ONLINE);
    blkfront_kick(bf);
    return 0;
}

static void changed(struct frontend *f)
{
    struct blkfront *bf = f->priv;
    uint64_t bytes = blkfront_read_size(bf);

    if (bytes != 0) {
        blkdev_set_size(&bf->dev, bytes);
    }
}

static void stop(struct blkfront *bf)
{
    bf->up = false;
    thread_close(bf);
    for (unsigned int i = 0; i < BLKFRONT_MAX_QUEUES; i++) {
        if (bf->queues[i] != NULL) {
            queue_close(bf->queues[i]);
        }
    }
}

static void quiesce(struct frontend *f)
{
    struct blkfront *bf = f->priv;
    uint64_t theirs = frontend_read_backend(f, "state", XenbusStateUnknown);
    bool absent;

    bf->dev.stats.failures += f->dead;
    stop(bf);
    /* A backend that closes in good order keeps what it was given. */
    if (theirs != XenbusStateClosing && theirs != XenbusStateClosed &&
        (bf->dev.features & BLKDEV_WRITE_CACHE) && bf->writes != bf->flushed) {
        bf->lost = true;
    }
    absent = f->dead || !bf->connected || frontend_read_backend(f, "online", 1) == 0;
    blkdev_set_state(&bf->dev, absent ? BLKDEV_ABSENT : BLKDEV_HELD);
}

static void release(struct frontend *f)
{
    struct blkfront *bf = f->priv;

    stop(bf);
    for (unsigned int i = 0; i < BLKFRONT_MAX_QUEUES; i++) {
        if (bf->queues[i] != NULL) {
            queue_release(bf->queues[i]);
        }
    }
    blkfront_replay(bf);
    if (f->dead) {
        blkdev_set_state(&bf->dev, BLKDEV_ABSENT);
    }
    if (bf->dev.state == BLKDEV_ABSENT) {
        blkfront_refuse(bf, f->dead ? -EIO : -ENXIO);
    }
    blkfront_answer(bf);
}

static void gone(struct frontend *f)
{
    struct blkfront *bf = f->priv;

    bf->connected = false;
    blkdev_set_state(&bf->dev, BLKDEV_ABSENT);
    blkfront_refuse(bf, -ENXIO);
    blkfront_answer(bf);
}

static struct frontend_driver driver = {
    .type = "vbd",
    .probe = probe,
    .prepare = prepare,
    .publish = blkfront_publish,
    .connected = connected,
    .changed = changed,
    .quiesce = quiesce,
    .release = release,
    .gone = gone,
};

int blkdev_driver_start(void)
{
    return frontend_register(&driver);
}

unsigned int blkdev_driver_settle(uint64_t deadline_ns)
{
    return frontend_settle(&driver, deadline_ns);
}
