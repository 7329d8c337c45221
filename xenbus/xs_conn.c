// SPDX-License-Identifier: MIT
/*
 * The one connection to xenstored: requests go out under a lock, replies and events are taken in by whoever waits.
 * Knows message headers; payloads are others' business.
 *
 * There is no reader thread. A thread that waits (for a reply, for room, for an event) pumps the ring when it
 * wakes, and hands over what belongs to others. The upcall wakes the writer and one thread more: one that waits for a
 * reply if there is one, else one that waits for events. Who stops waiting looks at the ring once more and passes the
 * wake on if something is there (xs_conn_leave()), so nothing is left lying while anybody waits.
 *
 * All state is written by threads only, and never across a block, except slots[].state, which changes hands:
 * FREE -> SENT by the requester, SENT -> DONE or ABANDONED -> FREE by the pump.
 */
#include "xs_priv.h"
#include "xs_ring.h"

#include <arch/cpu.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/heap.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/sync.h>
#include <xenolith/trace.h>

/* Messages taken in by one call of the pump: a daemon that never stops must not keep other threads from running. */
#define PUMP_MESSAGES 32U

enum slot_state {
    SLOT_FREE,
    SLOT_SENT,
    SLOT_DONE,
    SLOT_ABANDONED, /* its requester has given up; the reply will still come */
};

/** struct slot - One request under way. req_id % XS_MAX_REQUESTS is its index. */
struct slot {
    enum slot_state state;
    uint32_t req_id;
    uint32_t type;
    bool wants_body;
    int rc;
    char *body;
    size_t len;
};

/** struct message - The one being taken in; a NUL is put behind the payload. */
struct message {
    struct xsd_sockmsg hdr;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

static struct {
    bool adopted;  /* the port has our handler */
    bool attached; /* ring holds the page's indices */
    bool heard;    /* a reply to a request of ours has come */
    int error;
    unsigned int epoch; /* counts connections */
    evtchn_port_t port;
    struct xs_ring ring;
    struct mutex writer;
    struct semaphore free_slots;
    struct wait_queue room, repliers, watchers;
    uint32_t next_id;
    struct slot slots[XS_MAX_REQUESTS];
    size_t in_bytes; /* of incoming: taken in so far */
} conn = {
    .writer = MUTEX_INIT(conn.writer),
    .free_slots = SEMAPHORE_INIT(conn.free_slots, XS_MAX_REQUESTS),
    .room = WAIT_QUEUE_INIT(conn.room),
    .repliers = WAIT_QUEUE_INIT(conn.repliers),
    .watchers = WAIT_QUEUE_INIT(conn.watchers),
};

/* By itself, so that it adds nothing to the image file. */
static struct message incoming;

struct xs_stats xs_stats;

static void conn_wake_reader(void)
{
    if (!wait_wake_one(&conn.repliers)) {
        wait_wake_one(&conn.watchers);
    }
}

/* In the upcall: only wake. */
static void conn_event(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    wait_wake_one(&conn.room);
    conn_wake_reader();
}

int xs_init(void)
{
    int rc;

    if (conn.adopted) {
        return 0;
    }
    if (boot_info.store_port == 0 || boot_info.store_ring == NULL) {
        return -ENOTCONN;
    }
    conn.port = boot_info.store_port;
    rc = evtchn_adopt(conn.port, conn_event, NULL);
    if (rc != 0) {
        return rc;
    }
    conn.adopted = true;
    /* What a loader before us has asked for must not be taken for an answer to us. */
    conn.next_id = (uint32_t)cpu_tsc();
    evtchn_unmask(conn.port);
    return 0;
}

static void slot_free(struct slot *slot)
{
    heap_free(slot->body);
    slot->body = NULL;
    slot->state = SLOT_FREE;
    (void)semaphore_post(&conn.free_slots);
}

/* @rc and the body, if any, become the requester's. */
static void slot_complete(struct slot *slot, int rc)
{
    slot->rc = rc;
    if (slot->state == SLOT_ABANDONED) {
        slot_free(slot);
        return;
    }
    slot->state = SLOT_DONE;
}

static void conn_fail(int rc, const char *why)
{
    if (conn.error != 0) {
        return;
    }
    conn.error = rc;
    evtchn_mask(conn.port);
    pr_err("xenstore: %s (error %d); connection closed\n", why, -rc);
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        if (conn.slots[i].state == SLOT_SENT || conn.slots[i].state == SLOT_ABANDONED) {
            slot_complete(&conn.slots[i], rc);
        }
    }
    wait_wake_all(&conn.room);
    wait_wake_all(&conn.repliers);
    wait_wake_all(&conn.watchers);
}

void xs_conn_forget(void)
{
    if (!conn.adopted) {
        return;
    }
    conn_fail(-ESHUTDOWN, "closed by us");
    /* Requesters leave with the error before anything is reused: each holds its slot or the writer's lock until then. */
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        semaphore_wait(&conn.free_slots);
    }
    conn.error = 0;
    conn.epoch++;
    conn.attached = conn.heard = false;
    conn.in_bytes = 0;
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        (void)semaphore_post(&conn.free_slots);
    }
    evtchn_unmask(conn.port);
}

int xs_conn_error(void)
{
    return conn.error;
}

unsigned int xs_conn_epoch(void)
{
    return conn.epoch;
}

struct wait_queue *xs_conn_watchers(void)
{
    return &conn.watchers;
}

bool xs_conn_has_news(void)
{
    return conn.attached && conn.error == 0 &&
           (xs_ring_has_input(&conn.ring) || xs_ring_state(&conn.ring) != XS_RING_READY);
}

/* ---- Replies -------------------------------------------------------------------------------------------- */

static struct slot *slot_find(uint32_t req_id)
{
    struct slot *slot = &conn.slots[req_id % XS_MAX_REQUESTS];

    if ((slot->state == SLOT_SENT || slot->state == SLOT_ABANDONED) && slot->req_id == req_id) {
        return slot;
    }
    return NULL;
}

/* What the reply in @incoming means for its request; a wanted body is copied out. */
static int reply_judge(struct slot *slot)
{
    const struct message *in = &incoming;

    if (in->hdr.type == XS_ERROR) {
        return xs_parse_error(in->body, in->hdr.len);
    }
    if (in->hdr.type != slot->type) {
        return -EPROTO;
    }
    if (!slot->wants_body) {
        return xs_parse_ok(in->body, in->hdr.len);
    }
    if (slot->state == SLOT_ABANDONED) {
        return 0;
    }
    slot->body = heap_alloc(in->hdr.len + 1);
    if (slot->body == NULL) {
        return -ENOMEM;
    }
    memcpy(slot->body, in->body, in->hdr.len);
    slot->body[in->hdr.len] = '\0';
    slot->len = in->hdr.len;
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
        conn.heard = true;
        xs_stats.replies++;
        rc = reply_judge(slot);
        if (rc == -EPROTO) {
            xs_stats.replies_refused++;
            pr_warn("xenstore: reply to request type %u makes no sense (type %u, %u bytes)\n", slot->type,
                    incoming.hdr.type, incoming.hdr.len);
        }
        slot_complete(slot, rc);
        wait_wake_all(&conn.repliers);
    } else if (!conn.heard) {
        /* Left over from a loader that ran in this domain before us. */
        xs_stats.replies_stale++;
    } else {
        conn_fail(-EPROTO, "reply to a request that was never made");
    }
}

/* Take in what completes the header, or the payload. Return: bytes taken, 0 for none, -EPROTO. */
static int message_fill(void)
{
    size_t want = sizeof(incoming.hdr);
    int n;

    if (conn.in_bytes >= want) {
        want += incoming.hdr.len;
    }
    n = xs_ring_get(&conn.ring, (char *)&incoming + conn.in_bytes, want - conn.in_bytes);
    if (n < 0) {
        conn_fail(n, "response index out of range");
        return n;
    }
    conn.in_bytes += (size_t)n;
    if (conn.in_bytes == sizeof(incoming.hdr) && incoming.hdr.len > XENSTORE_PAYLOAD_MAX) {
        conn_fail(-EPROTO, "message too long");
        return -EPROTO;
    }
    return n;
}

static void conn_notify(void)
{
    xs_stats.notifications++;
    (void)evtchn_send(conn.port);
}

void xs_conn_pump(void)
{
    unsigned int messages = 0;

    if (!conn.attached || conn.error != 0) {
        return;
    }
    if (xs_ring_state(&conn.ring) != XS_RING_READY) {
        pr_err("xenstore: xenstored reports error %u\n", xs_ring_error(&conn.ring));
        conn_fail(-ECONNRESET, "given up by xenstored");
        return;
    }
    while (messages < PUMP_MESSAGES && conn.error == 0) {
        int n = message_fill();

        if (n < 0) {
            return;
        }
        if (conn.in_bytes >= sizeof(incoming.hdr) && conn.in_bytes == sizeof(incoming.hdr) + incoming.hdr.len) {
            message_dispatch();
            conn.in_bytes = 0;
            messages++;
        } else if (n == 0) {
            break;
        }
    }
    if (conn.error == 0 && xs_ring_release(&conn.ring)) {
        conn_notify();
    }
    if (messages == PUMP_MESSAGES) {
        thread_yield();
    }
}

void xs_conn_leave(void)
{
    if (xs_conn_has_news()) {
        conn_wake_reader();
    }
}

int xs_conn_wait(struct wait_queue *wq, bool (*done)(const void *arg), const void *arg, uint64_t deadline_ns)
{
    while (!done(arg)) {
        xs_conn_pump();
        if (done(arg)) {
            break;
        }
        /* Against a daemon that always has something to say, the wait alone would never look at the clock. */
        if (wait_event_until(wq, done(arg) || xs_conn_has_news(), deadline_ns) != 0 ||
            (deadline_ns != TIME_FOREVER && time_monotonic_ns() >= deadline_ns && !done(arg))) {
            xs_conn_leave();
            return -ETIMEDOUT;
        }
    }
    xs_conn_leave();
    return 0;
}

/* ---- Requests ------------------------------------------------------------------------------------------- */

/* First use: read the indices, once the daemon says that they count. With the writer's lock. */
static int conn_attach(uint64_t deadline_ns)
{
    int rc;

    if (conn.attached) {
        return 0;
    }
    conn.ring.page = boot_info.store_ring;
    rc = wait_event_until(&conn.room, conn.error != 0 || xs_ring_state(&conn.ring) != XS_RING_RECONNECTING,
                          deadline_ns);
    if (rc != 0 || conn.error != 0) {
        return rc != 0 ? rc : conn.error;
    }
    rc = xs_ring_attach(&conn.ring, boot_info.store_ring);
    if (rc != 0) {
        conn_fail(rc, "indices out of range");
        return rc;
    }
    conn.attached = true;
    return 0;
}

static bool room_found(const void *arg)
{
    (void)arg;
    return conn.error != 0 || xs_ring_has_room(&conn.ring);
}

/* With the writer's lock. What fits not waits for room, and takes in meanwhile what the daemon may wait to get rid of. */
static int conn_put(const void *data, size_t bytes, uint64_t deadline_ns)
{
    const char *from = data;

    while (bytes != 0) {
        int n;

        if (conn.error != 0) {
            return conn.error;
        }
        n = xs_ring_put(&conn.ring, from, bytes);
        if (n < 0) {
            conn_fail(n, "request index out of range");
            return n;
        }
        from += n;
        bytes -= (size_t)n;
        if (bytes == 0) {
            break;
        }
        if (xs_ring_show(&conn.ring)) {
            conn_notify();
        }
        if (xs_conn_wait(&conn.room, room_found, NULL, deadline_ns) != 0) {
            /* Half a message is out: nothing that follows would be understood. */
            conn_fail(-ETIMEDOUT, "xenstored takes no requests");
        }
    }
    return 0;
}

static int conn_send(const struct slot *slot, uint32_t tx, const struct xs_part *parts, unsigned int nr, size_t bytes,
                     uint64_t deadline_ns)
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
    if (rc == 0 && xs_ring_show(&conn.ring)) {
        conn_notify();
    }
    return rc;
}

/* With one of the semaphore's counts in hand, so there is a free one. */
static struct slot *slot_take(enum xsd_sockmsg_type type, bool wants_body)
{
    struct slot *slot = NULL;
    uint32_t index;

    for (index = 0; index < XS_MAX_REQUESTS; index++) {
        if (conn.slots[index].state == SLOT_FREE) {
            slot = &conn.slots[index];
            break;
        }
    }
    ASSERT(slot != NULL);
    *slot = (struct slot){
        .state = SLOT_SENT,
        .req_id = conn.next_id / XS_MAX_REQUESTS * XS_MAX_REQUESTS + index,
        .type = type,
        .wants_body = wants_body,
    };
    conn.next_id += XS_MAX_REQUESTS;
    return slot;
}

static bool slot_is_answered(const void *arg)
{
    const struct slot *slot = arg;

    return slot->state != SLOT_SENT;
}

int xs_request(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *parts, unsigned int nr, char **body,
               size_t *len, uint64_t deadline_ns)
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
    rc = semaphore_wait_until(&conn.free_slots, deadline_ns);
    if (rc != 0) {
        return rc;
    }
    slot = slot_take(type, body != NULL);
    xs_stats.requests++;
    rc = mutex_lock_until(&conn.writer, deadline_ns);
    if (rc != 0) {
        slot_free(slot);
        return rc;
    }
    rc = conn.error != 0 ? conn.error : conn_attach(deadline_ns);
    if (rc == 0) {
        rc = conn_send(slot, tx, parts, nr, bytes, deadline_ns);
    }
    mutex_unlock(&conn.writer);
    if (rc == 0) {
        rc = xs_conn_wait(&conn.repliers, slot_is_answered, slot, deadline_ns);
        if (rc != 0) {
            slot->state = SLOT_ABANDONED;
            return rc;
        }
        rc = slot->rc;
    }
    if (rc == 0 && body != NULL) {
        *body = slot->body;
        *len = slot->len;
        slot->body = NULL;
    }
    slot_free(slot);
    return rc;
}

void xs_get_stats(struct xs_stats *out)
{
    *out = xs_stats;
}
