// SPDX-License-Identifier: MIT
/*
 * Setting up a shared ring. The rest is inline in ring.h: it runs for every packet and every sector.
 */
#include <xenolith/ring.h>

#include <xen/xen.h>
#include <xen/io/ring.h>

#include <xenolith/types.h>

/* Any ring will do: the header is the same for all. */
DEFINE_RING_TYPES(any, uint64_t, uint64_t);

_Static_assert(offsetof(struct ring_page, req_prod) == offsetof(struct any_sring, req_prod), "xen/io/ring.h");
_Static_assert(offsetof(struct ring_page, req_event) == offsetof(struct any_sring, req_event),
               "xen/io/ring.h");
_Static_assert(offsetof(struct ring_page, rsp_prod) == offsetof(struct any_sring, rsp_prod), "xen/io/ring.h");
_Static_assert(offsetof(struct ring_page, rsp_event) == offsetof(struct any_sring, rsp_event),
               "xen/io/ring.h");
_Static_assert(offsetof(struct ring_page, slots) == offsetof(struct any_sring, ring), "xen/io/ring.h");

void ring_init_pages(struct ring *r, void *pages, unsigned int nr_pages, uint32_t slot_bytes,
                     uint32_t trace_id)
{
    uint32_t fit = (uint32_t)((nr_pages * PAGE_SIZE - sizeof(struct ring_page)) / slot_bytes);

    memset(pages, 0, nr_pages * PAGE_SIZE);
    memset(r, 0, sizeof(*r));
    r->page = pages;
    r->slot_bytes = slot_bytes;
    r->nr_slots = 1U << (31 - __builtin_clz(fit));
    r->trace_id = trace_id;
    r->page->req_event = r->page->rsp_event = 1;
}

void ring_init(struct ring *r, void *page, uint32_t slot_bytes, uint32_t trace_id)
{
    ring_init_pages(r, page, 1, slot_bytes, trace_id);
}
