// SPDX-License-Identifier: MIT
/*
 * What every fake backend works through: the grant table and the event channels. Every access of a backend goes through a grant: what is
 * not granted it cannot touch. Misuse by the frontend (a double end, a port that is not bound) stops the test at once.
 *
 * Link tests/fake/backend/ with xenstored.c, and wrap evtchn_send, evtchn_mask and evtchn_unmask (netfront/netfront.mk).
 */
#ifndef XENOLITH_FAKE_BACKEND_H
#define XENOLITH_FAKE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

/** struct fake_backend - Counts: events raised, and notifications that the frontend sent. */
struct fake_backend {
    uint64_t events, notified;
};

extern struct fake_backend fake_backend;

/** fake_backend_notify() - Raise the frontend's end of @port. */
void fake_backend_notify(uint32_t port);

/** fake_backend_disturb() - What a backend may do to a ring, however odd: events in a burst, or noise in one of the thresholds. */
void fake_backend_disturb(void *ring_page, uint32_t port);

/** fake_backend_bind() - Bind to the frontend's @port. */
void fake_backend_bind(uint32_t port);

unsigned int fake_grants(void); /* standing */
unsigned int fake_grants_held(void);
void *fake_grant_page(uint32_t ref, bool write);
void fake_grant_hold(uint32_t ref, bool hold); /* map it, and keep it mapped */
void fake_grants_unmap(void);                  /* all that is held; the frontend may end it then */
void fake_grants_let_go(void);                 /* of what the frontend has given up for good */

#endif
