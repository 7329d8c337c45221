// SPDX-License-Identifier: MIT
/*
 * The frontend's view of one shared ring, a page or several side by side: requests out, responses in, in the same slots. All that is trusted is
 * kept here, in private memory; of the page only rsp_prod, req_event and the slots are ever read, each once a use, and
 * nothing read is believed before it is bounded. Producing and consuming need the caller's lock; nothing blocks.
 * ABI: xen/io/ring.h (DEFINE_RING_TYPES and the macros of the same names).
 */
#ifndef XENOLITH_RING_H
#define XENOLITH_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/cpu.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>

/** struct ring_page - The shared page, or the first of several: the slots go on through the others. The other side may write any byte of it at any time. */
struct ring_page {
    uint32_t req_prod, req_event; /* ours; theirs */
    uint32_t rsp_prod, rsp_event; /* theirs; ours */
    uint8_t pad[48];
    uint8_t slots[];
};

/**
 * struct ring - Ours alone. Indices count without end; slot = index & (nr_slots - 1).
 * rsp_cons <= rsp_seen <= req_pushed <= req_prod <= rsp_cons + nr_slots, always.
 */
struct ring {
    struct ring_page *page;
    uint32_t req_prod;   /* requests written */
    uint32_t req_pushed; /* of those, shown to the other side */
    uint32_t rsp_cons;   /* responses taken */
    uint32_t rsp_seen;   /* responses known to be there */
    uint32_t nr_slots, slot_bytes;
    uint32_t trace_id;
    bool broken; /* rsp_prod was a lie; sticky */
};

/**
 * ring_init() - Make @page an empty ring whose slots are @slot_bytes large.
 * @trace_id: What the trace calls it.
 */
void ring_init(struct ring *r, void *page, uint32_t slot_bytes, uint32_t trace_id);

/** ring_init_pages() - The same with @nr_pages that stand side by side. */
void ring_init_pages(struct ring *r, void *pages, unsigned int nr_pages, uint32_t slot_bytes,
                     uint32_t trace_id);

/** ring_free_slots() - How many requests may be put. */
static inline uint32_t ring_free_slots(const struct ring *r)
{
    return r->nr_slots - (r->req_prod - r->rsp_cons);
}

/** ring_outstanding() - Requests pushed whose response has not been taken. */
static inline uint32_t ring_outstanding(const struct ring *r)
{
    return r->req_pushed - r->rsp_cons;
}

static inline uint32_t ring_slot(const struct ring *r, uint32_t index)
{
    return index & (r->nr_slots - 1);
}

/**
 * ring_put_req() - Write a request; ring_push() shows it. There must be a free slot.
 * @req: At most slot_bytes; @bytes a constant, so that the copy is a few moves.
 */
static inline void ring_put_req(struct ring *r, const void *req, size_t bytes)
{
    memcpy(r->page->slots + (size_t)ring_slot(r, r->req_prod) * r->slot_bytes, req, bytes);
    r->req_prod++;
}

/**
 * ring_push() - Show all requests put.
 * Return: whether the other side wants to be notified of them.
 * ABI: RING_PUSH_REQUESTS_AND_CHECK_NOTIFY.
 */
static inline bool ring_push(struct ring *r)
{
    uint32_t old = r->req_pushed, new = r->req_prod;
    bool notify;

    if (old == new) {
        return false;
    }
    smp_wmb(); /* the requests before their index */
    WRITE_ONCE(r->page->req_prod, new);
    r->req_pushed = new;
    smp_mb(); /* the index before the look at req_event */
    notify = new - READ_ONCE(r->page->req_event) < new - old;
    TRACE(TRACE_RING, TRACE_EV_RING_PUSH, r->trace_id, new, notify);
    return notify;
}

/**
 * ring_rsp_waiting() - How many responses may be taken now. rsp_prod is loaded once, and only when all that were known have
 * been taken.
 * Return: >= 0; -EPROTO if the other side claims more than was asked (sticky: give the device up).
 * ABI: RING_RESPONSE_PROD_OVERFLOW, with the tighter bound of the requests outstanding.
 */
static inline int ring_rsp_waiting(struct ring *r)
{
    uint32_t prod;

    if (UNLIKELY(r->broken)) {
        return -EPROTO;
    }
    if (r->rsp_seen == r->rsp_cons) {
        prod = READ_ONCE(r->page->rsp_prod);
        if (UNLIKELY(prod - r->rsp_cons > ring_outstanding(r))) {
            r->broken = true;
            return -EPROTO;
        }
        r->rsp_seen = prod;
        smp_rmb(); /* the index before the responses */
    }
    return (int)(r->rsp_seen - r->rsp_cons);
}

/**
 * ring_take_rsp() - Copy the next response out of the shared page.
 * @out:   Written only on 1; @bytes bytes, private from then on.
 * @index: The response's index, or NULL: ring_slot() of it is the slot of its request.
 * Context: any; the caller holds the lock of the ring.
 * Return: 1 taken, 0 none, -EPROTO as above.
 */
static inline int ring_take_rsp(struct ring *r, void *out, size_t bytes, uint32_t *index)
{
    int waiting = ring_rsp_waiting(r);

    if (waiting <= 0) {
        return waiting;
    }
    memcpy(out, r->page->slots + (size_t)ring_slot(r, r->rsp_cons) * r->slot_bytes, bytes);
    barrier(); /* the copy is made here, and not again when its fields are used */
    if (index != NULL) {
        *index = r->rsp_cons;
    }
    r->rsp_cons++;
    TRACE(TRACE_RING, TRACE_EV_RING_POP, r->trace_id, r->rsp_cons, 0);
    return 1;
}

/**
 * ring_arm() - Ask to be notified once @after more responses than have been taken are there (1: of the next one), and
 * look a last time.
 * Return: 0: the notification will come; 1: that many are there already, go on taking; -EPROTO.
 * ABI: RING_FINAL_CHECK_FOR_RESPONSES.
 */
static inline int ring_arm(struct ring *r, uint32_t after)
{
    int waiting = ring_rsp_waiting(r);

    if (waiting != 0) {
        return waiting < 0 ? waiting : 1;
    }
    WRITE_ONCE(r->page->rsp_event, r->rsp_cons + after);
    smp_mb(); /* the threshold before the last look */
    waiting = ring_rsp_waiting(r);
    return waiting < 0 ? waiting : (uint32_t)waiting >= after;
}

#endif
