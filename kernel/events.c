// SPDX-License-Identifier: MIT
/*
 * Event channels: which handler belongs to which port. Where the bits live is the ABI's (evtchn_2l.c).
 * Never runs a handler outside an upcall.
 */
#include <xenolith/events.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>

#include "events_priv.h"

/** struct port_entry - fn NULL: nobody's. Written by threads with upcalls off, read by upcalls. */
struct port_entry {
    evtchn_handler_fn fn;
    void *arg;
};

#define FIRST_PORTS 32 /* enough for most domains without touching the heap */

static struct port_entry first_ports[FIRST_PORTS];
static struct port_entry *ports = first_ports;
static unsigned int nr_ports = FIRST_PORTS;

static const struct evtchn_abi *abi;
static bool inside_upcall;

struct evtchn_stats evtchn_stats;

bool in_upcall(void)
{
    return inside_upcall;
}

void evtchn_init(void)
{
    abi = &evtchn_2l;
    evtchn_2l_init();
}

void evtchn_upcall(void)
{
    uint64_t before = evtchn_stats.events;

    TRACE(TRACE_UPCALL, TRACE_EV_UPCALL_IN, 0, 0, 0);
    inside_upcall = true;
    evtchn_stats.upcalls++;
    abi->handle();
    inside_upcall = false;
    TRACE(TRACE_UPCALL, TRACE_EV_UPCALL_OUT, evtchn_stats.events - before, 0, 0);
}

void evtchn_dispatch(evtchn_port_t port)
{
    struct port_entry *entry = port < nr_ports ? &ports[port] : NULL;

    abi->clear_pending(port);
    TRACE(TRACE_EVENT, TRACE_EV_EVENT_HANDLE, port, 0, 0);
    if (entry == NULL || entry->fn == NULL) {
        /* Closed with an event under way, or never ours: quiet until somebody binds it. */
        abi->mask(port);
        evtchn_stats.spurious++;
        return;
    }
    evtchn_stats.events++;
    entry->fn(port, entry->arg);
}

/** make_room() - Have a table entry, and the ABI's bits, for @port. */
static int make_room(evtchn_port_t port)
{
    unsigned int nr = nr_ports;
    struct port_entry *bigger, *old = ports;
    bool was;

    if (port >= abi->max_ports) {
        return -ENOSPC;
    }
    if (abi->expand != NULL) {
        int rc = abi->expand(port);

        if (rc != 0) {
            return rc;
        }
    }
    if (port < nr_ports) {
        return 0;
    }
    while (nr <= port) {
        nr *= 2;
    }
    bigger = heap_zalloc(nr, sizeof(*bigger));
    if (bigger == NULL) {
        return -ENOMEM;
    }
    was = upcall_save();
    memcpy(bigger, ports, nr_ports * sizeof(*ports));
    ports = bigger;
    nr_ports = nr;
    upcall_restore(was);
    if (old != first_ports) {
        heap_free(old);
    }
    return 0;
}

static int close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return (int)HYPERVISOR_event_channel_op(EVTCHNOP_close, &op);
}

int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    int rc = make_room(port);
    bool was;

    if (rc != 0) {
        return rc;
    }
    if (ports[port].fn != NULL) {
        return -EBUSY;
    }
    was = upcall_save();
    abi->mask(port);
    ports[port] = (struct port_entry){fn, arg};
    upcall_restore(was);
    return 0;
}

/** attach() - A port that Xen has just given us: attach the handler, or close it again. */
static int attach(evtchn_port_t port, evtchn_handler_fn fn, void *arg, evtchn_port_t *out)
{
    int rc = evtchn_adopt(port, fn, arg);

    if (rc != 0) {
        (void)close_port(port);
        return rc;
    }
    *out = port;
    return 0;
}

int evtchn_alloc_unbound(domid_t remote, evtchn_handler_fn fn, void *arg, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
    int rc = (int)HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    return rc != 0 ? rc : attach(op.port, fn, arg, port);
}

int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_fn fn, void *arg,
                            evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote, .remote_port = remote_port};
    int rc = (int)HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    return rc != 0 ? rc : attach(op.local_port, fn, arg, port);
}

int evtchn_bind_virq(uint32_t virq, uint32_t vcpu, evtchn_handler_fn fn, void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
    int rc = (int)HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &op);

    return rc != 0 ? rc : attach(op.port, fn, arg, port);
}

int evtchn_bind_ipi(uint32_t vcpu, evtchn_handler_fn fn, void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    int rc = (int)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op);

    return rc != 0 ? rc : attach(op.port, fn, arg, port);
}

void evtchn_mask(evtchn_port_t port)
{
    if (port < abi->max_ports) {
        abi->mask(port);
    }
}

void evtchn_unmask(evtchn_port_t port)
{
    if (port < abi->max_ports && abi->unmask(port)) {
        struct evtchn_unmask op = {.port = port};

        /* It came while masked: only Xen can raise the upcall without a race. */
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op);
    }
}

int evtchn_send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    evtchn_stats.sends++;
    TRACE(TRACE_EVENT, TRACE_EV_EVENT_SEND, port, 0, 0);
    return (int)HYPERVISOR_event_channel_op(EVTCHNOP_send, &op);
}

int evtchn_close(evtchn_port_t port)
{
    bool was;
    int rc;

    if (port >= nr_ports || ports[port].fn == NULL) {
        return -EINVAL;
    }
    was = upcall_save();
    abi->mask(port);
    ports[port] = (struct port_entry){NULL, NULL};
    upcall_restore(was);
    rc = close_port(port);
    /* The number may come back to us with the next bind: without an old event. */
    abi->clear_pending(port);
    return rc;
}

int evtchn_get_status(struct evtchn_status *status)
{
    return (int)HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}
