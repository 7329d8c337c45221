// SPDX-License-Identifier: MIT
/*
 * Claim: event channels to ourselves: bound masked, delivered once unmasked, held back while masked, none lost, status as
 * Xen sees it, silent after close; 1,000 of them at once.
 */
#include <xenolith/events.h>
#include <xenolith/irq.h>
#include <xenolith/sched.h>
#include <xenolith/wait.h>

#include "system_test.h"

#define NR_PORTS 1000

static unsigned int calls, outside_upcall;
static evtchn_port_t last_port;

static void count(evtchn_port_t port, void *arg)
{
    *(unsigned int *)arg += 1;
    last_port = port;
    outside_upcall += !in_upcall();
}

static void check_pair(void)
{
    unsigned int a_calls = 0, b_calls = 0;
    evtchn_port_t a, b;
    struct evtchn_status status;

    CHECK_EQUAL(evtchn_alloc_unbound(DOMID_SELF, count, &a_calls, &a), 0);
    status = (struct evtchn_status){.dom = DOMID_SELF, .port = a};
    CHECK_EQUAL(evtchn_get_status(&status), 0);
    CHECK_EQUAL(status.status, EVTCHNSTAT_unbound);
    CHECK_EQUAL(evtchn_bind_interdomain(DOMID_SELF, a, count, &b_calls, &b), 0);
    CHECK_EQUAL(evtchn_get_status(&status), 0);
    CHECK_EQUAL(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQUAL(status.u.interdomain.port, b);

    /* Binding raises both ends once: let that go by. */
    evtchn_unmask(a);
    evtchn_unmask(b);
    a_calls = b_calls = 0;
    CHECK_EQUAL(evtchn_send(b), 0);
    CHECK_EQUAL(a_calls, 1);
    CHECK_EQUAL(b_calls, 0);
    CHECK_EQUAL(last_port, a);

    evtchn_mask(a);
    CHECK_EQUAL(evtchn_send(b), 0);
    CHECK_EQUAL(evtchn_send(b), 0);
    CHECK_EQUAL(a_calls, 1);
    evtchn_unmask(a); /* two sends, one event */
    CHECK_EQUAL(a_calls, 2);
    for (int i = 0; i < 10000; i++) {
        CHECK_EQUAL(evtchn_send(b), 0);
    }
    CHECK_EQUAL(a_calls, 10002);

    CHECK_EQUAL(evtchn_close(a), 0);
    (void)evtchn_send(b);
    CHECK_EQUAL(a_calls, 10002);
    CHECK_EQUAL(evtchn_close(b), 0);
    CHECK(evtchn_close(b) < 0);
    CHECK(evtchn_send(b) < 0);
}

static void check_many(void)
{
    static evtchn_port_t ports[NR_PORTS];
    static unsigned int per_port[NR_PORTS];

    for (int i = 0; i < NR_PORTS; i++) {
        CHECK_EQUAL(evtchn_bind_ipi(0, count, &per_port[i], &ports[i]), 0);
        evtchn_unmask(ports[i]);
    }
    for (int i = 0; i < NR_PORTS; i++) {
        CHECK_EQUAL(evtchn_send(ports[i]), 0);
    }
    for (int i = 0; i < NR_PORTS; i++) {
        CHECK_EQUAL(per_port[i], 1);
        CHECK_EQUAL(evtchn_close(ports[i]), 0);
    }
}

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static bool woken;

static void wake(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    woken = true;
    wait_wake_all(&queue);
}

static void sender(void *arg)
{
    CHECK_EQUAL(evtchn_send(*(evtchn_port_t *)arg), 0);
}

static void check_wakes_thread(void)
{
    struct thread *t;
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_bind_ipi(0, wake, NULL, &port), 0);
    evtchn_unmask(port);
    CHECK_EQUAL(thread_create(&t, "sender", sender, &port, 0), 0);
    wait_event(&queue, woken);
    CHECK_EQUAL(thread_join(t), 0);
    CHECK_EQUAL(evtchn_close(port), 0);
}

int main(void)
{
    evtchn_port_t port;

    (void)calls;
    check_pair();
    check_many();
    check_wakes_thread();
    CHECK(evtchn_bind_interdomain(DOMID_SELF, 4000, count, &calls, &port) < 0);
    CHECK(evtchn_bind_virq(VIRQ_TIMER, 0, count, &calls, &port) < 0); /* the clock has it */
    CHECK_EQUAL(outside_upcall, 0);
    test_success();
}
