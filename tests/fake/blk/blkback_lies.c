// SPDX-License-Identifier: MIT
/*
 * How a block backend can break the protocol, one case a way. Each leaves the frontend something that it must refuse by giving the device up; what a
 * backend may do, however odd, is in the test itself.
 */
#include <fake_blkback.h>

#include <string.h>

#include <fake.h>

static const char *const names[FAKE_BB_LIES] = {
    "an id beyond the table",
    "an id at the end of 64 bits",
    "an id with a bit above 32",
    "an id that is not in use",
    "an id answered twice",
    "another operation",
    "an indirect one answered as such",
    "one response too many",
    "a wild index",
    "an index turned back",
    "the page kept",
};

const char *fake_bb_lie_name(unsigned int kind)
{
    return names[kind];
}

/** oldest() - A request that was taken; room for another answer beside its own. */
static struct fake_bb_request *oldest(void)
{
    (void)fake_bb_take(UINT32_MAX);
    return fake_bb.nr_pending >= 2 ? fake_bb.pending[0] : NULL;
}

static bool answer(const struct fake_bb_request *r, uint64_t id, uint8_t op)
{
    fake_bb_respond(r->queue, id, op, BLKIF_RSP_OKAY);
    fake_bb_show(r->queue);
    fake_backend_notify(fake_bb.queues[r->queue].port);
    return true;
}

static bool is_taken(unsigned int queue, uint64_t id)
{
    for (unsigned int i = 0; i < fake_bb.nr_pending; i++) {
        if (fake_bb.pending[i]->queue == queue && fake_bb.pending[i]->id == id) {
            return true;
        }
    }
    return false;
}

static bool unused_id(const struct fake_bb_request *r)
{
    for (uint64_t id = 0; id < fake_bb.queues[r->queue].nr_slots; id++) {
        if (!is_taken(r->queue, id)) {
            return answer(r, id, r->op);
        }
    }
    return false;
}

/** twice() - Needs a second request on the same queue, or the index would give it away first. */
static bool twice(const struct fake_bb_request *r)
{
    for (unsigned int i = 1; i < fake_bb.nr_pending; i++) {
        if (fake_bb.pending[i]->queue == r->queue) {
            fake_bb_respond(r->queue, r->id, r->op, BLKIF_RSP_ERROR);
            return answer(r, r->id, r->op);
        }
    }
    return false;
}

static bool set_index(struct fake_bb_queue *q, uint32_t index)
{
    q->ring->rsp_prod = index;
    fake_backend_notify(q->port);
    return true;
}

/** keep_page() - Seen where the page is granted for this request alone. */
static bool keep_page(void)
{
    bool alone = !fake_bb.persistent && fake_bb_front_number("trusted", 1) != 0;

    for (unsigned int i = 0; alone && i < fake_bb.nr_pending; i++) {
        unsigned int queue = fake_bb.pending[i]->queue;

        if (fake_bb.pending[i]->nr != 0) {
            fake_grant_hold(fake_bb.pending[i]->segments[0].gref, true);
            fake_bb_answer_one(i);
            fake_bb_show(queue);
            fake_backend_notify(fake_bb.queues[queue].port);
            return true;
        }
    }
    return false;
}

bool fake_bb_lie(unsigned int kind)
{
    struct fake_bb_request *r = oldest();
    struct fake_bb_queue *q;

    if (r == NULL) {
        return false;
    }
    q = &fake_bb.queues[r->queue];
    switch (kind) {
    case 0:
        return answer(r, q->nr_slots + fake_random_below(1000), r->op);
    case 1:
        return answer(r, UINT64_MAX - fake_random_below(4), r->op);
    case 2:
        return answer(r, r->id | UINT64_C(1) << (32 + fake_random_below(32)), r->op);
    case 3:
        return unused_id(r);
    case 4:
        return twice(r);
    case 5:
        return answer(r, r->id, (uint8_t)(r->op + 1 + fake_random_below(250)));
    case 6:
        return answer(r, r->id, BLKIF_OP_INDIRECT);
    case 7:
        return set_index(q, q->ring->req_prod + 1);
    case 8:
        return set_index(q, q->ring->req_prod + 1 + (uint32_t)fake_random_below(UINT32_MAX / 2));
    case 9:
        return set_index(q, q->rsp - 1 - (uint32_t)fake_random_below(1000));
    case 10:
        return keep_page();
    default:
        return false;
    }
}
