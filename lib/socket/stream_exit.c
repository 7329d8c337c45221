// SPDX-License-Identifier: MIT
/*
 * The end of the program is the end of the machine, so what was written must be out before: as a kernel would after the
 * process, connections are closed and their data waited for, within a limit.
 */
#include "stream.h"

#include <stdlib.h>

#define LIMIT_NS (5 * NS_PER_SEC)

bool stream_exiting;

static struct list all = LIST_INIT(all);
static struct wait_queue progress = WAIT_QUEUE_INIT(progress);
static bool frames_are_out;

void stream_exit_progress(void)
{
    if (stream_exiting) {
        wait_wake_all(&progress);
    }
}

static void frames_out(struct net_deferred *deferred)
{
    (void)deferred;
    frames_are_out = true;
    wait_wake_all(&progress);
}

/* Takes those off the list that have nothing under way. True: all. */
static bool all_acknowledged(void)
{
    while (!list_is_empty(&all)) {
        struct stream *st = list_entry(all.next, struct stream, all_link);

        if (st->phase == STREAM_CONNECTED && st->pcb != NULL &&
            (st->acked != st->written || st->fin_wanted)) {
            return false;
        }
        list_remove(&st->all_link);
    }
    return true;
}

static void close_all(void)
{
    struct list *pos;

    list_for_each(pos, &all) {
        struct stream *st = list_entry(pos, struct stream, all_link);

        if (st->phase == STREAM_CONNECTED && !st->write_shut && !st->orphan) {
            st->write_shut = true;
            st->fin_wanted = true;
            stream_output_soon(st);
        }
    }
}

static void drain(void)
{
    static struct net_deferred barrier = {.fn = frames_out, .bytes = SIZE_MAX};
    uint64_t deadline = time_deadline_ns(LIMIT_NS);

    net_lock();
    stream_exiting = true;
    close_all();
    net_unlock();
    if (wait_event_until(&progress, all_acknowledged(), deadline) != 0) {
        return;
    }
    /* What is left are FINs: they must have left our memory, which will be another domain's soon. */
    net_lock();
    net_defer(&barrier);
    net_unlock();
    wait_event_until(&progress, frames_are_out, deadline);
}

void stream_exit_register(struct stream *st)
{
    static bool registered;

    if (!registered) {
        registered = true;
        atexit(drain);
    }
    list_push_back(&all, &st->all_link);
}
