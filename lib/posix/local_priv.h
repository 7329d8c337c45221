// SPDX-License-Identifier: MIT
/*
 * Sockets of AF_UNIX: what local_socket.c (pairs, life and state), local_stream.c (bytes), local_message.c (datagrams and sequenced
 * packets), local_name.c (names) and local_named.c (sockets that are made alone: they bind, listen, connect) share. An image that only makes
 * pairs has the first three.
 */
#ifndef LOCAL_PRIV_H
#define LOCAL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include <xenolith/list.h>
#include <xenolith/wait.h>

#include "../socket/socket.h"
#include "byte_queue.h"

/* What may wait unread in a socket for datagrams, their records included. */
#define LOCAL_MESSAGE_LIMIT 212992

/**
 * struct local_address - A name, and whose it is while that socket is open; shared with the connections that it accepted.
 * @node: What stands at the path; NULL: an abstract name.
 */
struct local_address {
    struct list link;
    unsigned int refs;
    struct local_socket *owner;
    struct node *node;
    socklen_t length;
    struct sockaddr_un name;
};

/**
 * struct local_socket - One end. What has come in waits in @bytes or in @messages (@held bytes).
 * @refs:          Its file's, one of each socket whose peer it is, one of each thread that sends to it.
 * @is_open:       Some descriptor still names it.
 * @receives, @sends: False after shutdown() here or, but for datagrams, at the other end; and while there is no connection.
 * @peer:          Where it sends to, or NULL. But for datagrams the other end's is this one.
 * @senders:       The sockets whose peer this is, by their @sender_link.
 * @readers:       Threads that wait for something to come in.
 * @writers:       Threads of other sockets that wait for room in here.
 * @pending:       Of one that listens: connections that nobody has accepted, by their @pending_link.
 */
struct local_socket {
    struct socket socket;
    unsigned int refs;
    struct local_socket *peer;
    struct list senders, sender_link;
    struct local_address *address;
    bool is_open, receives, sends;
    struct byte_queue bytes;
    struct list messages;
    size_t held;
    struct wait_queue readers, writers;
    bool listens;
    unsigned int backlog, nr_pending;
    struct list pending, pending_link;
};

static inline struct local_socket *to_local(struct socket *s)
{
    return container_of(s, struct local_socket, socket);
}

/** local_init() - A socket alone, with the one reference of its file. */
void local_init(struct local_socket *s, const struct socket_ops *ops, int type);
void local_get(struct local_socket *s);
/** local_put() - The last reference frees it. */
void local_put(struct local_socket *s);
/** local_set_peer() - From now on @s sends to @peer, or, with NULL, to nobody. */
void local_set_peer(struct local_socket *s, struct local_socket *peer);
/** local_announce() - Tell everybody at @s that its state has changed. */
void local_announce(struct local_socket *s);

int local_shutdown(struct socket *socket, int how);
int local_set_option(struct socket *s, int level, int option, const void *value, socklen_t length);
int local_get_option(struct socket *s, int level, int option, void *value, socklen_t *length);

/* local_name.c, in images that make sockets alone; others have weak stand-ins. */
void local_address_get(struct local_address *address);
void local_address_put(struct local_address *address);
/** local_address_abandon() - @s is closed: if the name is its own, nobody finds it any more. */
void local_address_abandon(struct local_socket *s);
int local_bind(struct local_socket *s, const struct sockaddr *address, socklen_t length);
/** local_find() - The open socket of that name, with a reference. -ENOENT, -ECONNREFUSED, ... */
int local_find(const struct sockaddr *address, socklen_t length, struct local_socket **out);
/** local_write_name() - As getsockname() gives it; @address may be NULL. */
socklen_t local_write_name(const struct local_address *address, void *out, size_t room);

/** local_deadline() - When a call that blocks gives up: a past deadline if it must not block. */
uint64_t local_deadline(const struct local_socket *s, int flags, uint64_t timeout_ns);

/** local_arrived() - Something came into @s. */
void local_arrived(struct local_socket *s);

/** local_drained() - Something was taken out of @s; @had_room: as local_has_room() was before. */
void local_drained(struct local_socket *s, bool had_room);

/** local_has_room() - Is there room in @s for what poll() calls writable? */
bool local_has_room(const struct local_socket *s);

long local_stream_send(struct socket *s, const struct msghdr *message, int flags);
long local_stream_receive(struct socket *s, struct msghdr *message, int flags);
/** local_message_put() - Send to @to whatever the peer is; a reference to it is held. */
long local_message_put(struct local_socket *s, struct local_socket *to, const struct msghdr *message,
                       int flags);
long local_message_send(struct socket *s, const struct msghdr *message, int flags);
long local_message_receive(struct socket *s, struct msghdr *message, int flags);

/** local_messages_destroy() - Frees what nobody received. */
void local_messages_destroy(struct local_socket *s);

#endif
