// SPDX-License-Identifier: MIT
/*
 * Requests: a slot of the table, the bytes into the ring under the writer's lock, and the wait for the reply.
 */
#include "xs_conn.h"

#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/trace.h>

static bool room_found(const void *arg)
{
    (void)arg;
    return xs_conn.error != 0 || xs_ring_has_room(&xs_conn.ring);
}

/* With the writer's lock. Waits for room as needed, and takes in meanwhile what the daemon may want to get rid of first. */
static int conn_put(const void *data, size_t bytes, uint64_t deadline_ns)
{
    const char *from = data;

    while (bytes != 0) {
        int n;

        if (xs_conn.error != 0) {
            return xs_conn.error;
        }
        n = xs_ring_put(&xs_conn.ring, from, bytes);
        if (n < 0) {
            xs_conn_fail(n, "request index out of range");
            return n;
        }
        from += n;
        bytes -= (size_t)n;
        if (bytes == 0) {
            break;
        }
        if (xs_ring_show(&xs_conn.ring)) {
            xs_conn_notify();
        }
        if (xs_conn_wait(&xs_conn.room, room_found, NULL, deadline_ns) != 0) {
            /* Half a message is out: nothing that follows would be understood. */
            xs_conn_fail(-ETIMEDOUT, "xenstored takes no requests");
        }
    }
    return 0;
}

static int conn_send(const struct slot *slot, uint32_t tx, const struct xs_part *parts, unsigned int nr,
                     size_t bytes, uint64_t deadline_ns)
{
    const struct xsd_sockmsg hdr = {
        .type = slot->type,
        .req_id = slot->req_id,
        .tx_id = tx,
        .len = (uint32_t)bytes,
    };
    int rc;

    TRACE(TRACE_XENSTORE, TRACE_EV_XS_SEND, hdr.type, hdr.req_id, hdr.len);
    rc = conn_put(&hdr, sizeof(hdr), deadline_ns);
    for (unsigned int i = 0; rc == 0 && i < nr; i++) {
        rc = conn_put(parts[i].data, parts[i].bytes, deadline_ns);
    }
    if (rc == 0 && xs_ring_show(&xs_conn.ring)) {
        xs_conn_notify();
    }
    return rc;
}

/* With one of the semaphore's counts in hand, so there is a free one. */
static struct slot *slot_take(enum xsd_sockmsg_type type, enum slot_wants wants)
{
    struct slot *slot = NULL;
    uint32_t index;

    for (index = 0; index < XS_MAX_REQUESTS; index++) {
        if (xs_conn.slots[index].state == SLOT_FREE) {
            slot = &xs_conn.slots[index];
            break;
        }
    }
    ASSERT(slot != NULL);
    *slot = (struct slot){
        .state = SLOT_SENT,
        .req_id = xs_conn.next_id / XS_MAX_REQUESTS * XS_MAX_REQUESTS + index,
        .type = type,
        .wants = wants,
    };
    xs_conn.next_id += XS_MAX_REQUESTS;
    return slot;
}

static bool slot_is_answered(const void *arg)
{
    const struct slot *slot = arg;

    return slot->state != SLOT_SENT;
}

/** request() - On 0 *out is answered as asked for, and the caller's to free. */
static int request(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *parts, unsigned int nr,
                   enum slot_wants wants, struct slot **out, uint64_t deadline_ns)
{
    struct slot *slot;
    size_t bytes = 0;
    int rc;

    ASSERT(!in_upcall());
    for (unsigned int i = 0; i < nr; i++) {
        if (parts[i].bytes > XENSTORE_PAYLOAD_MAX - bytes) {
            return -E2BIG;
        }
        bytes += parts[i].bytes;
    }
    rc = xs_init();
    if (rc != 0) {
        return rc;
    }
    rc = semaphore_wait_until(&xs_conn.free_slots, deadline_ns);
    if (rc != 0) {
        return rc;
    }
    slot = slot_take(type, wants);
    xs_stats.requests++;
    rc = mutex_lock_until(&xs_conn.writer, deadline_ns);
    if (rc != 0) {
        xs_slot_free(slot);
        return rc;
    }
    rc = xs_conn.error != 0 ? xs_conn.error : xs_conn_attach(deadline_ns);
    if (rc == 0) {
        rc = conn_send(slot, tx, parts, nr, bytes, deadline_ns);
    }
    mutex_unlock(&xs_conn.writer);
    if (rc == 0) {
        rc = xs_conn_wait(&xs_conn.repliers, slot_is_answered, slot, deadline_ns);
        if (rc != 0) {
            slot->state = SLOT_ABANDONED;
            return rc;
        }
        rc = slot->rc;
    }
    if (rc != 0) {
        xs_slot_free(slot);
        return rc;
    }
    *out = slot;
    return 0;
}

int xs_request(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *parts, unsigned int nr,
               char **body, size_t *len, uint64_t deadline_ns)
{
    struct slot *slot;
    int rc = request(type, tx, parts, nr, body != NULL ? WANTS_BODY : WANTS_OK, &slot, deadline_ns);

    if (rc != 0) {
        return rc;
    }
    if (body != NULL) {
        *body = slot->body;
        *len = slot->len;
        slot->body = NULL;
    }
    xs_slot_free(slot);
    return 0;
}

int xs_request_number(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *part, uint64_t *number)
{
    struct slot *slot;
    int rc = request(type, tx, part, 1, WANTS_NUMBER, &slot, TIME_FOREVER);

    if (rc == 0) {
        *number = slot->number;
        xs_slot_free(slot);
    }
    return rc;
}
