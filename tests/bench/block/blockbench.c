// SPDX-License-Identifier: MIT
/*
 * Measures xvda as blkfront gives it, no cache: random 4 KiB, one and 32 at once, and 64 KiB and 1 MiB in a row, one and some at once; each read
 * and written.
 * One line a figure: name, value, unit, and what it took for each request.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/hypercall.h>

#include <xenolith/blkdev.h>
#include <xenolith/page.h>
#include <xenolith/time.h>
#include <xenolith/types.h>
#include <xenolith/wait.h>

#define MAX_DEPTH 32U

static struct blkdev *dev;
static struct wait_queue wq = WAIT_QUEUE_INIT(wq);

static struct job {
    struct blkdev_req req; /* first */
    struct blkdev_segment segment;
} jobs[MAX_DEPTH];

static struct {
    uint8_t op;
    uint32_t bytes;
    uint64_t next, left, under_way, random;
    int failed;
} run;

static void submit(struct job *job);

static void on_done(struct blkdev_req *req, int status)
{
    run.failed = status != 0 ? status : run.failed;
    run.under_way--;
    if (run.left != 0) {
        submit((struct job *)req);
    } else if (run.under_way == 0) {
        wait_wake_all(&wq);
    }
}

static void submit(struct job *job)
{
    uint64_t offset = run.next;
    int rc;

    if (run.random != 0) {
        run.random = run.random * UINT64_C(6364136223846793005) + 1442695040888963407;
        offset = (run.random >> 20) % (dev->size_bytes / run.bytes) * run.bytes;
    } else {
        run.next = offset + 2 * run.bytes > dev->size_bytes ? 0 : offset + run.bytes;
    }
    job->req.op = run.op;
    job->req.nr_segments = 1;
    job->req.segments = &job->segment;
    job->req.offset = offset;
    job->req.done = on_done;
    run.left--;
    run.under_way++;
    rc = blkdev_submit(dev, &job->req, false);
    if (rc != 0) {
        printf("submit: %d\n", rc);
        exit(1);
    }
}

static void measure(const char *name, uint8_t op, uint32_t bytes, unsigned int depth, uint64_t requests,
                    bool random)
{
    struct blkdev_stats before = dev->stats;
    uint64_t calls = hypercall_count, start, ns;

    memset(&run, 0, sizeof(run));
    run.op = op;
    run.bytes = bytes;
    run.left = requests;
    run.random = random;
    start = time_monotonic_ns();
    for (unsigned int i = 0; i < depth && run.left != 0; i++) {
        jobs[i].segment.bytes = bytes;
        submit(&jobs[i]);
    }
    wait_event(&wq, run.under_way == 0);
    ns = time_monotonic_ns() - start;
    if (run.failed != 0) {
        printf("%s: %d\n", name, run.failed);
        exit(1);
    }
    printf("%s %" PRIu64 " %s; a request: %" PRIu64 " ns, hypercalls %" PRIu64 "/100, upcalls %" PRIu64
           "/100, "
           "notifies %" PRIu64 "/100, parts %" PRIu64 "/100\n",
           name, bytes > 4096 ? requests * bytes * 1000 / ns : requests * 1000000000 / ns,
           bytes > 4096 ? "MB/s" : "IOPS", ns / requests, (hypercall_count - calls) * 100 / requests,
           (dev->stats.upcalls - before.upcalls) * 100 / requests,
           (dev->stats.notifies - before.notifies) * 100 / requests,
           (dev->stats.parts - before.parts) * 100 / requests);
}

int main(int argc, char **argv)
{
    uint64_t scale = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;

    if (blkdev_start() != 0 || blkdev_settle(time_deadline_ns(60 * NS_PER_SEC)) == 0 ||
        (dev = blkdev_find("xvda")) == NULL) {
        printf("no xvda\n");
        return 1;
    }
    for (unsigned int i = 0; i < MAX_DEPTH; i++) {
        jobs[i].segment.addr = page_alloc_exact((UINT32_C(1) << 20) / PAGE_SIZE);
        if (jobs[i].segment.addr == NULL) {
            printf("no memory\n");
            return 1;
        }
        memset(jobs[i].segment.addr, 0x5a, UINT32_C(1) << 20);
    }
    /* Once round, so that grants that are kept are there. */
    measure("warm-up", BLKDEV_READ, 4096, 32, 500 * scale, true);
    measure("random-read-4k-qd1", BLKDEV_READ, 4096, 1, 2000 * scale, true);
    measure("random-read-4k-qd32", BLKDEV_READ, 4096, 32, 4000 * scale, true);
    measure("random-write-4k-qd1", BLKDEV_WRITE, 4096, 1, 2000 * scale, true);
    measure("random-write-4k-qd32", BLKDEV_WRITE, 4096, 32, 4000 * scale, true);
    measure("sequential-read-1m", BLKDEV_READ, 1U << 20, 2, 100 * scale, false);
    measure("sequential-write-1m", BLKDEV_WRITE, 1U << 20, 2, 100 * scale, false);
    measure("sequential-read-1m-qd1", BLKDEV_READ, 1U << 20, 1, 100 * scale, false);
    measure("sequential-write-1m-qd1", BLKDEV_WRITE, 1U << 20, 1, 100 * scale, false);
    measure("sequential-read-64k-qd1", BLKDEV_READ, 1U << 16, 1, 1000 * scale, false);
    measure("sequential-read-64k-qd8", BLKDEV_READ, 1U << 16, 8, 1500 * scale, false);
    measure("sequential-write-64k-qd1", BLKDEV_WRITE, 1U << 16, 1, 1000 * scale, false);
    measure("sequential-write-64k-qd8", BLKDEV_WRITE, 1U << 16, 8, 1500 * scale, false);
    return 0;
}
