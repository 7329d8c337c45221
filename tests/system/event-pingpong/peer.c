// SPDX-License-Identifier: MIT
/*
 * The other side of event-pingpong: binds to the offered port and returns every ball.
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
    evtchn_port_t remote = (evtchn_port_t)peer_wait_u64("data/port");
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_bind_interdomain(peer, remote, ball, NULL, &port), 0);
    evtchn_unmask(port);
    received = 0; /* binding raises our own end once */
    CHECK_EQUAL(evtchn_send(port), 0);
    peer_tell_u64("data/ready", 1);
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        if (wait_event_until(&queue, received >= i, time_deadline_ns(30 * NS_PER_SEC)) != 0) {
            test_failure("ball %u did not come", i);
        }
        CHECK_EQUAL(received, i);
        CHECK_EQUAL(evtchn_send(port), 0);
    }
    test_success();
}
