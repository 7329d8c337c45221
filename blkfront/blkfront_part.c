// SPDX-License-Identifier: MIT
/*
 * Parts: what one request on the ring carries. A part is cut from a request, its memory is granted or copied, and its answer undoes that.
 * Responses name parts by id, an index into q->parts that is checked before use.
 * ABI: xen/io/blkif.h, struct blkif_request, _discard, _indirect.
 */
#include <xenolith/errno.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "blkfront_priv.h"

_Static_assert(BLKFRONT_SEGMENTS <= PAGE_SIZE / sizeof(struct blkif_request_segment), "one indirect page");

static uint32_t page_left(const void *addr)
{
    return (uint32_t)(PAGE_SIZE - ((uintptr_t)addr & (PAGE_SIZE - 1)));
}

static bool is_busy(const struct queue *q)
{
    return q->ring.req_prod != q->ring.rsp_cons;
}

/** struct cursor - A place in a request's memory. */
struct cursor {
    unsigned int segment;
    uint32_t in_segment;
};

/** struct span - The next piece to be: never across segments; across pages only if it is copied. */
struct span {
    uint8_t *addr;
    uint32_t bytes;
    bool copy;
};

static struct span next_span(const struct blkfront *bf, const struct blkdev_req *req, struct cursor *at)
{
    const struct blkdev_segment *segment = &req->segments[at->segment];
    struct span span = {.addr = (uint8_t *)segment->addr + at->in_segment};

    span.copy = bf->copies || ((uintptr_t)span.addr & (bf->dev.block_bytes - 1)) != 0;
    span.bytes = MIN(segment->bytes - at->in_segment, span.copy ? (uint32_t)PAGE_SIZE : page_left(span.addr));
    at->in_segment += span.bytes;
    if (at->in_segment == segment->bytes) {
        at->segment++;
        at->in_segment = 0;
    }
    return span;
}

/** count() - How many pieces the rest of @req makes, up to a part's limit; *copies of them are copied. */
static unsigned int count(const struct blkfront *bf, const struct blkdev_req *req, unsigned int *copies)
{
    struct cursor at = {req->segment, req->in_segment};
    unsigned int n = 0;

    *copies = 0;
    while (n < bf->max_pieces && at.segment < req->nr_segments) {
        *copies += next_span(bf, req, &at).copy;
        n++;
    }
    return n;
}

static bool fill_piece(struct queue *q, struct piece *piece, const struct span *span, bool write)
{
    struct kept *k;

    piece->addr = span->addr;
    piece->bytes = span->bytes;
    piece->kept = NULL;
    if (!span->copy && gnttab_grant(q->bf->f->backend_id, span->addr, write, &piece->ref) == 0) {
        q->bf->dev.stats.grants++;
        return true;
    }
    if (pool_room(q, 1) == 0) {
        return false;
    }
    k = kept_take(q);
    piece->kept = k;
    piece->ref = k->ref;
    if (write) {
        memcpy(k->page, span->addr, span->bytes);
    }
    q->bf->dev.stats.copied_bytes += span->bytes;
    return true;
}

static void describe(struct blkif_request_segment *out, const struct piece *piece)
{
    uint32_t offset = piece->kept != NULL ? 0 : (uint32_t)((uintptr_t)piece->addr & (PAGE_SIZE - 1));

    *out = (struct blkif_request_segment){
        .gref = piece->ref,
        .first_sect = (uint8_t)(offset / BLKFRONT_SECTOR),
        .last_sect = (uint8_t)((offset + piece->bytes) / BLKFRONT_SECTOR - 1),
    };
}

static uint16_t take_part(struct queue *q, struct blkdev_req *req, uint8_t op)
{
    uint16_t id = q->free_part;
    struct part *part = &q->parts[id];

    q->free_part = part->next;
    part->req = req;
    part->op = op;
    part->nr_pieces = 0;
    part->indirect = NULL;
    part->writes = q->bf->writes;
    req->pending++;
    q->bf->dev.stats.parts++;
    return id;
}

static void give_part(struct queue *q, struct part *part)
{
    part->req->pending--;
    part->req = NULL;
    part->next = q->free_part;
    q->free_part = (uint16_t)(part - q->parts);
}

static void put_direct(struct queue *q, uint16_t id, uint64_t sector)
{
    const struct part *part = &q->parts[id];
    struct blkif_request out = {
        .operation = part->op,
        .nr_segments = (uint8_t)part->nr_pieces,
        .handle = q->bf->handle,
        .id = id,
        .sector_number = sector,
    };

    for (unsigned int i = 0; i < part->nr_pieces; i++) {
        describe(&out.seg[i], &part->pieces[i]);
    }
    ring_put_req(&q->ring, &out, sizeof(out));
}

static void put_indirect(struct queue *q, uint16_t id, uint64_t sector)
{
    const struct part *part = &q->parts[id];
    struct blkif_request_indirect out = {
        .operation = BLKIF_OP_INDIRECT,
        .indirect_op = part->op,
        .nr_segments = part->nr_pieces,
        .handle = q->bf->handle,
        .id = id,
        .sector_number = sector,
        .indirect_grefs = {part->indirect->ref},
    };

    for (unsigned int i = 0; i < part->nr_pieces; i++) {
        describe(&part->indirect->table[i], &part->indirect->pieces[i]);
    }
    ring_put_req(&q->ring, &out, sizeof(out));
}

static int put_transfer(struct queue *q, struct blkdev_req *req)
{
    bool write = req->op == BLKDEV_WRITE;
    unsigned int copies, wanted = count(q->bf, req, &copies), n = 0;
    struct cursor at = {req->segment, req->in_segment};
    struct piece small[BLKFRONT_INLINE], *pieces = small;
    struct indirect *indirect = NULL;
    uint32_t bytes = 0;
    struct part *part;
    uint16_t id;

    /* Rather wait for pages than send small parts; but with nothing under way go on with what there is. */
    if (copies != 0 && pool_room(q, copies) < copies && is_busy(q)) {
        return -EAGAIN;
    }
    if (wanted > BLKFRONT_INLINE) {
        indirect = indirect_take(q);
        wanted = indirect != NULL ? wanted : BLKFRONT_INLINE;
        pieces = indirect != NULL ? indirect->pieces : small;
    }
    for (; n < wanted; n++) {
        struct cursor next = at;
        struct span span = next_span(q->bf, req, &next);

        if (!fill_piece(q, &pieces[n], &span, write)) {
            break;
        }
        bytes += span.bytes;
        at = next;
    }
    if (indirect != NULL && n <= BLKFRONT_INLINE) {
        memcpy(small, indirect->pieces, n * sizeof(small[0]));
        indirect_give(q, indirect);
        indirect = NULL;
    }
    if (n == 0) {
        return -EAGAIN; /* pool_open() has seen to it that then something is under way */
    }
    id = take_part(q, req, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
    part = &q->parts[id];
    part->nr_pieces = (uint16_t)n;
    part->indirect = indirect;
    if (indirect != NULL) {
        put_indirect(q, id, (req->offset + req->at) / BLKFRONT_SECTOR);
    } else {
        memcpy(part->pieces, small, n * sizeof(small[0]));
        put_direct(q, id, (req->offset + req->at) / BLKFRONT_SECTOR);
    }
    req->at += bytes;
    req->segment = at.segment;
    req->in_segment = at.in_segment;
    q->bf->dev.stats.segments += n;
    return 0;
}

static int put_discard(struct queue *q, struct blkdev_req *req)
{
    struct blkif_request_discard out = {
        .operation = BLKIF_OP_DISCARD,
        .flag = req->flags & BLKDEV_SECURE ? BLKIF_DISCARD_SECURE : 0,
        .handle = q->bf->handle,
        .id = take_part(q, req, BLKIF_OP_DISCARD),
        .sector_number = req->offset / BLKFRONT_SECTOR,
        .nr_sectors = req->bytes / BLKFRONT_SECTOR,
    };

    ring_put_req(&q->ring, &out, sizeof(out));
    req->at = req->bytes;
    return 0;
}

int part_put(struct queue *q, struct blkdev_req *req)
{
    uint16_t id;

    switch (req->op) {
    case BLKDEV_FLUSH:
        id = take_part(q, req, q->bf->flush ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE_BARRIER);
        put_direct(q, id, 0);
        return 0;
    case BLKDEV_DISCARD:
        return put_discard(q, req);
    default:
        return put_transfer(q, req);
    }
}

/** take_back() - The pieces of a part that is over. @copy: what was read is good. 0; -EBUSY: the backend still uses some of it. */
static int take_back(struct queue *q, struct part *part, bool copy)
{
    struct piece *pieces = part->indirect != NULL ? part->indirect->pieces : part->pieces;
    int rc = 0;

    copy = copy && part->op == BLKIF_OP_READ;
    for (unsigned int i = 0; i < part->nr_pieces; i++) {
        struct piece *piece = &pieces[i];

        if (piece->kept == NULL) {
            if (gnttab_end(piece->ref) != 0) {
                stuck_add(piece->ref, NULL); /* the page is the caller's, who is told */
                rc = -EBUSY;
            }
            continue;
        }
        if (copy) {
            memcpy(piece->addr, piece->kept->page, piece->bytes);
        }
        kept_give(q, piece->kept);
    }
    if (part->indirect != NULL) {
        indirect_give(q, part->indirect);
    }
    return rc;
}

/** forget_feature() - The backend does not know what it said it knows. What becomes of the request; -EAGAIN: try it another way. */
static int forget_feature(struct blkfront *bf, const struct blkdev_req *req, uint8_t op)
{
    switch (op) {
    case BLKIF_OP_DISCARD:
        bf->dev.features &=
            ~(req->flags & BLKDEV_SECURE ? BLKDEV_CAN_SECURE : BLKDEV_CAN_DISCARD | BLKDEV_CAN_SECURE);
        return -EOPNOTSUPP;
    case BLKIF_OP_FLUSH_DISKCACHE:
        bf->flush = false;
        break;
    case BLKIF_OP_WRITE_BARRIER:
        bf->barrier = false;
        break;
    default:
        return -EIO;
    }
    if (!bf->flush && !bf->barrier && (bf->dev.features & BLKDEV_WRITE_CACHE)) {
        pr_warn("%s: its backend cannot flush\n", bf->dev.name);
        bf->dev.features &= ~BLKDEV_WRITE_CACHE;
    }
    return -EAGAIN;
}

/** finish_part() - @part has been answered. Return: 0, or -EBUSY when its memory is still held. */
static int finish_part(struct queue *q, struct part *part, int16_t answer)
{
    struct blkfront *bf = q->bf;
    struct blkdev_req *req = part->req;
    int rc = take_back(q, part, answer == BLKIF_RSP_OKAY);
    int status = answer == BLKIF_RSP_OKAY ? 0 : -EIO;

    if (answer == BLKIF_RSP_OKAY && req->op == BLKDEV_FLUSH) {
        bf->flushed = MAX(bf->flushed, part->writes);
    } else if (answer == BLKIF_RSP_EOPNOTSUPP) {
        status = forget_feature(bf, req, part->op);
    }
    give_part(q, part);
    if (status == -EAGAIN) {
        list_remove(&req->link);
        list_push_front(&bf->waiting, &req->link);
        return rc;
    }
    if (rc != 0 || (status != 0 && req->status == 0)) {
        req->status = rc != 0 ? rc : status;
    }
    if (req->status != 0 && req->at < req->bytes) {
        req->at = req->bytes; /* the rest need not be tried */
        list_remove(&req->link);
        list_push_back(&bf->active, &req->link);
    }
    if (req->pending == 0 && req->at == req->bytes) {
        blkfront_end(bf, req, req->status);
    }
    return rc;
}

int part_reap(struct queue *q, unsigned int budget)
{
    struct blkif_response rsp;
    unsigned int taken = 0;
    int rc = 0;

    while (taken < budget) {
        struct part *part;

        rc = ring_take_rsp(&q->ring, &rsp, sizeof(rsp), NULL);
        if (rc <= 0) {
            break;
        }
        if (rsp.id >= q->ring.nr_slots || q->parts[rsp.id].req == NULL ||
            q->parts[rsp.id].op != rsp.operation) {
            return -EPROTO;
        }
        part = &q->parts[rsp.id];
        taken++;
        rc = finish_part(q, part, rsp.status);
        if (rc != 0) {
            break;
        }
    }
    return rc < 0 ? rc : (int)taken;
}

void part_drop_all(struct queue *q)
{
    for (uint32_t i = 0; i < q->ring.nr_slots; i++) {
        struct part *part = &q->parts[i];

        if (part->req != NULL) {
            if (take_back(q, part, false) != 0) {
                part->req->status = -EBUSY;
            }
            give_part(q, part);
        }
    }
}
