// SPDX-License-Identifier: MIT
/*
 * TCP sockets: what came, until it is read. The queue is lwIP's own pbufs, linked without a copy. Small segments that find
 * others waiting are gathered in one pbuf, so that a peer cannot make one byte cost a page.
 */
#include "stream.h"

#include <errno.h>
#include <string.h>

#include <lwip/priv/tcp_priv.h>

#define GATHER_BELOW 512U  /* segments up to this are copied if others wait before them */
#define GATHER_BYTES 2048U /* into pbufs of this size */
#define START_WINDOW 65535U
#define OPEN_FROM    2048U

/* Behind what waits, byte by byte. False: no memory. */
static bool gather(struct stream *st, struct pbuf *p)
{
    struct pbuf *into = st->last;
    uint16_t bytes = p->tot_len;

    if (st->last_room < bytes) {
        into = pbuf_alloc(PBUF_RAW, GATHER_BYTES, PBUF_RAM);
        if (into == NULL) {
            return false;
        }
        into->len = 0;
        st->last->next = into;
        st->last = into;
        st->last_room = GATHER_BYTES;
    }
    pbuf_copy_partial(p, (uint8_t *)into->payload + into->len, bytes, 0);
    into->len = (uint16_t)(into->len + bytes);
    st->last_room = (uint16_t)(st->last_room - bytes);
    pbuf_free(p);
    return true;
}

static void append(struct stream *st, struct pbuf *p)
{
    st->unread += p->tot_len;
    stream_receiving.used += p->tot_len;
    if (st->first != NULL && p->tot_len <= GATHER_BELOW && gather(st, p)) {
        return;
    }
    if (st->first == NULL) {
        st->first = p;
    } else {
        st->last->next = p;
    }
    while (p->next != NULL) {
        p = p->next;
    }
    st->last = p;
    st->last_room = 0;
}

static struct pbuf *drop_first(struct stream *st)
{
    struct pbuf *p = st->first;

    st->first = p->next;
    p->next = NULL;
    p->tot_len = p->len;
    pbuf_free(p);
    if (st->first == NULL) {
        st->last = NULL;
        st->last_room = 0;
    }
    return st->first;
}

void stream_drop_unread(struct stream *st)
{
    while (st->first != NULL) {
        drop_first(st);
    }
    stream_receiving.used -= st->unread;
    st->unread = 0;
}

/* The window that the peer may have now. */
static uint32_t window_now(const struct stream *st)
{
    uint32_t share = stream_share_limit(&stream_receiving);
    uint32_t window = st->receive_limit < st->receive_grown ? st->receive_limit : st->receive_grown;

    window = window < share ? window : share;
    /* Less than a segment would never be announced, and nobody would go on. */
    return window < 2U * st->pcb->mss ? 2U * st->pcb->mss : window;
}

/* Once the peer may send less than half of what there is room for, it is told so. A reply that comes at once takes it along. */
static void tell_window(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;
    uint32_t left = TCP_SEQ_GT(pcb->rcv_ann_right_edge, pcb->rcv_nxt) ? pcb->rcv_ann_right_edge - pcb->rcv_nxt
                                                                      : 0;

    if (pcb->rcv_wnd > left && pcb->rcv_wnd - left >= pcb->mss && pcb->rcv_wnd / 2 >= left) {
        tcp_ack_now(pcb);
        stream_output_soon(st);
    }
}

/* @bytes were read: the peer gets as much window back, more if it may have more, less if it has too much. */
static void open_window(struct stream *st, size_t bytes)
{
    uint32_t most, excess;

    if (st->pcb == NULL || st->phase != STREAM_CONNECTED) {
        return;
    }
    most = TCP_WND_MAX(st->pcb);
    st->receive_grown = bytes < most - st->receive_grown ? st->receive_grown + (uint32_t)bytes : most;
    excess = most > window_now(st) ? most - window_now(st) : 0;
    if (st->withheld < excess) {
        size_t kept = excess - st->withheld < bytes ? excess - st->withheld : bytes;

        st->withheld += (uint32_t)kept;
        bytes -= kept;
    } else {
        bytes += st->withheld - excess;
        st->withheld = excess;
    }
    while (bytes > 0) {
        uint16_t piece = bytes < UINT16_MAX ? (uint16_t)bytes : UINT16_MAX;

        tcp_recved(st->pcb, piece);
        bytes -= piece;
    }
    tell_window(st);
}

void stream_start_window(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;
    uint32_t most = TCP_WND_MAX(pcb);
    uint32_t window;

    st->receive_grown = most < START_WINDOW ? most : START_WINDOW;
    window = window_now(st);
    /* The peer knows of no more than the SYN had room for, and of nothing behind it yet. */
    st->withheld = most - window;
    pcb->rcv_wnd = pcb->rcv_ann_wnd = window;
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + window;
}

void stream_set_receive_limit(struct stream *st, uint32_t bytes)
{
    st->receive_limit = bytes;
    open_window(st, 0);
}

static void peer_closed(struct stream *st)
{
    st->peer_closed = true;
    wait_wake_all(&st->readers);
    stream_notify(st, FILE_CAN_READ | FILE_PEER_CLOSED | (st->write_shut ? FILE_HANGUP : 0));
    stream_settle(st);
}

err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct stream *st = arg;

    (void)err;
    if (st == NULL) {
        if (p != NULL) {
            tcp_recved(pcb, p->tot_len);
            pbuf_free(p);
        }
        return ERR_OK;
    }
    if (p == NULL) {
        peer_closed(st);
    } else if (st->orphan) {
        /* Nobody will ever read it, and the peer shall know. */
        pbuf_free(p);
        stream_detach(st);
        stream_destroy(st);
        tcp_abort(pcb);
        return ERR_ABRT;
    } else if (st->read_shut) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    } else {
        append(st, p);
        if (st->unread >= st->receive_low) {
            wait_wake_one(&st->readers);
            stream_notify(st, FILE_CAN_READ);
        }
    }
    return ERR_OK;
}

/* Copies without taking. */
static size_t peek(struct stream *st, struct iov_walk *walk)
{
    size_t done = 0;

    for (struct pbuf *p = st->first; p != NULL && walk->left > 0; p = p->next) {
        size_t piece = p->len < walk->left ? p->len : walk->left;

        iov_scatter(walk, p->payload, piece);
        done += piece;
    }
    return done;
}

static size_t take(struct stream *st, struct iov_walk *walk, bool discard)
{
    struct pbuf *p = st->first;
    size_t done = 0;

    while (p != NULL && walk->left > 0) {
        size_t piece = p->len < walk->left ? p->len : walk->left;

        if (discard) {
            iov_walk_skip(walk, piece);
        } else {
            iov_scatter(walk, p->payload, piece);
        }
        done += piece;
        if (piece == p->len) {
            p = drop_first(st);
        } else {
            p->payload = (uint8_t *)p->payload + piece;
            p->len = (uint16_t)(p->len - piece);
        }
    }
    st->unread -= done;
    stream_receiving.used -= done;
    return done;
}

static size_t take_and_open(struct stream *st, struct iov_walk *walk, bool discard)
{
    size_t got = take(st, walk, discard);

    /* The window cares for little only when it is little itself. */
    st->unopened += (uint32_t)got;
    if (st->unopened >= OPEN_FROM || st->pcb == NULL || st->pcb->rcv_wnd < 8 * OPEN_FROM) {
        open_window(st, st->unopened);
        st->unopened = 0;
    }
    return got;
}

/* Nothing waits: what that means. 1: that one should wait. */
static int when_empty(struct stream *st)
{
    if (st->phase == STREAM_NEW || st->phase == STREAM_LISTENING) {
        return -ENOTCONN;
    }
    if (st->socket.error != 0) {
        return socket_take_error(&st->socket);
    }
    return st->peer_closed || st->read_shut || st->phase == STREAM_ENDED ? 0 : 1;
}

static bool may_go_on(const struct stream *st, size_t wanted)
{
    return st->unread >= wanted || st->peer_closed || st->read_shut || st->socket.error != 0 ||
           (st->phase != STREAM_CONNECTED && st->phase != STREAM_CONNECTING);
}

long stream_receive(struct socket *s, struct msghdr *message, int flags)
{
    struct stream *st = stream_of(s);
    uint64_t deadline = 0;
    struct iov_walk walk;
    size_t done = 0;
    long rc = 0;

    message->msg_namelen = 0;
    message->msg_controllen = 0;
    iov_walk_init(&walk, message);
    while (walk.left > 0) {
        if (st->unread > 0 && (flags & MSG_PEEK) != 0) {
            return (long)peek(st, &walk);
        }
        if (st->unread > 0) {
            net_lock();
            done += take_and_open(st, &walk, (flags & MSG_TRUNC) != 0);
            net_unlock();
            if ((flags & MSG_WAITALL) == 0) {
                break;
            }
            continue;
        }
        rc = when_empty(st);
        if (rc <= 0 || socket_is_nonblocking(s, flags)) {
            rc = rc <= 0 ? rc : -EAGAIN;
            break;
        }
        if (deadline == 0) {
            deadline = inet_deadline(s->receive_timeout_ns);
        }
        if (wait_event_until(&st->readers, may_go_on(st, st->receive_low), deadline) != 0) {
            rc = -EAGAIN;
            break;
        }
    }
    if (done == 0) {
        return rc;
    }
    /* An error that came behind data waits for the next call. */
    if (rc < 0 && rc != -EAGAIN) {
        s->error = (int)-rc;
    }
    return (long)done;
}
