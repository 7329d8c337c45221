// SPDX-License-Identifier: MIT
/*
 * The byte ring: indices, copies, and when a notification is owed. Never blocks, allocates or notifies by itself.
 *
 * The page belongs to both sides. Each index of the daemon is loaded once a look and bounded by what it can
 * honestly be: not behind the last look, not past what is there. Bytes are copied out before anybody reads them.
 */
#include "xs_ring.h"

#include <arch/cpu.h>

#include <xenolith/errno.h>
#include <xenolith/string.h>

enum xs_ring_state xs_ring_state(const struct xs_ring *r)
{
    uint32_t features = READ_ONCE(r->page->server_features);

    if ((features & XENSTORE_SERVER_FEATURE_RECONNECTION) &&
        READ_ONCE(r->page->connection) != XENSTORE_CONNECTED) {
        return XS_RING_RECONNECTING;
    }
    return xs_ring_error(r) != XENSTORE_ERROR_NONE ? XS_RING_DEAD : XS_RING_READY;
}

uint32_t xs_ring_error(const struct xs_ring *r)
{
    if (!(READ_ONCE(r->page->server_features) & XENSTORE_SERVER_FEATURE_ERROR)) {
        return XENSTORE_ERROR_NONE;
    }
    return READ_ONCE(r->page->error);
}

int xs_ring_attach(struct xs_ring *r, struct xenstore_domain_interface *page)
{
    r->page = page;
    r->req_prod = r->req_shown = READ_ONCE(page->req_prod);
    r->req_cons = READ_ONCE(page->req_cons);
    r->rsp_cons = r->rsp_shown = r->rsp_prod = READ_ONCE(page->rsp_cons);
    if (r->req_prod - r->req_cons > XENSTORE_RING_SIZE ||
        READ_ONCE(page->rsp_prod) - r->rsp_cons > XENSTORE_RING_SIZE) {
        return -EPROTO;
    }
    return 0;
}

int xs_ring_put(struct xs_ring *r, const void *data, size_t bytes)
{
    uint32_t cons = READ_ONCE(r->page->req_cons);
    uint32_t offset = MASK_XENSTORE_IDX(r->req_prod), first;
    size_t room;

    /* What the daemon may consume lies between its last position and what it was shown. */
    if (cons - r->req_cons > r->req_shown - r->req_cons) {
        return -EPROTO;
    }
    r->req_cons = cons;
    room = XENSTORE_RING_SIZE - (r->req_prod - cons);
    bytes = MIN(bytes, room);
    /* The daemon's reads of these bytes come before our writes to them. */
    smp_mb();
    first = (uint32_t)MIN(bytes, (size_t)XENSTORE_RING_SIZE - offset);
    memcpy(r->page->req + offset, data, first);
    memcpy(r->page->req, (const char *)data + first, bytes - first);
    r->req_prod += (uint32_t)bytes;
    return (int)bytes;
}

bool xs_ring_show(struct xs_ring *r)
{
    uint32_t before = r->req_shown;

    if (r->req_prod == before) {
        return false;
    }
    smp_wmb();
    WRITE_ONCE(r->page->req_prod, r->req_prod);
    r->req_shown = r->req_prod;
    /*
     * The daemon stores its index, then looks at ours before it sleeps; we store ours, then look at its. So one
     * that still had older bytes to take will see the new ones without a notification.
     */
    smp_mb();
    return r->req_prod - READ_ONCE(r->page->req_cons) <= r->req_prod - before;
}

int xs_ring_get(struct xs_ring *r, void *data, size_t bytes)
{
    uint32_t offset = MASK_XENSTORE_IDX(r->rsp_cons), first;

    if (r->rsp_prod == r->rsp_cons) {
        uint32_t prod = READ_ONCE(r->page->rsp_prod);

        if (prod - r->rsp_shown > XENSTORE_RING_SIZE || prod - r->rsp_shown < r->rsp_cons - r->rsp_shown) {
            return -EPROTO;
        }
        r->rsp_prod = prod;
        smp_rmb();
    }
    bytes = MIN(bytes, (size_t)(r->rsp_prod - r->rsp_cons));
    first = (uint32_t)MIN(bytes, (size_t)XENSTORE_RING_SIZE - offset);
    memcpy(data, r->page->rsp + offset, first);
    memcpy((char *)data + first, r->page->rsp, bytes - first);
    r->rsp_cons += (uint32_t)bytes;
    return (int)bytes;
}

bool xs_ring_release(struct xs_ring *r)
{
    uint32_t before = r->rsp_shown;

    if (r->rsp_cons == before) {
        return false;
    }
    smp_mb();
    WRITE_ONCE(r->page->rsp_cons, r->rsp_cons);
    r->rsp_shown = r->rsp_cons;
    smp_mb();
    /* Only a daemon that found the ring full waits for room. */
    return READ_ONCE(r->page->rsp_prod) - before >= XENSTORE_RING_SIZE;
}
