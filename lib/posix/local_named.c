// SPDX-License-Identifier: MIT
/*
 * AF_UNIX sockets that are made alone, by socket(): what they do to come together. connect() makes the other end at once and queues it at the
 * listener, as on Linux: it does not wait for accept().
 */
#include "local_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>

static const struct socket_ops *ops_of(int type);

static int do_bind(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    return local_bind(to_local(s), address, length);
}

static int do_name(struct socket *socket, struct sockaddr_storage *out, socklen_t *length, bool peer)
{
    struct local_socket *s = to_local(socket);

    if (peer && s->peer == NULL) {
        return -ENOTCONN;
    }
    *length = local_write_name(peer ? s->peer->address : s->address, out, sizeof(*out));
    return 0;
}

static int do_listen(struct socket *socket, int backlog)
{
    struct local_socket *s = to_local(socket);

    if (s->address == NULL || s->peer != NULL) {
        return -EINVAL;
    }
    s->listens = true;
    s->backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : (unsigned int)backlog;
    wait_wake_all(&s->writers);
    return 0;
}

static int do_accept(struct socket *socket, struct socket **out)
{
    struct local_socket *s = to_local(socket);
    uint64_t deadline_ns = local_deadline(s, 0, socket->receive_timeout_ns);

    if (!s->listens) {
        return -EINVAL;
    }
    if (wait_event_until(&s->readers, s->nr_pending > 0, deadline_ns) != 0) {
        return -EAGAIN;
    }
    *out = &list_entry(list_pop_front(&s->pending), struct local_socket, pending_link)->socket;
    s->nr_pending--;
    wait_wake_all(&s->writers);
    return 0;
}

static void do_unaccept(struct socket *socket, struct socket *accepted)
{
    struct local_socket *s = to_local(socket);

    list_push_front(&s->pending, &to_local(accepted)->pending_link);
    s->nr_pending++;
}

static bool has_backlog(const struct local_socket *to)
{
    return to->nr_pending <= to->backlog;
}

/* @child is the end that accept() will give. */
static void join(struct local_socket *s, struct local_socket *to, struct local_socket *child)
{
    child->address = to->address;
    if (child->address != NULL) {
        local_address_get(child->address);
    }
    s->receives = s->sends = child->receives = child->sends = true;
    local_set_peer(s, child);
    local_set_peer(child, s);
    list_push_back(&to->pending, &child->pending_link);
    to->nr_pending++;
    local_arrived(to);
    local_announce(s);
}

static int connect_to(struct local_socket *s, struct local_socket *to)
{
    uint64_t deadline_ns = local_deadline(s, 0, s->socket.send_timeout_ns);
    struct local_socket *child;

    if (to->socket.type != s->socket.type) {
        return -EPROTOTYPE;
    }
    if (wait_event_until(&to->writers, has_backlog(to) || !to->listens, deadline_ns) != 0) {
        return -EAGAIN;
    }
    if (!to->listens) {
        return -ECONNREFUSED;
    }
    if (s->peer != NULL) {
        return -EISCONN;
    }
    child = heap_zalloc(1, sizeof(*child));
    if (child == NULL) {
        return -ENOMEM;
    }
    local_init(child, ops_of(s->socket.type), s->socket.type);
    join(s, to, child);
    return 0;
}

static int connect_stream(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    struct local_socket *s = to_local(socket), *to;
    int rc;

    if (s->peer != NULL) {
        return -EISCONN;
    }
    if (s->listens) {
        return -EINVAL;
    }
    rc = local_find(address, length, &to);
    if (rc == 0) {
        rc = connect_to(s, to);
        local_put(to);
    }
    return rc;
}

/* Who has a peer hears nobody else. */
static int may_send(const struct local_socket *s, const struct local_socket *to)
{
    if (to->socket.type != SOCK_DGRAM) {
        return -EPROTOTYPE;
    }
    return to->peer != NULL && to->peer != s ? -EPERM : 0;
}

static int connect_datagram(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    struct local_socket *s = to_local(socket), *to;
    int rc;

    if (address->sa_family == AF_UNSPEC) {
        local_set_peer(s, NULL);
        return 0;
    }
    rc = local_find(address, length, &to);
    if (rc == 0) {
        rc = may_send(s, to);
        if (rc == 0) {
            local_set_peer(s, to);
        }
        local_put(to);
    }
    return rc;
}

static long send_datagram(struct socket *socket, const struct msghdr *message, int flags)
{
    struct local_socket *s = to_local(socket), *to;
    long rc;

    if (message->msg_name == NULL || message->msg_namelen == 0) {
        return local_message_send(socket, message, flags);
    }
    rc = local_find(message->msg_name, message->msg_namelen, &to);
    if (rc == 0) {
        rc = to->socket.type == SOCK_DGRAM ? local_message_put(s, to, message, flags) : -EPROTOTYPE;
        local_put(to);
    }
    return rc;
}

static const struct socket_ops stream_ops = {
    .bind = do_bind,
    .connect = connect_stream,
    .listen = do_listen,
    .accept = do_accept,
    .unaccept = do_unaccept,
    .send = local_stream_send,
    .receive = local_stream_receive,
    .shutdown = local_shutdown,
    .name = do_name,
    .set_option = local_set_option,
    .get_option = local_get_option,
};

static const struct socket_ops sequenced_ops = {
    .bind = do_bind,
    .connect = connect_stream,
    .listen = do_listen,
    .accept = do_accept,
    .unaccept = do_unaccept,
    .send = local_message_send,
    .receive = local_message_receive,
    .shutdown = local_shutdown,
    .name = do_name,
    .set_option = local_set_option,
    .get_option = local_get_option,
};

static const struct socket_ops datagram_ops = {
    .bind = do_bind,
    .connect = connect_datagram,
    .send = send_datagram,
    .receive = local_message_receive,
    .shutdown = local_shutdown,
    .name = do_name,
    .set_option = local_set_option,
    .get_option = local_get_option,
};

static const struct socket_ops *ops_of(int type)
{
    return type == SOCK_STREAM ? &stream_ops : type == SOCK_SEQPACKET ? &sequenced_ops : &datagram_ops;
}

int local_socket_create(int type, int protocol, struct socket **out)
{
    struct local_socket *s;

    if (protocol != 0 && protocol != PF_UNIX) {
        return -EPROTONOSUPPORT;
    }
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET) {
        return -ESOCKTNOSUPPORT;
    }
    s = heap_zalloc(1, sizeof(*s));
    if (s == NULL) {
        return -ENOMEM;
    }
    local_init(s, ops_of(type), type);
    s->receives = s->sends = type == SOCK_DGRAM;
    *out = &s->socket;
    return 0;
}
