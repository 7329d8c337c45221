// SPDX-License-Identifier: MIT
/*
 * When memory that frames name may be used for something else. Each interface's frames in flight are in the order of their making, and what waits
 * for them waits in the same order: one look at the oldest frame says whether its time has come. With frames of several interfaces in flight
 * it waits only where one of them names the memory, so that a backend that stands still holds nothing but what it was given. Frames that a
 * backend will not let go of are kept for ever, and with them the memory that they name. Never sends.
 */
#include "port_priv.h"

static struct list lost = LIST_INIT(lost);
static uint64_t next_stamp = 1;

void defer_begin(struct tx_packet *pk)
{
    pk->stamp = next_stamp++;
    list_push_back(&pk->ni->in_flight, &pk->link);
}

static bool names(const struct tx_packet *pk, const struct net_deferred *d)
{
    uintptr_t from = (uintptr_t)d->from;

    for (unsigned int i = 0; i < pk->tx.nr_frags; i++) {
        uintptr_t at = (uintptr_t)pk->frags[i].addr;

        if (at < from + d->bytes && from < at + pk->frags[i].len) {
            return true;
        }
    }
    return false;
}

static bool is_named(const struct list *frames, const struct net_deferred *d)
{
    for (const struct list *at = frames->next; at != frames; at = at->next) {
        if (names(list_entry(at, const struct tx_packet, link), d)) {
            return true;
        }
    }
    return false;
}

static void wait_for(struct net_interface *ni, struct net_deferred *d)
{
    d->stamp = next_stamp;
    list_push_back(&ni->deferred, &d->link);
}

/** finish() - @done's frames are no obstacle; are others'? No frame made from now on names this memory. */
static void finish(struct net_deferred *d, const struct net_interface *done)
{
    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (ni != done && is_named(&ni->in_flight, d)) {
            wait_for(ni, d);
            return;
        }
    }
    if (d->bytes != SIZE_MAX && is_named(&lost, d)) {
        net_counters.tx_memory_lost += d->bytes;
    } else {
        d->fn(d);
    }
}

void net_defer(struct net_deferred *d)
{
    struct net_interface *only = NULL;
    unsigned int nr = 0;

    for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
        if (!list_is_empty(&ni->in_flight)) {
            only = ni;
            nr++;
        }
    }
    if (nr == 1) {
        wait_for(only, d);
    } else {
        finish(d, NULL);
    }
}

void defer_run(struct net_interface *ni)
{
    while (!list_is_empty(&ni->deferred)) {
        struct net_deferred *d = list_entry(ni->deferred.next, struct net_deferred, link);

        if (!list_is_empty(&ni->in_flight) &&
            list_entry(ni->in_flight.next, struct tx_packet, link)->stamp < d->stamp) {
            return;
        }
        list_remove(&d->link);
        finish(d, ni);
    }
}

void defer_lost(struct tx_packet *pk)
{
    list_remove(&pk->link);
    list_push_back(&lost, &pk->link);
    defer_run(pk->ni);
}
