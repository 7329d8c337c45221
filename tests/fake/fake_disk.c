// SPDX-License-Identifier: MIT
/* The disk in memory. Checks of its users what the contract of blkdev.h asks: whole blocks, within the disk, no two that overlap. */
#include <fake_disk.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/errno.h>
#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/sched.h>

#define SECTOR 512u

int blkdev_driver_start(void)
{
    return 0;
}

unsigned int blkdev_driver_settle(uint64_t deadline_ns)
{
    (void)deadline_ns;
    return 1;
}

static struct fake_disk *disk_of(struct blkdev *dev)
{
    return container_of(dev, struct fake_disk, dev);
}

static bool overlap(const struct blkdev_req *a, const struct blkdev_req *b)
{
    return a->op != BLKDEV_FLUSH && b->op != BLKDEV_FLUSH && (a->op != BLKDEV_READ || b->op != BLKDEV_READ) &&
           a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static void check(const struct fake_disk *disk, struct blkdev_req *req)
{
    if (req->op == BLKDEV_READ || req->op == BLKDEV_WRITE) {
        req->bytes = 0;
        for (unsigned int i = 0; i < req->nr_segments; i++) {
            assert(req->segments[i].bytes > 0 && req->segments[i].bytes % SECTOR == 0);
            req->bytes += req->segments[i].bytes;
        }
    }
    if (req->op != BLKDEV_FLUSH) {
        assert(req->bytes > 0 && req->bytes % SECTOR == 0 && req->offset % SECTOR == 0);
        assert(req->offset + req->bytes <= disk->dev.size_bytes);
    }
    for (unsigned int i = 0; i < disk->nr_queued; i++) {
        assert(!overlap(req, disk->queue[i]));
    }
}

static int submit(struct blkdev *dev, struct blkdev_req *req, bool more)
{
    struct fake_disk *disk = disk_of(dev);

    if (dev->state == BLKDEV_ABSENT) {
        return -ENXIO;
    }
    if ((dev->features & BLKDEV_READ_ONLY) != 0 && req->op != BLKDEV_READ && req->op != BLKDEV_FLUSH) {
        return -EROFS;
    }
    if (req->op == BLKDEV_DISCARD && (dev->features & BLKDEV_CAN_DISCARD) == 0) {
        return -EOPNOTSUPP;
    }
    check(disk, req);
    assert(disk->nr_queued < FAKE_DISK_QUEUE);
    disk->queue[disk->nr_queued++] = req;
    disk->nr_requests++;
    /* Nothing is on its way before it is pushed. */
    disk->nr_pushed = more ? disk->nr_pushed : disk->nr_queued;
    wait_wake_all(&disk->work);
    return 0;
}

static void push(struct blkdev *dev)
{
    struct fake_disk *disk = disk_of(dev);

    disk->nr_pushed = disk->nr_queued;
    wait_wake_all(&disk->work);
}

static const struct blkdev_ops ops = {.submit = submit, .push = push};

static void note_write(struct fake_disk *disk, uint64_t offset, const void *data, uint32_t bytes)
{
    struct fake_disk_write *w;

    if (disk->nr_writes == disk->room) {
        disk->room = disk->room * 2 + 1024;
        disk->writes = realloc(disk->writes, disk->room * sizeof(*disk->writes));
        assert(disk->writes != NULL);
    }
    w = &disk->writes[disk->nr_writes++];
    *w = (struct fake_disk_write){offset, bytes, disk->epoch, malloc(bytes)};
    memcpy(w->data, data, bytes);
}

static void write_segments(struct fake_disk *disk, const struct blkdev_req *req)
{
    uint64_t at = req->offset;

    for (unsigned int i = 0; i < req->nr_segments; at += req->segments[i++].bytes) {
        memcpy(disk->bytes + at, req->segments[i].addr, req->segments[i].bytes);
        if (disk->record) {
            note_write(disk, at, req->segments[i].addr, req->segments[i].bytes);
        }
    }
}

static int carry_out(struct fake_disk *disk, const struct blkdev_req *req)
{
    int rc = disk->fault != NULL ? disk->fault(disk, req) : 0;
    uint64_t at = req->offset;

    if (rc != 0) {
        return rc;
    }
    switch (req->op) {
    case BLKDEV_FLUSH:
        disk->epoch++;
        disk->nr_flushes++;
        break;
    case BLKDEV_DISCARD:
        /* What stands there afterwards is anybody's guess. */
        memset(disk->bytes + at, 0xd5, req->bytes);
        disk->nr_discards++;
        disk->discarded_bytes += req->bytes;
        break;
    case BLKDEV_WRITE:
        write_segments(disk, req);
        break;
    default:
        for (unsigned int i = 0; i < req->nr_segments; at += req->segments[i++].bytes) {
            memcpy(req->segments[i].addr, disk->bytes + at, req->segments[i].bytes);
        }
    }
    return 0;
}

static void driver(void *arg)
{
    struct fake_disk *disk = arg;

    for (;;) {
        struct blkdev_req *req;
        unsigned int i;

        wait_event(&disk->work, disk->nr_pushed > 0);
        thread_yield();
        i = (unsigned int)fake_random_below(disk->nr_pushed);
        req = disk->queue[i];
        disk->queue[i] = disk->queue[--disk->nr_pushed];
        disk->queue[disk->nr_pushed] = disk->queue[--disk->nr_queued];
        req->done(req, carry_out(disk, req));
    }
}

void fake_disk_start(struct fake_disk *disk, const char *name, unsigned char *bytes, uint64_t size_bytes)
{
    struct thread *thread;
    int rc;

    *disk = (struct fake_disk){
        .dev = {.state = BLKDEV_ONLINE,
                .size_bytes = size_bytes,
                .block_bytes = SECTOR,
                .discard_bytes = SECTOR,
                .features = BLKDEV_WRITE_CACHE | BLKDEV_CAN_DISCARD,
                .ops = &ops},
        .bytes = bytes,
    };
    strncpy(disk->dev.name, name, sizeof(disk->dev.name) - 1);
    wait_queue_init(&disk->work);
    rc = thread_create(&thread, "disk", driver, disk, 0);
    assert(rc == 0);
    thread_detach(thread);
}

void fake_disk_forget(struct fake_disk *disk, unsigned int keep)
{
    while (disk->nr_writes > keep) {
        free(disk->writes[--disk->nr_writes].data);
    }
    disk->epoch = keep > 0 ? disk->writes[keep - 1].epoch : 0;
    if (keep == 0) {
        free(disk->writes);
        disk->writes = NULL;
        disk->room = 0;
    }
}

void fake_disk_apply(const struct fake_disk_write *write, uint32_t sectors, unsigned char *image)
{
    uint32_t bytes = sectors * SECTOR < write->bytes ? sectors * SECTOR : write->bytes;

    memcpy(image + write->offset, write->data, bytes);
}
