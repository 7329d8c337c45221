// SPDX-License-Identifier: MIT
/*
 * TCP sockets: addresses, connecting, and closing one direction.
 */
#include "stream.h"

#include <errno.h>
#include <string.h>

int stream_bind(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct stream *st = stream_of(s);
    ip_addr_t ip;
    uint16_t port;
    int rc = inet_address_in(s, st->options.v6only, address, length, &ip, &port);

    if (rc != 0) {
        return rc == -ENETUNREACH ? -EINVAL : rc;
    }
    if (st->phase != STREAM_NEW || st->local_port != 0) {
        return -EINVAL;
    }
    net_lock();
    rc = stream_need_pcb(st);
    if (rc == 0 && !st->options.freebind && !inet_address_is_ours(&ip)) {
        rc = -EADDRNOTAVAIL;
    }
    if (rc == 0) {
        if (IP_IS_V6_VAL(ip) && ip_addr_isany(&ip) && !st->options.v6only) {
            ip = *IP_ANY_TYPE;
        }
        rc = inet_errno(tcp_bind(st->pcb, &ip, port));
        rc = rc == -ENOBUFS ? -EADDRINUSE : rc;
    }
    if (rc == 0) {
        st->local_ip = ip;
        st->local_port = st->pcb->local_port;
    }
    net_unlock();
    return rc;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct stream *st = arg;

    (void)err;
    st->phase = STREAM_CONNECTED;
    st->connect_done = true;
    st->local_ip = pcb->local_ip;
    st->local_port = pcb->local_port;
    stream_start_window(st);
    wait_wake_all(&st->readers);
    wait_wake_all(&st->writers);
    stream_notify(st, FILE_CAN_WRITE);
    return ERR_OK;
}

static int start_connecting(struct stream *st, ip_addr_t *ip, uint16_t port)
{
    int rc = stream_need_pcb(st);

    if (rc != 0) {
        return rc;
    }
    if (ip_addr_isany(ip)) {
        /* Linux: the host itself. */
        if (IP_IS_V6_VAL(*ip)) {
            ip_addr_set_loopback(true, ip);
        } else {
            ip_addr_set_loopback(false, ip);
        }
    }
    if (ip_addr_ismulticast(ip) || port == 0) {
        return port == 0 ? -ECONNREFUSED : -ENETUNREACH;
    }
    rc = inet_errno(tcp_connect(st->pcb, ip, port, connected));
    if (rc == -EADDRINUSE || rc == -ENOBUFS) {
        rc = -EADDRNOTAVAIL;
    }
    if (rc == 0) {
        st->phase = STREAM_CONNECTING;
        st->remote_ip = st->pcb->remote_ip;
        st->remote_port = port;
        st->local_ip = st->pcb->local_ip;
        st->local_port = st->pcb->local_port;
    }
    return rc;
}

/* What became of the attempt, told once. */
static int report(struct stream *st)
{
    int rc;

    if (st->phase == STREAM_CONNECTED) {
        st->connect_done = false;
        return 0;
    }
    rc = socket_take_error(&st->socket);
    /* The socket may try again. */
    st->phase = STREAM_NEW;
    st->local_port = 0;
    return rc != 0 ? rc : -ECONNABORTED;
}

int stream_connect(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct stream *st = stream_of(s);
    ip_addr_t ip;
    uint16_t port;
    int rc;

    switch (st->phase) {
    case STREAM_LISTENING:
        return -EISCONN;
    case STREAM_CONNECTED:
        return st->connect_done ? report(st) : -EISCONN;
    case STREAM_CONNECTING:
        if (socket_is_nonblocking(s, 0)) {
            return -EALREADY;
        }
        break;
    case STREAM_ENDED:
        if (s->error != 0) {
            return report(st);
        }
        st->phase = STREAM_NEW;
        st->local_port = 0;
        st->peer_closed = st->write_shut = st->read_shut = false;
        /* fall through */
    case STREAM_NEW:
        rc = inet_address_in(s, st->options.v6only, address, length, &ip, &port);
        if (rc != 0) {
            return rc;
        }
        net_lock();
        rc = start_connecting(st, &ip, port);
        net_unlock();
        if (rc != 0) {
            return rc;
        }
        if (socket_is_nonblocking(s, 0)) {
            return -EINPROGRESS;
        }
        break;
    }
    if (wait_event_until(&st->writers, st->phase != STREAM_CONNECTING, inet_deadline(s->send_timeout_ns)) !=
        0) {
        return -EINPROGRESS;
    }
    return report(st);
}

static void stop_connecting(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;

    stream_detach(st);
    tcp_abort(pcb);
    st->phase = STREAM_ENDED;
    st->socket.error = ECONNABORTED;
    wait_wake_all(&st->writers);
    wait_wake_all(&st->readers);
    stream_notify(st, FILE_CAN_READ | FILE_CAN_WRITE | FILE_HANGUP | FILE_FAILED);
}

int stream_shutdown(struct socket *s, int how)
{
    struct stream *st = stream_of(s);
    unsigned int ready = 0;

    if (st->phase == STREAM_NEW || st->phase == STREAM_ENDED) {
        return -ENOTCONN;
    }
    net_lock();
    if (st->phase == STREAM_LISTENING) {
        if (how != SHUT_WR) {
            stream_stop_listening(st);
            st->phase = STREAM_NEW;
            st->local_port = 0;
            ready = FILE_CAN_READ | FILE_CAN_WRITE | FILE_HANGUP;
        }
    } else if (st->phase == STREAM_CONNECTING) {
        stop_connecting(st);
    } else {
        if (how != SHUT_WR && !st->read_shut) {
            st->read_shut = true;
            ready |= FILE_CAN_READ | FILE_PEER_CLOSED;
        }
        if (how != SHUT_RD && !st->write_shut) {
            st->write_shut = true;
            st->fin_wanted = true;
            ready |= FILE_CAN_WRITE;
            stream_output_soon(st);
        }
        if ((st->peer_closed || st->read_shut) && st->write_shut) {
            ready |= FILE_HANGUP;
        }
    }
    wait_wake_all(&st->readers);
    wait_wake_all(&st->writers);
    if (ready != 0) {
        stream_notify(st, ready);
    }
    net_unlock();
    return 0;
}

int stream_name(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer)
{
    struct stream *st = stream_of(s);

    if (!peer) {
        inet_address_out(s, &st->local_ip, st->local_port, out, length);
        return 0;
    }
    if (st->phase != STREAM_CONNECTED) {
        return -ENOTCONN;
    }
    inet_address_out(s, &st->remote_ip, st->remote_port, out, length);
    return 0;
}
