// SPDX-License-Identifier: MIT
/*
 * TCP sockets that listen. lwIP makes the connections and counts those under way and those nobody has accepted against the
 * backlog; beyond it SYNs are dropped, and clients try again.
 */
#include "stream.h"

#include <errno.h>

#include <xenolith/heap.h>

/* An accepted socket starts with its listener's options, as on Linux. */
static void inherit(struct stream *st, const struct stream *listener)
{
    st->options = listener->options;
    st->linger = listener->linger;
    st->nodelay = listener->nodelay;
    st->cork = listener->cork;
    st->keep_idle_s = listener->keep_idle_s;
    st->keep_interval_s = listener->keep_interval_s;
    st->keep_count = listener->keep_count;
    st->user_timeout_ms = listener->user_timeout_ms;
    st->receive_limit = listener->receive_limit;
    st->receive_low = listener->receive_low;
    st->send_limit = listener->send_limit;
    st->socket.receive_timeout_ns = listener->socket.receive_timeout_ns;
    st->socket.send_timeout_ns = listener->socket.send_timeout_ns;
}

static err_t arrived(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct stream *listener = arg;
    struct stream *st;

    if (err != ERR_OK || pcb == NULL || listener == NULL) {
        return ERR_VAL;
    }
    st = stream_alloc(listener->socket.family);
    if (st == NULL) {
        return ERR_MEM;
    }
    inherit(st, listener);
    st->phase = STREAM_CONNECTED;
    st->local_ip = pcb->local_ip;
    st->local_port = pcb->local_port;
    st->remote_ip = pcb->remote_ip;
    st->remote_port = pcb->remote_port;
    stream_attach(st, pcb);
    stream_start_window(st);
    tcp_backlog_delayed(pcb);
    st->listener = listener;
    list_push_back(&listener->ready, &st->ready_link);
    listener->nr_ready++;
    wait_wake_one(&listener->readers);
    stream_notify(listener, FILE_CAN_READ);
    return ERR_OK;
}

/* lwIP counts what is under way too. */
static uint16_t clamp_backlog(int backlog)
{
    /* Linux takes what is negative for a huge number. */
    return backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog == 0 ? 1 : (uint16_t)backlog;
}

static int start_listening(struct stream *st, int backlog)
{
    struct tcp_pcb *listening;
    err_t err = ERR_OK;
    int rc = stream_need_pcb(st);

    if (rc != 0) {
        return rc;
    }
    if (st->local_port == 0) {
        rc = inet_errno(tcp_bind(st->pcb, &st->pcb->local_ip, 0));
        if (rc != 0) {
            return -EADDRINUSE;
        }
        st->local_ip = st->pcb->local_ip;
        st->local_port = st->pcb->local_port;
    }
    listening = tcp_listen_with_backlog_and_err(st->pcb, 1, &err);
    if (listening == NULL) {
        return inet_errno(err);
    }
    st->pcb = listening;
    tcp_backlog_set(listening, (u16_t)backlog);
    tcp_arg(listening, st);
    tcp_accept(listening, arrived);
    st->phase = STREAM_LISTENING;
    return 0;
}

int stream_listen(struct socket *s, int backlog)
{
    struct stream *st = stream_of(s);
    int rc = 0;

    if (st->phase != STREAM_NEW && st->phase != STREAM_LISTENING) {
        return -EINVAL;
    }
    backlog = clamp_backlog(backlog);
    net_lock();
    if (st->phase == STREAM_LISTENING) {
        tcp_backlog_set(st->pcb, (u16_t)backlog);
    } else {
        rc = start_listening(st, backlog);
    }
    net_unlock();
    return rc;
}

int stream_accept(struct socket *s, struct socket **out)
{
    struct stream *listener = stream_of(s);
    struct stream *st;

    if (listener->phase != STREAM_LISTENING) {
        return -EINVAL;
    }
    if (listener->nr_ready == 0) {
        if (socket_is_nonblocking(s, 0)) {
            return -EAGAIN;
        }
        if (wait_event_until(&listener->readers,
                             listener->nr_ready > 0 || listener->phase != STREAM_LISTENING,
                             inet_deadline(s->receive_timeout_ns)) != 0) {
            return -EAGAIN;
        }
        if (listener->phase != STREAM_LISTENING) {
            return -EINVAL;
        }
    }
    st = list_entry(list_pop_front(&listener->ready), struct stream, ready_link);
    listener->nr_ready--;
    st->listener = NULL;
    net_lock();
    if (st->pcb != NULL) {
        tcp_backlog_accepted(st->pcb);
    }
    net_unlock();
    *out = &st->socket;
    return 0;
}

void stream_unaccept(struct socket *s, struct socket *accepted)
{
    struct stream *listener = stream_of(s);
    struct stream *st = stream_of(accepted);

    net_lock();
    if (st->pcb != NULL) {
        tcp_backlog_delayed(st->pcb);
    }
    net_unlock();
    st->listener = listener;
    list_push_front(&listener->ready, &st->ready_link);
    listener->nr_ready++;
}

void stream_stop_listening(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;
    struct list *link;

    while ((link = list_pop_front(&st->ready)) != NULL) {
        struct stream *child = list_entry(link, struct stream, ready_link);

        child->listener = NULL;
        stream_drop_unread(child);
        /* Linux resets them too. */
        child->linger = (struct linger){.l_onoff = 1};
        file_put(&child->socket.file);
    }
    st->nr_ready = 0;
    st->pcb = NULL;
    tcp_arg(pcb, NULL);
    tcp_close(pcb);
}
