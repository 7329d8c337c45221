// SPDX-License-Identifier: MIT
/*
 * Our end of the byte ring shared with xenstored: two streams of bytes in one page. Knows nothing of messages.
 * ABI: xen/io/xs_wire.h, struct xenstore_domain_interface.
 */
#ifndef XENBUS_XS_RING_H
#define XENBUS_XS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include <xenolith/compiler.h>

/**
 * struct xs_ring - Private copies of all four indices. Ours (req_prod, rsp_cons) are never read back from the
 * page; the daemon's (req_cons, rsp_prod) are what it had at our last look, so that a step back is noticed.
 * @req_shown: req_prod as the daemon sees it.
 * @rsp_shown: rsp_cons as the daemon sees it.
 */
struct xs_ring {
    struct xenstore_domain_interface *page;
    uint32_t req_prod, req_shown, req_cons;
    uint32_t rsp_cons, rsp_shown, rsp_prod;
};

/** enum xs_ring_state - What the page says about the connection as a whole. */
enum xs_ring_state {
    XS_RING_READY,
    XS_RING_RECONNECTING, /* everything but this is to be ignored until the daemon has finished */
    XS_RING_DEAD,         /* the daemon has given up on us: xs_ring_error() */
};

enum xs_ring_state xs_ring_state(const struct xs_ring *r);

/** xs_ring_error() - The daemon's reason, XENSTORE_ERROR_* or a newer one; 0 when it offers none. */
uint32_t xs_ring_error(const struct xs_ring *r);

/**
 * xs_ring_attach() - Start from the indices in the page; they need not be zero, nor the ring be empty.
 * Return: 0, -EPROTO when they make no sense.
 */
int xs_ring_attach(struct xs_ring *r, struct xenstore_domain_interface *page);

/**
 * xs_ring_put() - Copy as much of @data as there is room for behind what was put before; xs_ring_show() publishes.
 * Context: any, never blocks. Return: bytes copied, 0 when full, -EPROTO when the daemon's index makes no sense.
 */
int xs_ring_put(struct xs_ring *r, const void *data, size_t bytes);

/** xs_ring_show() - Let the daemon see what was put. Return: true when it may be asleep and must be notified. */
bool xs_ring_show(struct xs_ring *r);

/**
 * xs_ring_get() - Copy up to @bytes out of the ring. The room is given back by xs_ring_release().
 * The daemon's index is loaded again only when everything known has been taken.
 * Context: any, never blocks. Return: bytes copied, 0 when empty, -EPROTO as above.
 */
int xs_ring_get(struct xs_ring *r, void *data, size_t bytes);

/** xs_ring_release() - Give back the room of what was taken. Return: true when the daemon may wait for it. */
bool xs_ring_release(struct xs_ring *r);

/** xs_ring_has_input() - Would xs_ring_get() return something, or an error? One load, no judgement. */
static inline bool xs_ring_has_input(const struct xs_ring *r)
{
    return READ_ONCE(r->page->rsp_prod) != r->rsp_cons;
}

/** xs_ring_has_room() - Would xs_ring_put() take something, or fail? One load, no judgement. */
static inline bool xs_ring_has_room(const struct xs_ring *r)
{
    return r->req_prod - READ_ONCE(r->page->req_cons) != XENSTORE_RING_SIZE;
}

#endif
