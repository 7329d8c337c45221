// SPDX-License-Identifier: MIT
/*
 * The one connection to xenstored: how it begins and ends, and who waits for what. Sends and parses nothing.
 *
 * There is no reader thread. A thread that waits (for a reply, for room, for an event) pumps the ring when it
 * wakes, and hands over what belongs to others. The upcall wakes the writer and one thread more: one that waits for a
 * reply if there is one, else one that waits for events. Who stops waiting looks at the ring once more and passes the
 * wake on if something is there (xs_conn_leave()), so nothing is left lying while anybody waits.
 */
#include "xs_conn.h"

#include <arch/cpu.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>

struct xs_conn xs_conn = {
    .writer = MUTEX_INIT(xs_conn.writer),
    .free_slots = SEMAPHORE_INIT(xs_conn.free_slots, XS_MAX_REQUESTS),
    .room = WAIT_QUEUE_INIT(xs_conn.room),
    .repliers = WAIT_QUEUE_INIT(xs_conn.repliers),
    .watchers = WAIT_QUEUE_INIT(xs_conn.watchers),
};

struct xs_stats xs_stats;

static void conn_wake_reader(void)
{
    if (!wait_wake_one(&xs_conn.repliers)) {
        wait_wake_one(&xs_conn.watchers);
    }
}

/* In the upcall: only wake. */
static void conn_event(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    wait_wake_one(&xs_conn.room);
    conn_wake_reader();
}

int xs_init(void)
{
    int rc;

    if (xs_conn.adopted) {
        return 0;
    }
    if (boot_info.store_port == 0 || boot_info.store_ring == NULL) {
        return -ENOTCONN;
    }
    xs_conn.port = boot_info.store_port;
    rc = evtchn_adopt(xs_conn.port, conn_event, NULL);
    if (rc != 0) {
        return rc;
    }
    xs_conn.adopted = true;
    /* What a loader before us has asked for must not be taken for an answer to us. */
    xs_conn.next_id = (uint32_t)cpu_tsc();
    evtchn_unmask(xs_conn.port);
    return 0;
}

int xs_conn_attach(uint64_t deadline_ns)
{
    int rc;

    if (xs_conn.attached) {
        return 0;
    }
    xs_conn.ring.page = boot_info.store_ring;
    rc = wait_event_until(&xs_conn.room,
                          xs_conn.error != 0 || xs_ring_state(&xs_conn.ring) != XS_RING_RECONNECTING,
                          deadline_ns);
    if (rc != 0 || xs_conn.error != 0) {
        return rc != 0 ? rc : xs_conn.error;
    }
    rc = xs_ring_attach(&xs_conn.ring, boot_info.store_ring);
    if (rc != 0) {
        xs_conn_fail(rc, "indices out of range");
        return rc;
    }
    xs_conn.attached = true;
    return 0;
}

void xs_slot_free(struct slot *slot)
{
    heap_free(slot->body);
    slot->body = NULL;
    slot->state = SLOT_FREE;
    (void)semaphore_post(&xs_conn.free_slots);
}

void xs_slot_complete(struct slot *slot, int rc)
{
    slot->rc = rc;
    if (slot->state == SLOT_ABANDONED) {
        xs_slot_free(slot);
        return;
    }
    slot->state = SLOT_DONE;
}

void xs_conn_fail(int rc, const char *why)
{
    if (xs_conn.error != 0) {
        return;
    }
    xs_conn.error = rc;
    evtchn_mask(xs_conn.port);
    pr_err("xenstore: %s (error %d); connection closed\n", why, -rc);
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        if (xs_conn.slots[i].state == SLOT_SENT || xs_conn.slots[i].state == SLOT_ABANDONED) {
            xs_slot_complete(&xs_conn.slots[i], rc);
        }
    }
    wait_wake_all(&xs_conn.room);
    wait_wake_all(&xs_conn.repliers);
    wait_wake_all(&xs_conn.watchers);
}

void xs_conn_forget(void)
{
    if (!xs_conn.adopted) {
        return;
    }
    xs_conn_fail(-ESHUTDOWN, "closed by us");
    /* Requesters leave with the error before anything is reused: each holds its slot or the writer's lock until then. */
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        semaphore_wait(&xs_conn.free_slots);
    }
    xs_conn.error = 0;
    xs_conn.epoch++;
    xs_conn.attached = xs_conn.heard = false;
    xs_conn.in_bytes = 0;
    for (unsigned int i = 0; i < XS_MAX_REQUESTS; i++) {
        (void)semaphore_post(&xs_conn.free_slots);
    }
    evtchn_unmask(xs_conn.port);
}

int xs_conn_error(void)
{
    return xs_conn.error;
}

unsigned int xs_conn_epoch(void)
{
    return xs_conn.epoch;
}

struct wait_queue *xs_conn_watchers(void)
{
    return &xs_conn.watchers;
}

bool xs_conn_has_news(void)
{
    return xs_conn.attached && xs_conn.error == 0 &&
           (xs_ring_has_input(&xs_conn.ring) || xs_ring_state(&xs_conn.ring) != XS_RING_READY);
}

void xs_conn_notify(void)
{
    xs_stats.notifications++;
    (void)evtchn_send(xs_conn.port);
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

void xs_get_stats(struct xs_stats *out)
{
    *out = xs_stats;
}
