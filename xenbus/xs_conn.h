// SPDX-License-Identifier: MIT
/*
 * The state of the one connection, shared by the files that send, take in and look after it: xs_request.c, xs_receive.c,
 * xs_conn.c. Nobody else includes this.
 *
 * All of it is written by threads only, and never across a block, except that slots change hands: FREE -> SENT by the
 * requester, SENT -> DONE and ABANDONED -> FREE by whoever takes in the reply or closes the connection.
 */
#ifndef XENBUS_XS_CONN_H
#define XENBUS_XS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/events.h>
#include <xenolith/sync.h>
#include <xenolith/wait.h>

#include "xs_priv.h"
#include "xs_ring.h"

enum slot_state {
    SLOT_FREE,
    SLOT_SENT,
    SLOT_DONE,
    SLOT_ABANDONED, /* its requester has given up; the reply will still come */
};

/** enum slot_wants - What its requester does with an answer that is no error. */
enum slot_wants {
    WANTS_OK, /* it must be "OK" */
    WANTS_BODY,
    WANTS_NUMBER, /* decimal; needs no memory */
};

/** struct slot - One request under way. req_id % XS_MAX_REQUESTS is its index. */
struct slot {
    enum slot_state state;
    uint32_t req_id;
    uint32_t type;
    enum slot_wants wants;
    int rc;
    char *body;
    union {
        size_t len; /* of the body */
        uint64_t number;
    };
};

struct xs_conn {
    bool adopted;       /* the port has our handler */
    bool attached;      /* ring holds the page's indices */
    bool heard;         /* a reply to a request of ours has come */
    int error;          /* sticky; 0: open */
    unsigned int epoch; /* counts connections */
    evtchn_port_t port;
    struct xs_ring ring;
    struct mutex writer;
    struct semaphore free_slots;
    struct wait_queue room, repliers, watchers;
    uint32_t next_id;
    struct slot slots[XS_MAX_REQUESTS];
    size_t in_bytes; /* of the message being taken in: so far */
};

extern struct xs_conn xs_conn;

/** xs_conn_fail() - Close with error @rc: everybody who waits leaves with it, and nobody new gets in. */
void xs_conn_fail(int rc, const char *why);

/** xs_conn_attach() - At first use read the indices, once the daemon says that they count. With the writer's lock. */
int xs_conn_attach(uint64_t deadline_ns);

/** xs_conn_notify() - Wake the daemon. */
void xs_conn_notify(void);

/** xs_slot_free() - The request is over; a body that nobody took is freed. */
void xs_slot_free(struct slot *slot);

/** xs_slot_complete() - @rc and slot->body become the requester's, or are dropped if it has given up. */
void xs_slot_complete(struct slot *slot, int rc);

#endif
