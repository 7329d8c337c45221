// SPDX-License-Identifier: MIT
/*
 * TCP sockets: what is sent, until it is acknowledged. Up to BY_REFERENCE bytes are copied into lwIP's pbufs, next to their
 * headers; more is copied into contiguous pages, which segments refer to and the driver sends from; mapped files are
 * referred to where they are. Referred memory is free only when the last byte of it is acknowledged and no frame with it is in
 * the driver's hands.
 */
#include "stream.h"

#include <errno.h>
#include <signal.h>

#include <xenolith/heap.h>
#include <xenolith/page.h>

#define OUTPUT_BYTES 65536U /* so much is not put off any longer */

void stream_free_span(struct net_deferred *deferred)
{
    struct stream_span *span = container_of(deferred, struct stream_span, deferred);

    if (span->file != NULL) {
        file_put(span->file);
    }
    if (span->pages != NULL) {
        page_free_exact(span->pages, span->nr_pages);
    }
    heap_free(span);
}

void stream_free_spans(struct stream *st, uint64_t before)
{
    while (st->first_span != NULL && st->first_span->end <= before) {
        struct stream_span *span = st->first_span;

        st->first_span = span->next;
        if (st->first_span == NULL) {
            st->last_span = NULL;
        }
        span->deferred.fn = stream_free_span;
        net_defer(&span->deferred);
    }
}

void stream_forget_sent(struct stream *st)
{
    stream_sending.used -= st->written - st->acked;
    st->acked = st->written;
    stream_free_spans(st, UINT64_MAX);
    stream_exit_progress();
}

static uint32_t limit_now(const struct stream *st)
{
    uint32_t share = stream_share_limit(&stream_sending);

    return st->send_limit < share ? st->send_limit : share;
}

uint32_t stream_room(const struct stream *st)
{
    uint64_t under_way = st->written - st->acked;
    uint32_t limit = limit_now(st);
    uint32_t left = under_way < limit ? (uint32_t)(limit - under_way) : 0;

    return st->pcb->snd_buf < left ? st->pcb->snd_buf : left;
}

/* As Linux: a third must be free, so that a writer is not woken for every segment. */
bool stream_is_writable(const struct stream *st)
{
    return st->phase == STREAM_CONNECTED && st->pcb != NULL && !st->starved &&
           stream_room(st) >= limit_now(st) / 3;
}

void stream_tell_writers(struct stream *st)
{
    if (st->no_room && stream_is_writable(st)) {
        st->no_room = false;
        wait_wake_all(&st->writers);
        stream_notify(st, FILE_CAN_WRITE);
    }
}

err_t stream_acknowledged(void *arg, struct tcp_pcb *pcb, u16_t bytes)
{
    struct stream *st = arg;

    (void)pcb;
    st->acked += bytes;
    stream_sending.used -= bytes;
    st->starved = false;
    stream_exit_progress();
    stream_free_spans(st, st->acked);
    stream_tell_writers(st);
    stream_settle(st);
    return ERR_OK;
}

/* Hands bytes to lwIP; what it took. */
size_t stream_put(struct stream *st, const void *data, size_t bytes, uint8_t flags)
{
    size_t done = 0;

    while (done < bytes) {
        size_t piece = bytes - done < 32768 ? bytes - done : 32768;
        bool more = done + piece < bytes || (flags & TCP_WRITE_FLAG_MORE) != 0;
        uint8_t how = (flags & TCP_WRITE_FLAG_COPY) | (more ? TCP_WRITE_FLAG_MORE : 0);

        if (tcp_write(st->pcb, (const char *)data + done, (u16_t)piece, how) != ERR_OK) {
            stream_starve(st);
            break;
        }
        done += piece;
    }
    st->written += done;
    stream_sending.used += done;
    return done;
}

/* As stream_put(), by reference: @span, which is given away, keeps the bytes. */
size_t stream_put_span(struct stream *st, struct stream_span *span, const void *data, size_t bytes, bool more)
{
    size_t done = stream_put(st, data, bytes, more ? TCP_WRITE_FLAG_MORE : 0);

    if (done == 0) {
        stream_free_span(&span->deferred);
        return 0;
    }
    span->deferred.from = data;
    span->deferred.bytes = done;
    span->end = st->written;
    span->next = NULL;
    if (st->last_span != NULL) {
        st->last_span->next = span;
    } else {
        st->first_span = span;
    }
    st->last_span = span;
    return done;
}

/* Pages for up to *@bytes, fewer where there is no room for all. */
struct stream_span *stream_span_of_pages(size_t *bytes)
{
    struct stream_span *span = heap_zalloc(1, sizeof(*span));

    if (span == NULL) {
        return NULL;
    }
    for (span->nr_pages = (*bytes + 4095) / 4096; span->nr_pages > 0; span->nr_pages /= 2) {
        span->pages = page_alloc_exact(span->nr_pages);
        if (span->pages != NULL) {
            if (*bytes > span->nr_pages * 4096) {
                *bytes = span->nr_pages * 4096;
            }
            return span;
        }
    }
    heap_free(span);
    return NULL;
}

/* Takes what there is room for, not 0; 0: no memory. */
static size_t write_some(struct stream *st, struct iov_walk *walk, bool more)
{
    size_t space = stream_room(st);
    size_t bytes = walk->left < space ? walk->left : space;
    struct stream_span *span = NULL;
    size_t done = 0;

    if (bytes >= BY_REFERENCE) {
        bytes = bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES;
        span = stream_span_of_pages(&bytes);
    }
    if (span != NULL) {
        struct iov_walk ahead = *walk;

        iov_gather(&ahead, span->pages, bytes);
        done = stream_put_span(st, span, span->pages, bytes, more || ahead.left > 0);
        iov_walk_skip(walk, done);
        return done;
    }
    while (done < bytes) {
        size_t here;
        void *piece = iov_walk_piece(walk, &here);
        size_t put_in;

        here = here < bytes - done ? here : bytes - done;
        put_in = stream_put(st, piece, here,
                            TCP_WRITE_FLAG_COPY | (more || here < walk->left ? TCP_WRITE_FLAG_MORE : 0));
        iov_walk_skip(walk, put_in);
        done += put_in;
        if (put_in < here) {
            break;
        }
    }
    return done;
}

/* @more: the caller will write again soon, so an incomplete segment waits. */
void stream_push(struct stream *st, bool more)
{
    if (st->pcb == NULL || st->put_out == st->written) {
        return;
    }
    if (more) {
        if (st->written - st->put_out < tcp_mss(st->pcb)) {
            return;
        }
        tcp_nagle_enable(st->pcb);
    } else if (st->nodelay) {
        tcp_nagle_disable(st->pcb);
    }
    if (st->written - st->put_out >= OUTPUT_BYTES) {
        st->put_out = st->written;
        tcp_output(st->pcb);
    } else {
        stream_output_soon(st);
    }
}

/* Why nothing can be sent. 0: it can; 1: wait. */
static int obstacle(struct stream *st)
{
    if (st->socket.error != 0) {
        return socket_take_error(&st->socket);
    }
    if (st->phase == STREAM_CONNECTING) {
        return 1;
    }
    if (st->phase != STREAM_CONNECTED || st->write_shut) {
        return -EPIPE;
    }
    /* With nothing under way there is always some. */
    if (st->starved || (st->written != st->acked && stream_room(st) == 0)) {
        st->no_room = true;
        return 1;
    }
    return 0;
}

static bool may_go_on(const struct stream *st)
{
    return stream_is_writable(st) || st->socket.error != 0 || st->write_shut ||
           (st->phase != STREAM_CONNECTED && st->phase != STREAM_CONNECTING);
}

/* Until there is room. -EAGAIN, or why there will be none. */
int stream_wait_for_room(struct stream *st, int flags, uint64_t *deadline)
{
    for (;;) {
        int rc = obstacle(st);

        if (rc <= 0) {
            return rc;
        }
        if (socket_is_nonblocking(&st->socket, flags)) {
            return -EAGAIN;
        }
        if (*deadline == 0) {
            *deadline = inet_deadline(st->socket.send_timeout_ns);
        }
        if (wait_event_until(&st->writers, may_go_on(st), *deadline) != 0) {
            return -EAGAIN;
        }
    }
}

/* What is reported when @done bytes went and then @rc came up. */
long stream_send_result(struct stream *st, size_t done, int rc, int flags)
{
    if (done > 0) {
        if (rc < 0 && rc != -EAGAIN && rc != -EPIPE) {
            st->socket.error = -rc;
        }
        return (long)done;
    }
    if (rc == -EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);
    }
    return rc;
}

long stream_send(struct socket *s, const struct msghdr *message, int flags)
{
    struct stream *st = stream_of(s);
    bool more = (flags & MSG_MORE) != 0 || st->cork;
    uint64_t deadline = 0;
    struct iov_walk walk;
    size_t done = 0;
    int rc = 0;

    if (message->msg_name != NULL && message->msg_namelen > 0 && st->phase == STREAM_CONNECTED) {
        return -EISCONN;
    }
    iov_walk_init(&walk, message);
    do {
        rc = stream_wait_for_room(st, flags, &deadline);
        if (rc != 0 || walk.left == 0) {
            break;
        }
        net_lock();
        done += write_some(st, &walk, more);
        stream_push(st, more || walk.left > 0);
        net_unlock();
    } while (walk.left > 0);
    if (done > 0 && walk.left > 0 && st->pcb != NULL) {
        net_lock();
        stream_push(st, more);
        net_unlock();
    }
    return stream_send_result(st, done, rc, flags);
}
