// SPDX-License-Identifier: MIT
/*
 * What goes out to a connection. Answers to requests that came together leave together; what the socket does not take is copied
 * (headers, small bodies) or referred to (files), and sent when there is room.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "httpd.h"

#define BATCH_BYTES 16384
#define TURN_BYTES  (512 * 1024) /* so much of one file, then the others have their turn */

/* Answers to the requests that are being taken from one connection's input just now. */
static char batch[BATCH_BYTES];
static size_t batch_length;

static void fail(struct conn *c)
{
    c->dead = true;
    out_drop(c);
}

void out_drop(struct conn *c)
{
    batch_length = 0;
    free(c->own);
    free(c->parts);
    if (c->entry != NULL) {
        files_put(c->entry);
    }
    c->own = NULL;
    c->parts = NULL;
    c->entry = NULL;
    c->own_at = c->own_length = c->own_size = 0;
    c->memory_left = c->file_left = 0;
}

static void keep(struct conn *c, const char *bytes, size_t length)
{
    if (c->own_at + c->own_length + length > c->own_size) {
        size_t size = c->own_at + c->own_length + length;
        char *larger = realloc(c->own, size);

        if (larger == NULL) {
            fail(c);
            return;
        }
        c->own = larger;
        c->own_size = (uint32_t)size;
    }
    memcpy(c->own + c->own_at + c->own_length, bytes, length);
    c->own_length += (uint32_t)length;
}

/* With the last of an answer that ends the connection, the FIN may travel along: close() or shutdown() follows at once. */
static int flags_for(const struct conn *c, bool more)
{
    return MSG_NOSIGNAL | MSG_DONTWAIT | (more || c->close_after ? MSG_MORE : 0);
}

static void send_now(struct conn *c, const struct iovec *pieces, int count, bool more)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    ssize_t sent = count == 1 ? send(c->fd, pieces->iov_base, pieces->iov_len, flags_for(c, more))
                              : sendmsg(c->fd, &message, flags_for(c, more));

    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS && errno != ENOMEM) {
        fail(c);
        return;
    }
    sent = sent < 0 ? 0 : sent;
    counters.bytes_out += (uint64_t)sent;
    for (int i = 0; i < count && !c->dead; i++) {
        size_t length = pieces[i].iov_len;

        if ((size_t)sent < length) {
            keep(c, (const char *)pieces[i].iov_base + sent, length - (size_t)sent);
            sent = 0;
        } else {
            sent -= (ssize_t)length;
        }
    }
}

bool out_whole(struct conn *c, const char *bytes, size_t length)
{
    ssize_t sent = -1;

    if (batch_length == 0) {
        sent = send(c->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (sent == (ssize_t)length) {
        counters.bytes_out += length;
        return true;
    }
    if (sent > 0) {
        counters.bytes_out += (uint64_t)sent;
        keep(c, bytes + sent, length - (size_t)sent);
        return true;
    }
    return false;
}

void out_flush(struct conn *c, bool more)
{
    struct iovec piece = {batch, batch_length};

    if (batch_length > 0) {
        batch_length = 0;
        send_now(c, &piece, 1, more);
    }
}

void out_put(struct conn *c, const struct iovec *pieces, int count, bool more)
{
    size_t total = 0;

    for (int i = 0; i < count; i++) {
        total += pieces[i].iov_len;
    }
    if (batch_length == 0 && (!more || total > BATCH_BYTES)) {
        send_now(c, pieces, count, more);
        return;
    }
    if (batch_length + total > BATCH_BYTES) {
        out_flush(c, true);
    }
    for (int i = 0; i < count && !c->dead; i++) {
        if (c->own_length > 0 || total > BATCH_BYTES) {
            keep(c, pieces[i].iov_base, pieces[i].iov_len);
        } else {
            memcpy(batch + batch_length, pieces[i].iov_base, pieces[i].iov_len);
            batch_length += pieces[i].iov_len;
        }
    }
}

/* What sendfile() and send() leave behind when they do not take anything. */
static enum out_result stopped(struct conn *c)
{
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM) {
        return OUT_BLOCKED;
    }
    fail(c);
    return OUT_DEAD;
}

static enum out_result push_memory(struct conn *c)
{
    bool own = c->own_length > 0;
    const char *from = own ? c->own + c->own_at : c->memory;
    uint64_t length = own ? c->own_length : c->memory_left;
    bool more = c->parts != NULL || (own && (c->memory_left > 0 || c->file_left > 0));
    ssize_t sent = send(c->fd, from, length, flags_for(c, more));

    if (sent < 0) {
        return stopped(c);
    }
    counters.bytes_out += (uint64_t)sent;
    if (!own) {
        c->memory += sent;
        c->memory_left -= (uint64_t)sent;
    } else if ((uint64_t)sent == length) {
        free(c->own);
        c->own = NULL;
        c->own_at = c->own_length = c->own_size = 0;
    } else {
        c->own_at += (uint32_t)sent;
        c->own_length -= (uint32_t)sent;
    }
    return (uint64_t)sent == length ? OUT_DONE : OUT_BLOCKED;
}

static enum out_result push_file(struct conn *c, size_t limit)
{
    off_t at = (off_t)c->file_at;
    size_t length = c->file_left < limit ? c->file_left : limit;
    ssize_t sent = sendfile(c->fd, c->entry->fd, &at, length);

    if (sent < 0) {
        return stopped(c);
    }
    if (sent == 0) { /* the file has become shorter: what was promised cannot be kept */
        fail(c);
        return OUT_DEAD;
    }
    counters.bytes_out += (uint64_t)sent;
    c->file_at += (uint64_t)sent;
    c->file_left -= (uint64_t)sent;
    return (size_t)sent == length ? OUT_DONE : OUT_BLOCKED;
}

enum out_result out_push(struct conn *c)
{
    uint64_t start = counters.bytes_out;

    while (out_pending(c)) {
        enum out_result result = OUT_DONE;

        if (counters.bytes_out - start >= TURN_BYTES) {
            return OUT_BUSY;
        }
        if (c->own_length > 0 || c->memory_left > 0) {
            result = push_memory(c);
        } else if (c->file_left > 0) {
            result = push_file(c, TURN_BYTES);
        } else {
            bodies_next_part(c);
            result = c->dead ? OUT_DEAD : OUT_DONE;
        }
        if (result != OUT_DONE) {
            return result;
        }
    }
    if (c->entry != NULL) {
        files_put(c->entry);
        c->entry = NULL;
    }
    return OUT_DONE;
}
