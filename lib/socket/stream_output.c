// SPDX-License-Identifier: MIT
/*
 * The thread that puts TCP segments out. It runs when those who write have blocked, and serves all sockets that have something in
 * one hold of the stack's lock, which is one batch for the driver.
 */
#include "stream.h"

#include <errno.h>

#include <xenolith/heap.h>
#include <xenolith/sched.h>

static struct list pending = LIST_INIT(pending);
static struct wait_queue work = WAIT_QUEUE_INIT(work);

void stream_output_soon(struct stream *st)
{
    if (list_is_empty(&st->output_link)) {
        bool first = list_is_empty(&pending);

        list_push_back(&pending, &st->output_link);
        if (first) {
            wait_wake_one(&work);
        }
    }
}

/* The FIN joins the last segment that is not out yet. */
static void close_direction(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;
    err_t err;

    st->fin_wanted = false;
    if (st->orphan) {
        /* lwIP takes a window that is not open for data that was not read. All was read. */
        pcb->rcv_wnd = TCP_WND_MAX(pcb);
        st->stalled_ms = 0;
        stream_watch_progress(st);
        err = tcp_close(pcb);
    } else {
        err = tcp_shutdown(pcb, 0, 1);
    }
    if (err == ERR_OK || err == ERR_CONN) {
        stream_settle(st);
    } else {
        /* What lwIP reports of the abort ends the socket. */
        tcp_abort(pcb);
    }
}

static void put_out(struct stream *st)
{
    st->put_out = st->written;
    if (st->pcb == NULL) {
        return;
    }
    if (st->fin_wanted) {
        close_direction(st);
        stream_exit_progress();
    } else {
        tcp_output(st->pcb);
    }
}

static void body(void *arg)
{
    (void)arg;
    for (;;) {
        struct list *link;

        wait_event(&work, !list_is_empty(&pending));
        net_lock();
        while ((link = list_pop_front(&pending)) != NULL) {
            put_out(list_entry(link, struct stream, output_link));
        }
        net_unlock();
    }
}

int stream_output_start(void)
{
    static struct thread *thread;

    if (thread != NULL) {
        return 0;
    }
    stream_share_init();
    return thread_create(&thread, "socket-output", body, NULL, 0);
}
