// SPDX-License-Identifier: MIT
/*
 * TCP sockets: sendfile(). A file that stands in memory is referred to where it is, and held; another is read into pages first.
 */
#include "stream.h"

#include <errno.h>

#include <xenolith/heap.h>

/* Bytes of @in as a file that stands in memory. 0: its end; -ENODEV: it does not. */
static long send_mapped(struct stream *st, struct file *in, uint64_t offset, size_t bytes, bool more)
{
    const void *data;
    size_t here = 0;
    struct stream_span *span;
    size_t done;
    int rc = in->ops->map != NULL ? in->ops->map(in, offset, &data, &here) : -ENODEV;

    if (rc != 0 || here == 0) {
        return rc;
    }
    here = here < bytes ? here : bytes;
    if (here > stream_room(st)) {
        here = stream_room(st);
        more = true;
    }
    more = more || here < bytes;
    if (here < BY_REFERENCE) {
        done = stream_put(st, data, here, TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0));
    } else {
        span = heap_zalloc(1, sizeof(*span));
        if (span == NULL) {
            stream_starve(st);
            return -EAGAIN;
        }
        span->file = in;
        file_get(in);
        done = stream_put_span(st, span, data, here, more);
    }
    return done > 0 ? (long)done : -EAGAIN;
}

/* The same by reading it into pages; may block. */
static long send_read(struct stream *st, struct file *in, uint64_t offset, size_t bytes, bool more)
{
    size_t piece = bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct stream_span *span;
    long got;

    piece = piece < stream_room(st) ? piece : stream_room(st);
    span = stream_span_of_pages(&piece);
    if (span == NULL) {
        stream_starve(st);
        return -EAGAIN;
    }
    got = in->ops->read_at != NULL ? in->ops->read_at(in, span->pages, piece, offset) : -EINVAL;
    if (got <= 0) {
        stream_free_span(&span->deferred);
        return got;
    }
    /* While it was read the connection may have gone, or somebody else have written. */
    if (st->phase != STREAM_CONNECTED || st->write_shut || stream_room(st) == 0) {
        stream_free_span(&span->deferred);
        return -EAGAIN;
    }
    net_lock();
    piece = (size_t)got < stream_room(st) ? (size_t)got : stream_room(st);
    piece = stream_put_span(st, span, span->pages, piece, more || (size_t)got < bytes);
    net_unlock();
    return piece > 0 ? (long)piece : -EAGAIN;
}

long stream_sendfile(struct socket *s, struct file *in, uint64_t offset, size_t bytes)
{
    struct stream *st = stream_of(s);
    uint64_t deadline = 0;
    size_t done = 0;
    int rc = 0;

    while (done < bytes) {
        long got;

        rc = stream_wait_for_room(st, 0, &deadline);
        if (rc != 0) {
            break;
        }
        net_lock();
        got = send_mapped(st, in, offset + done, bytes - done, st->cork);
        net_unlock();
        if (got == -ENODEV) {
            got = send_read(st, in, offset + done, bytes - done, st->cork);
        }
        if (got == -EAGAIN) {
            continue;
        }
        if (got <= 0) {
            rc = (int)got;
            break;
        }
        done += (size_t)got;
        net_lock();
        stream_push(st, st->cork || done < bytes);
        net_unlock();
    }
    if (done > 0 && done < bytes && st->pcb != NULL) {
        net_lock();
        stream_push(st, st->cork);
        net_unlock();
    }
    return stream_send_result(st, done, rc, 0);
}
