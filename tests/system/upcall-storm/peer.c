// SPDX-License-Identifier: MIT
/*
 * The flood of upcall-storm: sends as fast as it can until the other side hangs up.
 */
#include <xenolith/events.h>

#include "peer.h"

static void ignore(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
}

int main(void)
{
    domid_t peer = (domid_t)peer_wait_u64("data/peer");
    evtchn_port_t remote = (evtchn_port_t)peer_wait_u64("data/port");
    uint64_t give_up = time_deadline_ns(120 * NS_PER_SEC);
    struct evtchn_status status = {.dom = DOMID_SELF};
    unsigned long sent = 0;
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_bind_interdomain(peer, remote, ignore, NULL, &port), 0);
    status.port = port;
    peer_tell_u64("data/ready", 1);
    do {
        for (unsigned int i = 0; i < 1000; i++) {
            CHECK_EQUAL(evtchn_send(port), 0);
        }
        sent += 1000;
        CHECK_EQUAL(evtchn_get_status(&status), 0);
        if (time_monotonic_ns() > give_up) {
            test_failure("the other side still listens after %lu events", sent);
        }
    } while (status.status == EVTCHNSTAT_interdomain);
    printf("%lu events sent\n", sent);
    test_success();
}
