// SPDX-License-Identifier: MIT
/*
 * Claim: an exception inside an upcall handler is dumped all the same, says where it happened, and the trace is
 * printed if it was asked for: with upcalls off and nobody to wait for the console's backend.
 */
#include <xenolith/events.h>

#include "system_test.h"

static void faulty_handler(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    __asm__ volatile("ud2");
}

int main(void)
{
    evtchn_port_t port;

    printf("about to fault in an upcall\n");
    fflush(stdout);
    if (evtchn_bind_ipi(0, faulty_handler, NULL, &port) != 0) {
        test_error("no IPI port");
    }
    evtchn_unmask(port);
    if (evtchn_send(port) != 0) {
        test_error("the event could not be sent");
    }
    test_failure("the handler came back, or never ran");
}
