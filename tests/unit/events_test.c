// SPDX-License-Identifier: MIT
/*
 * Event channels lose nothing, invent nothing and leak nothing, whatever Xen answers: ports, handlers and the table.
 * How the bits race with Xen is evtchn_2l_test.c's.
 */
#include "unit.h"

#include <fake_evtchn.h>

#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/irq.h>

static unsigned int calls[FAKE_EVTCHN_PORTS];
static unsigned int outside_upcall;

static void count(evtchn_port_t port, void *arg)
{
    calls[port]++;
    outside_upcall += !in_upcall();
    if (arg != NULL) {
        *(unsigned int *)arg += 1;
    }
}

static evtchn_port_t bind_any(evtchn_handler_fn fn, void *arg)
{
    evtchn_port_t port = 0;

    assert_int_equal(evtchn_bind_ipi(0, fn, arg, &port), 0);
    assert_int_not_equal(port, 0);
    return port;
}

/* Ports of 32 and up make the table grow, once and for the rest of the program. */
static evtchn_port_t bind_at(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    fake_evtchn_next_port(port);
    assert_int_equal(bind_any(fn, arg), port);
    return port;
}

static int fresh(void **state)
{
    (void)state;
    fake_evtchn_start();
    evtchn_init();
    memset(calls, 0, sizeof(calls));
    outside_upcall = 0;
    return 0;
}

static int nothing_left(void **state)
{
    (void)state;
    fake_evtchn_close_clears = true;
    fake_heap_hook = NULL;
    fake_evtchn_in_hypercall = NULL;
    fake_fail_after(0);
    return fake_evtchn_open() == 0 && outside_upcall == 0 ? 0 : -1;
}

/* ---- One port ---- */

static void a_port_is_bound_masked_and_heard_once_unmasked(void **state)
{
    evtchn_port_t port = bind_any(count, NULL);

    (void)state;
    fake_evtchn_raise(port);
    fake_evtchn_raise(port);
    assert_int_equal(calls[port], 0);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 1);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 1);
    fake_evtchn_raise(port);
    assert_int_equal(calls[port], 2);
    assert_false(in_upcall());
    assert_int_equal(evtchn_close(port), 0);
}

static void masked_events_come_once_after_unmask(void **state)
{
    evtchn_port_t port = bind_any(count, NULL);

    (void)state;
    evtchn_unmask(port);
    for (unsigned int round = 0; round < 100; round++) {
        evtchn_mask(port);
        for (unsigned int i = 0; i < round % 4; i++) {
            fake_evtchn_raise(port);
        }
        assert_int_equal(calls[port], 0);
        evtchn_unmask(port);
        assert_int_equal(calls[port], round % 4 != 0);
        calls[port] = 0;
    }
    assert_int_equal(evtchn_close(port), 0);
}

static void send_to_self(evtchn_port_t port, void *arg)
{
    count(port, arg);
    if (calls[port] < 5) {
        assert_int_equal(evtchn_send(port), 0);
    }
}

static void an_event_sent_by_its_own_handler_comes_again(void **state)
{
    evtchn_port_t port = bind_any(send_to_self, NULL);

    (void)state;
    evtchn_unmask(port);
    assert_int_equal(evtchn_send(port), 0);
    assert_int_equal(calls[port], 5);
    assert_int_equal(evtchn_close(port), 0);
}

static void mask_self(evtchn_port_t port, void *arg)
{
    count(port, arg);
    evtchn_mask(port);
    fake_evtchn_raise(port);
}

static void a_handler_that_masks_its_port_rests_until_unmask(void **state)
{
    evtchn_port_t port = bind_any(mask_self, NULL);

    (void)state;
    evtchn_unmask(port);
    fake_evtchn_raise(port);
    assert_int_equal(calls[port], 1);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 2);
    assert_int_equal(evtchn_close(port), 0);
}

static void unmask_arg(evtchn_port_t port, void *arg)
{
    count(port, NULL);
    evtchn_unmask(*(evtchn_port_t *)arg);
}

static void a_handler_can_unmask_a_pending_port(void **state)
{
    evtchn_port_t other = bind_any(count, NULL);
    evtchn_port_t port = bind_any(unmask_arg, &other);

    (void)state;
    evtchn_unmask(port);
    fake_evtchn_raise(other);
    fake_evtchn_raise(port);
    assert_int_equal(calls[port], 1);
    assert_int_equal(calls[other], 1);
    assert_int_equal(evtchn_close(port), 0);
    assert_int_equal(evtchn_close(other), 0);
}

static void events_wait_while_upcalls_are_off(void **state)
{
    evtchn_port_t port = bind_any(count, NULL);
    bool was;

    (void)state;
    evtchn_unmask(port);
    was = upcall_save();
    fake_evtchn_raise(port);
    evtchn_mask(port);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 0);
    upcall_restore(was);
    assert_int_equal(calls[port], 1);
    assert_int_equal(evtchn_close(port), 0);
}

/* ---- Closing ---- */

static void a_port_closed_while_pending_is_silent_and_so_is_its_successor(void **state)
{
    (void)state;
    for (int clears = 0; clears < 2; clears++) {
        evtchn_port_t port = bind_any(count, NULL), again;
        bool was;

        fake_evtchn_close_clears = clears;
        evtchn_unmask(port);
        was = upcall_save();
        fake_evtchn_raise(port);
        assert_int_equal(evtchn_close(port), 0);
        upcall_restore(was);
        assert_int_equal(calls[port], 0);
        again = bind_any(count, NULL);
        assert_int_equal(again, port);
        evtchn_unmask(again);
        assert_int_equal(calls[port], 0);
        fake_evtchn_raise(again);
        assert_int_equal(calls[port], 1);
        assert_int_equal(evtchn_close(again), 0);
        calls[port] = 0;
    }
}

static void raise_in_hypercall(void)
{
    fake_evtchn_raise(1);
}

static void an_event_during_the_close_is_not_heard(void **state)
{
    evtchn_port_t port = bind_at(1, count, NULL);

    (void)state;
    evtchn_unmask(port);
    fake_evtchn_in_hypercall = raise_in_hypercall;
    fake_evtchn_close_clears = false;
    assert_int_equal(evtchn_close(port), 0);
    fake_evtchn_in_hypercall = NULL;
    assert_int_equal(calls[port], 0);
    bind_at(1, count, NULL);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 0);
    assert_int_equal(evtchn_close(port), 0);
}

static void what_is_not_ours_cannot_be_closed(void **state)
{
    evtchn_port_t port = bind_any(count, NULL), theirs = fake_evtchn_toolstack_port();

    (void)state;
    assert_int_equal(evtchn_close(theirs), -EINVAL);
    assert_int_equal(fake_evtchn_open(), 2);
    assert_int_equal(evtchn_adopt(theirs, count, NULL), 0);
    assert_int_equal(evtchn_close(theirs), 0);
    assert_int_equal(evtchn_close(port + 1), -EINVAL);
    assert_int_equal(evtchn_close(FAKE_EVTCHN_PORTS), -EINVAL);
    assert_int_equal(evtchn_close(UINT32_MAX), -EINVAL);
    assert_int_equal(evtchn_close(port), 0);
    assert_int_equal(evtchn_close(port), -EINVAL);
}

static void a_spurious_port_is_masked_and_counted_once(void **state)
{
    uint64_t before = evtchn_stats.spurious;

    (void)state;
    evtchn_unmask(9);
    fake_evtchn_raise(9);
    assert_int_equal(evtchn_stats.spurious, before + 1);
    for (int i = 0; i < 100; i++) {
        fake_evtchn_raise(9);
    }
    assert_int_equal(evtchn_stats.spurious, before + 1);
    /* Far beyond the table of handlers, too. */
    evtchn_unmask(4095);
    fake_evtchn_raise(4095);
    assert_int_equal(evtchn_stats.spurious, before + 2);
    /* Ports that do not exist change nothing. */
    evtchn_unmask(FAKE_EVTCHN_PORTS);
    evtchn_mask(UINT32_MAX);
    evtchn_unmask(UINT32_MAX);
}

/* ---- What Xen answers ---- */

static void each_kind_of_port_is_what_it_says(void **state)
{
    struct evtchn_status status = {.dom = DOMID_SELF};
    evtchn_port_t a, b, virq, foreign, port = 77;

    (void)state;
    assert_int_equal(evtchn_alloc_unbound(DOMID_SELF, count, NULL, &a), 0);
    assert_int_equal(evtchn_bind_interdomain(DOMID_SELF, a, count, NULL, &b), 0);
    assert_int_equal(evtchn_bind_interdomain(3, 5, count, NULL, &foreign), 0);
    assert_int_equal(evtchn_bind_virq(VIRQ_DEBUG, 0, count, NULL, &virq), 0);
    assert_int_equal(evtchn_bind_virq(VIRQ_DEBUG, 0, count, NULL, &port), -EEXIST);
    assert_int_equal(evtchn_bind_interdomain(DOMID_SELF, a, count, NULL, &port), -EINVAL);
    assert_int_equal(port, 77);
    status.port = a;
    assert_int_equal(evtchn_get_status(&status), 0);
    assert_int_equal(status.status, EVTCHNSTAT_interdomain);
    assert_int_equal(status.u.interdomain.port, b);
    evtchn_unmask(a);
    evtchn_unmask(b);
    assert_int_equal(calls[a], 0);
    assert_int_equal(calls[b], 1); /* binding raises our end */
    assert_int_equal(evtchn_send(b), 0);
    assert_int_equal(calls[a], 1);
    fake_evtchn_sent = 0;
    assert_int_equal(evtchn_send(foreign), 0);
    assert_int_equal(fake_evtchn_sent, 1);
    assert_int_equal(evtchn_send(virq), -EINVAL);
    assert_int_equal(evtchn_close(a), 0);
    assert_int_equal(evtchn_close(b), 0);
    assert_int_equal(evtchn_close(virq), 0);
    assert_int_equal(evtchn_close(foreign), 0);
}

static void a_refused_bind_changes_nothing(void **state)
{
    static const unsigned int cmds[] = {EVTCHNOP_alloc_unbound, EVTCHNOP_bind_interdomain, EVTCHNOP_bind_virq,
                                        EVTCHNOP_bind_ipi};

    (void)state;
    for (int i = 0; i < 4; i++) {
        evtchn_port_t port = 77;
        int rc;

        fake_evtchn_refuse(cmds[i], -EACCES - i);
        rc = i == 0   ? evtchn_alloc_unbound(1, count, NULL, &port)
             : i == 1 ? evtchn_bind_interdomain(1, 2, count, NULL, &port)
             : i == 2 ? evtchn_bind_virq(VIRQ_DEBUG, 0, count, NULL, &port)
                      : evtchn_bind_ipi(0, count, NULL, &port);
        assert_int_equal(rc, -EACCES - i);
        assert_int_equal(port, 77);
        assert_int_equal(fake_evtchn_open(), 0);
    }
}

static void a_port_the_abi_cannot_hold_goes_back_to_xen(void **state)
{
    evtchn_port_t port = 77;

    (void)state;
    fake_evtchn_next_port(FAKE_EVTCHN_PORTS);
    assert_int_equal(evtchn_bind_ipi(0, count, NULL, &port), -ENOSPC);
    assert_int_equal(port, 77);
    assert_int_equal(fake_evtchn_open(), 0);
    assert_int_equal(evtchn_adopt(FAKE_EVTCHN_PORTS, count, NULL), -ENOSPC);
    assert_int_equal(evtchn_adopt(UINT32_MAX, count, NULL), -ENOSPC);
}

static void an_adopted_port_keeps_what_came_before_it(void **state)
{
    evtchn_port_t port = fake_evtchn_toolstack_port();

    (void)state;
    fake_evtchn_raise(port);
    assert_int_equal(evtchn_adopt(port, count, NULL), 0);
    assert_int_equal(calls[port], 0);
    evtchn_unmask(port);
    assert_int_equal(calls[port], 1);
    assert_int_equal(evtchn_close(port), 0);
}

static void adopting_masks_a_port_left_unmasked(void **state)
{
    evtchn_port_t port = fake_evtchn_toolstack_port();

    (void)state;
    evtchn_unmask(port);
    assert_int_equal(evtchn_adopt(port, count, NULL), 0);
    fake_evtchn_raise(port);
    assert_int_equal(calls[port], 0);
    assert_int_equal(evtchn_close(port), 0);
}

static void a_taken_port_is_busy_and_keeps_its_handler(void **state)
{
    unsigned int mine = 0, theirs = 0;
    evtchn_port_t port = bind_any(count, &mine);

    (void)state;
    evtchn_unmask(port);
    assert_int_equal(evtchn_adopt(port, count, &theirs), -EBUSY);
    fake_evtchn_raise(port);
    assert_int_equal(mine, 1);
    assert_int_equal(theirs, 0);
    assert_int_equal(evtchn_close(port), 0);
}

/* ---- The table ---- */

static void no_memory_for_the_table_leaves_nothing(void **state)
{
    size_t blocks = fake_heap_blocks;
    evtchn_port_t port = 77;

    (void)state;
    fake_evtchn_next_port(32);
    fake_fail_after(1);
    assert_int_equal(evtchn_bind_ipi(0, count, NULL, &port), -ENOMEM);
    assert_true(fake_fail_fired());
    assert_int_equal(port, 77);
    assert_int_equal(fake_heap_blocks, blocks);
    assert_int_equal(fake_evtchn_open(), 0);
    /* One adopted stays the toolstack's. */
    fake_evtchn_next_port(33);
    assert_int_equal(fake_evtchn_toolstack_port(), 33);
    fake_fail_after(1);
    assert_int_equal(evtchn_adopt(33, count, NULL), -ENOMEM);
    assert_int_equal(fake_evtchn_open(), 1);
    fake_fail_after(0);
    assert_int_equal(evtchn_adopt(33, count, NULL), 0);
    assert_int_equal(evtchn_close(33), 0);
}

static unsigned int raised;

static void raise_all(void)
{
    for (evtchn_port_t port = 1; port < 32; port++) {
        fake_evtchn_raise(port);
    }
    raised++;
}

static void events_arrive_while_the_table_grows(void **state)
{
    /* Each beyond the table of before; tests above have grown it to 64 at least. */
    static const evtchn_port_t far[] = {64, 130, 300, 700, 1500, 4095};

    (void)state;
    for (evtchn_port_t port = 1; port < 32; port++) {
        evtchn_unmask(bind_at(port, count, NULL));
    }
    raised = 0;
    fake_heap_hook = raise_all;
    fake_evtchn_in_hypercall = raise_all;
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        bind_at(far[i], count, NULL);
        evtchn_unmask(far[i]);
    }
    fake_heap_hook = NULL;
    fake_evtchn_in_hypercall = NULL;
    /* Each bind is a hypercall, a table made and, but for the first, static one, a table freed. */
    assert_in_range(raised, 12, 24);
    for (evtchn_port_t port = 1; port < 32; port++) {
        assert_int_equal(calls[port], raised);
        assert_int_equal(evtchn_close(port), 0);
    }
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        fake_evtchn_raise(far[i]);
        assert_int_equal(calls[far[i]], 1);
        assert_int_equal(evtchn_close(far[i]), 0);
    }
    assert_true(fake_heap_blocks <= 1);
}

/* ---- Against a model ---- */

#define MODEL_PORTS 40
#define MODEL_STEPS 200000

/* owed: an event came after the handler's last start; the handler may only be called to settle that. */
static struct {
    bool bound, masked, owed, busy;
    evtchn_port_t number;
} model[MODEL_PORTS];

static unsigned int uncalled_for, deep;

static void model_send(unsigned int i)
{
    if (model[i].bound) {
        model[i].owed = true;
        fake_evtchn_raise(model[i].number);
    }
}

static void model_mask(unsigned int i, bool mask)
{
    if (model[i].bound) {
        model[i].masked = mask;
        mask ? evtchn_mask(model[i].number) : evtchn_unmask(model[i].number);
    }
}

static void model_handler(evtchn_port_t port, void *arg)
{
    unsigned int i = (unsigned int)(uintptr_t)arg;

    uncalled_for += !model[i].bound || model[i].masked || !model[i].owed || model[i].number != port;
    deep += model[i].busy;
    model[i].owed = false;
    model[i].busy = true;
    if (fake_random_below(3) == 0) {
        model_send((unsigned int)fake_random_below(MODEL_PORTS));
    }
    if (fake_random_below(4) == 0) {
        model_mask((unsigned int)fake_random_below(MODEL_PORTS), fake_random_below(2));
    }
    model[i].busy = false;
}

static void model_bind_or_close(unsigned int i)
{
    if (model[i].bound) {
        evtchn_port_t number = model[i].number;

        model[i].bound = false;
        assert_int_equal(evtchn_close(number), 0);
        return;
    }
    if (fake_random_below(4) == 0) {
        evtchn_port_t at = (evtchn_port_t)(1 + fake_random_below(FAKE_EVTCHN_PORTS - 1));

        for (unsigned int k = 0; k < MODEL_PORTS; k++) {
            at = model[k].bound && model[k].number == at ? 0 : at; /* taken: the lowest free one, then */
        }
        fake_evtchn_next_port(at);
    }
    model[i].masked = true;
    model[i].owed = false;
    assert_int_equal(evtchn_bind_ipi(0, model_handler, (void *)(uintptr_t)i, &model[i].number), 0);
    model[i].bound = true;
}

static void model_check(void)
{
    assert_int_equal(uncalled_for, 0);
    assert_int_equal(deep, 0);
    if (!upcall_is_enabled()) {
        return;
    }
    for (unsigned int i = 0; i < MODEL_PORTS; i++) {
        assert_false(model[i].bound && !model[i].masked && model[i].owed);
    }
}

static void nothing_is_lost_or_doubled_in_many_random_steps(void **state)
{
    (void)state;
    memset(model, 0, sizeof(model));
    (void)fake_seed();
    for (unsigned int step = 0; step < MODEL_STEPS; step++) {
        unsigned int i = (unsigned int)fake_random_below(MODEL_PORTS);

        switch (fake_random_below(8)) {
        case 0:
            model_bind_or_close(i);
            break;
        case 1:
            model_mask(i, true);
            break;
        case 2:
        case 3:
            model_mask(i, false);
            break;
        case 4:
            upcall_is_enabled() ? upcall_disable() : upcall_enable();
            break;
        default:
            model_send(i);
            break;
        }
        model_check();
    }
    upcall_enable();
    for (unsigned int i = 0; i < MODEL_PORTS; i++) {
        if (model[i].bound) {
            model_bind_or_close(i);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fresh, nothing_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_memory_for_the_table_leaves_nothing), /* first: the table is still small */
        T(a_port_is_bound_masked_and_heard_once_unmasked),
        T(masked_events_come_once_after_unmask),
        T(an_event_sent_by_its_own_handler_comes_again),
        T(a_handler_that_masks_its_port_rests_until_unmask),
        T(a_handler_can_unmask_a_pending_port),
        T(events_wait_while_upcalls_are_off),
        T(a_port_closed_while_pending_is_silent_and_so_is_its_successor),
        T(an_event_during_the_close_is_not_heard),
        T(what_is_not_ours_cannot_be_closed),
        T(a_spurious_port_is_masked_and_counted_once),
        T(each_kind_of_port_is_what_it_says),
        T(a_refused_bind_changes_nothing),
        T(a_port_the_abi_cannot_hold_goes_back_to_xen),
        T(an_adopted_port_keeps_what_came_before_it),
        T(adopting_masks_a_port_left_unmasked),
        T(a_taken_port_is_busy_and_keeps_its_handler),
        T(events_arrive_while_the_table_grows),
        T(nothing_is_lost_or_doubled_in_many_random_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
