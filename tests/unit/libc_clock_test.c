// SPDX-License-Identifier: MIT
/*
 * POSIX time over the kernel's clocks: no conversion overflows, a deadline on either clock is the right monotonic
 * one, and what is not a time is refused before anything sleeps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <fake.h>

#include <xenolith/time.h>

#include "../../lib/newlib/newlib_priv.h"

int own_clock_gettime(clockid_t clock, struct timespec *out);
int own_clock_getres(clockid_t clock, struct timespec *out);
int own_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest);
int own_nanosleep(const struct timespec *time, struct timespec *rest);

static int boot(void **state)
{
    (void)state;
    fake_boot(1024);
    return 0;
}

static void times_become_ns_without_overflow(void **state)
{
    const time_t last = (time_t)(TIME_FOREVER / NS_PER_SEC);
    uint64_t ns = 0;

    (void)state;
    assert_true(libc_timespec_ns(&(struct timespec){.tv_sec = 1, .tv_nsec = 5}, &ns));
    assert_true(ns == NS_PER_SEC + 5);
    assert_true(libc_timespec_ns(&(struct timespec){.tv_sec = last - 1, .tv_nsec = 999999999}, &ns));
    assert_true(ns == (uint64_t)(last - 1) * NS_PER_SEC + 999999999);
    assert_true(libc_timespec_ns(&(struct timespec){.tv_sec = last, .tv_nsec = 999999999}, &ns));
    assert_true(ns == TIME_FOREVER);
    assert_true(libc_timespec_ns(&(struct timespec){.tv_sec = LONG_MAX}, &ns));
    assert_true(ns == TIME_FOREVER);
}

static void what_is_no_time_is_refused(void **state)
{
    static const struct timespec bad[] = {
        {.tv_sec = -1},          {.tv_nsec = -1},
        {.tv_nsec = 1000000000}, {.tv_sec = LONG_MIN, .tv_nsec = LONG_MIN},
        {.tv_nsec = LONG_MAX},
    };
    uint64_t before = time_monotonic_ns();
    uint64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(libc_timespec_ns(&bad[i], &ns));
        assert_int_equal(own_nanosleep(&bad[i], NULL), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(own_clock_nanosleep(CLOCK_REALTIME, 0, &bad[i], NULL), EINVAL);
    }
    assert_int_equal(own_clock_nanosleep(99, 0, &(struct timespec){.tv_nsec = 1}, NULL), EINVAL);
    assert_int_equal(own_clock_gettime(99, &(struct timespec){0}), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_clock_getres(99, NULL), -1);
    assert_int_equal(own_clock_getres(CLOCK_MONOTONIC, NULL), 0);
    assert_true(time_monotonic_ns() - before < NS_PER_SEC);
}

static void deadlines_are_translated_to_the_monotonic_clock(void **state)
{
    uint64_t wall = time_wall_ns();
    uint64_t monotonic = time_monotonic_ns();

    (void)state;
    assert_true(libc_clock_deadline(CLOCK_MONOTONIC, monotonic + 7) == monotonic + 7);
    assert_true(libc_clock_deadline(CLOCK_REALTIME, TIME_FOREVER) == TIME_FOREVER);
    assert_true(libc_clock_deadline(CLOCK_REALTIME, wall - 1) == 0);
    assert_in_range(libc_clock_deadline(CLOCK_REALTIME, wall + 5 * NS_PER_SEC), monotonic + 4 * NS_PER_SEC,
                    monotonic + 6 * NS_PER_SEC);
}

static void a_clock_is_known_by_all_its_names(void **state)
{
    static const clockid_t monotonic[] = {CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    uint64_t ns = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(monotonic) / sizeof(monotonic[0]); i++) {
        assert_true(libc_clock_ns(monotonic[i], &ns));
        assert_true(ns == time_monotonic_ns());
        assert_true(libc_clock_deadline(monotonic[i], 5) == 5);
    }
    assert_true(libc_clock_ns(CLOCK_REALTIME_COARSE, &ns));
    assert_true(ns == time_wall_ns());
}

static void sleeping_takes_as_long_as_asked(void **state)
{
    uint64_t before = time_monotonic_ns();
    struct timespec until;

    (void)state;
    assert_int_equal(own_nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL), 0);
    assert_true(time_monotonic_ns() - before >= 5 * NS_PER_MS);
    assert_int_equal(own_clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 1;
    before = time_monotonic_ns();
    assert_int_equal(own_clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
    assert_true(time_monotonic_ns() - before >= NS_PER_SEC - NS_PER_MS);
    assert_int_equal(own_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0}, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_become_ns_without_overflow),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(deadlines_are_translated_to_the_monotonic_clock),
        cmocka_unit_test(a_clock_is_known_by_all_its_names),
        cmocka_unit_test(sleeping_takes_as_long_as_asked),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
