// SPDX-License-Identifier: MIT
/*
 * Threads run in turn, end cleanly, sleep as long as they asked, and cost what they should: nothing
 * is lost when making one fails, and a wait that ends in time costs no hypercall.
 */
#include "unit.h"

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/timer.h>
#include <xenolith/types.h>
#include <xenolith/wait.h>

#define RAM_PAGES 70000UL
#define CACHED    (4 * ((THREAD_STACK_BYTES >> PAGE_SHIFT) + 1)) /* pages that the cache of stacks may keep */

extern void *fake_thread_pointer;

static char journal[256];

static void log_char(char c)
{
    size_t n = strlen(journal);

    assert_true(n + 1 < sizeof(journal));
    journal[n] = c;
    journal[n + 1] = '\0';
}

static unsigned long pages_free(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.free;
}

static struct sched_stats stats_now(void)
{
    struct sched_stats s;

    sched_get_stats(&s);
    return s;
}

static struct thread *make(const char *name, void (*fn)(void *arg), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, name, fn, arg, 0), 0);
    return t;
}

static int group_setup(void **state)
{
    fake_boot(RAM_PAGES);
    return 0;
}

static int setup(void **state)
{
    journal[0] = '\0';
    fake_clock_step_ns = 0;
    return 0;
}

/* Every test leaves one thread, and no pages but those of the cache of stacks. */
static int teardown(void **state)
{
    fake_fail_after(0);
    thread_yield(); /* lets the last detached thread go */
    assert_int_equal(stats_now().threads, 1);
    assert_int_equal(stats_now().runnable, 1);
    assert_true(pages_free() >= RAM_PAGES - CACHED);
    assert_int_equal(timer_next_deadline(), TIME_FOREVER);
    return 0;
}

/* ---- Turns ---- */

static void three_turns(void *arg)
{
    for (int i = 0; i < 3; i++) {
        log_char(*(const char *)arg);
        thread_yield();
    }
}

static void threads_take_turns_in_the_order_of_their_making(void **state)
{
    struct thread *a = make("a", three_turns, "a");
    struct thread *b = make("b", three_turns, "b");
    struct thread *c = make("c", three_turns, "c");

    assert_string_equal(journal, "");
    assert_int_equal(stats_now().runnable, 4);
    for (int i = 0; i < 4; i++) {
        log_char('.');
        thread_yield();
    }
    assert_string_equal(journal, ".abc.abc.abc.");
    thread_join(c);
    thread_join(a);
    thread_join(b);
}

static void a_yield_alone_returns_at_once(void **state)
{
    uint64_t idles = fake_idles;
    uint64_t switches = stats_now().switches;

    thread_yield();
    assert_int_equal(fake_idles, idles);
    assert_int_equal(stats_now().switches, switches);
}

/* ---- Ends ---- */

static void ends_deep_down(int depth)
{
    if (depth == 0) {
        thread_exit();
    }
    ends_deep_down(depth - 1);
    log_char('!');
}

static void ender(void *arg)
{
    log_char('e');
    ends_deep_down(5);
}

static void join_waits_for_the_end(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    assert_int_equal(thread_join(t), 0);
    assert_string_equal(journal, "e");
}

static void a_thread_that_has_ended_can_still_be_joined(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    thread_yield();
    assert_string_equal(journal, "e");
    assert_int_equal(stats_now().threads, 2);
    assert_int_equal(thread_join(t), 0);
}

static void joining_oneself_is_a_deadlock(void **state)
{
    assert_int_equal(thread_join(thread_current()), -EDEADLK);
}

static void detaches_itself(void *arg)
{
    thread_detach(thread_current());
    thread_yield();
    log_char('d');
}

static void detached_threads_free_themselves(void **state)
{
    thread_detach(make("before", ender, NULL));
    thread_yield();
    thread_yield();
    assert_int_equal(stats_now().threads, 1);

    struct thread *ended = make("after", ender, NULL);

    thread_yield();
    thread_detach(ended);
    assert_int_equal(stats_now().threads, 1);

    make("self", detaches_itself, NULL);
    for (int i = 0; i < 3; i++) {
        thread_yield();
    }
    assert_int_equal(stats_now().threads, 1);
    assert_string_equal(journal, "eed");
}

static void threads_may_end_one_right_after_the_other(void **state)
{
    for (int i = 0; i < 5; i++) {
        thread_detach(make("ender", ender, NULL));
    }
    thread_yield(); /* each ends before the next has run at all */
    assert_string_equal(journal, "eeeee");
    assert_int_equal(stats_now().threads, 1);
}

static void misuse_of_ends_panics(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    thread_detach(t);
    assert_true(fake_panics(thread_join(t)));
    assert_true(fake_panics(thread_detach(t)));
    thread_yield();
}

static int hooked;
static struct thread *hooked_thread;

static void count_end(void)
{
    bool guard;

    hooked++;
    hooked_thread = thread_current();
    assert_true(thread_stack_contains(thread_current(), (uintptr_t)&guard, &guard));
    assert_false(guard);
}

THREAD_EXIT_HOOK(count_end, count_end);

static void exit_hooks_run_in_each_ending_thread(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    hooked = 0;
    thread_join(t);
    assert_int_equal(hooked, 1);
    assert_ptr_equal(hooked_thread, t);
}

/* ---- Names and stacks ---- */

static void names_are_cut_and_ids_differ(void **state)
{
    struct thread *a = make("a name that is far too long", ender, NULL);
    struct thread *b = make("", ender, NULL);

    assert_string_equal(thread_name(a), "a name that is ");
    assert_string_equal(thread_name(b), "");
    assert_string_equal(thread_name(thread_current()), "main");
    assert_int_not_equal(thread_id(a), 0);
    assert_int_not_equal(thread_id(a), thread_id(b));
    thread_join(a);
    thread_join(b);
}

static uintptr_t seen_sp;

static void notes_its_stack(void *arg)
{
    seen_sp = (uintptr_t)__builtin_frame_address(0);
}

static void a_stack_lies_above_a_guard_page(void **state)
{
    struct thread *t = make("t", notes_its_stack, NULL);
    bool guard;
    uintptr_t low;

    thread_yield();
    assert_true(thread_stack_contains(t, seen_sp, &guard));
    assert_false(guard);
    for (low = seen_sp; thread_stack_contains(t, low - PAGE_SIZE, &guard) && !guard;) {
        low -= PAGE_SIZE;
    }
    assert_true(guard);
    assert_true(fake_is_guarded((void *)((low - PAGE_SIZE) & PAGE_MASK)));
    assert_true(seen_sp - low >= THREAD_STACK_BYTES - 2 * PAGE_SIZE);
    assert_false(thread_stack_contains(t, (low & PAGE_MASK) - PAGE_SIZE - 1, &guard));
    assert_false(thread_stack_contains(thread_current(), seen_sp, &guard));
    assert_true(thread_stack_contains(thread_current(), (uintptr_t)&guard, &guard));
    thread_join(t);
}

static void no_memory_at_any_point_leaks_nothing(void **state)
{
    struct thread *t = NULL;
    unsigned long free_pages;
    unsigned int nr = 1;

    /* An odd size, so that the cache does not help. */
    for (;; nr++) {
        size_t guards = fake_guards;

        free_pages = pages_free();
        fake_fail_after(nr);
        if (thread_create(&t, "t", ender, NULL, 5 * PAGE_SIZE) == 0) {
            break;
        }
        assert_true(fake_fail_fired());
        assert_int_equal(pages_free(), free_pages);
        assert_int_equal(fake_guards, guards);
        assert_int_equal(stats_now().threads, 1);
        assert_int_equal(stats_now().runnable, 1);
    }
    assert_false(fake_fail_fired());
    assert_true(nr == 3); /* the pages, the guard */
    fake_fail_after(0);
    thread_join(t);
    assert_int_equal(pages_free(), free_pages);
}

static void absurd_stacks_are_refused(void **state)
{
    struct thread *t;
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2, RAM_PAGES << PAGE_SHIFT};

    for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
        assert_int_equal(thread_create(&t, "t", ender, NULL, absurd[i]), -ENOMEM);
    }
}

static void kept_stacks_go_back_when_memory_runs_out(void **state)
{
    struct thread *t[8];
    size_t guards = fake_guards;
    unsigned long nr;
    void *all;

    for (int i = 0; i < 8; i++) {
        t[i] = make("t", ender, NULL);
    }
    for (int i = 0; i < 8; i++) {
        thread_join(t[i]);
    }
    assert_true(fake_guards > guards || pages_free() < RAM_PAGES);
    nr = pages_free();
    all = page_alloc_exact(nr);
    if (all != NULL) {
        page_free_exact(all, nr);
    }
    while (pages_free() < RAM_PAGES) {
        void *page = page_alloc_exact(pages_free() + 1); /* cannot be had without the kept ones */

        page_free_exact(page, page != NULL ? 1 : 0);
        if (page == NULL) {
            break;
        }
        page_free_exact((char *)page + PAGE_SIZE, RAM_PAGES - 1);
    }
    assert_int_equal(pages_free(), RAM_PAGES);
    assert_int_equal(fake_guards, 0);
}

/* ---- Many ---- */

#define MANY 10000

static struct wait_queue gate;
static bool open;
static int through;

static void waits_at_the_gate(void *arg)
{
    wait_event(&gate, open);
    through++;
    if ((intptr_t)arg % 3 == 0) {
        thread_sleep_ns(1 + (uint64_t)(intptr_t)arg);
    }
}

static void ten_thousand_threads(void **state)
{
    static struct thread *all[MANY];

    wait_queue_init(&gate);
    open = false;
    through = 0;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(thread_create(&all[i], "t", waits_at_the_gate, (void *)(intptr_t)i, 4 * PAGE_SIZE),
                         0);
    }
    thread_yield();
    assert_int_equal(through, 0);
    assert_int_equal(stats_now().threads, MANY + 1);
    open = true;
    wait_wake_all(&gate);
    for (int i = 0; i < MANY; i++) {
        thread_join(all[i]);
    }
    assert_int_equal(through, MANY);
}

/* ---- TLS ---- */

/* What tests/fake/fake_tls.c says of the image. */
#define TLS_TOTAL 128 /* 100 bytes, aligned to 64 */

static void sees_its_tls(void *arg)
{
    char *tp = fake_thread_pointer;
    char *block = tp - TLS_TOTAL;
    bool guard;

    assert_ptr_not_equal(tp, arg);
    assert_ptr_equal(*(void **)tp, tp);
    assert_int_equal((uintptr_t)tp % 64, 0);
    assert_string_equal(block, "initialised thread data");
    for (int i = 24; i < 100; i++) {
        assert_int_equal(block[i], 0);
    }
    assert_true(thread_stack_contains(thread_current(), (uintptr_t)block, &guard) && !guard);
    memset(block, 0x77, 100);
    thread_yield();
    assert_ptr_equal(fake_thread_pointer, tp);
    assert_int_equal(block[0], 0x77);
    assert_int_equal(block[99], 0x77);
}

static void every_thread_has_its_own_tls(void **state)
{
    void *mine = fake_thread_pointer;
    struct thread *a = make("a", sees_its_tls, mine);
    struct thread *b = make("b", sees_its_tls, mine);

    assert_non_null(mine);
    thread_yield();
    assert_ptr_equal(fake_thread_pointer, mine);
    thread_join(a);
    thread_join(b);
}

/* ---- Time ---- */

static void sleeper(void *arg)
{
    uint64_t ns = (uint64_t)(uintptr_t)arg;
    uint64_t deadline = time_monotonic_ns() + ns;

    thread_sleep_ns(ns);
    assert_true(fake_now_ns >= deadline);
    log_char((char)('0' + ns / 1000));
}

static void sleepers_wake_in_order_and_not_early(void **state)
{
    static const int us[] = {5, 1, 3, 2, 4};
    struct thread *t[5];
    uint64_t began = fake_now_ns;

    for (int i = 0; i < 5; i++) {
        t[i] = make("sleeper", sleeper, (void *)(uintptr_t)(us[i] * 1000));
    }
    for (int i = 0; i < 5; i++) {
        thread_join(t[i]);
    }
    assert_string_equal(journal, "12345");
    assert_int_equal(fake_now_ns, began + 5000);
}

static void a_sleep_costs_one_alarm_and_one_block(void **state)
{
    uint64_t alarms = fake_alarm_sets;
    uint64_t idles = fake_idles;

    thread_sleep_ns(NS_PER_MS);
    assert_int_equal(fake_alarm_sets, alarms + 1);
    assert_int_equal(fake_idles, idles + 1);
}

static void sleeping_until_the_past_is_a_yield(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    thread_sleep_until(fake_now_ns);
    assert_string_equal(journal, "e");
    thread_join(t);
}

static void a_deadline_that_passes_while_we_go_to_sleep_is_seen(void **state)
{
    uint64_t deadline = fake_now_ns + 7;
    uint64_t alarms = fake_alarm_sets;

    fake_clock_step_ns = 5; /* the second look at the clock is the scheduler's, and too late for an alarm */
    thread_sleep_until(deadline);
    assert_int_equal(fake_now_ns >= deadline, true);
    assert_int_equal(fake_alarm_sets, alarms);
}

static void a_sleep_that_is_over_at_once_lets_others_run(void **state)
{
    struct thread *t = make("ender", ender, NULL);

    fake_clock_step_ns = 5;
    thread_sleep_until(fake_now_ns + 3);
    assert_string_equal(journal, "e");
    thread_join(t);
}

static void wake_gate(void *arg)
{
    open = true;
    wait_wake_all(&gate);
}

static void waits_that_end_in_time_set_hardly_an_alarm(void **state)
{
    uint64_t alarms = fake_alarm_sets;

    wait_queue_init(&gate);
    for (int i = 0; i < 100; i++) {
        open = false;
        fake_event_at(fake_now_ns + 10, wake_gate, NULL);
        assert_int_equal(wait_event_until(&gate, open, time_deadline_ns(NS_PER_SEC)), 0);
    }
    assert_int_equal(fake_alarm_sets, alarms + 1);
    thread_sleep_ns(2 * NS_PER_SEC); /* the alarm that nobody needs any more does no harm */
}

static bool slept;

static void sleeps_a_little(void *arg)
{
    thread_sleep_ns(1000);
    slept = true;
}

static void a_yield_loop_does_not_starve_timers(void **state)
{
    struct thread *t = make("t", sleeps_a_little, NULL);
    int rounds = 0;

    slept = false;
    while (!slept) {
        thread_yield();
        fake_clock_advance(10);
        assert_true(++rounds < 200);
    }
    thread_join(t);
}

static void sleep_in_callback(void *arg)
{
    *(bool *)arg = fake_panics(thread_yield());
}

static void blocking_where_it_is_forbidden_panics(void **state)
{
    bool in_timer = false;
    bool in_event = false;
    struct timer timer;

    fake_event_at(fake_now_ns + 1, sleep_in_callback, &in_event);
    fake_clock_advance(2);
    assert_true(in_event);

    timer_init(&timer, sleep_in_callback, &in_timer);
    timer_arm(&timer, fake_now_ns + 1);
    thread_sleep_ns(5);
    assert_true(in_timer);
}

/* ---- Everything at once ---- */

#define STORM_THREADS 40
#define STORM_STEPS   300

static struct wait_queue storm_queue[4];
static unsigned int storm_tokens[4];
static bool storm_over;

static void storm_wake(void *arg)
{
    size_t q = (size_t)(uintptr_t)arg;

    storm_tokens[q]++;
    if (fake_random_below(2)) {
        wait_wake_one(&storm_queue[q]);
    } else {
        wait_wake_all(&storm_queue[q]);
    }
}

static void storm_thread(void *arg)
{
    for (int i = 0; i < STORM_STEPS; i++) {
        size_t q = fake_random_below(4);

        switch (fake_random_below(5)) {
        case 0:
            thread_yield();
            break;
        case 1:
            thread_sleep_ns(fake_random_below(2000));
            break;
        case 2:
            fake_event_at(fake_now_ns + fake_random_below(500), storm_wake, (void *)(uintptr_t)q);
            break;
        default:
            fake_event_at(fake_now_ns + fake_random_below(1000), storm_wake, (void *)(uintptr_t)q);
            if (wait_event_until(&storm_queue[q], storm_tokens[q] > 0 || storm_over,
                                 time_deadline_ns(fake_random_below(3000))) == 0 &&
                storm_tokens[q] > 0) {
                storm_tokens[q]--;
            }
            break;
        }
    }
}

static void a_storm_of_waits_wakes_and_sleeps_ends(void **state)
{
    struct thread *t[STORM_THREADS];

    (void)fake_seed();
    fake_clock_step_ns = 7; /* upcalls come at every look at the clock */
    storm_over = false;
    for (int q = 0; q < 4; q++) {
        wait_queue_init(&storm_queue[q]);
        storm_tokens[q] = 0;
    }
    for (int i = 0; i < STORM_THREADS; i++) {
        t[i] = make("storm", storm_thread, NULL);
    }
    for (int i = 0; i < STORM_THREADS; i++) {
        thread_join(t[i]);
    }
    fake_clock_advance(NS_PER_SEC); /* events left over */
    for (int q = 0; q < 4; q++) {
        assert_true(list_is_empty(&storm_queue[q].waiters));
    }
}

#define sched_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        sched_test(threads_take_turns_in_the_order_of_their_making),
        sched_test(a_yield_alone_returns_at_once),
        sched_test(join_waits_for_the_end),
        sched_test(a_thread_that_has_ended_can_still_be_joined),
        sched_test(joining_oneself_is_a_deadlock),
        sched_test(detached_threads_free_themselves),
        sched_test(threads_may_end_one_right_after_the_other),
        sched_test(misuse_of_ends_panics),
        sched_test(exit_hooks_run_in_each_ending_thread),
        sched_test(names_are_cut_and_ids_differ),
        sched_test(a_stack_lies_above_a_guard_page),
        sched_test(no_memory_at_any_point_leaks_nothing),
        sched_test(absurd_stacks_are_refused),
        sched_test(kept_stacks_go_back_when_memory_runs_out),
        sched_test(ten_thousand_threads),
        sched_test(every_thread_has_its_own_tls),
        sched_test(sleepers_wake_in_order_and_not_early),
        sched_test(a_sleep_costs_one_alarm_and_one_block),
        sched_test(sleeping_until_the_past_is_a_yield),
        sched_test(a_deadline_that_passes_while_we_go_to_sleep_is_seen),
        sched_test(a_sleep_that_is_over_at_once_lets_others_run),
        sched_test(waits_that_end_in_time_set_hardly_an_alarm),
        sched_test(a_yield_loop_does_not_starve_timers),
        sched_test(blocking_where_it_is_forbidden_panics),
        sched_test(a_storm_of_waits_wakes_and_sleeps_ends),
    };

    return cmocka_run_group_tests_name("sched", tests, group_setup, NULL);
}
