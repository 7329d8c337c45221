// SPDX-License-Identifier: MIT
/*
 * Dates and the ends of paths come out as this machine's C library has them, for anything.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <libgen.h>
#include <time.h>

time_t own_timegm(struct tm *tm);
char *own_dirname(char *path);
char *own_basename(char *path);

static int in(int low, int high)
{
    return low + (int)fake_random_below((uint64_t)(high - low));
}

static void dates_become_seconds_and_are_put_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct tm theirs = {
            .tm_year = in(-1900, 9000),
            .tm_mon = in(-50, 50),
            .tm_mday = in(-500, 500),
            .tm_hour = in(-100, 100),
            .tm_min = in(-900, 900),
            .tm_sec = in(-9000, 9000),
        };
        struct tm ours = theirs;

        assert_true(own_timegm(&ours) == timegm(&theirs));
        assert_int_equal(ours.tm_year, theirs.tm_year);
        assert_int_equal(ours.tm_yday, theirs.tm_yday);
        assert_int_equal(ours.tm_wday, theirs.tm_wday);
    }
}

static void paths_are_cut_as_posix_says(void **state)
{
    (void)state;
    assert_string_equal(own_dirname(NULL), ".");
    assert_string_equal(own_basename(NULL), ".");
    for (int i = 0; i < 200000; i++) {
        char path[12] = "", theirs[12], ours[12];
        size_t length = fake_random_below(sizeof(path));

        for (size_t k = 0; k < length; k++) {
            path[k] = "/a."[fake_random_below(3)];
        }
        /* Two slashes at the start are the host's own affair. */
        if (path[0] == '/' && path[1] == '/') {
            path[1] = 'b';
        }
        strcpy(theirs, path);
        strcpy(ours, path);
        assert_string_equal(own_dirname(ours), dirname(theirs));
        strcpy(theirs, path);
        strcpy(ours, path);
        assert_string_equal(own_basename(ours), basename(theirs));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_become_seconds_and_are_put_in_order),
        cmocka_unit_test(paths_are_cut_as_posix_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
