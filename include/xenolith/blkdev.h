// SPDX-License-Identifier: MIT
/*
 * A disk as its users (a page cache, /dev, a test) see it: requests of any size, at any address, many under way at once; and the same in
 * blocking calls. No word of how they travel is here. The driver that an image has is the one that defines blkdev_driver_start();
 * naming blkdev_start() links it.
 *
 * All positions and lengths are bytes. Everything is for threads, never upcalls. Threads are cooperative: no call here blocks unless
 * said so.
 */
#ifndef XENOLITH_BLKDEV_H
#define XENOLITH_BLKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>

#define BLKDEV_BLOCK_MIN 512U
#define BLKDEV_BLOCK_MAX 4096U

/* What a disk is and can; may change when it comes back, and a feature that its backend turns out not to have goes away. */
#define BLKDEV_READ_ONLY   (1U << 0)
#define BLKDEV_CDROM       (1U << 1)
#define BLKDEV_REMOVABLE   (1U << 2)
#define BLKDEV_WRITE_CACHE (1U << 3) /* what was written is durable only after a flush; without it at once, as far as anybody knows */
#define BLKDEV_CAN_DISCARD (1U << 4)
#define BLKDEV_CAN_SECURE  (1U << 5) /* discard so that nothing of it can be recovered */

enum blkdev_op {
    BLKDEV_READ,
    BLKDEV_WRITE,
    BLKDEV_FLUSH, /* what was answered before this is submitted is durable when this is answered */
    BLKDEV_DISCARD, /* [offset, offset + bytes) is not needed any more; what is read there afterwards is not defined */
};

/* Flags of a request. */
#define BLKDEV_SECURE (1U << 0) /* with BLKDEV_DISCARD */

enum blkdev_state {
    BLKDEV_ABSENT, /* not connected yet, taken away, or given up: refuses everything with -ENXIO */
    BLKDEV_ONLINE,
    BLKDEV_HELD, /* its backend is away and may return: takes requests, and answers them then */
};

struct blkdev;

/** struct blkdev_segment - A piece of memory, anywhere in the linear map, at any address; a multiple of block_bytes long. */
struct blkdev_segment {
    void *addr;
    uint32_t bytes;
};

/**
 * struct blkdev_req - From acceptance until done() it and all that it names belong to the driver. Memory aligned to block_bytes (best:
 * to pages) may travel without a copy. Requests under way at once are carried out in any order: two that overlap are a
 * mistake unless both read.
 * @segments: For reads and writes: together the length of the transfer.
 * @bytes:    For a discard; of a read or write the driver fills it in.
 * @done:     Called once, in the driver's thread, never from inside submit(); may submit. It may block shortly for a lock, but not until a
 *            disk makes progress. The request is the caller's again. @status: 0; -EIO, the disk failed or its backend lied; -ENXIO,
 *            the disk was taken away; -EOPNOTSUPP, a discard that the backend does not know after all; -EBUSY: another domain
 *            still uses the memory, and it must never be used for anything else. On error any part of it may have happened.
 */
struct blkdev_req {
    uint8_t op; /* enum blkdev_op */
    uint8_t flags;
    unsigned int nr_segments;
    const struct blkdev_segment *segments;
    uint64_t offset;
    uint64_t bytes;
    void (*done)(struct blkdev_req *req, int status);
    void *user; /* the caller's own */
    /* owned by the driver */
    struct list link;
    uint64_t at;                   /* bytes already on their way */
    unsigned int segment, pending; /* where @at is; parts under way */
    uint32_t in_segment;
    int status;
};

/** struct blkdev_stats - Counted since the disk was found. Parts: what the driver made of requests. */
struct blkdev_stats {
    uint64_t reads, writes, flushes, discards;
    uint64_t read_bytes, write_bytes, copied_bytes;
    uint64_t parts, segments, grants, waits, errors, replays;
    uint64_t upcalls, masked, notifies, batches, connects, failures;
};

struct blkdev_ops {
    int (*submit)(struct blkdev *dev, struct blkdev_req *req, bool more);
    void (*push)(struct blkdev *dev);
    void (*abandon)(struct blkdev *dev); /* a disk that is held */
};

/** struct blkdev - One disk, or partition that the toolstack made of one. It is never freed. */
struct blkdev {
    char name[16]; /* "xvda", "xvda1", "hda": what the toolstack calls it */
    enum blkdev_state state;
    uint32_t features;
    uint64_t size_bytes;     /* a multiple of block_bytes; may change while online */
    uint32_t block_bytes;    /* the unit of all positions and lengths: 512 to 4096, a power of two */
    uint32_t physical_bytes; /* writes below it may cost a read */
    uint32_t best_bytes;     /* up to here a request travels as one; larger ones are cut */
    uint32_t discard_bytes,
        discard_offset_bytes;      /* smallest unit that discards free, and where the first begins */
    unsigned int nr_queues, depth; /* parts that may be under way at once */
    unsigned int
        generation; /* counts how often the toolstack has put the disk there: after a change, another disk */
    struct blkdev_stats stats;
    void *user; /* the client's own */
    /* owned by the driver */
    const struct blkdev_ops *ops;
    struct list link;
};

enum blkdev_event {
    BLKDEV_FOUND,   /* a new device; it may not be online yet */
    BLKDEV_STATE,   /* dev->state changed; features and sizes may have too */
    BLKDEV_RESIZED, /* size_bytes changed while online */
};

/** struct blkdev_watch - Somebody to be told of changes. @changed: must not block; may submit; may remove this watch but no other. */
struct blkdev_watch {
    void (*changed)(struct blkdev_watch *watch, struct blkdev *dev, enum blkdev_event event);
    struct list link;
};

/** blkdev_start() - Look for disks, now and later. Again is harmless. Context: blocks. Return: 0; the driver's error. */
int blkdev_start(void) MUST_CHECK;

/** blkdev_settle() - Block until each disk that there is is online or failed. Return: how many are online; the deadline may cut it short. */
unsigned int blkdev_settle(uint64_t deadline_ns);

/** blkdev_next() - The disk after @dev, the first after NULL; NULL at the end. */
struct blkdev *blkdev_next(struct blkdev *dev);

/** blkdev_find() - By name, without "/dev/"; "xvda" also finds what the toolstack calls hda or sda. NULL: none. */
struct blkdev *blkdev_find(const char *name);

/** blkdev_watch() - Tell @watch from now on, and of BLKDEV_FOUND for each disk that is there already. */
void blkdev_watch(struct blkdev_watch *watch);

/** blkdev_unwatch() - Again is harmless. */
void blkdev_unwatch(struct blkdev_watch *watch);

/**
 * blkdev_submit() - Start a request. It never fails for want of room: what the ring cannot take waits.
 * @more: Others follow at once: blkdev_push() will be called. Requests submitted in done() wait for the end of the batch by themselves.
 * Return: 0: accepted, done() will come. Else the request is still the caller's: -EINVAL, not in blocks, empty, or outside the disk;
 * -EROFS; -EOPNOTSUPP, a discard that is not offered; -ENXIO, no disk. A flush of a disk without a cache is accepted.
 */
static inline int blkdev_submit(struct blkdev *dev, struct blkdev_req *req, bool more)
{
    return dev->ops->submit(dev, req, more);
}

/** blkdev_push() - Show what was submitted with @more. */
static inline void blkdev_push(struct blkdev *dev)
{
    dev->ops->push(dev);
}

/**
 * blkdev_abandon() - Nobody waits for the backend of a disk that is held any longer: all that waits is answered with -EIO, and the disk is
 * absent until the toolstack puts one there anew. Of a disk in another state: nothing. Context: threads, not within done().
 */
static inline void blkdev_abandon(struct blkdev *dev)
{
    if (dev->state == BLKDEV_HELD) {
        dev->ops->abandon(dev);
    }
}

/** blkdev_read() - Block until @bytes from @offset on are in @buf. Never within done(). Return: 0; an error of submit() or done(). */
int blkdev_read(struct blkdev *dev, uint64_t offset, void *buf, size_t bytes);

/** blkdev_write() - As blkdev_read(). Durable after blkdev_flush(). */
int blkdev_write(struct blkdev *dev, uint64_t offset, const void *buf, size_t bytes);

/** blkdev_flush() - Block until all that was answered is durable. Return: 0; -EIO also when a backend that went away may have lost some. */
int blkdev_flush(struct blkdev *dev);

/** blkdev_discard() - @flags: 0 or BLKDEV_SECURE. */
int blkdev_discard(struct blkdev *dev, uint64_t offset, uint64_t bytes, unsigned int flags);

/** blkdev_wait() - Submit any request and block until it is done; its done and user are overwritten. */
int blkdev_wait(struct blkdev *dev, struct blkdev_req *req);

/* ---- For the driver ---- */

/** blkdev_driver_start() - Find the disks and blkdev_add() them, from now on. Defined by the driver. */
int blkdev_driver_start(void);

/** blkdev_driver_settle() - See blkdev_settle(). Defined by the driver. */
unsigned int blkdev_driver_settle(uint64_t deadline_ns);

/** blkdev_add() - A new disk; ops and name are set. */
void blkdev_add(struct blkdev *dev);

/** blkdev_set_state() - Tell the watches, if it is news. */
void blkdev_set_state(struct blkdev *dev, enum blkdev_state state);

/** blkdev_set_size() - The same. */
void blkdev_set_size(struct blkdev *dev, uint64_t size_bytes);

#endif
