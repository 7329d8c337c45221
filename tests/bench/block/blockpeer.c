// SPDX-License-Identifier: MIT
/*
 * The Linux guest's side of the block benchmark: what blockbench.c measures, by io_uring with O_DIRECT on /dev/xvda. The same requests in the
 * same order, the same number under way; one line a figure, as there: name, value, unit. Ends with status 1 at the first error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 32U
#define MIB       (1U << 20)

static struct {
    int fd;
    unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
    unsigned int unsubmitted;
} ring;

static int disk;
static uint64_t disk_bytes;
static char *memory[DEPTH_MAX];

static struct {
    bool write, random;
    uint32_t bytes;
    uint64_t next, left, under_way, seed;
} job;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "blockpeer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void *map_ring(uint64_t bytes, uint64_t offset)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, (off_t)offset);

    if (p == MAP_FAILED) {
        die("io_uring's memory");
    }
    return p;
}

static void open_ring(void)
{
    struct io_uring_params p = {0};
    char *sq, *cq;

    ring.fd = (int)syscall(SYS_io_uring_setup, DEPTH_MAX, &p);
    if (ring.fd < 0) {
        die("io_uring");
    }
    sq = map_ring(p.sq_off.array + p.sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
    cq = map_ring(p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    ring.sqes = map_ring(p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    ring.sq_tail = (unsigned int *)(sq + p.sq_off.tail);
    ring.sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
    ring.sq_array = (unsigned int *)(sq + p.sq_off.array);
    ring.cq_head = (unsigned int *)(cq + p.cq_off.head);
    ring.cq_tail = (unsigned int *)(cq + p.cq_off.tail);
    ring.cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
    ring.cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

/** put_request() - The next of the job, with the memory of number @which. */
static void put_request(unsigned int which)
{
    unsigned int tail = *ring.sq_tail, at = tail & *ring.sq_mask;
    uint64_t offset = job.next;

    if (job.random) {
        job.seed = job.seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        offset = (job.seed >> 20) % (disk_bytes / job.bytes) * job.bytes;
    } else {
        job.next = offset + 2 * (uint64_t)job.bytes > disk_bytes ? 0 : offset + job.bytes;
    }
    ring.sqes[at] = (struct io_uring_sqe){.opcode = job.write ? IORING_OP_WRITE : IORING_OP_READ,
                                          .fd = disk,
                                          .off = offset,
                                          .addr = (uintptr_t)memory[which],
                                          .len = job.bytes,
                                          .user_data = which};
    ring.sq_array[at] = at;
    __atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
    ring.unsubmitted++;
    job.left--;
    job.under_way++;
}

/** enter() - Submit what was put, and wait for one answer. */
static void enter(void)
{
    long rc = syscall(SYS_io_uring_enter, ring.fd, ring.unsubmitted, 1, IORING_ENTER_GETEVENTS, NULL, 0);

    if (rc < 0 && errno != EINTR) {
        die("io_uring_enter");
    }
    ring.unsubmitted -= rc > 0 ? (unsigned int)rc : 0;
}

static void take_answers(void)
{
    unsigned int head = *ring.cq_head;

    while (head != __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE)) {
        struct io_uring_cqe answer = ring.cqes[head & *ring.cq_mask];

        __atomic_store_n(ring.cq_head, ++head, __ATOMIC_RELEASE);
        if (answer.res != (int)job.bytes) {
            errno = answer.res < 0 ? -answer.res : EIO;
            die("a request");
        }
        job.under_way--;
        if (job.left != 0) {
            put_request((unsigned int)answer.user_data);
        }
    }
}

static void measure(const char *name, bool write, uint32_t bytes, unsigned int depth, uint64_t requests,
                    bool random)
{
    uint64_t start = now_ns(), ns;

    memset(&job, 0, sizeof(job));
    job.write = write;
    job.random = random;
    job.seed = 1;
    job.bytes = bytes;
    job.left = requests;
    for (unsigned int i = 0; i < depth && job.left != 0; i++) {
        put_request(i);
    }
    while (job.under_way != 0) {
        enter();
        take_answers();
    }
    ns = now_ns() - start;
    printf("%s %llu %s\n", name,
           (unsigned long long)(bytes > 4096 ? requests * bytes * 1000 / ns : requests * 1000000000 / ns),
           bytes > 4096 ? "MB/s" : "IOPS");
}

int main(int argc, char **argv)
{
    uint64_t scale = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;

    disk = open("/dev/xvda", O_RDWR | O_DIRECT);
    if (disk < 0 || ioctl(disk, BLKGETSIZE64, &disk_bytes) != 0) {
        die("/dev/xvda");
    }
    open_ring();
    for (unsigned int i = 0; i < DEPTH_MAX; i++) {
        memory[i] = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory[i] == MAP_FAILED) {
            die("memory");
        }
        memset(memory[i], 0x5a, MIB);
    }
    measure("warm-up", false, 4096, 32, 500 * scale, true);
    measure("random-read-4k-qd1", false, 4096, 1, 2000 * scale, true);
    measure("random-read-4k-qd32", false, 4096, 32, 4000 * scale, true);
    measure("random-write-4k-qd1", true, 4096, 1, 2000 * scale, true);
    measure("random-write-4k-qd32", true, 4096, 32, 4000 * scale, true);
    measure("sequential-read-1m", false, MIB, 2, 100 * scale, false);
    measure("sequential-write-1m", true, MIB, 2, 100 * scale, false);
    measure("sequential-read-1m-qd1", false, MIB, 1, 100 * scale, false);
    measure("sequential-write-1m-qd1", true, MIB, 1, 100 * scale, false);
    measure("sequential-read-64k-qd1", false, 1U << 16, 1, 1000 * scale, false);
    measure("sequential-read-64k-qd8", false, 1U << 16, 8, 1500 * scale, false);
    measure("sequential-write-64k-qd1", true, 1U << 16, 1, 1000 * scale, false);
    measure("sequential-write-64k-qd8", true, 1U << 16, 8, 1500 * scale, false);
    return 0;
}
