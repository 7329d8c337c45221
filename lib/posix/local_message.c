// SPDX-License-Identifier: MIT
/*
 * SOCK_DGRAM and SOCK_SEQPACKET: messages that arrive whole or cut to the receiver's buffer.
 */
#include "local_priv.h"

#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>

struct message {
    struct list link;
    struct local_address *from;
    size_t bytes;
    unsigned char data[];
};

static size_t cost_of(size_t bytes)
{
    return sizeof(struct message) + bytes;
}

/* For images without names. */
__attribute__((weak)) void local_address_get(struct local_address *address)
{
    (void)address;
}

__attribute__((weak)) void local_address_put(struct local_address *address)
{
    (void)address;
}

__attribute__((weak)) socklen_t local_write_name(const struct local_address *address, void *out, size_t room)
{
    (void)address;
    (void)out;
    (void)room;
    return 0;
}

static void message_free(struct message *m)
{
    if (m->from != NULL) {
        local_address_put(m->from);
    }
    heap_free(m);
}

void local_messages_destroy(struct local_socket *s)
{
    struct list *link;

    while ((link = list_pop_front(&s->messages)) != NULL) {
        message_free(list_entry(link, struct message, link));
    }
    s->held = 0;
}

static int gather(const struct msghdr *from, struct message **out)
{
    struct message *m;
    size_t bytes = 0;

    for (size_t i = 0; i < from->msg_iovlen; i++) {
        bytes += from->msg_iov[i].iov_len;
    }
    if (bytes > LOCAL_MESSAGE_LIMIT - sizeof(*m)) {
        return -EMSGSIZE;
    }
    m = heap_alloc(cost_of(bytes));
    if (m == NULL) {
        return -ENOBUFS;
    }
    m->from = NULL;
    m->bytes = 0;
    for (size_t i = 0; i < from->msg_iovlen; i++) {
        const struct iovec *part = &from->msg_iov[i];

        if (part->iov_len > 0) {
            memcpy(m->data + m->bytes, part->iov_base, part->iov_len);
            m->bytes += part->iov_len;
        }
    }
    *out = m;
    return 0;
}

/* Why nothing can be sent, or 0. */
static int obstacle(const struct local_socket *s, const struct local_socket *to)
{
    if (!s->sends) {
        return -EPIPE;
    }
    if (!to->is_open) {
        return s->socket.type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
    }
    if (s->socket.type == SOCK_DGRAM && to->peer != NULL && to->peer != s) {
        return -EPERM; /* who has a peer hears nobody else */
    }
    return to->receives ? 0 : -EPIPE;
}

long local_message_put(struct local_socket *s, struct local_socket *to, const struct msghdr *message,
                       int flags)
{
    uint64_t deadline_ns = local_deadline(s, flags, s->socket.send_timeout_ns);
    struct message *m;
    size_t cost;
    long rc;

    if (message->msg_controllen > 0) {
        return -EOPNOTSUPP;
    }
    rc = socket_take_error(&s->socket);
    if (rc == 0) {
        rc = gather(message, &m);
    }
    if (rc != 0) {
        return rc;
    }
    cost = cost_of(m->bytes);
    if (wait_event_until(&to->writers, to->held + cost <= LOCAL_MESSAGE_LIMIT || obstacle(s, to) != 0,
                         deadline_ns) != 0) {
        rc = -EAGAIN;
    } else {
        rc = obstacle(s, to);
    }
    if (rc != 0) {
        message_free(m);
        return rc;
    }
    if (s->address != NULL) {
        m->from = s->address;
        local_address_get(m->from);
    }
    list_push_back(&to->messages, &m->link);
    to->held += cost;
    local_arrived(to);
    return (long)m->bytes;
}

long local_message_send(struct socket *socket, const struct msghdr *message, int flags)
{
    struct local_socket *s = to_local(socket);
    struct local_socket *to = s->peer;
    long rc;

    if (message->msg_namelen > 0) {
        return s->socket.type == SOCK_DGRAM ? -ECONNREFUSED : to != NULL ? -EISCONN : -EOPNOTSUPP;
    }
    if (to == NULL) {
        return -ENOTCONN;
    }
    local_get(to);
    rc = local_message_put(s, to, message, flags);
    local_put(to);
    return rc;
}

static size_t scatter(const struct message *m, const struct msghdr *to)
{
    size_t done = 0;

    for (size_t i = 0; i < to->msg_iovlen && done < m->bytes; i++) {
        size_t here = MIN(to->msg_iov[i].iov_len, m->bytes - done);

        if (here > 0) {
            memcpy(to->msg_iov[i].iov_base, m->data + done, here);
            done += here;
        }
    }
    return done;
}

long local_message_receive(struct socket *socket, struct msghdr *message, int flags)
{
    struct local_socket *s = to_local(socket);
    uint64_t deadline_ns = local_deadline(s, flags, socket->receive_timeout_ns);
    bool had_room;
    struct message *m;
    size_t done;
    long result = socket_take_error(socket);

    size_t name_room = message->msg_name != NULL ? message->msg_namelen : 0;

    message->msg_namelen = 0;
    message->msg_controllen = 0;
    if (result != 0) {
        return result;
    }
    if (s->peer == NULL && s->socket.type != SOCK_DGRAM) {
        return -ENOTCONN;
    }
    if (wait_event_until(&s->readers, !list_is_empty(&s->messages) || !s->receives, deadline_ns) != 0) {
        return -EAGAIN;
    }
    if (list_is_empty(&s->messages)) {
        return socket_take_error(socket);
    }
    m = list_entry(s->messages.next, struct message, link);
    done = scatter(m, message);
    if (m->from != NULL && name_room > 0) {
        message->msg_namelen = local_write_name(m->from, message->msg_name, name_room);
    }
    if (done < m->bytes) {
        message->msg_flags |= MSG_TRUNC;
    }
    result = (long)((flags & MSG_TRUNC) != 0 ? m->bytes : done);
    if ((flags & MSG_PEEK) == 0) {
        had_room = local_has_room(s);
        list_remove(&m->link);
        s->held -= cost_of(m->bytes);
        message_free(m);
        local_drained(s, had_room);
    }
    return result;
}
