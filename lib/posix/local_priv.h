// SPDX-License-Identifier: MIT
/*
 * Sockets of AF_UNIX, which exist in pairs: what local_socket.c (their life and state), local_stream.c (bytes) and
 * local_message.c (datagrams and sequenced packets) share.
 */
#ifndef LOCAL_PRIV_H
#define LOCAL_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <xenolith/list.h>
#include <xenolith/wait.h>

#include "../socket/socket.h"
#include "byte_queue.h"

/* What may wait unread in a socket for datagrams, their records included. */
#define LOCAL_MESSAGE_LIMIT 212992

/**
 * struct local_socket - One end. What has come in waits in @bytes or in @messages (@held bytes).
 * @is_open:       Some descriptor still names it; the pair lives until both ends are closed.
 * @receives, @sends: False after shutdown() here or, but for datagrams, at the other end.
 * @readers:       Threads that wait for something to come in.
 * @writers:       Threads of the other end that wait for room in here.
 */
struct local_socket {
    struct socket socket;
    struct local_socket *peer;
    bool is_open, receives, sends;
    struct byte_queue bytes;
    struct list messages;
    size_t held;
    struct wait_queue readers, writers;
};

static inline struct local_socket *to_local(struct socket *s)
{
    return container_of(s, struct local_socket, socket);
}

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
long local_message_send(struct socket *s, const struct msghdr *message, int flags);
long local_message_receive(struct socket *s, struct msghdr *message, int flags);

/** local_messages_destroy() - Frees what nobody received. */
void local_messages_destroy(struct local_socket *s);

#endif
