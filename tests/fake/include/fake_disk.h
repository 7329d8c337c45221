// SPDX-License-Identifier: MIT
/*
 * A disk in memory for host tests: answers late and in any order, and, where that is wanted, remembers what was written in which order, so
 * that a power cut at any point can be played afterwards. It is the driver of the program: blkdev_start() finds it.
 */
#ifndef XENOLITH_FAKE_DISK_H
#define XENOLITH_FAKE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/blkdev.h>
#include <xenolith/wait.h>

#define FAKE_DISK_QUEUE 256

/** struct fake_disk_write - One write, in the order of their answers. @epoch counts flushes: what is of an older one is durable. */
struct fake_disk_write {
    uint64_t offset;
    uint32_t bytes;
    unsigned int epoch;
    unsigned char *data;
};

/**
 * struct fake_disk - What a test sets is above the line.
 * @fault: NULL, or asked before each request is carried out: 0, or the status that it fails with.
 * @record: Remember writes; all others but flushes are counted only.
 */
struct fake_disk {
    struct blkdev dev;
    unsigned char *bytes;
    int (*fault)(struct fake_disk *disk, const struct blkdev_req *req);
    bool record;
    /* ---- */
    struct fake_disk_write *writes;
    unsigned int nr_writes, room, epoch;
    unsigned int nr_requests, nr_flushes, nr_discards;
    uint64_t discarded_bytes;
    struct blkdev_req *queue[FAKE_DISK_QUEUE];
    unsigned int nr_queued, nr_pushed;
    struct wait_queue work;
};

/** fake_disk_start() - A disk of @size_bytes at @bytes, online, with a write cache and discard, and the thread that is its driver. */
void fake_disk_start(struct fake_disk *disk, const char *name, unsigned char *bytes, uint64_t size_bytes);

/** fake_disk_forget() - What was remembered: the writes behind the first @keep, and the count of flushes with the last of them. */
void fake_disk_forget(struct fake_disk *disk, unsigned int keep);

/** fake_disk_apply() - The first @sectors sectors of a write to @image. */
void fake_disk_apply(const struct fake_disk_write *write, uint32_t sectors, unsigned char *image);

#endif
