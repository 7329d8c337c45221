// SPDX-License-Identifier: MIT
/*
 * What the tests of blkfront share: one disk against the fake backend, requests that are compared with a copy of what the disk must hold.
 */
#ifndef XENOLITH_BLKFRONT_FIXTURE_H
#define XENOLITH_BLKFRONT_FIXTURE_H

#include <xenolith/blkdev.h>

#include <xen/io/xenbus.h>

#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>

#include <fake_blkback.h>
#include <fake_xenstored.h>

#include "../../blkfront/blkfront_priv.h"
#include "unit.h"

#define NR_JOBS     40U
#define JOB_BYTES   (UINT32_C(1310720))
#define JOB_PIECES  40U
#define UNIT        512U
#define NR_UNITS    (FAKE_BB_DISK / UNIT)

static struct blkdev *dev;
static unsigned int events[3], done_count, done_good, done_io, done_gone, done_busy;
static uint8_t model[FAKE_BB_DISK]; /* what the disk holds */
static uint8_t unknown[NR_UNITS];   /* a write there failed */
static uint8_t in_use[NR_UNITS];    /* requests under way there */

struct job {
    struct blkdev_req req; /* first */
    struct blkdev_segment segments[JOB_PIECES];
    uint8_t *memory;
    uint32_t bytes;
    bool used;
};

static struct job jobs[NR_JOBS];

static void on_change(struct blkdev_watch *watch, struct blkdev *d, enum blkdev_event event)
{
    (void)watch;
    dev = d;
    events[event]++;
}

static struct blkdev_watch watch = {.changed = on_change};

static void settle(void)
{
    fake_xs_kick();
    thread_sleep_ns(1000);
}

/* Let the device's thread run. */
static void breathe(void)
{
    thread_sleep_ns(1000);
    thread_yield();
}

static void connect_up(void)
{
    settle();
    assert_int_equal(fake_bb_front_state(), XenbusStateConnected);
    assert_true(fake_bb_attach());
    fake_bb_state(XenbusStateConnected);
    settle();
    assert_int_equal(dev->state, BLKDEV_ONLINE);
}

static void start(void)
{
    memset(&fake_bb, 0, offsetof(struct fake_bb, disk));
    fake_bb_device();
}

static void stop(void)
{
    fake_bb_detach();
    fake_bb_remove();
    settle();
    fake_grants_unmap();
    stuck_retry();
    assert_true(dev == NULL || dev->state == BLKDEV_ABSENT);
    assert_int_equal(fake_grants(), 0);
    for (unsigned int i = 0; i < NR_JOBS; i++) {
        assert_false(jobs[i].used);
    }
}

static int group_setup(void **state)
{
    (void)state;
    fake_boot(131072);
    fake_xs_start(0);
    fake_xs_write(FAKE_XS_HOME "/device", "");
    fake_xs_chmod(FAKE_XS_HOME "/device", "n0 r7");
    for (unsigned int i = 0; i < NR_JOBS; i++) {
        jobs[i].memory = page_alloc_exact(JOB_BYTES / PAGE_SIZE + 1);
    }
    blkdev_watch(&watch);
    return blkdev_start();
}

static void reset_model(void)
{
    for (size_t i = 0; i < FAKE_BB_DISK; i++) {
        fake_bb.disk[i] = model[i] = (uint8_t)(i * 7 + (i >> 9));
    }
    memset(unknown, 0, sizeof(unknown));
    memset(in_use, 0, sizeof(in_use));
}

static int setup(void **state)
{
    (void)state;
    memset(events, 0, sizeof(events));
    done_count = done_good = done_io = done_gone = done_busy = 0;
    blkfront_options = (struct blkfront_options){
        .queues = 1, .ring_order = 0, .segments = BLKFRONT_SEGMENTS, .persistent = true};
    start();
    reset_model();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stop();
    return 0;
}

static void compare(struct job *j)
{
    uint64_t at = j->req.offset;

    for (unsigned int i = 0; i < j->req.nr_segments; i++) {
        const uint8_t *memory = j->segments[i].addr;

        for (uint32_t k = 0; k < j->segments[i].bytes; k += UNIT) {
            if (!unknown[(at + k) / UNIT] && memcmp(memory + k, model + at + k, UNIT) != 0) {
                print_error("read at %lu: %u, not %u\n", (unsigned long)(at + k), memory[k], model[at + k]);
                abort(); /* this is another thread: cmocka's jump would land on the wrong stack */
            }
        }
        at += j->segments[i].bytes;
    }
}

static void mark(uint8_t *map, const struct job *j, uint8_t value)
{
    memset(map + j->req.offset / UNIT, value, j->bytes / UNIT);
}

static void on_done(struct blkdev_req *req, int status)
{
    struct job *j = (struct job *)req;

    if (!j->used) {
        print_error("answered twice\n");
        abort();
    }
    done_count++;
    done_good += status == 0;
    done_io += status == -EIO;
    done_gone += status == -ENXIO;
    done_busy += status == -EBUSY;
    if (status == 0 && req->op == BLKDEV_READ) {
        compare(j);
    }
    if (req->op == BLKDEV_WRITE) {
        mark(unknown, j, status != 0);
    }
    mark(in_use, j, 0);
    j->used = false;
}

static struct job *new_job(void)
{
    for (unsigned int i = 0; i < NR_JOBS; i++) {
        if (!jobs[i].used) {
            return &jobs[i];
        }
    }
    return NULL;
}

/* Its memory is cut into @pieces already, or is one piece. */
static int submit(struct job *j, enum blkdev_op op, uint64_t offset, uint32_t bytes, bool more)
{
    int rc;

    if (j->req.nr_segments == 0) {
        j->segments[0] = (struct blkdev_segment){j->memory, bytes};
        j->req.nr_segments = 1;
    }
    j->bytes = bytes;
    j->req.op = (uint8_t)op;
    j->req.flags = 0;
    j->req.segments = j->segments;
    j->req.offset = offset;
    j->req.bytes = bytes;
    j->req.done = on_done;
    j->used = true;
    rc = blkdev_submit(dev, &j->req, more);
    if (rc != 0) {
        j->used = false;
        return rc;
    }
    mark(in_use, j, 1);
    return 0;
}

static inline int submit_new(enum blkdev_op op, uint64_t offset, uint32_t bytes)
{
    struct job *j = new_job();

    j->req.nr_segments = 0;
    if (op == BLKDEV_WRITE) {
        memset(j->memory, (int)fake_random_below(256), bytes);
        if (offset < FAKE_BB_DISK && offset + bytes <= FAKE_BB_DISK) {
            memcpy(model + offset, j->memory, bytes);
        }
    }
    return submit(j, op, offset, bytes, false);
}

/* Pieces of whole blocks, at odd addresses now and then. */
static void cut(struct job *j, uint32_t bytes)
{
    uint32_t block = dev->block_bytes;
    uint8_t *at = j->memory + (fake_random_below(4) == 0 ? fake_random_below(4096) : 0);

    j->req.nr_segments = 0;
    while (bytes != 0) {
        uint32_t len = block * (1 + (uint32_t)fake_random_below(bytes / block));

        if (j->req.nr_segments == JOB_PIECES - 1 || fake_random_below(3) == 0) {
            len = bytes;
        }
        j->segments[j->req.nr_segments++] = (struct blkdev_segment){at, len};
        at += len;
        bytes -= len;
    }
}

static inline bool random_transfer(void)
{
    struct job *j = new_job();
    uint32_t block = dev->block_bytes, bytes, most = fake_random_below(12) == 0 ? JOB_BYTES : 70000;
    uint64_t offset;
    bool write = fake_random_below(2) != 0;

    if (j == NULL) {
        return false;
    }
    bytes = block * (1 + (uint32_t)fake_random_below(most / block));
    offset = block * fake_random_below((FAKE_BB_DISK - bytes) / block + 1);
    if (memchr(in_use + offset / UNIT, 1, bytes / UNIT) != NULL) {
        return false;
    }
    cut(j, bytes);
    if (write) {
        uint64_t at = offset;

        for (unsigned int i = 0; i < j->req.nr_segments; i++) {
            memset(j->segments[i].addr, (int)fake_random_below(256), j->segments[i].bytes);
            memcpy(model + at, j->segments[i].addr, j->segments[i].bytes);
            at += j->segments[i].bytes;
        }
    }
    assert_int_equal(submit(j, write ? BLKDEV_WRITE : BLKDEV_READ, offset, bytes, fake_random_below(2) != 0),
                     0);
    return true;
}

/* Until nothing is under way. */
static inline void finish(void)
{
    for (;;) {
        bool busy = false;

        blkdev_push(dev);
        (void)fake_bb_run();
        breathe();
        for (unsigned int i = 0; i < NR_JOBS; i++) {
            busy = busy || jobs[i].used;
        }
        if (!busy) {
            break;
        }
    }
}

static inline void work(unsigned int steps)
{
    for (unsigned int i = 0; i < steps; i++) {
        switch (fake_random_below(5)) {
        case 0:
            (void)fake_bb_take(1 + (unsigned int)fake_random_below(20));
            break;
        case 1:
            (void)fake_bb_answer((unsigned int)fake_random_below(20));
            breathe();
            break;
        default:
            (void)random_transfer();
            break;
        }
    }
    finish();
}

static inline void reconnect(void)
{
    fake_bb_detach();
    fake_bb_state(XenbusStateClosed);
    settle();
    assert_int_equal(fake_grants(), 0);
    fake_bb.persistent = true;
    fake_bb_state(XenbusStateInitWait);
    connect_up();
}

static inline void features(bool persistent, bool trusted, const char *segments, const char *block)
{
    fake_bb_set("feature-persistent", persistent ? "1" : "0");
    fake_bb_set("feature-max-indirect-segments", segments);
    fake_bb_set("sector-size", block);
    fake_bb_front_set("trusted", trusted ? "1" : "0");
    fake_bb.indirect = (unsigned int)strtoul(segments, NULL, 10);
    fake_bb.block_bytes = (uint32_t)strtoul(block, NULL, 10);
}

/* A thread for the calls that block. */
static int thread_status;

static inline void flush_thread(void *arg)
{
    (void)arg;
    thread_status = blkdev_flush(dev);
}

static inline void discard_thread(void *arg)
{
    thread_status = blkdev_discard(dev, 8192, 16384, *(unsigned int *)arg);
}

static inline int in_thread(void (*fn)(void *arg), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "caller", fn, arg, 0), 0);
    for (unsigned int i = 0; i < 6; i++) {
        breathe();
        (void)fake_bb_run();
    }
    assert_int_equal(thread_join(t), 0);
    return thread_status;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
