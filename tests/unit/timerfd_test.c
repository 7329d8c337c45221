// SPDX-License-Identifier: MIT
/*
 * Timers and counters behind descriptors: expirations are counted also when nobody looks, a timer nobody reads costs no alarm, and what
 * cannot be counted further waits or is refused.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>

#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "own_posix.h"

static int boot(void **state)
{
    (void)state;
    fake_boot(1024);
    return 0;
}

static struct itimerspec spec(uint64_t value_ns, uint64_t interval_ns)
{
    return (struct itimerspec){
        .it_value = {.tv_sec = (time_t)(value_ns / NS_PER_SEC), .tv_nsec = (long)(value_ns % NS_PER_SEC)},
        .it_interval = {.tv_sec = (time_t)(interval_ns / NS_PER_SEC),
                        .tv_nsec = (long)(interval_ns % NS_PER_SEC)},
    };
}

static uint64_t ns_of(struct timespec ts)
{
    return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void set(int fd, int flags, uint64_t value_ns, uint64_t interval_ns)
{
    struct itimerspec s = spec(value_ns, interval_ns);

    assert_int_equal(own_timerfd_settime(fd, flags, &s, NULL), 0);
}

static void a_timer_expires_once_and_is_read_once(void **state)
{
    int fd = own_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint64_t began = fake_now_ns;
    struct itimerspec now;
    uint64_t nr = 0;

    (void)state;
    set(fd, 0, 5 * NS_PER_MS, 0);
    assert_int_equal(own_timerfd_gettime(fd, &now), 0);
    assert_int_equal(ns_of(now.it_value), 5 * NS_PER_MS);
    assert_int_equal(own_read(fd, &nr, 8), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(own_poll(&p, 1, -1), 1);
    assert_int_equal(fake_now_ns, began + 5 * NS_PER_MS);
    assert_int_equal(own_read(fd, &nr, 7), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_read(fd, &nr, 8), 8);
    assert_int_equal(nr, 1);
    assert_int_equal(own_read(fd, &nr, 8), -1);
    assert_int_equal(own_timerfd_gettime(fd, &now), 0);
    assert_int_equal(ns_of(now.it_value), 0);
    assert_int_equal(own_close(fd), 0);
}

static void periods_are_counted_without_being_looked_at(void **state)
{
    int fd = own_timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t nr = 0, alarms;
    struct itimerspec now;

    (void)state;
    set(fd, 0, 10 * NS_PER_MS, NS_PER_MS);
    assert_int_equal(own_read(fd, &nr, 8), 8);
    assert_int_equal(nr, 1);
    alarms = fake_alarm_sets;
    thread_sleep_ns(100 * NS_PER_MS + 1);
    assert_true(fake_alarm_sets - alarms <= 3);
    assert_int_equal(own_timerfd_gettime(fd, &now), 0);
    assert_int_equal(ns_of(now.it_value), NS_PER_MS - 1);
    assert_int_equal(own_read(fd, &nr, 8), 8);
    assert_int_equal(nr, 100);
    assert_int_equal(own_read(fd, &nr, 8), 8);
    assert_int_equal(nr, 1);
    assert_int_equal(own_close(fd), 0);
}

static void absolute_times_are_those_of_the_timers_clock(void **state)
{
    int monotonic = own_timerfd_create(CLOCK_MONOTONIC, 0), wall = own_timerfd_create(CLOCK_REALTIME, 0);
    uint64_t began = fake_now_ns, nr;

    (void)state;
    set(wall, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, time_wall_ns() + 7 * NS_PER_MS, 0);
    assert_int_equal(own_read(wall, &nr, 8), 8);
    assert_int_equal(fake_now_ns, began + 7 * NS_PER_MS);
    set(monotonic, TFD_TIMER_ABSTIME, began + 8 * NS_PER_MS, 0);
    assert_int_equal(own_read(monotonic, &nr, 8), 8);
    assert_int_equal(fake_now_ns, began + 8 * NS_PER_MS);
    set(monotonic, TFD_TIMER_ABSTIME, began - 5 * NS_PER_MS, 2 * NS_PER_MS);
    assert_int_equal(own_read(monotonic, &nr, 8), 8);
    assert_int_equal(nr, 1 + (8 + 5) / 2);
    assert_int_equal(own_close(monotonic), 0);
    assert_int_equal(own_close(wall), 0);
}

static void a_timer_that_is_stopped_or_closed_never_comes(void **state)
{
    int fd = own_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec old, none = spec(0, 0);
    uint64_t nr;

    (void)state;
    set(fd, 0, NS_PER_MS, INT64_MAX);
    assert_int_equal(own_timerfd_settime(fd, 0, &none, &old), 0);
    assert_int_equal(ns_of(old.it_value), NS_PER_MS);
    thread_sleep_ns(2 * NS_PER_MS);
    assert_int_equal(own_read(fd, &nr, 8), -1);
    set(fd, 0, NS_PER_MS, UINT64_MAX); /* no second time within this universe */
    thread_sleep_ns(2 * NS_PER_MS);
    assert_int_equal(own_read(fd, &nr, 8), 8);
    assert_int_equal(nr, 1);
    set(fd, 0, NS_PER_MS, 0);
    assert_int_equal(own_close(fd), 0);
    thread_sleep_ns(2 * NS_PER_MS);
}

static void what_is_no_timer_is_refused(void **state)
{
    struct itimerspec s = spec(1, 0), bad = {.it_value = {.tv_nsec = -1}};
    int fd = own_timerfd_create(CLOCK_MONOTONIC, 0);
    int event = own_eventfd(0, 0);

    (void)state;
    assert_int_equal(own_timerfd_create(99, 0), -1);
    assert_int_equal(own_timerfd_create(CLOCK_MONOTONIC, 1), -1);
    assert_int_equal(own_timerfd_settime(fd, 8, &s, NULL), -1);
    assert_int_equal(own_timerfd_settime(fd, 0, &bad, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_timerfd_settime(event, 0, &s, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_timerfd_gettime(999, &s), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(own_close(fd), 0);
    assert_int_equal(own_close(event), 0);
}

static void a_counter_adds_up_and_is_taken_whole(void **state)
{
    int fd = own_eventfd(3, EFD_NONBLOCK);
    eventfd_t value = 0;

    (void)state;
    assert_int_equal(own_eventfd_write(fd, 4), 0);
    assert_int_equal(own_eventfd_read(fd, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(own_eventfd_read(fd, &value), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(own_eventfd_write(fd, UINT64_MAX), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_eventfd_write(fd, UINT64_MAX - 1), 0);
    assert_int_equal(own_eventfd_write(fd, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(own_write(fd, &value, 4), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_close(fd), 0);
    assert_int_equal(own_eventfd(0, 2), -1);
}

static void take_one(void *arg)
{
    eventfd_t value = 0;

    assert_int_equal(own_eventfd_read(*(int *)arg, &value), 0);
    assert_int_equal(value, 1);
}

static void a_semaphore_lets_in_as_many_as_it_counts(void **state)
{
    int fd = own_eventfd(0, EFD_SEMAPHORE);
    struct thread *threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(thread_create(&threads[i], "taker", take_one, &fd, 0), 0);
    }
    thread_yield();
    assert_int_equal(own_eventfd_write(fd, 2), 0);
    assert_int_equal(own_eventfd_write(fd, 1), 0);
    for (int i = 0; i < 3; i++) {
        thread_join(threads[i]);
    }
    assert_int_equal(own_close(fd), 0);
}

static void add_one(void *arg)
{
    assert_int_equal(own_eventfd_write(*(int *)arg, 1), 0);
}

static void a_full_counter_keeps_its_writer_waiting(void **state)
{
    int fd = own_eventfd(0, 0);
    struct thread *thread;
    eventfd_t value;

    (void)state;
    assert_int_equal(own_eventfd_write(fd, UINT64_MAX - 1), 0);
    assert_int_equal(thread_create(&thread, "adder", add_one, &fd, 0), 0);
    thread_yield();
    assert_int_equal(own_eventfd_read(fd, &value), 0);
    assert_true(value == UINT64_MAX - 1);
    thread_join(thread);
    assert_int_equal(own_eventfd_read(fd, &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(own_close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_expires_once_and_is_read_once),
        cmocka_unit_test(periods_are_counted_without_being_looked_at),
        cmocka_unit_test(absolute_times_are_those_of_the_timers_clock),
        cmocka_unit_test(a_timer_that_is_stopped_or_closed_never_comes),
        cmocka_unit_test(what_is_no_timer_is_refused),
        cmocka_unit_test(a_counter_adds_up_and_is_taken_whole),
        cmocka_unit_test(a_semaphore_lets_in_as_many_as_it_counts),
        cmocka_unit_test(a_full_counter_keeps_its_writer_waiting),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
