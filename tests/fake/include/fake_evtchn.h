// SPDX-License-Identifier: MIT
/*
 * Xen's side of two-level event channels, and the domains at the other ends. fake_watch(&shared_info, ...) lets them act
 * between any two of our accesses. A test that uses it links kernel/events.c and kernel/evtchn_2l.c.
 */
#ifndef XENOLITH_FAKE_EVTCHN_H
#define XENOLITH_FAKE_EVTCHN_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#define FAKE_EVTCHN_PORTS 4096U

/** fake_evtchn_start() - A fresh Xen: shared_info zeroed, no port open; it answers EVTCHNOP_* and makes upcalls. */
void fake_evtchn_start(void);

/** struct fake_raise - One event on its way; Xen's steps as another processor would take them. */
struct fake_raise {
    evtchn_port_t port;
    unsigned int step;
};

#define FAKE_RAISE_STEPS 4

/** fake_evtchn_raise_step() - The next step of at most FAKE_RAISE_STEPS. */
void fake_evtchn_raise_step(struct fake_raise *r);

/** fake_evtchn_raise() - All of them: the other end sends. */
void fake_evtchn_raise(evtchn_port_t port);

/** fake_evtchn_toolstack_port() - A port connected to dom0 as the domain builder leaves it for us. */
evtchn_port_t fake_evtchn_toolstack_port(void);

/** fake_evtchn_next_port() - The number that Xen gives out next, however mad. */
void fake_evtchn_next_port(evtchn_port_t port);

/** fake_evtchn_refuse() - The next EVTCHNOP_@cmd fails with @error (negative errno). */
void fake_evtchn_refuse(unsigned int cmd, int error);

/* Called at the start of every EVTCHNOP_*: the world turns while we are in Xen. */
extern void (*fake_evtchn_in_hypercall)(void);

/* Does Xen clear a port's pending bit when it is closed? Old ones do not. */
extern bool fake_evtchn_close_clears;

/* Events sent to other domains. */
extern unsigned int fake_evtchn_sent;

/** fake_evtchn_open() - How many ports are open in Xen. */
unsigned int fake_evtchn_open(void);

#endif
