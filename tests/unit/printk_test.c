// SPDX-License-Identifier: MIT
/*
 * kvsnprintf() formats as the C library does, and printk() makes one bounded line of each message.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/printk.h>
#include <xenolith/time.h>

static char printed[4096];
static size_t nr_printed;

void console_write_atomic(const void *buf, size_t len)
{
    memcpy(printed + nr_printed, buf, len);
    nr_printed += len;
    printed[nr_printed] = '\0';
}

static void set_option(const char *name, const char *value, int expected)
{
    extern const struct boot_option __boot_options_start[], __boot_options_end[];

    for (const struct boot_option *o = __boot_options_start; o < __boot_options_end; o++) {
        if (strcmp(o->name, name) == 0) {
            assert_int_equal(o->set(value), expected);
            return;
        }
    }
    fail_msg("no option %s", name);
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat"
#pragma clang diagnostic ignored "-Wformat-invalid-specifier"
#pragma clang diagnostic ignored "-Wformat-extra-args"

#define assert_as_libc(...)                                          \
    do {                                                             \
        char ours[128], theirs[128];                                 \
        int n = ksnprintf(ours, sizeof(ours), __VA_ARGS__);          \
        assert_int_equal(n, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
        assert_string_equal(ours, theirs);                           \
    } while (0)

static void conversions_match_the_c_library(void **state)
{
    static const char *const flags[] = {"", "-", "0", "+", " ", "#", "-#", "0#", "-+", "0+", " 0"};
    static const char *const widths[] = {"", "1", "7", "20", ".0", ".5", "8.3", "20.12"};
    static const long long values[] = {0,       1,       -1,       42,        -42,      127,
                                       -128,    255,     256,      32767,     -32768,   65535,
                                       INT_MAX, INT_MIN, UINT_MAX, LLONG_MAX, LLONG_MIN};

    for (size_t f = 0; f < sizeof(flags) / sizeof(*flags); f++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
            for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
                for (const char *c = "diuxXo"; *c != '\0'; c++) {
                    char fmt[32];

                    if (*c == 'o' && strchr(flags[f], '#') != NULL) {
                        continue; /* the precision rule of %#o is not worth its code */
                    }
                    snprintf(fmt, sizeof(fmt), "<%%%s%s%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, (int)values[v]);
                    snprintf(fmt, sizeof(fmt), "<%%%s%shh%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, (int)values[v]);
                    snprintf(fmt, sizeof(fmt), "<%%%s%sh%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, (int)values[v]);
                    snprintf(fmt, sizeof(fmt), "<%%%s%sl%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, (long)values[v]);
                    snprintf(fmt, sizeof(fmt), "<%%%s%sll%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, values[v]);
                    snprintf(fmt, sizeof(fmt), "<%%%s%sz%c>", flags[f], widths[w], *c);
                    assert_as_libc(fmt, (size_t)values[v]);
                }
            }
        }
    }
}

static void strings_characters_and_pointers(void **state)
{
    char buf[64];

    assert_as_libc("[%s|%10s|%-10s|%.2s|%-5.1s|%*s|%.*s|%*s]", "abc", "abc", "abc", "abc", "abc", 6, "x", 1,
                   "yz", -4, "w");
    assert_as_libc("%c%5c%-5c%%", 'a', 'b', 'c');
    assert_as_libc("%p", (void *)0x1234);
    ksnprintf(buf, sizeof(buf), "%s %.0s|", (char *)NULL, "x");
    assert_string_equal(buf, "(null) |");
    ksnprintf(buf, sizeof(buf), "%y %", 1);
    assert_string_equal(buf, "%y ");
}

#pragma clang diagnostic pop

static void output_is_cut_but_the_length_is_true(void **state)
{
    for (size_t bytes = 0; bytes < 8; bytes++) {
        char *buf = malloc(bytes + 1);

        memset(buf, '!', bytes + 1);
        assert_int_equal(ksnprintf(buf, bytes, "%s%d", "abc", 123), 6);
        if (bytes > 0) {
            assert_memory_equal(buf, "abc123", bytes - 1 < 6 ? bytes - 1 : 6);
            assert_int_equal(buf[bytes - 1 < 6 ? bytes - 1 : 6], '\0');
        }
        assert_int_equal(buf[bytes], '!');
        free(buf);
    }
}

static void a_message_is_one_line_with_level_and_time(void **state)
{
    nr_printed = 0;
    boot_info.first_tsc = NS_PER_SEC;
    fake_now_ns = NS_PER_SEC + 1234567;
    pr_warn("disk %d is %s", 3, "gone");
    assert_string_equal(printed, "[    0.001234] warn: disk 3 is gone\n");
    nr_printed = 0;
    pr_err("ends itself\n");
    assert_string_equal(printed, "[    0.001234] err: ends itself\n");
}

static void levels_are_chosen_by_an_option(void **state)
{
    nr_printed = 0;
    pr_info("quiet at first");
    assert_int_equal(nr_printed, 0);
    set_option("loglevel", "info", 0);
    pr_info("seen");
    assert_true(nr_printed > 0);
    nr_printed = 0;
    pr_debug("not seen");
    assert_int_equal(nr_printed, 0);
    set_option("loglevel", "loud", -EINVAL);
    set_option("loglevel", "", -EINVAL);
    set_option("loglevel", "err", 0);
    pr_warn("not seen");
    assert_int_equal(nr_printed, 0);
    set_option("loglevel", "warn", 0);
}

static void a_long_message_is_cut_and_says_so(void **state)
{
    char text[1000];

    for (size_t len = 200; len < 300; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        nr_printed = 0;
        pr_err("%s", text);
        assert_true(nr_printed <= 256);
        assert_int_equal(printed[nr_printed - 1], '\n');
        if (len > 256) {
            assert_memory_equal(printed + nr_printed - 4, "...\n", 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_match_the_c_library),
        cmocka_unit_test(strings_characters_and_pointers),
        cmocka_unit_test(output_is_cut_but_the_length_is_true),
        cmocka_unit_test(a_message_is_one_line_with_level_and_time),
        cmocka_unit_test(levels_are_chosen_by_an_option),
        cmocka_unit_test(a_long_message_is_cut_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
