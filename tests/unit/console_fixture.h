// SPDX-License-Identifier: MIT
/*
 * What the tests of the console share: a backend that takes and gives what each test tells it, when we block.
 */
#ifndef CONSOLE_FIXTURE_H
#define CONSOLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>

#include <xen/sched.h>

#include <arch/irq.h>

#include "../../kernel/console_priv.h"

#define PORT 7

/* ---- The backend ---- */

static struct xencons_interface *ring;
static evtchn_handler_fn handler;
static bool notified, busy, event_pending, port_masked;
static uint32_t seen; /* out_prod when the backend was last woken */
static unsigned int sends;
static char screen[8 << 20], hypervisor_screen[1 << 20];
static size_t nr_screen, nr_hypervisor;
static const char *to_type; /* what the backend will put in */
static size_t take_limit;   /* bytes it takes at a time; 0: none */
static bool random_takes;
static uint64_t turn_ns; /* how long one turn of the backend takes */

int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    assert_int_equal(port, PORT);
    handler = fn;
    port_masked = true;
    return 0;
}

void evtchn_mask(evtchn_port_t port)
{
    port_masked = true;
}

void evtchn_unmask(evtchn_port_t port)
{
    port_masked = false;
    if (event_pending) {
        fake_upcall_raise();
    }
}

int evtchn_send(evtchn_port_t port)
{
    assert_int_equal(port, PORT);
    sends++;
    notified = true;
    return 0;
}

static void deliver(void)
{
    if (event_pending && !port_masked) {
        event_pending = false;
        handler(PORT, NULL);
    }
}

static bool backend_take(size_t limit)
{
    uint32_t cons = ring->out_cons, start = cons;

    while (cons != ring->out_prod && cons - start < limit) {
        assert_true(ring->out_prod - cons <= sizeof(ring->out));
        assert_true(nr_screen < sizeof(screen) - 1);
        screen[nr_screen++] = ring->out[cons++ % sizeof(ring->out)];
    }
    screen[nr_screen] = '\0';
    ring->out_cons = cons;
    return cons != start;
}

static bool backend_type(void)
{
    bool any = false;

    while (to_type != NULL && *to_type != '\0' && ring->in_prod - ring->in_cons < sizeof(ring->in)) {
        ring->in[ring->in_prod++ % sizeof(ring->in)] = *to_type++;
        any = true;
    }
    return any;
}

/*
 * One turn of a backend. It looks at out_prod once when it is notified, takes up to there, tells us and goes to sleep:
 * what it was not notified of stays in the ring for ever.
 */
static bool backend_run(void)
{
    bool did = false;

    fake_now_ns += turn_ns;
    if (notified && take_limit > 0) {
        notified = false;
        busy = true;
        seen = ring->out_prod;
    }
    if (busy && take_limit > 0) {
        size_t limit = random_takes ? 1 + fake_random_below(take_limit) : take_limit;
        uint32_t left = seen - ring->out_cons;

        did = backend_take(limit < left ? limit : left);
        busy = ring->out_cons != seen;
    }
    did |= backend_type();
    if (did) {
        event_pending = true;
        fake_upcall_raise();
    }
    return did;
}

static long console_io(unsigned long cmd, unsigned long count, unsigned long buf, unsigned long unused)
{
    assert_int_equal(cmd, CONSOLEIO_write);
    assert_true(nr_hypervisor + count < sizeof(hypervisor_screen));
    memcpy(hypervisor_screen + nr_hypervisor, (const void *)buf, count);
    nr_hypervisor += count;
    hypervisor_screen[nr_hypervisor] = '\0';
    return 0;
}

static void fresh_console(void)
{
    free(ring);
    ring = calloc(1, sizeof(*ring)); /* AddressSanitizer watches its ends */
    ring->out_prod = ring->out_cons = (uint32_t)fake_random();
    ring->in_prod = ring->in_cons = UINT32_MAX - 100;
    boot_info.console_ring = ring;
    boot_info.console_port = PORT;
    console.broken = false;
    notified = busy = event_pending = false;
    to_type = NULL;
    take_limit = sizeof(ring->out);
    random_takes = false;
    console_set_mode(true, true);
    console_set_crlf(true);
    console_init();
    fake_upcall_set(deliver);
    fake_idle_set(backend_run);
    while (backend_run()) {
    }
    nr_screen = nr_hypervisor = 0;
    screen[0] = hypervisor_screen[0] = '\0';
    sends = 0;
}

static int setup(void **state)
{
    fake_hypercall_set(__HYPERVISOR_console_io, console_io);
    fake_boot(4096);
    return 0;
}

static int teardown(void **state)
{
    free(ring);
    return 0;
}

#endif
