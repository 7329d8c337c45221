// SPDX-License-Identifier: MIT
/*
 * The life of a TCP socket: its making, what lwIP tells of errors, readiness, and its end, which the connection may outlive.
 */
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xenolith/heap.h>
#include <xenolith/panic.h>

void stream_notify(struct stream *st, unsigned int ready)
{
    if (!st->orphan) {
        file_notify(&st->socket.file, ready);
    }
}

/* Both directions are over, or the connection is. */
static void end(struct stream *st)
{
    st->phase = STREAM_ENDED;
    wait_wake_all(&st->readers);
    wait_wake_all(&st->writers);
    stream_notify(st, FILE_CAN_READ | FILE_CAN_WRITE | FILE_HANGUP | FILE_PEER_CLOSED |
                          (st->socket.error != 0 ? FILE_FAILED : 0));
}

static int error_of(const struct stream *st, err_t err)
{
    switch (err) {
    case ERR_RST:
        return st->phase == STREAM_CONNECTING ? ECONNREFUSED : st->peer_closed ? EPIPE : ECONNRESET;
    case ERR_CLSD:
        return 0;
    default:
        return ETIMEDOUT;
    }
}

/* lwIP has freed the pcb already. */
static void failed(void *arg, err_t err)
{
    struct stream *st = arg;

    st->pcb = NULL;
    stream_forget_sent(st);
    if (st->listener != NULL) {
        /* Gone before anybody accepted it. */
        list_remove(&st->ready_link);
        st->listener->nr_ready--;
        st->listener = NULL;
        st->orphan = true;
    }
    if (st->orphan) {
        stream_destroy(st);
        return;
    }
    st->socket.error = error_of(st, err);
    end(st);
}

void stream_attach(struct stream *st, struct tcp_pcb *pcb)
{
    st->pcb = pcb;
    tcp_arg(pcb, st);
    tcp_recv(pcb, stream_received);
    tcp_sent(pcb, stream_acknowledged);
    tcp_err(pcb, failed);
    stream_apply_options(st);
}

void stream_detach(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;

    st->pcb = NULL;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

/*
 * From CLOSING and TIME_WAIT on lwIP frees a pcb without a word, so it must not be known here any more; what is still to be
 * acknowledged then keeps it until the last byte of data is. An orphan needs it no longer than that. The segment that ends both directions
 * may bring data: lwIP tells of what it acknowledges first, so the peer's end must have been told, too.
 */
void stream_settle(struct stream *st)
{
    if (st->pcb == NULL || st->phase != STREAM_CONNECTED || st->acked != st->written || st->fin_wanted) {
        return;
    }
    if (st->orphan) {
        stream_detach(st);
        stream_destroy(st);
    } else if (st->peer_closed && (st->pcb->state == CLOSING || st->pcb->state == TIME_WAIT)) {
        stream_detach(st);
        end(st);
    }
}

void stream_destroy(struct stream *st)
{
    ASSERT(st->pcb == NULL);
    stream_forget_sent(st);
    list_remove(&st->output_link);
    list_remove(&st->all_link);
    stream_drop_unread(st);
    heap_free(st);
}

static void release(struct file *file)
{
    struct stream *st = container_of(file, struct stream, socket.file);
    struct tcp_pcb *pcb = st->pcb;

    net_lock();
    st->orphan = true;
    if (st->phase == STREAM_LISTENING) {
        stream_stop_listening(st);
        stream_destroy(st);
    } else if (pcb == NULL) {
        stream_destroy(st);
    } else if (st->phase != STREAM_CONNECTED) {
        stream_detach(st);
        tcp_abort(pcb);
        stream_destroy(st);
    } else if (st->unread > 0 || (st->linger.l_onoff != 0 && st->linger.l_linger == 0)) {
        /* The peer must learn that not all was read, as from Linux; but what was written goes before. */
        tcp_nagle_disable(pcb);
        tcp_output(pcb);
        stream_detach(st);
        tcp_abort(pcb);
        stream_forget_sent(st);
        stream_destroy(st);
    } else {
        st->fin_wanted = true;
        stream_output_soon(st);
    }
    net_unlock();
}

static unsigned int ready(struct file *file)
{
    struct stream *st = container_of(file, struct stream, socket.file);
    unsigned int now = st->socket.error != 0 ? FILE_FAILED : 0;

    switch (st->phase) {
    case STREAM_NEW:
        return now | FILE_CAN_WRITE | FILE_HANGUP;
    case STREAM_LISTENING:
        return now | (st->nr_ready > 0 ? FILE_CAN_READ : 0);
    case STREAM_CONNECTING:
        return now;
    case STREAM_ENDED:
        return now | FILE_CAN_READ | FILE_CAN_WRITE | FILE_HANGUP | FILE_PEER_CLOSED;
    case STREAM_CONNECTED:
        break;
    }
    if (st->peer_closed || st->read_shut) {
        now |= FILE_CAN_READ | FILE_PEER_CLOSED;
    } else if (st->unread >= st->receive_low) {
        now |= FILE_CAN_READ;
    }
    if (st->write_shut || stream_is_writable(st)) {
        now |= FILE_CAN_WRITE;
    } else {
        st->no_room = true;
    }
    return (st->peer_closed || st->read_shut) && st->write_shut ? now | FILE_HANGUP : now;
}

static int control(struct file *file, unsigned long request, void *argument)
{
    struct stream *st = container_of(file, struct stream, socket.file);

    if (request != FIONREAD) {
        return inet_control(file, request, argument);
    }
    if (st->phase == STREAM_LISTENING) {
        return -EINVAL;
    }
    *(int *)argument = st->unread < INT_MAX ? (int)st->unread : INT_MAX;
    return 0;
}

static const struct file_ops stream_file_ops = {
    .read = socket_file_read,
    .write = socket_file_write,
    .read_parts = socket_file_read_parts,
    .write_parts = socket_file_write_parts,
    .info = socket_file_info,
    .control = control,
    .ready = ready,
    .release = release,
};

static const struct socket_ops stream_ops = {
    .bind = stream_bind,
    .connect = stream_connect,
    .listen = stream_listen,
    .accept = stream_accept,
    .unaccept = stream_unaccept,
    .send = stream_send,
    .receive = stream_receive,
    .shutdown = stream_shutdown,
    .name = stream_name,
    .set_option = stream_set_option,
    .get_option = stream_get_option,
    .sendfile = stream_sendfile,
};

struct stream *stream_alloc(int family)
{
    struct stream *st = heap_zalloc(1, sizeof(*st));

    if (st == NULL) {
        return NULL;
    }
    socket_init(&st->socket, &stream_file_ops, &stream_ops, family, SOCK_STREAM, IPPROTO_TCP);
    wait_queue_init(&st->readers);
    wait_queue_init(&st->writers);
    list_init(&st->output_link);
    stream_exit_register(st);
    list_init(&st->ready);
    list_init(&st->ready_link);
    st->receive_limit = TCP_WND;
    st->receive_low = 1;
    st->send_limit = TCP_SND_BUF;
    return st;
}

int stream_need_pcb(struct stream *st)
{
    struct tcp_pcb *pcb;

    if (st->pcb != NULL) {
        return 0;
    }
    pcb = tcp_new_ip_type(inet_pcb_type(&st->socket, st->options.v6only));
    if (pcb == NULL) {
        return -ENOBUFS;
    }
    stream_attach(st, pcb);
    return 0;
}

int stream_create(int family, struct socket **out)
{
    struct stream *st;
    int rc = stream_output_start();

    if (rc != 0) {
        return rc;
    }
    st = stream_alloc(family);
    if (st == NULL) {
        return -ENOMEM;
    }
    net_lock();
    rc = stream_need_pcb(st);
    net_unlock();
    if (rc != 0) {
        stream_destroy(st);
        return rc;
    }
    *out = &st->socket;
    return 0;
}
