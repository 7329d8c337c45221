// SPDX-License-Identifier: MIT
/*
 * What the backend offers, what we publish, and what the disk is. Numbers in xenstore are the toolstack's and the backend's words: bounded
 * before use.
 * ABI: the comments of xen/io/blkif.h. Against them `sectors` and all positions count 512 bytes whatever sector-size says: that is what
 * Linux, QEMU and all others do.
 */
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "blkfront_priv.h"

#define VDISK_READONLY_FLAG 0x4U /* Linux's: xen/io/blkif.h names only CDROM and REMOVABLE */
#define MAX_SECTORS         (UINT64_C(1) << 54) /* a size in bytes fits into off_t below it */

int blkfront_read_offer(struct blkfront *bf)
{
    struct frontend *f = bf->f;
    uint64_t queues = frontend_read_backend(f, "multi-queue-max-queues", 1);
    uint64_t order = frontend_read_backend(f, "max-ring-page-order", 0);
    uint64_t device = frontend_read_own(f, "virtual-device", f->id);

    bf->nr_queues = MAX(1U, (unsigned int)MIN(queues, (uint64_t)blkfront_options.queues));
    bf->ring_order = (unsigned int)MIN(order, (uint64_t)blkfront_options.ring_order);
    bf->handle = (uint16_t)device;
    bf->trusted = frontend_read_own(f, "trusted", 1) != 0;
    return 0;
}

static int write_ring(struct blkfront *bf, uint32_t tx, struct queue *q, const char *folder)
{
    char name[48];
    int rc = 0;

    for (unsigned int i = 0; i < q->nr_pages && rc == 0; i++) {
        if (q->nr_pages == 1) {
            (void)ksnprintf(name, sizeof(name), "%sring-ref", folder);
        } else {
            (void)ksnprintf(name, sizeof(name), "%sring-ref%u", folder, i);
        }
        rc = frontend_write(bf->f, tx, name, q->refs[i]);
    }
    if (rc == 0) {
        (void)ksnprintf(name, sizeof(name), "%sevent-channel", folder);
        rc = frontend_write(bf->f, tx, name, q->port);
    }
    return rc;
}

/** forget() - Remove a node that an earlier connection of another shape may have left: it would contradict this one. */
static int forget(struct blkfront *bf, uint32_t tx, const char *node)
{
    char path[64];
    int rc;

    (void)ksnprintf(path, sizeof(path), "%s/%s", bf->f->path, node);
    rc = xs_rm(tx, path);
    return rc == -ENOENT ? 0 : rc;
}

static int forget_layout(struct blkfront *bf, uint32_t tx)
{
    static const char *const flat[] = {"ring-ref", "event-channel", "ring-page-order",
                                       "multi-queue-num-queues"};
    char name[32];
    int rc = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(flat) && rc == 0; i++) {
        rc = forget(bf, tx, flat[i]);
    }
    for (unsigned int i = 0; i < BLKFRONT_MAX_PAGES && rc == 0; i++) {
        (void)ksnprintf(name, sizeof(name), "ring-ref%u", i);
        rc = forget(bf, tx, name);
    }
    for (unsigned int i = 0; i < bf->published_queues && rc == 0; i++) {
        (void)ksnprintf(name, sizeof(name), "queue-%u", i);
        rc = forget(bf, tx, name);
    }
    return rc;
}

int blkfront_publish(struct frontend *f, uint32_t tx)
{
    struct blkfront *bf = f->priv;
    char path[64], folder[16] = "";
    int rc = bf->published_queues != 0 ? forget_layout(bf, tx) : 0;

    if (rc == 0 && bf->nr_queues > 1) {
        rc = frontend_write(f, tx, "multi-queue-num-queues", bf->nr_queues);
    }
    if (rc == 0 && bf->ring_order != 0) {
        rc = frontend_write(f, tx, "ring-page-order", bf->ring_order);
    }
    for (unsigned int i = 0; i < bf->nr_queues && rc == 0; i++) {
        if (bf->nr_queues > 1) {
            (void)ksnprintf(folder, sizeof(folder), "queue-%u/", i);
        }
        rc = write_ring(bf, tx, bf->queues[i], folder);
    }
    if (rc == 0) {
        rc = frontend_write(f, tx, "feature-persistent", blkfront_options.persistent);
    }
    if (rc == 0) {
        (void)ksnprintf(path, sizeof(path), "%s/protocol", f->path);
        rc = xs_printf(tx, path, "%s", "x86_64-abi");
    }
    bf->published_queues = MAX(bf->published_queues, bf->nr_queues);
    return rc;
}

uint64_t blkfront_read_size(struct blkfront *bf)
{
    uint64_t sectors = frontend_read_backend(bf->f, "sectors", 0);

    return sectors >= MAX_SECTORS ? 0 : ALIGN_DOWN(sectors * BLKFRONT_SECTOR, (uint64_t)bf->dev.block_bytes);
}

/** is_block() - A power of two that a block can have. */
static bool is_block(uint64_t bytes)
{
    return bytes >= BLKDEV_BLOCK_MIN && bytes <= BLKDEV_BLOCK_MAX && (bytes & (bytes - 1)) == 0;
}

/** read_mode() - Is the backend's `mode` "r"? */
static bool read_mode(struct blkfront *bf)
{
    char path[FRONTEND_PATH_BYTES + 8], *mode;
    bool read_only;
    int rc;

    (void)ksnprintf(path, sizeof(path), "%s/mode", bf->f->backend);
    rc = xs_read(XS_TX_NONE, path, &mode, NULL);
    if (rc != 0) {
        return rc != -ENOENT; /* not known: be careful */
    }
    read_only = strcmp(mode, "r") == 0;
    heap_free(mode);
    return read_only;
}

static void read_discard(struct blkfront *bf)
{
    struct blkdev *dev = &bf->dev;
    uint64_t bytes = frontend_read_backend(bf->f, "discard-granularity", dev->block_bytes);
    uint64_t offset = frontend_read_backend(bf->f, "discard-alignment", 0);

    if (bytes == 0 || bytes > UINT32_MAX || bytes % dev->block_bytes != 0) {
        bytes = dev->block_bytes;
    }
    dev->discard_bytes = (uint32_t)bytes;
    dev->discard_offset_bytes = (uint32_t)(offset < bytes ? offset : 0);
    dev->features |= BLKDEV_CAN_DISCARD;
    if (frontend_read_backend(bf->f, "discard-secure", 0) != 0) {
        dev->features |= BLKDEV_CAN_SECURE;
    }
}

int blkfront_read_disk(struct blkfront *bf)
{
    struct frontend *f = bf->f;
    struct blkdev *dev = &bf->dev;
    uint64_t info = frontend_read_backend(f, "info", 0);
    uint64_t block = frontend_read_backend(f, "sector-size", BLKDEV_BLOCK_MIN);
    uint64_t physical = frontend_read_backend(f, "physical-sector-size", block);
    uint64_t segments = frontend_read_backend(f, "feature-max-indirect-segments", 0);

    if (!is_block(block)) {
        return -EINVAL;
    }
    dev->block_bytes = (uint32_t)block;
    dev->physical_bytes =
        (uint32_t)(physical < block || physical > UINT32_MAX || physical % block != 0 ? block : physical);
    dev->size_bytes = blkfront_read_size(bf);
    dev->features = 0;
    dev->features |= info & VDISK_CDROM ? BLKDEV_CDROM : 0;
    dev->features |= info & VDISK_REMOVABLE ? BLKDEV_REMOVABLE : 0;
    dev->features |= (info & VDISK_READONLY_FLAG) || read_mode(bf) ? BLKDEV_READ_ONLY : 0;
    bf->flush = frontend_read_backend(f, "feature-flush-cache", 0) != 0;
    bf->barrier = frontend_read_backend(f, "feature-barrier", 0) != 0;
    dev->features |= bf->flush || bf->barrier ? BLKDEV_WRITE_CACHE : 0;
    dev->discard_bytes = dev->discard_offset_bytes = 0;
    if (frontend_read_backend(f, "feature-discard", 0) != 0) {
        read_discard(bf);
    }
    bf->persistent = blkfront_options.persistent && frontend_read_backend(f, "feature-persistent", 0) != 0;
    bf->copies = bf->persistent || !bf->trusted;
    segments = MIN(segments, (uint64_t)blkfront_options.segments);
    bf->max_pieces = (uint16_t)MAX(segments, (uint64_t)BLKFRONT_INLINE);
    dev->best_bytes = (uint32_t)(bf->max_pieces * PAGE_SIZE);
    dev->nr_queues = bf->nr_queues;
    dev->depth = 0;
    for (unsigned int i = 0; i < bf->nr_queues; i++) {
        dev->depth += bf->queues[i]->ring.nr_slots;
    }
    return 0;
}
