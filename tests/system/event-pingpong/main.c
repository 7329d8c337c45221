// SPDX-License-Identifier: MIT
/*
 * Claim: an event channel between two domains carries 10,000 events each way, in turns, none lost and none doubled.
 * This side offers the port and serves; peer.c binds to it and answers.
 */
#include <xenolith/events.h>
#include <xenolith/wait.h>

#include "peer.h"

#define ROUNDS 10000

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static unsigned int received;

static void ball(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    received++;
    wait_wake_all(&queue);
}

int main(void)
{
    domid_t peer = (domid_t)peer_wait_u64("data/peer");
    evtchn_port_t port;
    uint64_t start;

    CHECK_EQUAL(evtchn_alloc_unbound(peer, ball, NULL, &port), 0);
    evtchn_unmask(port);
    peer_tell_u64("data/port", port);
    wait_event(&queue, received > 0); /* the peer's first ball, and perhaps its bind */
    (void)peer_wait_u64("data/start");
    received = 0;
    start = time_monotonic_ns();
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        CHECK_EQUAL(evtchn_send(port), 0);
        if (wait_event_until(&queue, received >= i, time_deadline_ns(30 * NS_PER_SEC)) != 0) {
            test_failure("ball %u did not come back", i);
        }
        CHECK_EQUAL(received, i);
    }
    printf("%u round trips, %llu ns each\n", ROUNDS,
           (unsigned long long)((time_monotonic_ns() - start) / ROUNDS));
    test_success();
}
