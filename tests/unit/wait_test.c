// SPDX-License-Identifier: MIT
/*
 * A wake is never lost, whenever it comes; it goes to the longest waiter that still waits; and a
 * time-out is told apart from a wake.
 */
#include "journal_fixture.h"

#include <xenolith/irq.h>
#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/timer.h>
#include <xenolith/wait.h>

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static struct wait_queue other_queue = WAIT_QUEUE_INIT(other_queue);
static bool flag;

static int group_setup(void **state)
{
    fake_boot(4096);
    return 0;
}

static int setup(void **state)
{
    journal_begin();
    flag = false;
    return 0;
}

static int teardown(void **state)
{
    assert_true(list_is_empty(&queue.waiters));
    assert_true(list_is_empty(&other_queue.waiters));
    assert_int_equal(timer_next_deadline(), TIME_FOREVER);
    assert_true(upcall_is_enabled());
    return 0;
}

static void wait_once(void *arg)
{
    struct waiter w;

    wait_prepare(&queue, &w);
    assert_int_equal(wait_block(TIME_FOREVER), 0);
    wait_finish(&w);
    log_char(*(const char *)arg);
}

static void waiters_wake_first_come_first_served(void **state)
{
    struct thread *a = make(wait_once, "a");
    struct thread *b = make(wait_once, "b");
    struct thread *c = make(wait_once, "c");

    thread_yield();
    assert_true(wait_wake_one(&queue));
    thread_yield();
    assert_string_equal(journal, "a");
    assert_true(wait_wake_one(&queue));
    assert_true(wait_wake_one(&queue));
    assert_false(wait_wake_one(&queue));
    thread_join(a);
    thread_join(b);
    thread_join(c);
    assert_string_equal(journal, "abc");
}

static void wake_all_wakes_all(void **state)
{
    struct thread *a = make(wait_once, "a");
    struct thread *b = make(wait_once, "b");

    thread_yield();
    wait_wake_all(&queue);
    wait_wake_all(&queue);
    thread_join(a);
    thread_join(b);
    assert_string_equal(journal, "ab");
}

static void set_and_wake(void *arg)
{
    flag = true;
    wait_wake_all(&queue);
}

static void a_wake_between_the_look_and_the_block_is_not_lost(void **state)
{
    struct waiter w;
    uint64_t idles = fake_idles;

    wait_prepare(&queue, &w);
    assert_false(flag);
    fake_event_at(fake_now_ns, set_and_wake, NULL); /* comes right here */
    assert_true(flag);
    assert_int_equal(wait_block(TIME_FOREVER), 0);
    wait_finish(&w);
    assert_int_equal(fake_idles, idles);
}

static void a_wake_while_upcalls_are_off_comes_before_the_block(void **state)
{
    struct waiter w;
    bool was;

    wait_prepare(&queue, &w);
    was = upcall_save();
    fake_event_at(fake_now_ns, set_and_wake, NULL);
    assert_false(flag);
    upcall_restore(was);
    assert_int_equal(wait_block(TIME_FOREVER), 0);
    wait_finish(&w);
}

static void a_wake_in_the_middle_of_blocking_counts(void **state)
{
    struct waiter w;
    uint64_t idles = fake_idles;

    fake_clock_step_ns = 10;
    fake_event_at(fake_now_ns + 5, set_and_wake, NULL); /* comes when wait_block() looks at the clock */
    wait_prepare(&queue, &w);
    assert_int_equal(wait_block(fake_now_ns + 1000), 0);
    wait_finish(&w);
    assert_true(flag);

    flag = false;
    fake_event_at(fake_now_ns + 5, set_and_wake, NULL);
    wait_prepare(&queue, &w);
    assert_int_equal(wait_block(fake_now_ns + 8), 0); /* too late as well, but it did come */
    wait_finish(&w);
    assert_true(flag);
    assert_int_equal(fake_idles, idles);
}

static void a_wake_from_an_upcall_ends_the_idling(void **state)
{
    fake_event_at(fake_now_ns + 500, set_and_wake, NULL);
    wait_event(&queue, flag);
    assert_true(flag);
}

static void a_time_out_comes_when_it_was_asked_for(void **state)
{
    uint64_t began = fake_now_ns;

    assert_int_equal(wait_event_until(&queue, flag, began + 777), -ETIMEDOUT);
    assert_int_equal(fake_now_ns, began + 777);
}

static void a_deadline_in_the_past_is_a_time_out_at_once(void **state)
{
    uint64_t idles = fake_idles;

    assert_int_equal(wait_event_until(&queue, flag, fake_now_ns), -ETIMEDOUT);
    assert_int_equal(wait_event_until(&queue, flag, 0), -ETIMEDOUT);
    assert_int_equal(fake_idles, idles);
    flag = true;
    assert_int_equal(wait_event_until(&queue, flag, 0), 0);
}

static void set_only(void *arg)
{
    flag = true;
}

static void what_holds_at_the_deadline_counts(void **state)
{
    fake_event_at(fake_now_ns + 50, set_only, NULL);
    assert_int_equal(wait_event_until(&queue, flag, fake_now_ns + 100), 0);
}

static void a_wake_without_the_condition_is_waited_out(void **state)
{
    uint64_t began = fake_now_ns;

    fake_event_at(began + 10, set_only, NULL);
    for (int i = 1; i < 5; i++) {
        fake_event_at(began + (unsigned int)i, (void (*)(void *))wait_wake_all, &queue);
    }
    assert_int_equal(wait_event_until(&queue, false, began + 20), -ETIMEDOUT);
    assert_int_equal(fake_now_ns, began + 20);
    assert_true(flag);
}

static void wait_short(void *arg)
{
    struct waiter w;
    int rc;

    wait_prepare(&queue, &w);
    rc = wait_block(fake_now_ns + 100);
    wait_finish(&w);
    log_char(rc == 0 ? *(const char *)arg : '-');
}

/*
 * Callback that runs after a's time-out in the same pass, before a itself: the moment of the race.
 */
static void wake_one_in_timer(void *arg)
{
    *(bool *)arg = wait_wake_one(&queue);
}

static void a_wake_in_the_moment_of_the_time_out_goes_to_the_next(void **state)
{
    struct thread *a = make(wait_short, "a");
    struct thread *b = make(wait_once, "b");
    struct timer timer;
    bool woke = false;

    timer_init(&timer, wake_one_in_timer, &woke);
    thread_yield();
    timer_arm(&timer, fake_now_ns + 101);
    fake_clock_advance(102);
    thread_join(a);
    thread_join(b);
    assert_true(woke);
    assert_string_equal(journal, "-b");
}

static void a_wake_in_a_timer_before_the_time_out_wins(void **state)
{
    struct thread *a = make(wait_short, "a");
    struct timer timer;
    bool woke = false;

    timer_init(&timer, wake_one_in_timer, &woke);
    thread_yield();
    timer_arm(&timer, fake_now_ns + 99);
    fake_clock_advance(102); /* both are due in the same pass */
    thread_join(a);
    assert_true(woke);
    assert_string_equal(journal, "a");
}

static void wake_other(void *arg)
{
    wait_wake_all(&other_queue);
}

static void one_thread_can_wait_in_two_queues(void **state)
{
    struct waiter w1, w2;

    fake_event_at(fake_now_ns + 10, wake_other, NULL);
    wait_prepare(&queue, &w1);
    wait_prepare(&other_queue, &w2);
    assert_int_equal(wait_block(fake_now_ns + 100), 0);
    wait_finish(&w1);
    wait_finish(&w2);

    /* The first wakes while the second is being joined. */
    wait_prepare(&queue, &w1);
    wait_wake_all(&queue);
    wait_prepare(&other_queue, &w2);
    assert_int_equal(wait_block(TIME_FOREVER), 0);
    wait_finish(&w2);
    wait_finish(&w1);
}

static void wake_one_skips_a_thread_that_another_queue_woke(void **state)
{
    struct waiter w1, w2;

    wait_prepare(&queue, &w1);
    wait_prepare(&other_queue, &w2);
    assert_true(wait_wake_one(&queue));
    assert_false(wait_wake_one(&other_queue));
    assert_int_equal(wait_block(TIME_FOREVER), 0);
    wait_finish(&w1);
    wait_finish(&w2);
}

static bool inner_flag;

static void set_inner(void *arg)
{
    inner_flag = true;
    wait_wake_all(&other_queue);
}

/* A condition that blocks by itself, as for a mutex, while wakes of the outer wait keep coming. */
static bool look_slowly(void)
{
    struct waiter inner;
    int rounds = 0;

    inner_flag = false;
    fake_event_at(fake_now_ns + 100, set_inner, NULL);
    while (!inner_flag) {
        wait_prepare(&other_queue, &inner);
        (void)wait_block(TIME_FOREVER);
        wait_finish(&inner);
        assert_true(++rounds < 5);
    }
    return flag;
}

static void a_condition_that_blocks_costs_turns_but_hangs_nothing(void **state)
{
    uint64_t began = fake_now_ns;

    for (unsigned int i = 0; i < 10; i++) {
        fake_event_at(began + 30 * i, (void (*)(void *))wait_wake_all, &queue);
    }
    fake_event_at(began + 2000, set_and_wake, NULL);
    wait_event(&queue, look_slowly());
    assert_true(fake_now_ns >= began + 2000);
}

static void a_finished_wait_leaves_no_trace(void **state)
{
    struct waiter w;
    uint64_t idles = fake_idles;

    wait_prepare(&queue, &w);
    wait_finish(&w);
    assert_false(wait_wake_one(&queue));
    thread_yield();
    assert_int_equal(fake_idles, idles);
}

static void wait_in_upcall(void *arg)
{
    struct waiter w;

    *(bool *)arg = fake_panics(wait_prepare(&queue, &w));
}

static void waiting_in_an_upcall_panics(void **state)
{
    bool panicked = false;

    fake_event_at(fake_now_ns, wait_in_upcall, &panicked);
    assert_true(panicked);
    assert_true(fake_panics((void)wait_block(0)));
}

#define wait_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        wait_test(waiters_wake_first_come_first_served),
        wait_test(wake_all_wakes_all),
        wait_test(a_wake_between_the_look_and_the_block_is_not_lost),
        wait_test(a_wake_while_upcalls_are_off_comes_before_the_block),
        wait_test(a_wake_in_the_middle_of_blocking_counts),
        wait_test(a_wake_from_an_upcall_ends_the_idling),
        wait_test(a_time_out_comes_when_it_was_asked_for),
        wait_test(a_deadline_in_the_past_is_a_time_out_at_once),
        wait_test(what_holds_at_the_deadline_counts),
        wait_test(a_wake_without_the_condition_is_waited_out),
        wait_test(a_wake_in_the_moment_of_the_time_out_goes_to_the_next),
        wait_test(a_wake_in_a_timer_before_the_time_out_wins),
        wait_test(one_thread_can_wait_in_two_queues),
        wait_test(wake_one_skips_a_thread_that_another_queue_woke),
        wait_test(a_condition_that_blocks_costs_turns_but_hangs_nothing),
        wait_test(a_finished_wait_leaves_no_trace),
        wait_test(waiting_in_an_upcall_panics),
    };

    return cmocka_run_group_tests_name("wait", tests, group_setup, NULL);
}
