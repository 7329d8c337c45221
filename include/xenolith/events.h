// SPDX-License-Identifier: MIT
/*
 * Event channels. A port is bound masked; the handler is called in upcall context (short, never blocks,
 * mostly wakes a thread) after its pending bit was cleared, so an event that arrives while the handler
 * runs calls it again. The ABI (two-level today) hides behind struct evtchn_abi.
 *
 * All functions return 0 or a negative errno and never block; those that bind or close run in threads.
 * ABI: xen/event_channel.h.
 */
#ifndef XENOLITH_EVENTS_H
#define XENOLITH_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#include <xenolith/compiler.h>

typedef void (*evtchn_handler_fn)(evtchn_port_t port, void *arg);

/** struct evtchn_abi - Where pending and mask bits live; the rest of the system does not know. */
struct evtchn_abi {
    const char *name;
    unsigned int max_ports;
    int (*expand)(evtchn_port_t port); /* room for @port (FIFO's event array); 0 or -errno */
    void (*mask)(evtchn_port_t port);
    bool (*unmask)(evtchn_port_t port); /* true: pending, and left masked for EVTCHNOP_unmask to raise it */
    void (*clear_pending)(evtchn_port_t port);
    bool (*is_pending)(evtchn_port_t port);
    bool (*is_masked)(evtchn_port_t port);
    void (*handle)(void); /* the upcall: dispatch every pending, unmasked port */
};

/** evtchn_alloc_unbound() - New port that domain @remote may bind to. @port: written on success. */
int evtchn_alloc_unbound(domid_t remote, evtchn_handler_fn fn, void *arg, evtchn_port_t *port);

/** evtchn_bind_interdomain() - Connect to @remote's unbound @remote_port. @port: our end. */
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_fn fn, void *arg,
                            evtchn_port_t *port);

/** evtchn_bind_virq() - VIRQ_* of vCPU @vcpu (global VIRQs: vCPU 0). */
int evtchn_bind_virq(uint32_t virq, uint32_t vcpu, evtchn_handler_fn fn, void *arg, evtchn_port_t *port);

/** evtchn_bind_ipi() - A port by which we notify our own vCPU @vcpu. */
int evtchn_bind_ipi(uint32_t vcpu, evtchn_handler_fn fn, void *arg, evtchn_port_t *port);

/** evtchn_adopt() - Attach a handler to a port that the toolstack has bound for us (console, store). */
int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg);

/** evtchn_mask() - Hold the port's events back. Context: any. */
void evtchn_mask(evtchn_port_t port);

/** evtchn_unmask() - Let them come; one that became pending while masked is delivered. Context: any. */
void evtchn_unmask(evtchn_port_t port);

/** evtchn_send() - Notify the other end. Context: any. */
int evtchn_send(evtchn_port_t port);

/** evtchn_close() - Unbind and free the port. Its handler is not called again once this returns. */
int evtchn_close(evtchn_port_t port);

/** evtchn_get_status() - What Xen knows of the port. @status: dom and port are inputs, the rest results. */
int evtchn_get_status(struct evtchn_status *status);

/** struct evtchn_stats - Counted since boot. */
struct evtchn_stats {
    uint64_t upcalls, events, sends, spurious;
};

extern struct evtchn_stats evtchn_stats;

/** evtchn_init() - Choose the ABI and mask everything. Context: once, from kernel_main(), upcalls off. */
void evtchn_init(void);

/** evtchn_upcall() - The upcall, from the arch entry code, on the upcall stack with upcalls off. */
void evtchn_upcall(void);

#endif
