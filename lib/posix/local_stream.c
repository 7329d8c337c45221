// SPDX-License-Identifier: MIT
/*
 * Pairs of SOCK_STREAM: bytes without borders.
 */
#include "local_priv.h"

#include <signal.h>

#include <xenolith/errno.h>

static bool can_send(const struct local_socket *s)
{
    return s->sends && s->peer->is_open;
}

/* All of one part, or what goes in until the deadline. */
static long send_part(struct local_socket *s, const struct iovec *part, uint64_t deadline_ns)
{
    struct local_socket *to = s->peer;
    size_t done = 0;
    long rc = 0;

    while (done < part->iov_len) {
        if (wait_event_until(&to->writers, byte_queue_room(&to->bytes) > 0 || !can_send(s), deadline_ns) !=
            0) {
            rc = -EAGAIN;
            break;
        }
        if (!can_send(s)) {
            rc = -EPIPE;
            break;
        }
        rc = byte_queue_put(&to->bytes, (const char *)part->iov_base + done, part->iov_len - done);
        if (rc < 0) {
            break;
        }
        done += (size_t)rc;
        local_arrived(to);
    }
    return done > 0 ? (long)done : rc;
}

long local_stream_send(struct socket *socket, const struct msghdr *message, int flags)
{
    struct local_socket *s = to_local(socket);
    uint64_t deadline_ns = local_deadline(s, flags, socket->send_timeout_ns);
    long done = 0, rc = 0;

    if (message->msg_namelen > 0) {
        return s->peer != NULL ? -EISCONN : -EOPNOTSUPP;
    }
    if (s->peer == NULL) {
        return -ENOTCONN;
    }
    if (message->msg_controllen > 0) {
        return -EOPNOTSUPP;
    }
    if (!can_send(s)) {
        rc = -EPIPE;
    }
    for (size_t i = 0; rc >= 0 && i < message->msg_iovlen; i++) {
        rc = send_part(s, &message->msg_iov[i], deadline_ns);
        done += rc > 0 ? rc : 0;
        if (rc >= 0 && (size_t)rc < message->msg_iov[i].iov_len) {
            break;
        }
    }
    if (rc == -EPIPE && done == 0 && (flags & MSG_NOSIGNAL) == 0) {
        (void)raise(SIGPIPE);
    }
    return done > 0 ? done : rc;
}

/* Copies what is there from byte @from of the queue on, behind the first @skip bytes of the buffer. */
static size_t copy_out(struct local_socket *s, const struct msghdr *message, size_t skip, size_t from)
{
    size_t done = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];

        if (skip >= part->iov_len) {
            skip -= part->iov_len;
            continue;
        }
        done += byte_queue_peek(&s->bytes, (char *)part->iov_base + skip, part->iov_len - skip, from + done);
        skip = 0;
    }
    return done;
}

static size_t bytes_of(const struct msghdr *message)
{
    size_t bytes = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++) {
        bytes += message->msg_iov[i].iov_len;
    }
    return bytes;
}

long local_stream_receive(struct socket *socket, struct msghdr *message, int flags)
{
    struct local_socket *s = to_local(socket);
    uint64_t deadline_ns = local_deadline(s, flags, socket->receive_timeout_ns);
    bool peek = (flags & MSG_PEEK) != 0;
    size_t wanted = bytes_of(message);
    size_t done = 0;

    message->msg_namelen = 0;
    message->msg_controllen = 0;
    if (s->peer == NULL) {
        return -EINVAL; /* Linux's word for it */
    }
    while (done < wanted) {
        size_t seen = peek ? done : 0;
        bool had_room = local_has_room(s);
        size_t got;

        if (wait_event_until(&s->readers, s->bytes.used > seen || !s->receives, deadline_ns) != 0) {
            return done > 0 ? (long)done : -EAGAIN;
        }
        got = copy_out(s, message, done, seen);
        if (got == 0) {
            return done > 0 ? (long)done : socket_take_error(socket);
        }
        done += got;
        if (!peek) {
            byte_queue_drop(&s->bytes, got);
            local_drained(s, had_room);
        }
        if ((flags & MSG_WAITALL) == 0) {
            break;
        }
        if (peek && byte_queue_room(&s->bytes) == 0) {
            break; /* nothing more can come in */
        }
    }
    return (long)done;
}
