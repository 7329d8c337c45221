// SPDX-License-Identifier: MIT
/*
 * The two-level bits: whatever step of ours Xen's steps fall between, an event comes exactly once. Every interleaving
 * of one event on another processor with each of our operations is tried.
 */
#include "unit.h"

#include <fake_evtchn.h>
#include <fake_watch.h>

#include <xenolith/events.h>
#include <xenolith/irq.h>

#include "../../kernel/events_priv.h"

static unsigned int calls[FAKE_EVTCHN_PORTS];
static evtchn_port_t order[64];
static unsigned int nr_order;

static void count(evtchn_port_t port, void *arg)
{
    (void)arg;
    calls[port]++;
    if (nr_order < 64) {
        order[nr_order++] = port;
    }
}

static void fresh(void)
{
    fake_evtchn_start();
    evtchn_init();
    memset(calls, 0, sizeof(calls));
    nr_order = 0;
}

static void bind(evtchn_port_t port)
{
    evtchn_port_t got;

    fake_evtchn_next_port(port);
    assert_int_equal(evtchn_bind_ipi(0, count, NULL, &got), 0);
    assert_int_equal(got, port);
}

static void close_all(const evtchn_port_t *ports, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        assert_int_equal(evtchn_close(ports[i]), 0);
    }
}

static int setup(void **state)
{
    (void)state;
    fresh();
    return 0;
}

/* ---- Simple facts ---- */

static void every_port_starts_masked(void **state)
{
    (void)state;
    for (evtchn_port_t port = 0; port < FAKE_EVTCHN_PORTS; port++) {
        assert_true(evtchn_2l.is_masked(port));
        assert_false(evtchn_2l.is_pending(port));
    }
    assert_int_equal(evtchn_2l.max_ports, FAKE_EVTCHN_PORTS);
}

static void a_bit_is_its_port_and_no_other(void **state)
{
    static const evtchn_port_t ports[] = {0, 1, 63, 64, 65, 127, 2048, 4032, 4095};

    (void)state;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        fake_evtchn_raise(ports[i]);
        assert_true(evtchn_2l.is_pending(ports[i]));
        assert_true(evtchn_2l.unmask(ports[i]));
        assert_true(evtchn_2l.is_masked(ports[i]));
        evtchn_2l.clear_pending(ports[i]);
        assert_false(evtchn_2l.unmask(ports[i]));
        for (evtchn_port_t port = 0; port < FAKE_EVTCHN_PORTS; port++) {
            assert_false(evtchn_2l.is_pending(port));
            assert_int_equal(evtchn_2l.is_masked(port), port != ports[i]);
        }
        evtchn_2l.mask(ports[i]);
        assert_true(evtchn_2l.is_masked(ports[i]));
    }
}

static void all_ports_at_once_come_once_each(void **state)
{
    static evtchn_port_t ports[FAKE_EVTCHN_PORTS - 1];
    bool was;

    (void)state;
    for (evtchn_port_t port = 1; port < FAKE_EVTCHN_PORTS; port++) {
        ports[port - 1] = port;
        bind(port);
        evtchn_unmask(port);
    }
    was = upcall_save();
    for (evtchn_port_t port = 1; port < FAKE_EVTCHN_PORTS; port++) {
        fake_evtchn_raise(port);
    }
    upcall_restore(was);
    for (evtchn_port_t port = 1; port < FAKE_EVTCHN_PORTS; port++) {
        assert_int_equal(calls[port], 1);
    }
    close_all(ports, FAKE_EVTCHN_PORTS - 1);
}

/* A selector, or an upcall, without anything behind it is legal: whoever was there first took it. */
static void an_upcall_for_nothing_does_nothing(void **state)
{
    static const evtchn_port_t ports[] = {70};

    (void)state;
    bind(70);
    shared_info.vcpu_info[0].evtchn_pending_sel = ~0UL;
    shared_info.vcpu_info[0].evtchn_upcall_pending = 1;
    fake_evtchn_raise(70); /* masked */
    fake_upcall_raise();
    assert_int_equal(calls[70], 0);
    assert_int_equal(shared_info.vcpu_info[0].evtchn_upcall_pending, 0);
    evtchn_unmask(70);
    assert_int_equal(calls[70], 1);
    close_all(ports, 1);
}

/* ---- Turns ---- */

static void raise_together(const evtchn_port_t *ports, size_t nr)
{
    bool was = upcall_save();

    nr_order = 0;
    for (size_t i = 0; i < nr; i++) {
        fake_evtchn_raise(ports[i]);
    }
    upcall_restore(was);
    assert_int_equal(nr_order, nr);
}

static void expect_order(const evtchn_port_t *ports, size_t nr)
{
    assert_int_equal(nr_order, nr);
    assert_memory_equal(order, ports, nr * sizeof(*ports));
}

static void the_one_served_last_is_served_after_the_others(void **state)
{
    static const evtchn_port_t ports[] = {3, 5, 63, 64, 130, 132, 4095};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        bind(ports[i]);
        evtchn_unmask(ports[i]);
    }
    raise_together((evtchn_port_t[]){5}, 1);
    raise_together((evtchn_port_t[]){3, 5, 63}, 3);
    expect_order((evtchn_port_t[]){63, 3, 5}, 3);
    /* 63 is a word's last bit: nothing lies behind it. */
    raise_together((evtchn_port_t[]){63}, 1);
    raise_together((evtchn_port_t[]){3, 5, 63}, 3);
    expect_order((evtchn_port_t[]){3, 5, 63}, 3);
    /* Words take turns as well: behind 130 in its word, the words above, the words below. */
    raise_together((evtchn_port_t[]){130}, 1);
    raise_together((evtchn_port_t[]){3, 64, 130, 132, 4095}, 5);
    expect_order((evtchn_port_t[]){132, 130, 4095, 3, 64}, 5);
    close_all(ports, 7);
}

static unsigned int left;

static void again(evtchn_port_t port, void *arg)
{
    unsigned int *mine = arg;

    (void)port;
    *mine += 1;
    if (left > 0) {
        left--;
        assert_int_equal(evtchn_send(port), 0);
    }
}

static void busy_ports_share_the_upcall_evenly(void **state)
{
    static const evtchn_port_t ports[] = {1, 2, 62, 63, 64, 700, 4095};
    unsigned int had[7] = {0}, sum = 0;
    evtchn_port_t got;

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        fake_evtchn_next_port(ports[i]);
        assert_int_equal(evtchn_bind_ipi(0, again, &had[i], &got), 0);
        evtchn_unmask(ports[i]);
    }
    left = 7000;
    for (size_t i = 0; i < 7; i++) {
        bool was = upcall_save();

        assert_int_equal(evtchn_send(ports[i]), 0);
        upcall_restore(was);
        if (i == 0) {
            /* Only port 1 was there: it has had it all. */
            assert_int_equal(had[0], 7001);
            had[0] = 0;
            left = 0;
        }
    }
    memset(had, 0, sizeof(had));
    left = 7000;
    upcall_disable();
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(evtchn_send(ports[i]), 0);
    }
    upcall_enable();
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(had[i], 1000, 1002);
        sum += had[i];
    }
    assert_int_equal(sum, 7007);
    close_all(ports, 7);
}

static void mask_arg(evtchn_port_t port, void *arg)
{
    count(port, NULL);
    evtchn_mask(*(evtchn_port_t *)arg);
}

static void a_port_that_a_handler_masks_is_silent_at_once(void **state)
{
    static evtchn_port_t victims[] = {71, 300};
    evtchn_port_t got;

    (void)state;
    for (int i = 0; i < 2; i++) {
        fresh();
        bind(victims[i]);
        fake_evtchn_next_port(70);
        assert_int_equal(evtchn_bind_ipi(0, mask_arg, &victims[i], &got), 0);
        evtchn_unmask(70);
        evtchn_unmask(victims[i]);
        /* The victim was served last, so it comes behind 70. */
        raise_together(&victims[i], 1);
        upcall_disable();
        fake_evtchn_raise(victims[i]);
        fake_evtchn_raise(70);
        upcall_enable();
        assert_int_equal(calls[70], 1);
        assert_int_equal(calls[victims[i]], i == 0 ? 1 : 2);
        if (i == 0) {
            evtchn_unmask(victims[i]);
            assert_int_equal(calls[victims[i]], 2);
        }
        close_all((evtchn_port_t[]){70, victims[i]}, 2);
    }
}

/* ---- Interleavings ---- */

static struct fake_raise event;
static unsigned int last_step;
static bool finishing;
static unsigned int at[FAKE_RAISE_STEPS]; /* in front of which of our accesses each of Xen's steps comes */

static void step_event(void)
{
    last_step = event.step;
    fake_evtchn_raise_step(&event);
}

static void other_processor(unsigned int n)
{
    while (!finishing && event.step < FAKE_RAISE_STEPS && at[event.step] <= n) {
        step_event();
    }
}

static void finish_event(void)
{
    finishing = true;
    while (event.step < FAKE_RAISE_STEPS) {
        step_event();
    }
    finishing = false;
}

/*
 * The next placement of the steps that were taken, among the @nr accesses that there were and the end; false after the
 * last. What would come later than the end is the same as at the end.
 */
static bool next_placement(unsigned int nr)
{
    for (int i = (int)last_step; i >= 0; i--) {
        if (at[i] < nr) {
            at[i]++;
            for (int k = i + 1; k < FAKE_RAISE_STEPS; k++) {
                at[k] = at[i];
            }
            return true;
        }
    }
    return false;
}

/* Run @before, then @op with an event on @port under way, then @after, for every placement; returns how many. */
static unsigned int interleave(evtchn_port_t port, void (*before)(void), void (*op)(void),
                               void (*after)(void))
{
    unsigned int placements = 0, accesses;

    memset(at, 0, sizeof(at));
    do {
        fresh();
        before();
        event = (struct fake_raise){.port = port};
        fake_watch(&shared_info, other_processor);
        op();
        accesses = fake_watch_end();
        finish_event();
        after();
        placements++;
    } while (next_placement(accesses));
    return placements;
}

static void bind_70(void)
{
    bind(70);
}

static void unmask_70(void)
{
    evtchn_unmask(70);
}

static void expect_one(void)
{
    assert_int_equal(calls[70], 1);
    assert_false(evtchn_2l.is_masked(70));
    assert_int_equal(evtchn_close(70), 0);
}

static void unmask_loses_no_event(void **state)
{
    (void)state;
    (void)interleave(70, bind_70, unmask_70, expect_one);
}

static void mask_and_unmask_70(void)
{
    evtchn_mask(70);
    evtchn_unmask(70);
}

static void bind_unmasked_70(void)
{
    bind(70);
    evtchn_unmask(70);
}

static void masking_for_a_moment_loses_no_event(void **state)
{
    (void)state;
    (void)interleave(70, bind_unmasked_70, mask_and_unmask_70, expect_one);
}

static void raise_masked_70(void)
{
    bind(70);
    fake_evtchn_raise(70);
}

static void expect_one_or_two(void)
{
    assert_in_range(calls[70], 1, 2);
    calls[70] = 0;
    fake_evtchn_raise(70);
    expect_one();
}

static void unmask_of_a_pending_port_loses_no_event(void **state)
{
    (void)state;
    (void)interleave(70, raise_masked_70, unmask_70, expect_one_or_two);
}

/* The upcall itself, with 70 pending and a second event somewhere while it runs. */
static void pend_70(void)
{
    bind(70);
    bind(71);
    bind(300);
    evtchn_unmask(70);
    evtchn_unmask(71);
    evtchn_unmask(300);
    upcall_disable();
    fake_evtchn_raise(70);
}

static evtchn_port_t second;
static bool handler_started, second_before_handler;

static void take_upcall(void)
{
    upcall_enable();
}

static void expect_second(void)
{
    if (second == 70) {
        assert_in_range(calls[70], 1, 2);
    } else {
        assert_int_equal(calls[70], 1);
        assert_int_equal(calls[second], 1);
    }
    calls[second] = 0;
    fake_evtchn_raise(second);
    assert_int_equal(calls[second], 1);
    close_all((evtchn_port_t[]){70, 71, 300}, 3);
}

static void the_upcall_loses_no_event(void **state)
{
    static const evtchn_port_t seconds[] = {70, 71, 300};

    (void)state;
    for (int i = 0; i < 3; i++) {
        second = seconds[i];
        (void)interleave(second, pend_70, take_upcall, expect_second);
    }
}

/* When the second event's pending bit was set after the handler of the first had started, there must be two calls. */
static void note_start(evtchn_port_t port, void *arg)
{
    count(port, arg);
    if (calls[port] == 1) {
        handler_started = true;
        second_before_handler = event.step > 0;
        finish_event();
    }
}

static void pend_noted_70(void)
{
    evtchn_port_t got;

    handler_started = false;
    fake_evtchn_next_port(70);
    assert_int_equal(evtchn_bind_ipi(0, note_start, NULL, &got), 0);
    evtchn_unmask(70);
    upcall_disable();
    fake_evtchn_raise(70);
}

static void expect_exact(void)
{
    assert_true(handler_started);
    assert_int_equal(calls[70] >= 2 || second_before_handler, true);
    assert_in_range(calls[70], 1, 2);
    assert_int_equal(evtchn_close(70), 0);
}

static void an_event_during_the_handler_calls_it_again(void **state)
{
    (void)state;
    (void)interleave(70, pend_noted_70, take_upcall, expect_exact);
}

static void adopt_70(void)
{
    assert_int_equal(evtchn_adopt(70, count, NULL), 0);
    evtchn_unmask(70);
}

static void toolstack_70(void)
{
    fake_evtchn_next_port(70);
    (void)fake_evtchn_toolstack_port();
}

static void adopting_a_port_loses_no_event(void **state)
{
    (void)state;
    (void)interleave(70, toolstack_70, adopt_70, expect_one);
}

static unsigned int calls_at_close;

static void close_70(void)
{
    assert_int_equal(evtchn_close(70), 0);
    calls_at_close = calls[70];
}

static void expect_silence(void)
{
    assert_int_equal(calls[70], calls_at_close);
    assert_true(calls_at_close <= 1);
    assert_true(evtchn_2l.is_masked(70));
}

static void a_closed_port_is_silent(void **state)
{
    (void)state;
    (void)interleave(70, bind_unmasked_70, close_70, expect_silence);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_port_starts_masked),
        T(a_bit_is_its_port_and_no_other),
        T(all_ports_at_once_come_once_each),
        T(an_upcall_for_nothing_does_nothing),
        T(the_one_served_last_is_served_after_the_others),
        T(busy_ports_share_the_upcall_evenly),
        T(a_port_that_a_handler_masks_is_silent_at_once),
        T(unmask_loses_no_event),
        T(masking_for_a_moment_loses_no_event),
        T(unmask_of_a_pending_port_loses_no_event),
        T(the_upcall_loses_no_event),
        T(an_event_during_the_handler_calls_it_again),
        T(adopting_a_port_loses_no_event),
        T(a_closed_port_is_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
