// SPDX-License-Identifier: MIT
/*
 * A connection's life between two events: read, parse, answer, one request after the other. Input is parsed where it was read to, in
 * a buffer that all connections share; only what is left unfinished is copied, so an idle connection holds no buffer.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd.h"

#define SHARED_BYTES 16384
#define FIRST_BYTES  1024            /* what a head gets that comes in pieces; it may grow */
#define BODY_BYTES   65536
#define READ_TURNS   16              /* reads in a row before others have their turn */
#define LEAST_BYTES  1024            /* to move within a time-out, in either direction */
#define LINGER_BYTES (1024 * 1024)   /* so much of what nobody wants is read before we hang up */

static char shared[BODY_BYTES];

enum progress { GO_ON, STOP };

static void drop_input(struct conn *c)
{
    free(c->in);
    c->in = NULL;
}

/* Everything from @data on waits, unparsed, for the output to get through. */
static void stash(struct conn *c, const struct request *rq, const char *data, size_t length, size_t parsed,
                  size_t size)
{
    struct pending *in = malloc(sizeof(*in) + size);

    if (in == NULL) {
        c->dead = true;
        return;
    }
    in->rq = *rq;
    in->length = (uint32_t)length;
    in->parsed = (uint32_t)parsed;
    in->size = (uint32_t)size;
    if (length > 0) {
        memcpy(in->bytes, data, length);
    }
    c->in = in;
}

static size_t room_for(size_t length)
{
    size_t wanted = length < FIRST_BYTES / 2 ? FIRST_BYTES : length * 2;

    wanted = wanted > options.max_head ? options.max_head : wanted;
    return wanted > length ? wanted : length;
}

/* A request that cannot be answered properly is the connection's last: where the next one begins is not known. */
static void refuse(struct conn *c, const struct request *rq)
{
    c->close_after = c->linger = true;
    respond_error(c, rq, rq->status, NULL, false);
}

static void log_request(const struct conn *c, const struct request *rq)
{
    char line[512];
    struct text t = text_in(line, sizeof(line) - 1);
    size_t length = rq->target.length < 300 ? rq->target.length : 300;

    text_number(&t, server_second, 1);
    text_add(&t, " ");
    text_number(&t, (uint64_t)c->fd, 1);
    text_add(&t, " ");
    text_add(&t, http_method_str(rq->method));
    text_add(&t, " ");
    text_escaped(&t, rq->base + rq->target.at, length);
    line[t.length++] = '\n';
    if (write(1, line, t.length) < 0) {
        options.log = false;
    }
}

static void send_continue(struct conn *c, struct request *rq)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

    rq->wants_continue = false;
    out_put(c, &(struct iovec){(void *)line, sizeof(line) - 1}, 1, false);
}

/* The request is whole, or never will be. GO_ON: the connection may take another. */
static enum progress finish(struct conn *c, struct request *rq, bool more)
{
    if (rq->state == REQUEST_BAD) {
        refuse(c, rq);
        return STOP;
    }
    c->served = c->renew = true;
    if (options.log && rq->head_here) {
        log_request(c, rq);
    }
    respond(c, rq, more);
    /* Unread input at close() would reset the connection under the answer. */
    c->linger = c->close_after && (more || c->readable);
    return c->close_after || c->dead || out_pending(c) ? STOP : GO_ON;
}

/* New bytes, with nothing of a head pending. They are all taken, or stashed, or of no more interest. */
static void take(struct conn *c, const char *data, size_t length)
{
    static struct request fresh;

    while (length > 0) {
        struct request *rq = &fresh;
        const struct memo *memo = c->in == NULL && !options.log ? memo_find(data, length) : NULL;
        enum progress progress;

        if (memo != NULL) {
            data += memo->length;
            length -= memo->length;
            respond_memo(c, memo, length > 0);
            c->linger = c->close_after && (length > 0 || c->readable);
            c->served = c->renew = true;
            progress = c->close_after || c->dead || out_pending(c) ? STOP : GO_ON;
        } else {
            if (c->in != NULL) {
                rq = &c->in->rq;
            } else {
                request_start(rq);
            }
            size_t taken = request_feed(rq, data, data, length);

            if (rq->state == REQUEST_HEAD) {
                stash(c, rq, data, length, length, room_for(length));
                break;
            }
            data += taken;
            length -= taken;
            if (rq->state == REQUEST_BODY) {
                if (rq->wants_continue) {
                    send_continue(c, rq);
                }
                if (c->in == NULL) {
                    stash(c, rq, NULL, 0, 0, 0);
                }
                break;
            }
            progress = finish(c, rq, length > 0);
            drop_input(c);
        }
        if (progress == STOP) {
            if (length > 0 && !c->close_after && !c->dead) {
                request_start(&fresh);
                stash(c, &fresh, data, length, 0, room_for(length));
            }
            break;
        }
    }
    if (!c->dead) {
        out_flush(c, false);
    }
}

/* Bytes were added to a head that has waited for them. */
static void take_pending(struct conn *c)
{
    struct pending *in = c->in;
    struct request *rq = &in->rq;
    size_t taken = request_feed(rq, in->bytes, in->bytes + in->parsed, in->length - in->parsed);

    in->parsed += (uint32_t)taken;
    if (rq->state == REQUEST_HEAD) {
        return;
    }
    if (rq->state == REQUEST_BODY) {
        if (rq->wants_continue) {
            send_continue(c, rq);
        }
        return;
    }
    size_t rest = in->length - in->parsed;
    enum progress progress = finish(c, rq, rest > 0);

    c->in = NULL;
    if (progress == GO_ON && rest > 0) {
        take(c, in->bytes + in->parsed, rest);
    } else if (rest > 0 && !c->close_after && !c->dead) {
        memmove(in->bytes, in->bytes + in->parsed, rest);
        in->length = (uint32_t)rest;
        in->parsed = 0;
        request_start(rq);
        c->in = in;
        in = NULL;
    }
    free(in);
    if (!c->dead) {
        out_flush(c, false);
    }
}

/* After our FIN: what still comes is thrown away, until the peer has closed too or has sent too much. */
static void discard(struct conn *c)
{
    for (int turn = 0; turn < READ_TURNS; turn++) {
        ssize_t got = recv(c->fd, shared, sizeof(shared), MSG_DONTWAIT);

        if (got < 0 && errno == EAGAIN) {
            c->readable = false;
            return;
        }
        if (got <= 0 || (c->lingered += (uint64_t)got) > LINGER_BYTES) {
            server_close(c);
            return;
        }
    }
    server_again(c);
}

static void end(struct conn *c)
{
    drop_input(c);
    out_drop(c);
    if (!c->linger || c->dead || shutdown(c->fd, SHUT_WR) != 0) {
        server_close(c);
        return;
    }
    c->lingering = true;
    server_wait(c, WAIT_LINGER);
    discard(c);
}

/* GO_ON: there was input. */
static enum progress read_more(struct conn *c)
{
    struct pending *in = c->in;
    bool head = in != NULL && in->rq.state == REQUEST_HEAD;

    if (head && in->length == in->size) {
        size_t size = room_for(in->length);

        in = realloc(in, sizeof(*in) + size);
        if (in == NULL) {
            c->dead = true;
            return GO_ON;
        }
        in->size = (uint32_t)size;
        c->in = in;
    }
    char *where = head ? in->bytes + in->length : shared;
    size_t room = head ? in->size - in->length : in != NULL ? BODY_BYTES : SHARED_BYTES;
    ssize_t got = recv(c->fd, where, room, MSG_DONTWAIT);

    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            c->readable = errno == EINTR;
            return errno == EINTR ? GO_ON : STOP;
        }
        c->dead = got < 0 || in != NULL; /* nobody waits for an answer to half a request */
        c->close_after = true;
        return GO_ON;
    }
    counters.bytes_in += (uint64_t)got;
    c->moved += (uint64_t)got;
    /* Less than there was room for: the socket is empty, and the next bytes are the next event. A FIN may be waiting though. */
    c->readable = (size_t)got == room || c->peer_closed;
    if (head) {
        in->length += (uint32_t)got;
        take_pending(c);
    } else {
        take(c, shared, (size_t)got);
    }
    return GO_ON;
}

static void wait_for_input(struct conn *c)
{
    enum wait_for what = WAIT_HEAD;

    if (c->in == NULL && c->served) {
        what = WAIT_IDLE;
        c->renew = true;
    } else if (c->in != NULL && c->in->rq.state == REQUEST_BODY) {
        what = WAIT_BODY;
        c->renew = c->moved >= LEAST_BYTES;
    }
    /* A head has its time from its first byte on, however often a byte of it comes. */
    if (c->waits != what || c->renew) {
        server_wait(c, what);
        c->moved = 0;
        c->renew = false;
    }
}

static void wait_for_output(struct conn *c, enum out_result result)
{
    if (c->waits != WAIT_WRITE || c->moved >= LEAST_BYTES) {
        server_wait(c, WAIT_WRITE);
        c->moved = 0;
    }
    server_watch_write(c, result == OUT_BLOCKED);
    if (result == OUT_BUSY) {
        server_again(c);
    }
}

void conn_run(struct conn *c)
{
    if (c->lingering) {
        discard(c);
        return;
    }
    for (int turn = 0;; turn++) {
        if (c->dead) {
            end(c);
            return;
        }
        if (out_pending(c)) {
            uint64_t before = counters.bytes_out;
            enum out_result result = out_push(c);

            c->moved += counters.bytes_out - before;
            if (result == OUT_BLOCKED || result == OUT_BUSY) {
                wait_for_output(c, result);
                return;
            }
            if (result == OUT_DEAD) {
                continue;
            }
            server_watch_write(c, false);
        }
        if (c->close_after) {
            end(c);
            return;
        }
        if (c->in != NULL && c->in->rq.state == REQUEST_HEAD && c->in->parsed < c->in->length) {
            take_pending(c);
        } else if (!c->readable) {
            wait_for_input(c);
            return;
        } else if (turn >= READ_TURNS) {
            wait_for_input(c);
            server_again(c);
            return;
        } else if (read_more(c) == STOP) {
            wait_for_input(c);
            return;
        }
    }
}
