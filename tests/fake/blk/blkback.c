// SPDX-License-Identifier: MIT
/*
 * The fake block backend: honest by default, and then it stops the test when the frontend breaks the protocol. Its lies are in
 * blkback_lies.c.
 */
#include <fake_blkback.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <fake_xenstored.h>

#define BACKEND  "/local/domain/0/backend/vbd/7/51712"
#define FRONTEND FAKE_XS_HOME "/device/vbd/51712"
#define NR_REFS  16384

struct fake_bb fake_bb;

static bool mapped[NR_REFS]; /* kept from an earlier request */

#define REQUIRE(cond)                                                           \
    do {                                                                        \
        if (!(cond)) {                                                          \
            fprintf(stderr, "%s:%d: the frontend: not %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* ---- xenstore ---- */

static void set(const char *folder, const char *name, const char *value, const char *perms)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s%s", folder, *name != '\0' ? "/" : "", name);
    fake_xs_write(path, value);
    fake_xs_chmod(path, perms);
}

void fake_bb_set(const char *name, const char *value)
{
    set(BACKEND, name, value, "n0 r7");
}

void fake_bb_front_set(const char *name, const char *value)
{
    set(FRONTEND, name, value, "n7 r0");
}

void fake_bb_state(unsigned int state)
{
    char text[4];

    snprintf(text, sizeof(text), "%u", state);
    fake_bb_set("state", text);
}

unsigned long fake_bb_front_number(const char *name, unsigned long fallback)
{
    char path[128];
    const char *value;

    snprintf(path, sizeof(path), FRONTEND "/%s", name);
    value = fake_xs_read(path);
    return value == NULL ? fallback : strtoul(value, NULL, 10);
}

unsigned int fake_bb_front_state(void)
{
    return (unsigned int)fake_bb_front_number("state", 99);
}

void fake_bb_device(void)
{
    static const char *const nodes[][2] = {
        {"", ""},
        {"online", "1"},
        {"mode", "w"},
        {"multi-queue-max-queues", "4"},
        {"max-ring-page-order", "4"},
        {"feature-max-indirect-segments", "256"},
        {"feature-persistent", "1"},
        {"feature-flush-cache", "1"},
        {"feature-barrier", "1"},
        {"feature-discard", "1"},
        {"discard-granularity", "4096"},
        {"discard-alignment", "0"},
        {"discard-secure", "1"},
        {"info", "0"},
        {"sector-size", "512"},
        {"physical-sector-size", "4096"},
    };
    char sectors[24];

    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        fake_bb_set(nodes[i][0], nodes[i][1]);
    }
    snprintf(sectors, sizeof(sectors), "%u", FAKE_BB_DISK / 512);
    fake_bb_set("sectors", sectors);
    fake_bb_state(2);
    fake_bb_front_set("", "");
    fake_bb_front_set("backend-id", "0");
    fake_bb_front_set("virtual-device", "51712");
    fake_bb_front_set("device-type", "disk");
    fake_bb_front_set("state", "1");
    fake_bb_front_set("backend", BACKEND);
    fake_bb.persistent = true;
    fake_bb.block_bytes = 512;
    fake_bb.indirect = 256;
}

void fake_bb_remove(void)
{
    fake_xs_rm(FRONTEND);
    fake_xs_rm(BACKEND);
}

static bool attach_queue(struct fake_bb_queue *q, const char *folder, unsigned int order)
{
    char name[64];

    memset(q, 0, sizeof(*q));
    q->nr_pages = 1U << order;
    q->nr_slots = 32U << order;
    for (unsigned int i = 0; i < q->nr_pages; i++) {
        uint8_t *page;

        if (order == 0) {
            snprintf(name, sizeof(name), "%sring-ref", folder);
        } else {
            snprintf(name, sizeof(name), "%sring-ref%u", folder, i);
        }
        q->refs[i] = (uint32_t)fake_bb_front_number(name, UINT32_MAX);
        page = fake_grant_page(q->refs[i], true);
        if (page == NULL) {
            return false;
        }
        if (i == 0) {
            q->ring = (struct blkif_sring *)page;
        }
        REQUIRE(page == (uint8_t *)q->ring + i * 4096); /* what we would have to map so */
    }
    snprintf(name, sizeof(name), "%sevent-channel", folder);
    q->port = (uint32_t)fake_bb_front_number(name, 0);
    return q->port != 0;
}

bool fake_bb_attach(void)
{
    unsigned int nr = (unsigned int)fake_bb_front_number("multi-queue-num-queues", 1);
    unsigned int order = (unsigned int)fake_bb_front_number("ring-page-order", 0);

    REQUIRE(nr >= 1 && nr <= FAKE_BB_MAX_QUEUES && order <= 4);
    for (unsigned int i = 0; i < nr; i++) {
        char folder[16] = "";

        if (nr > 1) {
            snprintf(folder, sizeof(folder), "queue-%u/", i);
        }
        if (!attach_queue(&fake_bb.queues[i], folder, order)) {
            return false;
        }
    }
    for (unsigned int i = 0; i < nr; i++) {
        fake_backend_bind(fake_bb.queues[i].port);
        for (unsigned int k = 0; k < fake_bb.queues[i].nr_pages; k++) {
            fake_grant_hold(fake_bb.queues[i].refs[k], true);
        }
    }
    fake_bb.nr_queues = nr;
    fake_bb.persistent = fake_bb.persistent && fake_bb_front_number("feature-persistent", 0) != 0;
    return true;
}

/* ---- Requests ---- */

static void *map(uint32_t ref, bool write)
{
    void *page = fake_grant_page(ref, write || fake_bb.persistent); /* what is kept is mapped for writing */

    REQUIRE(page != NULL);
    if (!mapped[ref]) {
        fake_grant_hold(ref, true);
        mapped[ref] = true;
    }
    return page;
}

static void unmap(uint32_t ref)
{
    if (mapped[ref] && !fake_bb.persistent) {
        fake_grant_hold(ref, false);
        mapped[ref] = false;
    }
}

void fake_bb_detach(void)
{
    for (uint32_t ref = 0; ref < NR_REFS; ref++) {
        if (mapped[ref]) {
            fake_grant_hold(ref, false);
            mapped[ref] = false;
        }
    }
    for (unsigned int i = 0; i < fake_bb.nr_queues; i++) {
        for (unsigned int k = 0; k < fake_bb.queues[i].nr_pages; k++) {
            fake_grant_hold(fake_bb.queues[i].refs[k], false);
        }
    }
    while (fake_bb.nr_pending != 0) {
        free(fake_bb.pending[--fake_bb.nr_pending]);
    }
    fake_bb.nr_queues = 0;
}

static bool is_under_way(uint32_t ref)
{
    for (unsigned int i = 0; i < fake_bb.nr_pending; i++) {
        for (unsigned int k = 0; k < fake_bb.pending[i]->nr; k++) {
            if (fake_bb.pending[i]->segments[k].gref == ref) {
                return true;
            }
        }
    }
    return false;
}

void fake_bb_purge(void)
{
    for (uint32_t ref = 0; ref < NR_REFS; ref++) {
        if (mapped[ref] && !is_under_way(ref)) {
            fake_grant_hold(ref, false);
            mapped[ref] = false;
        }
    }
}

static void check_segments(struct fake_bb_request *r)
{
    for (unsigned int i = 0; i < r->nr; i++) {
        const struct blkif_request_segment *s = &r->segments[i];

        REQUIRE(s->first_sect <= s->last_sect && s->last_sect < 8);
        (void)map(s->gref, r->op == BLKIF_OP_READ);
        r->nr_sectors += s->last_sect - s->first_sect + 1U;
        /* A part may not end within a block, nor a page's share of it. */
        REQUIRE((s->last_sect - s->first_sect + 1U) * 512 % fake_bb.block_bytes == 0);
        REQUIRE(s->first_sect * 512U % fake_bb.block_bytes == 0);
    }
    REQUIRE(r->sector * 512 % fake_bb.block_bytes == 0);
    REQUIRE(r->nr == 0 || (r->sector + r->nr_sectors) * 512 <= FAKE_BB_DISK);
}

static void take_indirect(struct fake_bb_request *r, const struct blkif_request_indirect *in)
{
    const void *table = map(in->indirect_grefs[0], false);

    REQUIRE(in->indirect_op == BLKIF_OP_READ || in->indirect_op == BLKIF_OP_WRITE);
    REQUIRE(in->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST && in->nr_segments <= fake_bb.indirect);
    r->op = in->indirect_op;
    r->indirect = true;
    r->sector = in->sector_number;
    r->nr = in->nr_segments;
    memcpy(r->segments, table, r->nr * sizeof(r->segments[0]));
    unmap(in->indirect_grefs[0]);
}

static void take_one(unsigned int index)
{
    struct fake_bb_queue *q = &fake_bb.queues[index];
    struct blkif_request in = q->ring->ring[q->cons++ & (q->nr_slots - 1)].req;
    struct fake_bb_request *r = calloc(1, sizeof(*r));

    REQUIRE(r != NULL && fake_bb.nr_pending < FAKE_BB_PENDING);
    r->queue = index;
    r->id = in.id;
    r->op = in.operation;
    r->sector = in.sector_number;
    REQUIRE(in.id < q->nr_slots);
    switch (in.operation) {
    case BLKIF_OP_INDIRECT:
        take_indirect(r, (const struct blkif_request_indirect *)&in);
        break;
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
        REQUIRE(in.nr_segments >= 1 && in.nr_segments <= BLKIF_MAX_SEGMENTS_PER_REQUEST);
        REQUIRE(in.handle == (51712 & 0xffff));
        r->nr = in.nr_segments;
        memcpy(r->segments, in.seg, r->nr * sizeof(r->segments[0]));
        break;
    case BLKIF_OP_FLUSH_DISKCACHE:
    case BLKIF_OP_WRITE_BARRIER:
        REQUIRE(in.nr_segments == 0);
        break;
    case BLKIF_OP_DISCARD: {
        const struct blkif_request_discard *discard = (const struct blkif_request_discard *)&in;

        r->sector = discard->sector_number;
        r->nr_sectors = discard->nr_sectors;
        fake_bb.secure += discard->flag == BLKIF_DISCARD_SECURE;
        REQUIRE((r->sector + r->nr_sectors) * 512 <= FAKE_BB_DISK && r->nr_sectors != 0);
        break;
    }
    default:
        REQUIRE(!"an operation");
    }
    check_segments(r);
    fake_bb.pending[fake_bb.nr_pending++] = r;
}

unsigned int fake_bb_take(unsigned int max)
{
    unsigned int taken = 0;

    for (unsigned int i = 0; i < fake_bb.nr_queues; i++) {
        struct fake_bb_queue *q = &fake_bb.queues[i];

        while (q->ring->req_prod != q->cons && taken < max) {
            REQUIRE(q->ring->req_prod - q->cons <= q->nr_slots);
            take_one(i);
            taken++;
        }
        if (!fake_bb.hold_events) {
            q->ring->req_event = q->cons + 1;
        }
    }
    return taken;
}

static void transfer(const struct fake_bb_request *r)
{
    uint8_t *at = fake_bb.disk + r->sector * 512;

    for (unsigned int i = 0; i < r->nr; i++) {
        const struct blkif_request_segment *s = &r->segments[i];
        size_t bytes = (s->last_sect - s->first_sect + 1U) * 512;
        uint8_t *page = map(s->gref, r->op == BLKIF_OP_READ);

        if (r->op == BLKIF_OP_READ) {
            memcpy(page + s->first_sect * 512, at, bytes);
        } else {
            memcpy(at, page + s->first_sect * 512, bytes);
        }
        at += bytes;
    }
}

static int16_t carry_out(const struct fake_bb_request *r)
{
    int16_t status = fake_bb.unsupported & 1U << r->op ? BLKIF_RSP_EOPNOTSUPP : fake_bb.status;

    fake_bb.ops[r->op]++;
    fake_bb.indirects += r->indirect;
    fake_bb.largest = r->nr_sectors > fake_bb.largest ? r->nr_sectors : fake_bb.largest;
    if (status == BLKIF_RSP_OKAY) {
        transfer(r);
    }
    for (unsigned int i = 0; i < r->nr; i++) {
        unmap(r->segments[i].gref);
    }
    return status;
}

void fake_bb_respond(unsigned int queue, uint64_t id, uint8_t op, int16_t status)
{
    struct fake_bb_queue *q = &fake_bb.queues[queue];

    q->ring->ring[q->rsp++ & (q->nr_slots - 1)].rsp = (struct blkif_response){id, op, status};
}

void fake_bb_show(unsigned int queue)
{
    struct fake_bb_queue *q = &fake_bb.queues[queue];
    uint32_t old = q->ring->rsp_prod;

    q->ring->rsp_prod = q->rsp;
    if (q->rsp - q->ring->rsp_event < q->rsp - old) {
        fake_backend_notify(q->port);
    }
}

void fake_bb_answer_one(unsigned int i)
{
    struct fake_bb_request *r = fake_bb.pending[i];

    memmove(&fake_bb.pending[i], &fake_bb.pending[i + 1],
            (--fake_bb.nr_pending - i) * sizeof(fake_bb.pending[0]));
    fake_bb_respond(r->queue, r->id, r->op, carry_out(r));
    free(r);
}

unsigned int fake_bb_answer(unsigned int max)
{
    unsigned int answered = 0;

    for (; fake_bb.nr_pending != 0 && answered < max; answered++) {
        fake_bb_answer_one(fake_bb.shuffle ? (unsigned int)fake_random_below(fake_bb.nr_pending) : 0);
    }
    for (unsigned int i = 0; i < fake_bb.nr_queues; i++) {
        fake_bb_show(i);
    }
    return answered;
}

unsigned int fake_bb_run(void)
{
    unsigned int taken = fake_bb_take(UINT32_MAX);

    (void)fake_bb_answer(UINT32_MAX);
    return taken;
}
