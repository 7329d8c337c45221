// SPDX-License-Identifier: MIT
/*
 * Between disk drivers and their users: the list of disks, who is told of changes, and the blocking calls on top of submit(). Who the
 * driver is the link decides.
 */
#include <xenolith/blkdev.h>

#include <stddef.h>

#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/wait.h>

/* A transfer in one call; longer ones are several requests. */
#define SYNC_BYTES (UINT32_C(1) << 30)

static struct list devices = LIST_INIT(devices);
static struct list watches = LIST_INIT(watches);

int blkdev_start(void)
{
    return blkdev_driver_start();
}

unsigned int blkdev_settle(uint64_t deadline_ns)
{
    return blkdev_driver_settle(deadline_ns);
}

struct blkdev *blkdev_next(struct blkdev *dev)
{
    struct list *next = dev == NULL ? devices.next : dev->link.next;

    return next == &devices ? NULL : list_entry(next, struct blkdev, link);
}

static struct blkdev *find_exactly(const char *prefix, const char *rest)
{
    size_t len = strlen(prefix);
    struct list *pos;

    list_for_each(pos, &devices) {
        struct blkdev *dev = list_entry(pos, struct blkdev, link);

        if (strncmp(dev->name, prefix, len) == 0 && strcmp(dev->name + len, rest) == 0) {
            return dev;
        }
    }
    return NULL;
}

struct blkdev *blkdev_find(const char *name)
{
    static const char *const prefixes[] = {"hd", "sd"};
    struct blkdev *dev = find_exactly("", name);

    for (size_t i = 0; dev == NULL && strncmp(name, "xvd", 3) == 0 && i < ARRAY_SIZE(prefixes); i++) {
        dev = find_exactly(prefixes[i], name + 3);
    }
    return dev;
}

static void tell(struct blkdev *dev, enum blkdev_event event)
{
    struct list *pos, *next;

    list_for_each_safe(pos, next, &watches) {
        struct blkdev_watch *watch = list_entry(pos, struct blkdev_watch, link);

        watch->changed(watch, dev, event);
    }
}

void blkdev_watch(struct blkdev_watch *watch)
{
    list_push_back(&watches, &watch->link);
    for (struct blkdev *dev = blkdev_next(NULL); dev != NULL; dev = blkdev_next(dev)) {
        watch->changed(watch, dev, BLKDEV_FOUND);
    }
}

void blkdev_unwatch(struct blkdev_watch *watch)
{
    list_remove(&watch->link);
}

void blkdev_add(struct blkdev *dev)
{
    list_push_back(&devices, &dev->link);
    tell(dev, BLKDEV_FOUND);
}

void blkdev_set_state(struct blkdev *dev, enum blkdev_state state)
{
    if (dev->state != state) {
        dev->state = state;
        tell(dev, BLKDEV_STATE);
    }
}

void blkdev_set_size(struct blkdev *dev, uint64_t size_bytes)
{
    if (dev->size_bytes != size_bytes) {
        dev->size_bytes = size_bytes;
        if (dev->state == BLKDEV_ONLINE) {
            tell(dev, BLKDEV_RESIZED);
        }
    }
}

/* ---- Blocking calls ---- */

/** struct waiting - A request whose caller sleeps until it is done. */
struct waiting {
    struct wait_queue wq;
    int status;
    bool done;
};

static void on_done(struct blkdev_req *req, int status)
{
    struct waiting *w = req->user;

    w->status = status;
    w->done = true;
    wait_wake_all(&w->wq);
}

int blkdev_wait(struct blkdev *dev, struct blkdev_req *req)
{
    struct waiting w = {.done = false};
    int rc;

    wait_queue_init(&w.wq);
    req->done = on_done;
    req->user = &w; // cppcheck-suppress autoVariables; nobody looks at it once we have returned
    rc = blkdev_submit(dev, req, false);
    if (rc != 0) {
        return rc;
    }
    wait_event(&w.wq, w.done);
    return w.status;
}

static int transfer(struct blkdev *dev, enum blkdev_op op, uint64_t offset, void *buf, size_t bytes)
{
    uint8_t *at = buf;
    int rc = 0;

    while (rc == 0 && bytes != 0) {
        struct blkdev_segment segment = {at, (uint32_t)MIN(bytes, (size_t)SYNC_BYTES)};
        struct blkdev_req req = {.op = (uint8_t)op, .nr_segments = 1, .segments = &segment, .offset = offset};

        rc = blkdev_wait(dev, &req);
        at += segment.bytes;
        offset += segment.bytes;
        bytes -= segment.bytes;
    }
    return rc;
}

int blkdev_read(struct blkdev *dev, uint64_t offset, void *buf, size_t bytes)
{
    return transfer(dev, BLKDEV_READ, offset, buf, bytes);
}

int blkdev_write(struct blkdev *dev, uint64_t offset, const void *buf, size_t bytes)
{
    /* The driver only reads what a write names. */
    return transfer(dev, BLKDEV_WRITE, offset, (void *)(uintptr_t)buf, bytes);
}

int blkdev_flush(struct blkdev *dev)
{
    struct blkdev_req req = {.op = BLKDEV_FLUSH};

    return blkdev_wait(dev, &req);
}

int blkdev_discard(struct blkdev *dev, uint64_t offset, uint64_t bytes, unsigned int flags)
{
    struct blkdev_req req = {.op = BLKDEV_DISCARD, .flags = (uint8_t)flags, .offset = offset, .bytes = bytes};

    return blkdev_wait(dev, &req);
}
