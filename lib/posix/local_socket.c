// SPDX-License-Identifier: MIT
/*
 * Sockets within the image, and pairs of them: their life, state, readiness and options. Never touches what is sent. Descriptors cannot be
 * sent along (SCM_RIGHTS), there being nobody else to send them to.
 */
#define _GNU_SOURCE
#include "local_priv.h"

#include <string.h>
#include <sys/ioctl.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/time.h>

/* As for pipes: room for this much is what poll() calls writable. */
#define WRITABLE_BYTES 4096

static struct local_socket *of_file(struct file *file)
{
    return to_local(container_of(file, struct socket, file));
}

static bool is_connected_kind(const struct local_socket *s)
{
    return s->socket.type != SOCK_DGRAM;
}

uint64_t local_deadline(const struct local_socket *s, int flags, uint64_t timeout_ns)
{
    if (socket_is_nonblocking(&s->socket, flags)) {
        return 0;
    }
    return timeout_ns != 0 ? time_deadline_ns(timeout_ns) : TIME_FOREVER;
}

bool local_has_room(const struct local_socket *s)
{
    return s->socket.type == SOCK_STREAM ? byte_queue_room(&s->bytes) >= WRITABLE_BYTES
                                         : s->held + WRITABLE_BYTES <= LOCAL_MESSAGE_LIMIT;
}

void local_arrived(struct local_socket *s)
{
    wait_wake_all(&s->readers);
    file_notify(&s->socket.file, FILE_CAN_READ);
}

void local_drained(struct local_socket *s, bool had_room)
{
    struct list *at;

    wait_wake_all(&s->writers);
    if (had_room || !local_has_room(s)) {
        return;
    }
    list_for_each(at, &s->senders) {
        struct local_socket *from = list_entry(at, struct local_socket, sender_link);

        if (from->is_open) {
            file_notify(&from->socket.file, FILE_CAN_WRITE);
        }
    }
}

void local_announce(struct local_socket *s)
{
    wait_wake_all(&s->readers);
    wait_wake_all(&s->writers);
    if (s->is_open) {
        file_notify(&s->socket.file,
                    FILE_CAN_READ | FILE_CAN_WRITE | FILE_FAILED | FILE_HANGUP | FILE_PEER_CLOSED);
    }
}

int local_shutdown(struct socket *socket, int how)
{
    struct local_socket *s = to_local(socket);
    struct local_socket *peer = is_connected_kind(s) ? s->peer : NULL;

    if (peer == NULL && (is_connected_kind(s) || s->peer == NULL)) {
        return -ENOTCONN;
    }
    if (how == SHUT_RD || how == SHUT_RDWR) {
        s->receives = false;
        if (peer != NULL) {
            peer->sends = false;
        }
    }
    if (how == SHUT_WR || how == SHUT_RDWR) {
        s->sends = false;
        if (peer != NULL) {
            peer->receives = false;
        }
    }
    local_announce(s);
    local_announce(s->peer);
    return 0;
}

static unsigned int local_ready(struct file *file)
{
    struct local_socket *s = of_file(file);
    unsigned int ready = s->socket.error != 0 ? FILE_FAILED : 0;

    if (s->listens) {
        return ready | (s->nr_pending > 0 ? FILE_CAN_READ : 0);
    }
    if (s->peer == NULL && is_connected_kind(s)) {
        return ready | FILE_CAN_WRITE | FILE_HANGUP;
    }
    if (s->bytes.used > 0 || !list_is_empty(&s->messages)) {
        ready |= FILE_CAN_READ;
    }
    if (!s->receives) {
        ready |= FILE_CAN_READ | FILE_PEER_CLOSED;
    }
    if (!s->receives && !s->sends) {
        ready |= FILE_HANGUP;
    }
    if (s->peer == NULL || local_has_room(s->peer) || !s->sends || !s->peer->is_open) {
        ready |= FILE_CAN_WRITE;
    }
    return ready;
}

static int local_control(struct file *file, unsigned long request, void *argument)
{
    struct local_socket *s = of_file(file);

    if (request != FIONREAD) {
        return -ENOTTY;
    }
    *(int *)argument = (int)(s->socket.type == SOCK_STREAM ? s->bytes.used : s->held);
    return 0;
}

void local_get(struct local_socket *s)
{
    s->refs++;
}

void local_put(struct local_socket *s)
{
    if (--s->refs == 0) {
        heap_free(s);
    }
}

void local_set_peer(struct local_socket *s, struct local_socket *peer)
{
    struct local_socket *before = s->peer;

    s->peer = peer;
    if (peer != NULL) {
        local_get(peer);
    }
    list_remove(&s->sender_link);
    if (peer != NULL) {
        list_push_back(&peer->senders, &s->sender_link);
    }
    if (before != NULL) {
        local_put(before);
    }
}

/* For images without names. */
__attribute__((weak)) void local_address_abandon(struct local_socket *s)
{
    (void)s;
}

static void stop_listening(struct local_socket *s)
{
    struct list *link;

    s->listens = false;
    while ((link = list_pop_front(&s->pending)) != NULL) {
        struct local_socket *child = list_entry(link, struct local_socket, pending_link);

        child->peer->socket.error = ECONNRESET; /* as on Linux: it was never accepted */
        file_put(&child->socket.file);
    }
    s->nr_pending = 0;
}

static void local_release(struct file *file)
{
    struct local_socket *s = of_file(file);
    struct local_socket *peer = s->peer;
    bool unread = s->bytes.used > 0 || !list_is_empty(&s->messages);
    struct list *at;

    s->is_open = false;
    stop_listening(s);
    byte_queue_destroy(&s->bytes);
    local_messages_destroy(s);
    if (s->address != NULL) {
        local_address_abandon(s);
    }
    if (is_connected_kind(s) && peer != NULL && peer->is_open) {
        peer->receives = peer->sends = false;
        if (unread) {
            peer->socket.error = ECONNRESET;
        }
    }
    list_for_each(at, &s->senders) {
        local_announce(list_entry(at, struct local_socket, sender_link));
    }
    wait_wake_all(&s->writers);
    local_set_peer(s, NULL);
    local_put(s);
}

static int local_connect(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    (void)s;
    (void)address;
    (void)length;
    return -EISCONN;
}

/* Both ends have no name. */
static int local_name(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer)
{
    (void)s;
    (void)peer;
    out->ss_family = AF_UNIX;
    *length = sizeof(out->ss_family);
    return 0;
}

/* Limits are fixed; the rest has no meaning where nothing is lost and nobody else is there. */
int local_set_option(struct socket *s, int level, int option, const void *value, socklen_t length)
{
    (void)s;
    (void)value;
    if (level != SOL_SOCKET) {
        return -EOPNOTSUPP;
    }
    switch (option) {
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_REUSEADDR:
    case SO_KEEPALIVE:
    case SO_LINGER:
    case SO_PRIORITY:
        return length < sizeof(int) ? -EINVAL : 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int put_option(void *value, socklen_t *length, const void *is, size_t bytes)
{
    *length = (socklen_t)MIN(*length, bytes);
    memcpy(value, is, *length);
    return 0;
}

int local_get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    static const struct ucred us = {.pid = 1};
    int number = 0;

    if (level != SOL_SOCKET) {
        return -EOPNOTSUPP;
    }
    switch (option) {
    case SO_SNDBUF:
    case SO_RCVBUF:
        number = s->type == SOCK_STREAM ? BYTE_QUEUE_LIMIT : LOCAL_MESSAGE_LIMIT;
        break;
    case SO_REUSEADDR:
    case SO_KEEPALIVE:
    case SO_PRIORITY:
        break;
    case SO_ACCEPTCONN:
        number = to_local(s)->listens;
        break;
    case SO_PEERCRED:
        return put_option(value, length, &us, sizeof(us));
    default:
        return -ENOPROTOOPT;
    }
    return put_option(value, length, &number, sizeof(number));
}

static const struct file_ops local_file_ops = {
    .read = socket_file_read,
    .write = socket_file_write,
    .read_parts = socket_file_read_parts,
    .write_parts = socket_file_write_parts,
    .info = socket_file_info,
    .ready = local_ready,
    .control = local_control,
    .release = local_release,
};

static const struct socket_ops stream_ops = {
    .connect = local_connect,
    .send = local_stream_send,
    .receive = local_stream_receive,
    .shutdown = local_shutdown,
    .name = local_name,
    .set_option = local_set_option,
    .get_option = local_get_option,
};

static const struct socket_ops message_ops = {
    .connect = local_connect,
    .send = local_message_send,
    .receive = local_message_receive,
    .shutdown = local_shutdown,
    .name = local_name,
    .set_option = local_set_option,
    .get_option = local_get_option,
};

void local_init(struct local_socket *s, const struct socket_ops *ops, int type)
{
    socket_init(&s->socket, &local_file_ops, ops, AF_UNIX, type, 0);
    s->refs = 1;
    s->is_open = true;
    list_init(&s->messages);
    list_init(&s->senders);
    list_init(&s->sender_link);
    list_init(&s->pending);
    list_init(&s->pending_link);
    wait_queue_init(&s->readers);
    wait_queue_init(&s->writers);
}

int local_socket_pair(int type, struct socket *out[2])
{
    const struct socket_ops *ops = type == SOCK_STREAM ? &stream_ops : &message_ops;
    struct local_socket *ends[2];

    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET) {
        return -ESOCKTNOSUPPORT;
    }
    ends[0] = heap_zalloc(1, sizeof(*ends[0]));
    ends[1] = heap_zalloc(1, sizeof(*ends[1]));
    if (ends[0] == NULL || ends[1] == NULL) {
        heap_free(ends[0]);
        heap_free(ends[1]);
        return -ENOMEM;
    }
    for (int i = 0; i < 2; i++) {
        local_init(ends[i], ops, type);
        ends[i]->receives = ends[i]->sends = true;
        out[i] = &ends[i]->socket;
    }
    local_set_peer(ends[0], ends[1]);
    local_set_peer(ends[1], ends[0]);
    return 0;
}
