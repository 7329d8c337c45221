// SPDX-License-Identifier: MIT
/*
 * Random work on a disk, many requests under way, everything that is read compared with what was written last. The size of each request, the
 * number and alignment of its pieces of memory are random too.
 */
#ifndef SYSTEM_TEST_BLK_RANDOM_H
#define SYSTEM_TEST_BLK_RANDOM_H

#include "blk_agent.h"

#define RANDOM_DEPTH    16U
#define RANDOM_LARGEST  (UINT32_C(1) << 20)
#define RANDOM_SEGMENTS 24U

/** struct random_job - One request and its memory. */
struct random_job {
    struct blkdev_req req; /* first */
    struct blkdev_segment segments[RANDOM_SEGMENTS];
    uint8_t *memory; /* RANDOM_LARGEST, and a page for odd alignments */
    unsigned int unit, nr_units;
    bool busy;
};

static struct random_work {
    struct blkdev *dev;
    uint64_t offset, state, bytes;
    uint16_t *generation; /* by unit: with what it was written */
    uint8_t *busy;        /* by unit */
    unsigned int nr_units, under_way;
    unsigned int requests, wrong, failed;
    struct random_job jobs[RANDOM_DEPTH];
} work;

static uint32_t random_below(uint32_t n)
{
    work.state ^= work.state << 13;
    work.state ^= work.state >> 7;
    work.state ^= work.state << 17;
    return (uint32_t)((work.state >> 16) % n);
}

static void random_fill(struct random_job *job, unsigned int segment, bool check)
{
    uint32_t unit_bytes = work.dev->block_bytes, done = 0, at = 0;

    for (unsigned int i = 0; i < segment; i++) {
        done += job->segments[i].bytes;
    }
    while (at < job->segments[segment].bytes) {
        unsigned int unit = job->unit + (done + at) / unit_bytes;
        uint64_t seed = work.generation[unit];
        uint8_t *memory = (uint8_t *)job->segments[segment].addr + at;

        if (!check) {
            agent_fill(memory, unit_bytes, seed, (uint64_t)unit * unit_bytes);
        } else if (!agent_is_filled(memory, unit_bytes, seed, (uint64_t)unit * unit_bytes)) {
            work.wrong++;
        }
        at += unit_bytes;
    }
}

static void random_done(struct blkdev_req *req, int status)
{
    struct random_job *job = (struct random_job *)req;

    work.failed += status != 0;
    if (status == 0 && req->op == BLKDEV_READ) {
        for (unsigned int i = 0; i < req->nr_segments; i++) {
            random_fill(job, i, true);
        }
    }
    memset(work.busy + job->unit, 0, job->nr_units);
    job->busy = false;
    work.under_way--;
    wait_wake_all(&agent_wq);
}

/** random_cut() - The request's memory: up to RANDOM_SEGMENTS pieces of whole blocks, now and then at odd addresses. */
static void random_cut(struct random_job *job)
{
    uint32_t unit_bytes = work.dev->block_bytes, left = job->nr_units * unit_bytes;
    unsigned int n = 0, odd = random_below(8) == 0 ? 1 + random_below(2048) : 0;
    uint8_t *memory = job->memory + odd;

    while (left != 0) {
        uint32_t units = 1 + random_below(left / unit_bytes);

        if (n + 1 == RANDOM_SEGMENTS || random_below(4) == 0) {
            units = left / unit_bytes;
        }
        job->segments[n++] = (struct blkdev_segment){memory, units * unit_bytes};
        memory += units * unit_bytes;
        left -= units * unit_bytes;
    }
    job->req.nr_segments = n;
}

/** random_place() - A free range of the disk for it. False: none found. */
static bool random_place(struct random_job *job)
{
    uint32_t unit_bytes = work.dev->block_bytes, largest = RANDOM_LARGEST / unit_bytes;
    uint32_t kind = random_below(8);

    job->nr_units = kind == 0  ? 1
                    : kind < 5 ? 1 + random_below(16384 / unit_bytes)
                               : 1 + random_below(largest);
    job->unit = random_below(work.nr_units - job->nr_units + 1);
    if (memchr(work.busy + job->unit, 1, job->nr_units) != NULL) {
        return false;
    }
    memset(work.busy + job->unit, 1, job->nr_units);
    return true;
}

static void random_submit(struct random_job *job)
{
    job->req = (struct blkdev_req){.op = random_below(2) ? BLKDEV_READ : BLKDEV_WRITE,
                                   .segments = job->segments,
                                   .offset = work.offset + (uint64_t)job->unit * work.dev->block_bytes,
                                   .done = random_done};
    random_cut(job);
    if (job->req.op == BLKDEV_WRITE) {
        for (unsigned int i = 0; i < job->nr_units; i++) {
            work.generation[job->unit + i]++;
        }
        for (unsigned int i = 0; i < job->req.nr_segments; i++) {
            random_fill(job, i, false);
        }
    }
    job->busy = true;
    work.under_way++;
    work.requests++;
    work.bytes += (uint64_t)job->nr_units * work.dev->block_bytes;
    if (blkdev_submit(work.dev, &job->req, random_below(2)) != 0) {
        test_failure("a good request was refused");
    }
}

static struct random_job *random_idle_job(void)
{
    for (unsigned int i = 0; i < RANDOM_DEPTH; i++) {
        if (!work.jobs[i].busy) {
            return &work.jobs[i];
        }
    }
    return NULL;
}

/** random_open() - @bytes of the disk from @offset on, filled at first. */
static void random_open(struct blkdev *dev, uint64_t offset, uint64_t bytes, uint64_t seed)
{
    work.dev = dev;
    work.offset = offset;
    work.state = seed * 2 + 1;
    work.nr_units = (unsigned int)(bytes / dev->block_bytes);
    work.generation = calloc(work.nr_units, sizeof(work.generation[0]));
    work.busy = calloc(work.nr_units, 1);
    CHECK(work.generation != NULL && work.busy != NULL);
    for (unsigned int i = 0; i < RANDOM_DEPTH; i++) {
        work.jobs[i].memory = page_alloc_exact(RANDOM_LARGEST / PAGE_SIZE + 1);
        CHECK(work.jobs[i].memory != NULL);
    }
    for (uint64_t at = 0; at < bytes; at += AGENT_BUFFER) {
        agent_fill(agent_buffer, AGENT_BUFFER, 0, at);
        CHECK_EQUAL(blkdev_write(dev, offset + at, agent_buffer, AGENT_BUFFER), 0);
    }
}

static void random_close(void)
{
    for (unsigned int i = 0; i < RANDOM_DEPTH; i++) {
        page_free_exact(work.jobs[i].memory, RANDOM_LARGEST / PAGE_SIZE + 1);
    }
    free(work.generation);
    free(work.busy);
    memset(&work, 0, sizeof(work));
}

/** random_wait() - Until fewer than @under_way requests are. */
static void random_wait(unsigned int under_way)
{
    if (wait_event_until(&agent_wq, work.under_way < under_way, time_deadline_ns(120 * NS_PER_SEC)) != 0) {
        agent_info(work.dev);
        agent_stats(work.dev);
        test_failure("%u requests are never answered", work.under_way);
    }
}

/** random_run() - Until @total bytes have gone by. */
static void random_run(uint64_t total)
{
    while (work.bytes < total) {
        struct random_job *job = random_idle_job();

        if (job != NULL && random_place(job)) {
            random_submit(job);
            continue;
        }
        blkdev_push(work.dev);
        if (work.under_way != 0) {
            random_wait(work.under_way);
        }
    }
    blkdev_push(work.dev);
    random_wait(1);
}

/* random DEV OFFSET BYTES TOTAL SEED: TOTAL bytes of reads and writes within BYTES. */
static bool random_command(const char *verb, struct blkdev *dev, const uint64_t args[5])
{
    if (strcmp(verb, "random") != 0) {
        return false;
    }
    random_open(dev, args[0], args[1], args[3]);
    random_run(args[2]);
    printf("= random wrong %u failed %u requests %u\n", work.wrong, work.failed, work.requests);
    random_close();
    return true;
}

#endif
