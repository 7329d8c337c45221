// SPDX-License-Identifier: MIT
/*
 * A guest that does with its disks what it reads from the console, for tests that dom0's script leads. One line a command, one line
 * starting with "= " as its answer; what happens by itself is told in lines starting with "! ". Sums are those of crc32(1), so
 * that dom0 can compare. Numbers may be written in hex.
 */
#ifndef SYSTEM_TEST_BLK_AGENT_H
#define SYSTEM_TEST_BLK_AGENT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xenolith/blkdev.h>
#include <xenolith/page.h>
#include <xenolith/time.h>
#include <xenolith/types.h>
#include <xenolith/wait.h>

#include "system_test.h"

#define AGENT_BUFFER (UINT32_C(1) << 20)
#define AGENT_STARTED 256U

static uint8_t *agent_buffer;
static struct wait_queue agent_wq = WAIT_QUEUE_INIT(agent_wq);

/* [0] by one byte; [n] by one byte with n more, all zero, behind it. */
static uint32_t agent_crc_table[8][256];

static void agent_sum_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
        }
        agent_crc_table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int n = 1; n < 8; n++) {
            uint32_t crc = agent_crc_table[n - 1][i];

            agent_crc_table[n][i] = crc >> 8 ^ agent_crc_table[0][crc & 0xff];
        }
    }
}

/** agent_sum() - crc32(1) of what came before, *sum, and of @data behind it; 0 to begin with. */
static void agent_sum(uint32_t *sum, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint32_t crc = ~*sum;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word, next = 0;

        memcpy(&word, at, sizeof(word));
        word ^= crc;
        for (int n = 0; n < 8; n++) {
            next ^= agent_crc_table[7 - n][word >> 8 * n & 0xff];
        }
        crc = (uint32_t)next;
    }
    while (bytes-- != 0) {
        crc = crc >> 8 ^ agent_crc_table[0][(crc ^ *at++) & 0xff];
    }
    *sum = ~crc;
}

/** agent_word() - What stands in the word at byte @at of a disk filled with @seed. */
static inline uint64_t agent_word(uint64_t seed, uint64_t at)
{
    uint64_t x = (at / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ seed * UINT64_C(0xd1b54a32d192ed03);

    return x ^ x >> 29;
}

static void agent_fill(void *buf, size_t bytes, uint64_t seed, uint64_t at)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = agent_word(seed, at + i);

        memcpy((uint8_t *)buf + i, &word, sizeof(word));
    }
}

static bool agent_is_filled(const void *buf, size_t bytes, uint64_t seed, uint64_t at)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = agent_word(seed, at + i);

        if (memcmp((const uint8_t *)buf + i, &word, sizeof(word)) != 0) {
            return false;
        }
    }
    return true;
}

static const char *const agent_states[] = {"absent", "online", "held"};

static void agent_on_event(struct blkdev_watch *watch, struct blkdev *dev, enum blkdev_event event)
{
    static const char *const events[] = {"found", "state", "resized"};

    (void)watch;
    printf("! %s %s %s %" PRIu64 "\n", events[event], dev->name, agent_states[dev->state], dev->size_bytes);
    wait_wake_all(&agent_wq);
}

static void agent_info(struct blkdev *dev)
{
    static const char *const names[] = {"readonly", "cdrom", "removable", "cache", "discard", "secure"};

    printf("= info %s %s size=%" PRIu64 " block=%u physical=%u best=%u depth=%u queues=%u granularity=%u "
           "generation=%u features=",
           dev->name, agent_states[dev->state], dev->size_bytes, dev->block_bytes, dev->physical_bytes,
           dev->best_bytes, dev->depth, dev->nr_queues, dev->discard_bytes, dev->generation);
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        printf("%s", dev->features & 1U << i ? names[i] : "");
        printf("%s", dev->features & 1U << i && dev->features >> (i + 1) ? "," : "");
    }
    printf("\n");
}

static void agent_stats(struct blkdev *dev)
{
    const struct blkdev_stats *s = &dev->stats;

    printf("= stats parts=%" PRIu64 " segments=%" PRIu64 " grants=%" PRIu64 " copied=%" PRIu64
           " waits=%" PRIu64 " errors=%" PRIu64 " replays=%" PRIu64 " upcalls=%" PRIu64 " notifies=%" PRIu64
           " batches=%" PRIu64 " connects=%" PRIu64 " failures=%" PRIu64 "\n",
           s->parts, s->segments, s->grants, s->copied_bytes, s->waits, s->errors, s->replays, s->upcalls,
           s->notifies, s->batches, s->connects, s->failures);
}

/* write DEV OFFSET BYTES SEED, read DEV OFFSET BYTES, check DEV OFFSET BYTES SEED: status and sum of what went by. */
static void agent_transfer(const char *verb, struct blkdev *dev, uint64_t offset, uint64_t bytes,
                           uint64_t seed)
{
    uint32_t sum = 0;
    bool same = true;
    int rc = 0;

    while (rc == 0 && bytes != 0) {
        uint32_t now = bytes < AGENT_BUFFER ? (uint32_t)bytes : AGENT_BUFFER;

        if (verb[0] == 'w') {
            agent_fill(agent_buffer, now, seed, offset);
            rc = blkdev_write(dev, offset, agent_buffer, now);
        } else {
            rc = blkdev_read(dev, offset, agent_buffer, now);
        }
        if (rc == 0) {
            same = same && (verb[0] != 'c' || agent_is_filled(agent_buffer, now, seed, offset));
            agent_sum(&sum, agent_buffer, now);
        }
        offset += now;
        bytes -= now;
    }
    printf("= %s %d %08" PRIx32 " %s\n", verb, rc, sum, same ? "same" : "different");
}

/* Requests that are left under way while dom0 does something. */
static struct agent_request {
    struct blkdev_req req;
    struct blkdev_segment segment;
    int status;
    bool done;
} agent_started[AGENT_STARTED];
static unsigned int agent_nr_started;

static void agent_on_done(struct blkdev_req *req, int status)
{
    struct agent_request *r = (struct agent_request *)req;

    r->status = status;
    r->done = true;
    wait_wake_all(&agent_wq);
}

/* start DEV OFFSET BYTES SEED: writes of BYTES / 16 each, one behind the other, all under way at once. */
static void agent_start(struct blkdev *dev, uint64_t offset, uint64_t bytes, uint64_t seed)
{
    uint32_t each = (uint32_t)(bytes / 16);
    int rc = 0;

    agent_nr_started = 0;
    agent_fill(agent_buffer, bytes, seed, offset);
    for (unsigned int i = 0; i < 16 && rc == 0; i++) {
        struct agent_request *r = &agent_started[i];

        r->segment = (struct blkdev_segment){agent_buffer + (size_t)i * each, each};
        r->req = (struct blkdev_req){.op = BLKDEV_WRITE,
                                     .nr_segments = 1,
                                     .segments = &r->segment,
                                     .offset = offset + (uint64_t)i * each,
                                     .done = agent_on_done};
        r->done = false;
        rc = blkdev_submit(dev, &r->req, true);
        agent_nr_started += rc == 0;
    }
    blkdev_push(dev);
    printf("= start %d %u\n", rc, agent_nr_started);
}

static bool agent_all_done(void)
{
    for (unsigned int i = 0; i < agent_nr_started; i++) {
        if (!agent_started[i].done) {
            return false;
        }
    }
    return true;
}

/* collect: wait for them; how many went well, and the last other status. */
static void agent_collect(void)
{
    unsigned int good = 0;
    int other = 0;

    wait_event(&agent_wq, agent_all_done());
    for (unsigned int i = 0; i < agent_nr_started; i++) {
        good += agent_started[i].status == 0;
        other = agent_started[i].status != 0 ? agent_started[i].status : other;
    }
    printf("= collect %u of %u, %d\n", good, agent_nr_started, other);
}

/** agent_extra - A test's own command. True: it was one. */
typedef bool agent_extra_fn(const char *verb, struct blkdev *dev, const uint64_t args[5]);

static bool agent_obey(char *line, agent_extra_fn *extra)
{
    char verb[16] = "", name[24] = "";
    long long n[5] = {0};
    uint64_t args[5];
    struct blkdev *dev;

    (void)sscanf(line, "%15s %23s %lli %lli %lli %lli %lli", verb, name, &n[0], &n[1], &n[2], &n[3], &n[4]);
    for (int i = 0; i < 5; i++) {
        args[i] = (uint64_t)n[i];
    }
    dev = blkdev_find(name);
    if (strcmp(verb, "quit") == 0) {
        return false;
    }
    if (strcmp(verb, "collect") == 0) {
        agent_collect();
    } else if (dev == NULL) {
        printf("= none\n");
    } else if (extra != NULL && extra(verb, dev, args)) {
        return true;
    } else if (strcmp(verb, "info") == 0) {
        agent_info(dev);
    } else if (strcmp(verb, "stats") == 0) {
        agent_stats(dev);
    } else if (strcmp(verb, "flush") == 0) {
        printf("= flush %d\n", blkdev_flush(dev));
    } else if (strcmp(verb, "discard") == 0) {
        printf("= discard %d\n", blkdev_discard(dev, args[0], args[1], (unsigned int)args[2]));
    } else if (strcmp(verb, "start") == 0) {
        agent_start(dev, args[0], args[1], args[2]);
    } else {
        agent_transfer(verb, dev, args[0], args[1], args[2]);
    }
    return true;
}

static void agent_main(agent_extra_fn *extra)
{
    static struct blkdev_watch watch = {.changed = agent_on_event};
    char line[160];

    agent_sum_init();
    agent_buffer = page_alloc_exact(AGENT_BUFFER / PAGE_SIZE);
    CHECK(agent_buffer != NULL);
    CHECK_EQUAL(blkdev_start(), 0);
    printf("settled: %u\n", blkdev_settle(time_deadline_ns(60 * NS_PER_SEC)));
    blkdev_watch(&watch);
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL && agent_obey(line, extra)) {
        fflush(stdout);
    }
    test_success();
}

#endif
