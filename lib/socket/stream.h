// SPDX-License-Identifier: MIT
/*
 * TCP sockets: what the stream_*.c files share.
 *
 * Received pbufs queue up as they came and are given to the reader in place. What is sent is copied once: small amounts into lwIP's
 * own pbufs, large ones into contiguous pages that the segments refer to, mapped files not at all. Output is put off until the thread
 * that writes blocks: then one thread sends for all sockets at once, so that a reply, its FIN and the ACK that it carries are one
 * segment, and many of them one notification.
 *
 * All fields are touched by threads with the stack's lock held, which nobody blocks under.
 */
#ifndef LIB_SOCKET_STREAM_H
#define LIB_SOCKET_STREAM_H

#include "inet.h"

#include <lwip/tcp.h>

#include <xenolith/wait.h>

enum stream_phase {
    STREAM_NEW,
    STREAM_LISTENING,
    STREAM_CONNECTING,
    STREAM_CONNECTED, /* also half closed */
    STREAM_ENDED,     /* closed both ways, reset or timed out */
};

/** struct stream_span - Memory that segments refer to, until what is before @end in the stream of bytes is acknowledged. */
struct stream_span {
    struct net_deferred deferred;
    struct stream_span *next;
    uint64_t end;
    struct file *file; /* whose mapped bytes they are; or */
    void *pages;
    size_t nr_pages;
};

/** struct stream - @pcb is NULL where lwIP has none (any more); of a listening socket it is a struct tcp_pcb_listen. */
struct stream {
    struct socket socket;
    struct tcp_pcb *pcb;
    enum stream_phase phase;
    bool peer_closed, read_shut, write_shut;
    bool fin_wanted;   /* shutdown() or close() came, the output thread has not yet */
    bool orphan;       /* no file any more; lives until its spans are free */
    bool no_room;      /* a writer was turned away: tell when there is room */
    bool starved;      /* by memory, not by the limit: try again at the next tick */
    bool connect_done; /* connect() has not reported it yet */
    bool cork, nodelay;

    struct wait_queue readers, writers;

    /* what came and was not read: pbufs by their next, lengths of single ones; bytes of room behind the last one's */
    struct pbuf *first, *last;
    size_t unread;
    uint16_t last_room;
    uint32_t withheld; /* window that lwIP would give and we do not */
    uint32_t receive_limit, receive_low;
    uint32_t receive_grown; /* the window that its reading so far has earned */
    uint32_t unopened;      /* bytes read of which the window knows nothing yet */

    uint64_t written, acked, put_out; /* bytes of the stream so far */
    uint32_t lastack_then;            /* lwIP's, at the last tick */
    uint32_t stalled_ms;              /* since something was acknowledged, by the ticks */
    uint32_t send_limit;
    struct stream_span *first_span, *last_span;
    struct list output_link;
    struct list all_link;

    struct list ready, ready_link; /* of a listener: accepted by lwIP, not by the program */
    unsigned int nr_ready;
    struct stream *listener;

    ip_addr_t local_ip, remote_ip; /* as they are or were */
    uint16_t local_port, remote_port;
    struct inet_options options;
    struct linger linger;
    uint32_t keep_idle_s, keep_interval_s, keep_count, user_timeout_ms;
    uint16_t max_segment;
};

static inline struct stream *stream_of(struct socket *s)
{
    return container_of(s, struct stream, socket);
}

/* stream.c */
struct stream *stream_alloc(int family);
/** stream_attach() - Make @pcb @st's: callbacks, names, options. */
void stream_attach(struct stream *st, struct tcp_pcb *pcb);
/** stream_detach() - lwIP goes on with the connection alone. */
void stream_detach(struct stream *st);
/** stream_need_pcb() - Have one, after a connect() that failed. -ENOBUFS. */
int stream_need_pcb(struct stream *st);
/** stream_settle() - After progress: let the connection go if nobody needs more of it. @st may be gone afterwards. */
void stream_settle(struct stream *st);
/** stream_destroy() - Free a socket that has neither connection nor file. */
void stream_destroy(struct stream *st);
/** stream_notify() - Readiness has come. */
void stream_notify(struct stream *st, unsigned int ready);

/* stream_connect.c */
int stream_bind(struct socket *s, const struct sockaddr *address, socklen_t length);
int stream_connect(struct socket *s, const struct sockaddr *address, socklen_t length);
int stream_shutdown(struct socket *s, int how);
int stream_name(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer);

/* stream_listen.c */
int stream_listen(struct socket *s, int backlog);
int stream_accept(struct socket *s, struct socket **out);
void stream_unaccept(struct socket *s, struct socket *accepted);
/** stream_stop_listening() - Reset whom nobody accepted. */
void stream_stop_listening(struct stream *st);

/* stream_receive.c */
err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
long stream_receive(struct socket *s, struct msghdr *message, int flags);
void stream_drop_unread(struct stream *st);
void stream_set_receive_limit(struct stream *st, uint32_t bytes);
/** stream_start_window() - Of a connection that is just established. */
void stream_start_window(struct stream *st);

/* stream_send.c */
err_t stream_acknowledged(void *arg, struct tcp_pcb *pcb, u16_t bytes);
long stream_send(struct socket *s, const struct msghdr *message, int flags);
long stream_sendfile(struct socket *s, struct file *in, uint64_t offset, size_t bytes);
bool stream_is_writable(const struct stream *st);
/** stream_tell_writers() - If there is room again for whom there was none. */
void stream_tell_writers(struct stream *st);
void stream_free_spans(struct stream *st, uint64_t before);
/** stream_forget_sent() - Nothing more will be acknowledged. */
void stream_forget_sent(struct stream *st);

/* Between stream_send.c and stream_sendfile.c. */
#define BY_REFERENCE 4096U  /* less is copied */
#define CHUNK_BYTES  65536U /* at once */
/** stream_room() - Bytes that may be sent now; connected. */
uint32_t stream_room(const struct stream *st);
/** stream_wait_for_room() - Until there is some. -EAGAIN, or why there will be none. @deadline: 0 at first. */
int stream_wait_for_room(struct stream *st, int flags, uint64_t *deadline);
/** stream_put() - Hand bytes to lwIP, with TCP_WRITE_FLAG_*. What it took. */
size_t stream_put(struct stream *st, const void *data, size_t bytes, uint8_t flags);
/** stream_put_span() - As stream_put(), by reference: @span, which is given away, keeps the bytes. */
size_t stream_put_span(struct stream *st, struct stream_span *span, const void *data, size_t bytes,
                       bool more);
/** stream_span_of_pages() - Pages for up to *@bytes, fewer where there is no room for all. NULL: no memory. */
struct stream_span *stream_span_of_pages(size_t *bytes);
/** stream_free_span() - Drop a span that nobody refers to. */
void stream_free_span(struct net_deferred *deferred);
/** stream_push() - Have it sent. @more: the caller will write again soon, so an incomplete segment waits. */
void stream_push(struct stream *st, bool more);
/** stream_send_result() - What is reported when @done bytes went and then @rc came up. */
long stream_send_result(struct stream *st, size_t done, int rc, int flags);

/* stream_share.c */
/** struct stream_share - Memory that all connections have in common for one purpose. */
struct stream_share {
    uint64_t bytes, used;
};
extern struct stream_share stream_sending, stream_receiving;
#define STREAM_SHARE_LEAST 16384U
#define STREAM_SHARE_TIGHT 4096U

void stream_share_init(void);

/**
 * stream_share_limit() - What one connection may have of it now: half of what is free, but always a little. So one alone may have much, and
 * a thousand leave room for the next.
 */
static inline uint32_t stream_share_limit(const struct stream_share *share)
{
    uint64_t limit;

    if (share->used >= share->bytes) {
        return STREAM_SHARE_TIGHT;
    }
    limit = (share->bytes - share->used) / 2;
    return limit < STREAM_SHARE_LEAST ? STREAM_SHARE_LEAST
           : limit > UINT32_MAX       ? UINT32_MAX
                                      : (uint32_t)limit;
}

/* stream_output.c */
int stream_output_start(void);
/** stream_output_soon() - Have the output thread look at @st. */
void stream_output_soon(struct stream *st);

/* stream_tick.c */
/** stream_starve() - There was no memory: writers wait for the next tick. */
void stream_starve(struct stream *st);
/** stream_watch_progress() - From now on count how long nothing is acknowledged, if anybody wants to know. Context: lock held; with a pcb. */
void stream_watch_progress(struct stream *st);

/* stream_exit.c */
extern bool stream_exiting;
/** stream_exit_register() - @st shall have its say when the program ends. */
void stream_exit_register(struct stream *st);
/** stream_exit_progress() - Something was acknowledged, or never will be. */
void stream_exit_progress(void);

/* stream_option.c */
int stream_set_option(struct socket *s, int level, int option, const void *value, socklen_t length);
int stream_get_option(struct socket *s, int level, int option, void *value, socklen_t *length);
/** stream_apply_options() - Tell a new pcb. */
void stream_apply_options(struct stream *st);

#endif
