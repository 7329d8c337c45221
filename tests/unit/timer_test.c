// SPDX-License-Identifier: MIT
/*
 * Timers fire once, in the order of their deadlines, never early, also 100,000 of them, whatever
 * their callbacks do.
 */
#include "unit.h"

#include <xenolith/compiler.h>
#include <xenolith/time.h>
#include <xenolith/timer.h>

#define MANY 100000

static uint64_t start; /* fake time at the test's begin */
static int order[16];
static int nr_fired;

static void note(void *arg)
{
    assert_true(nr_fired < 16);
    order[nr_fired++] = (int)(intptr_t)arg;
}

static void *tag(int n)
{
    return (void *)(intptr_t)n;
}

static int setup(void **state)
{
    assert_int_equal(timer_next_deadline(), TIME_FOREVER);
    start = fake_now_ns;
    nr_fired = 0;
    return 0;
}

static void they_fire_in_order_and_not_early(void **state)
{
    struct timer t[5];
    static const uint64_t when[5] = {50, 10, 40, 20, 30};

    for (int i = 0; i < 5; i++) {
        timer_init(&t[i], note, tag(i));
        timer_arm(&t[i], start + when[i]);
    }
    assert_int_equal(timer_next_deadline(), start + 10);
    fake_clock_advance(9);
    assert_int_equal(timer_run_expired(), 0);
    fake_clock_advance(1);
    assert_int_equal(timer_run_expired(), 1);
    assert_int_equal(order[0], 1);
    assert_false(t[1].armed);
    fake_clock_advance(40);
    assert_int_equal(timer_run_expired(), 4);
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 4);
    assert_int_equal(order[3], 2);
    assert_int_equal(order[4], 0);
    assert_int_equal(timer_run_expired(), 0);
}

static void a_cancelled_timer_is_silent(void **state)
{
    struct timer t[3];

    for (int i = 0; i < 3; i++) {
        timer_init(&t[i], note, tag(i));
        assert_false(timer_cancel(&t[i]));
        timer_arm(&t[i], start + 10 + (unsigned int)i);
    }
    assert_true(timer_cancel(&t[0]));
    assert_false(timer_cancel(&t[0]));
    assert_int_equal(timer_next_deadline(), start + 11);
    assert_true(timer_cancel(&t[2]));
    fake_clock_advance(100);
    assert_int_equal(timer_run_expired(), 1);
    assert_int_equal(order[0], 1);
    assert_false(timer_cancel(&t[1]));
}

static void arming_again_moves_it(void **state)
{
    struct timer a, b;

    timer_init(&a, note, tag(1));
    timer_init(&b, note, tag(2));
    timer_arm(&a, start + 10);
    timer_arm(&b, start + 20);
    timer_arm(&a, start + 30);
    assert_int_equal(timer_next_deadline(), start + 20);
    timer_arm(&b, start + 5);
    timer_arm(&b, start + 6);
    fake_clock_advance(30);
    assert_int_equal(timer_run_expired(), 2);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
}

static void one_for_ever_never_fires(void **state)
{
    struct timer t;

    timer_init(&t, note, NULL);
    timer_arm(&t, TIME_FOREVER);
    assert_int_equal(timer_next_deadline(), TIME_FOREVER);
    fake_clock_advance(NS_PER_SEC * 86400 * 365);
    assert_int_equal(timer_run_expired(), 0);
    assert_true(timer_cancel(&t));
}

/* ---- Callbacks that change the queue ---- */

static struct timer self_arming;
static int rounds;

static void arm_again_in_the_past(void *arg)
{
    rounds++;
    timer_arm(&self_arming, fake_now_ns - 5);
    assert_int_equal(timer_next_deadline(), fake_now_ns - 5);
}

static void one_that_arms_itself_in_the_past_does_not_hold_up_the_rest(void **state)
{
    struct timer other;

    rounds = 0;
    timer_init(&self_arming, arm_again_in_the_past, NULL);
    timer_init(&other, note, tag(7));
    timer_arm(&self_arming, start);
    timer_arm(&other, start);
    assert_int_equal(timer_run_expired(), 2);
    assert_int_equal(rounds, 1);
    assert_int_equal(nr_fired, 1);
    assert_int_equal(timer_next_deadline(), fake_now_ns - 5);
    assert_int_equal(timer_run_expired(), 1);
    assert_int_equal(rounds, 2);
    assert_true(timer_cancel(&self_arming));
}

static void cancel_it(void *arg)
{
    note(tag(1));
    assert_true(timer_cancel(arg));
}

static void a_callback_may_cancel_the_next_one_due(void **state)
{
    struct timer first, victim, last;

    timer_init(&first, cancel_it, &victim);
    timer_init(&victim, note, tag(2));
    timer_init(&last, note, tag(3));
    timer_arm(&first, start + 1);
    timer_arm(&victim, start + 2);
    timer_arm(&last, start + 3);
    fake_clock_advance(10);
    assert_int_equal(timer_run_expired(), 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 3);
}

static void free_it(void *arg)
{
    free(arg);
}

static void a_callback_may_free_its_timer(void **state)
{
    for (int i = 0; i < 10; i++) {
        struct timer *t = malloc(sizeof(*t));

        timer_init(t, free_it, t);
        timer_arm(t, start + (unsigned int)i);
    }
    fake_clock_advance(10);
    assert_int_equal(timer_run_expired(), 10);
}

static void nested_run(void *arg)
{
    *(bool *)arg = fake_panics((void)timer_run_expired());
}

static void running_inside_a_callback_panics(void **state)
{
    struct timer t;
    bool panicked = false;

    timer_init(&t, nested_run, &panicked);
    timer_arm(&t, start);
    timer_run_expired();
    assert_true(panicked);
}

static void arm_in_upcall(void *arg)
{
    struct timer t;

    timer_init(&t, note, NULL);
    *(bool *)arg = fake_panics(timer_arm(&t, 1));
}

static void upcalls_must_not_arm(void **state)
{
    bool panicked = false;

    fake_event_at(0, arm_in_upcall, &panicked);
    assert_true(panicked);
}

/* ---- Against a reference: an array of deadlines ---- */

static struct timer many[MANY];
static uint64_t expected[MANY]; /* deadline, or 0: not armed */
static bool fresh[MANY];        /* armed by a callback of the pass under way */
static uint64_t last_fired;
static unsigned int fired_in_pass;
static bool meddle; /* callbacks arm and cancel others */
static size_t in_play;

static void model_arm(size_t i, uint64_t deadline)
{
    expected[i] = deadline;
    timer_arm(&many[i], deadline);
}

static void fired(void *arg)
{
    size_t i = (size_t)((struct timer *)arg - many);

    assert_true(expected[i] != 0 && expected[i] <= fake_now_ns);
    assert_true(expected[i] >= last_fired);
    assert_false(fresh[i]);
    assert_false(many[i].armed);
    last_fired = expected[i];
    expected[i] = 0;
    fired_in_pass++;
    if (meddle) {
        size_t j = fake_random_below(4) == 0 ? i : fake_random_below(in_play);

        if (fake_random_below(2)) {
            model_arm(j, fake_now_ns + fake_random_below(2000) - 1000);
            fresh[j] = true;
        } else {
            assert_int_equal(timer_cancel(&many[j]), expected[j] != 0);
            expected[j] = 0;
            fresh[j] = false;
        }
    }
}

static uint64_t reference_next(void)
{
    uint64_t next = TIME_FOREVER;

    for (size_t i = 0; i < in_play; i++) {
        if (expected[i] != 0 && expected[i] < next) {
            next = expected[i];
        }
    }
    return next;
}

static void run_pass(void)
{
    unsigned int due = 0;
    unsigned int nr;

    for (size_t i = 0; i < in_play; i++) {
        fresh[i] = false;
        due += expected[i] != 0 && expected[i] <= fake_now_ns;
    }
    last_fired = 0;
    fired_in_pass = 0;
    nr = timer_run_expired();
    assert_int_equal(nr, fired_in_pass);
    if (!meddle) {
        assert_int_equal(fired_in_pass, due);
    }
    for (size_t i = 0; i < in_play; i++) {
        /* Nothing due is left but what a callback armed. */
        assert_true(expected[i] == 0 || expected[i] > fake_now_ns || fresh[i]);
    }
}

static void begin(size_t nr)
{
    (void)fake_seed();
    in_play = nr;
    for (size_t i = 0; i < nr; i++) {
        timer_init(&many[i], fired, &many[i]);
        expected[i] = 0;
    }
}

static void end(void)
{
    for (size_t i = 0; i < in_play; i++) {
        assert_int_equal(timer_cancel(&many[i]), expected[i] != 0);
    }
}

static void a_hundred_thousand_agree_with_a_reference(void **state)
{
    meddle = false;
    begin(MANY);
    for (size_t i = 0; i < MANY; i++) {
        model_arm(i, start + 1 + fake_random_below(NS_PER_MS));
    }
    for (int step = 0; step < 60; step++) {
        for (int k = 0; k < 3000; k++) {
            size_t i = fake_random_below(MANY);

            if (fake_random_below(3) == 0) {
                assert_int_equal(timer_cancel(&many[i]), expected[i] != 0);
                expected[i] = 0;
            } else {
                model_arm(i, fake_now_ns + 1 + fake_random_below(NS_PER_MS));
            }
        }
        assert_int_equal(timer_next_deadline(), reference_next());
        fake_clock_advance(fake_random_below(NS_PER_MS / 20));
        run_pass();
    }
    end();
}

static void a_sorted_hundred_thousand_need_no_deep_stack(void **state)
{
    meddle = false;
    begin(MANY);
    for (size_t i = 0; i < MANY; i++) {
        model_arm(i, start + MANY - i); /* each becomes the root: one long chain */
    }
    fake_clock_advance(MANY / 2);
    run_pass();
    for (size_t i = 0; i < MANY; i++) {
        model_arm(i, fake_now_ns + 1 + i); /* and now all siblings below one */
    }
    fake_clock_advance(MANY + 1);
    run_pass();
    end();
}

static void callbacks_that_meddle_agree_with_a_reference(void **state)
{
    meddle = true;
    begin(300);
    for (int step = 0; step < 3000; step++) {
        for (int k = 0; k < 5; k++) {
            model_arm(fake_random_below(in_play), fake_now_ns + 1 + fake_random_below(3000));
        }
        assert_int_equal(timer_next_deadline(), reference_next());
        fake_clock_advance(fake_random_below(500));
        run_pass();
    }
    end();
}

#define timer_test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        timer_test(they_fire_in_order_and_not_early),
        timer_test(a_cancelled_timer_is_silent),
        timer_test(arming_again_moves_it),
        timer_test(one_for_ever_never_fires),
        timer_test(one_that_arms_itself_in_the_past_does_not_hold_up_the_rest),
        timer_test(a_callback_may_cancel_the_next_one_due),
        timer_test(a_callback_may_free_its_timer),
        timer_test(running_inside_a_callback_panics),
        timer_test(upcalls_must_not_arm),
        timer_test(a_hundred_thousand_agree_with_a_reference),
        timer_test(a_sorted_hundred_thousand_need_no_deep_stack),
        timer_test(callbacks_that_meddle_agree_with_a_reference),
    };

    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
