// SPDX-License-Identifier: MIT
/*
 * Messages from xenstored: taken in piece by piece, judged by their header, handed to the request or the watch that
 * they belong to. What breaks the stream closes the connection; what only makes no sense fails its request.
 */
#include "xs_conn.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>

/* Messages taken in by one call of the pump: a daemon that never stops must not keep other threads from running. */
#define PUMP_MESSAGES 32U

/* The one being taken in; a NUL is put behind the payload. Not in struct xs_conn, which is part of the image file. */
static struct {
    struct xsd_sockmsg hdr;
    char body[XENSTORE_PAYLOAD_MAX + 1];
} incoming;

static struct slot *slot_find(uint32_t req_id)
{
    struct slot *slot = &xs_conn.slots[req_id % XS_MAX_REQUESTS];

    if ((slot->state == SLOT_SENT || slot->state == SLOT_ABANDONED) && slot->req_id == req_id) {
        return slot;
    }
    return NULL;
}

/* What the reply in @incoming means for its request; a wanted body is copied out. */
static int reply_judge(struct slot *slot)
{
    if (incoming.hdr.type == XS_ERROR) {
        return xs_parse_error(incoming.body, incoming.hdr.len);
    }
    if (incoming.hdr.type != slot->type) {
        return -EPROTO;
    }
    if (slot->wants == WANTS_OK) {
        return xs_parse_ok(incoming.body, incoming.hdr.len);
    }
    if (slot->wants == WANTS_NUMBER) {
        return xs_parse_decimal(incoming.body, incoming.hdr.len, UINT64_MAX, &slot->number);
    }
    if (slot->state == SLOT_ABANDONED) {
        return 0;
    }
    slot->body = heap_alloc(incoming.hdr.len + 1);
    if (slot->body == NULL) {
        return -ENOMEM;
    }
    memcpy(slot->body, incoming.body, incoming.hdr.len);
    slot->body[incoming.hdr.len] = '\0';
    slot->len = incoming.hdr.len;
    return 0;
}

static void message_dispatch(void)
{
    struct slot *slot;
    int rc;

    TRACE(TRACE_XENSTORE, TRACE_EV_XS_RECV, incoming.hdr.type, incoming.hdr.req_id, incoming.hdr.len);
    incoming.body[incoming.hdr.len] = '\0';
    if (incoming.hdr.type == XS_WATCH_EVENT) {
        xs_stats.events++;
        xs_watch_deliver(incoming.body, incoming.hdr.len);
        return;
    }
    slot = slot_find(incoming.hdr.req_id);
    if (slot != NULL) {
        xs_conn.heard = true;
        xs_stats.replies++;
        rc = reply_judge(slot);
        if (rc == -EPROTO) {
            xs_stats.replies_refused++;
            pr_warn("xenstore: reply to request type %u makes no sense (type %u, %u bytes)\n", slot->type,
                    incoming.hdr.type, incoming.hdr.len);
        }
        xs_slot_complete(slot, rc);
        wait_wake_all(&xs_conn.repliers);
    } else if (!xs_conn.heard) {
        /* Left over from a loader that ran in this domain before us. */
        xs_stats.replies_stale++;
    } else {
        xs_conn_fail(-EPROTO, "reply to a request that was never made");
    }
}

/* Take in what completes the header, or the payload. Return: bytes taken, 0 for none, -EPROTO. */
static int message_fill(void)
{
    size_t want = sizeof(incoming.hdr);
    int n;

    if (xs_conn.in_bytes >= want) {
        want += incoming.hdr.len;
    }
    n = xs_ring_get(&xs_conn.ring, (char *)&incoming + xs_conn.in_bytes, want - xs_conn.in_bytes);
    if (n < 0) {
        xs_conn_fail(n, "response index out of range");
        return n;
    }
    xs_conn.in_bytes += (size_t)n;
    if (xs_conn.in_bytes == sizeof(incoming.hdr) && incoming.hdr.len > XENSTORE_PAYLOAD_MAX) {
        xs_conn_fail(-EPROTO, "message too long");
        return -EPROTO;
    }
    return n;
}

void xs_conn_pump(void)
{
    unsigned int messages = 0;

    if (!xs_conn.attached || xs_conn.error != 0) {
        return;
    }
    if (xs_ring_state(&xs_conn.ring) != XS_RING_READY) {
        pr_err("xenstore: xenstored reports error %u\n", xs_ring_error(&xs_conn.ring));
        xs_conn_fail(-ECONNRESET, "given up by xenstored");
        return;
    }
    while (messages < PUMP_MESSAGES && xs_conn.error == 0) {
        int n = message_fill();

        if (n < 0) {
            return;
        }
        if (xs_conn.in_bytes >= sizeof(incoming.hdr) &&
            xs_conn.in_bytes == sizeof(incoming.hdr) + incoming.hdr.len) {
            message_dispatch();
            xs_conn.in_bytes = 0;
            messages++;
        } else if (n == 0) {
            break;
        }
    }
    if (xs_conn.error == 0 && xs_ring_release(&xs_conn.ring)) {
        xs_conn_notify();
    }
    if (messages == PUMP_MESSAGES) {
        thread_yield();
    }
}
