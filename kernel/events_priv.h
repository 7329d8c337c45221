// SPDX-License-Identifier: MIT
/*
 * Between the event channel core and its ABIs.
 */
#ifndef XENOLITH_EVENTS_PRIV_H
#define XENOLITH_EVENTS_PRIV_H

#include <xenolith/events.h>

extern const struct evtchn_abi evtchn_2l;

/** evtchn_2l_init() - Mask every port. */
void evtchn_2l_init(void);

/** evtchn_dispatch() - From an ABI's handle(): clear pending, call the handler. */
void evtchn_dispatch(evtchn_port_t port);

#endif
