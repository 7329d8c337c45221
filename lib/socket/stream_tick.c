// SPDX-License-Identifier: MIT
/*
 * TCP sockets: what time alone brings, by lwIP's slow tick, for who asked for it. Memory may be there again for a writer that found none; and a
 * connection whose peer acknowledges nothing ends after TCP_USER_TIMEOUT, or, once the program has closed it, after 100 s. lwIP itself
 * gives up only who is silent: a peer that keeps its window shut but answers each probe stays for ever.
 */
#include "stream.h"

#define TICK_MS   200U
#define ORPHAN_MS 100000U

static uint32_t patience_ms(const struct stream *st)
{
    if (st->user_timeout_ms != 0) {
        return st->user_timeout_ms;
    }
    return st->orphan ? ORPHAN_MS : UINT32_MAX;
}

static bool is_patience_over(struct stream *st)
{
    bool waits = st->orphan || st->phase == STREAM_CONNECTING || st->acked != st->written;

    if (!waits || st->pcb->lastack != st->lastack_then) {
        st->lastack_then = st->pcb->lastack;
        st->stalled_ms = 0;
        return false;
    }
    st->stalled_ms += TICK_MS;
    return st->stalled_ms >= patience_ms(st);
}

static err_t tick(void *arg, struct tcp_pcb *pcb)
{
    struct stream *st = arg;

    if (is_patience_over(st)) {
        tcp_abort(pcb); /* what lwIP reports of it ends the socket, with ETIMEDOUT */
        return ERR_ABRT;
    }
    if (patience_ms(st) == UINT32_MAX) {
        tcp_poll(pcb, NULL, 0);
    }
    st->starved = false;
    stream_tell_writers(st);
    return ERR_OK;
}

void stream_watch_progress(struct stream *st)
{
    if (patience_ms(st) != UINT32_MAX) {
        tcp_poll(st->pcb, tick, 1);
    }
}

void stream_starve(struct stream *st)
{
    st->starved = true;
    net_lock();
    tcp_poll(st->pcb, tick, 1);
    net_unlock();
}
