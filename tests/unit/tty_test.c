// SPDX-License-Identifier: MIT
/*
 * The line discipline does to a line what its keys say, shows exactly that, and survives any bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include "../../kernel/console_priv.h"

static char shown[1 << 20];
static size_t nr_shown;

static void show(const char *buf, size_t len)
{
    assert_true(nr_shown + len < sizeof(shown));
    memcpy(shown + nr_shown, buf, len);
    nr_shown += len;
    shown[nr_shown] = '\0';
}

/* The buffer comes from malloc() so that AddressSanitizer watches its ends. */
static struct tty *new_tty(void)
{
    struct tty *t = calloc(1, sizeof(*t));

    t->line = malloc(TTY_LINE_BYTES);
    t->canonical = true;
    t->echo = true;
    t->emit = show;
    nr_shown = 0;
    shown[0] = '\0';
    return t;
}

static void free_tty(struct tty *t)
{
    free(t->line);
    free(t);
}

static void type(struct tty *t, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        assert_true(tty_wants_input(t));
        tty_input(t, (unsigned char)*keys);
    }
}

static void assert_reads(struct tty *t, const char *line)
{
    char buf[TTY_LINE_BYTES + 1];
    size_t n;

    assert_true(t->ready);
    n = tty_take(t, buf, sizeof(buf));
    buf[n] = '\0';
    assert_string_equal(buf, line);
    assert_false(t->ready);
}

static void typing_is_echoed_and_read_as_typed(void **state)
{
    struct tty *t = new_tty();

    type(t, "hello");
    assert_false(t->ready);
    type(t, "\r");
    assert_string_equal(shown, "hello\n");
    assert_false(tty_wants_input(t));
    assert_reads(t, "hello\n");
    assert_true(tty_wants_input(t));
    free_tty(t);
}

static void erase_takes_whole_characters(void **state)
{
    struct tty *t = new_tty();

    type(t, "\x7f\b"
            "ab\x7f\x7f\x7f"
            "x\xc3\xa4\b"
            "y\n");
    assert_string_equal(shown, "ab\b \b\b \b"
                               "x\xc3\xa4\b \b"
                               "y\n");
    assert_reads(t, "xy\n");
    free_tty(t);
}

static void control_characters_take_two_columns(void **state)
{
    struct tty *t = new_tty();

    type(t, "\x01\x7f\x1b"
            "[A\n");
    assert_string_equal(shown, "^A\b \b\b \b^[[A\n");
    assert_reads(t, "\x1b"
                    "[A\n");
    free_tty(t);
}

static void word_and_line_erase(void **state)
{
    struct tty *t = new_tty();

    type(t, "one two  \x17"
            "three\x15"
            "four\n");
    assert_string_equal(shown, "one two  "
                               "\b \b\b \b\b \b\b \b\b \b" /* "two  " */
                               "three"
                               "\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b"
                               "four\n");
    assert_reads(t, "four\n");
    free_tty(t);
}

static void killing_a_long_line_starts_a_new_one(void **state)
{
    struct tty *t = new_tty();

    for (int i = 0; i < 1000; i++) {
        type(t, "x");
    }
    nr_shown = 0;
    type(t, "\x15"
            "ok\n");
    assert_string_equal(shown, "^U\nok\n");
    assert_reads(t, "ok\n");
    free_tty(t);
}

static void control_c_discards_the_line(void **state)
{
    struct tty *t = new_tty();

    type(t, "oops\x03"
            "ok\n");
    assert_string_equal(shown, "oops^C\nok\n");
    assert_reads(t, "ok\n");
    free_tty(t);
}

static void control_d_ends_file_or_hands_over(void **state)
{
    struct tty *t = new_tty();
    char c;

    type(t, "\x04");
    assert_true(t->ready);
    assert_int_equal(tty_take(t, &c, 1), 0);
    assert_false(t->ready);

    type(t, "part\x04");
    assert_reads(t, "part");
    assert_string_equal(shown, "part");
    free_tty(t);
}

static void a_full_line_rings_and_can_still_be_ended(void **state)
{
    struct tty *t = new_tty();
    char *buf = malloc(TTY_LINE_BYTES);

    for (int i = 0; i < TTY_LINE_BYTES - 1; i++) {
        type(t, "a");
    }
    nr_shown = 0;
    type(t, "bcd\n");
    assert_string_equal(shown, "\a\a\a\n");
    assert_int_equal(tty_take(t, buf, TTY_LINE_BYTES), TTY_LINE_BYTES);
    assert_int_equal(buf[TTY_LINE_BYTES - 2], 'a');
    assert_int_equal(buf[TTY_LINE_BYTES - 1], '\n');
    free(buf);
    free_tty(t);
}

static void a_short_buffer_reads_a_line_in_parts(void **state)
{
    struct tty *t = new_tty();
    char buf[3];

    type(t, "abcd\n");
    assert_int_equal(tty_take(t, buf, 3), 3);
    assert_memory_equal(buf, "abc", 3);
    assert_false(tty_wants_input(t));
    assert_int_equal(tty_take(t, buf, 3), 2);
    assert_memory_equal(buf, "d\n", 2);
    assert_true(tty_wants_input(t));
    free_tty(t);
}

static void raw_mode_passes_bytes(void **state)
{
    struct tty *t = new_tty();
    char c = 'x';

    tty_set_mode(t, false, false);
    tty_input(t, 3);
    tty_input(t, '\r');
    tty_input(t, 0);
    assert_int_equal(nr_shown, 0);
    assert_true(t->ready);
    assert_int_equal(tty_take(t, &c, 1), 1);
    assert_int_equal(c, 3);
    tty_take(t, &c, 1);
    tty_take(t, &c, 1);
    assert_int_equal(c, 0);
    assert_false(t->ready);

    for (int i = 0; i < TTY_LINE_BYTES; i++) {
        assert_true(tty_wants_input(t));
        tty_input(t, 'r');
    }
    assert_false(tty_wants_input(t));
    free_tty(t);
}

static void switching_modes_keeps_what_was_typed(void **state)
{
    struct tty *t = new_tty();

    type(t, "half");
    tty_set_mode(t, false, false);
    assert_reads(t, "half");
    tty_input(t, 'r');
    tty_set_mode(t, true, true);
    assert_reads(t, "r");
    type(t, "line\n");
    assert_reads(t, "line\n");
    free_tty(t);
}

static void any_bytes_and_mode_switches_are_survived(void **state)
{
    struct tty *t = new_tty();
    char buf[64];

    for (int i = 0; i < 2000000; i++) {
        uint64_t r = fake_random();

        nr_shown = 0;
        if (r % 1000 == 0) {
            tty_set_mode(t, r >> 20 & 1, r >> 21 & 1);
        }
        if (tty_wants_input(t)) {
            tty_input(t, r >> 32 & 7 ? (unsigned char)(r >> 40) : 'a');
        }
        if (t->ready && r % 3 == 0) {
            tty_take(t, buf, 1 + (r >> 50) % sizeof(buf));
        }
        assert_true(t->taken <= t->len && t->len <= TTY_LINE_BYTES);
    }
    free_tty(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing_is_echoed_and_read_as_typed),
        cmocka_unit_test(erase_takes_whole_characters),
        cmocka_unit_test(control_characters_take_two_columns),
        cmocka_unit_test(word_and_line_erase),
        cmocka_unit_test(killing_a_long_line_starts_a_new_one),
        cmocka_unit_test(control_c_discards_the_line),
        cmocka_unit_test(control_d_ends_file_or_hands_over),
        cmocka_unit_test(a_full_line_rings_and_can_still_be_ended),
        cmocka_unit_test(a_short_buffer_reads_a_line_in_parts),
        cmocka_unit_test(raw_mode_passes_bytes),
        cmocka_unit_test(switching_modes_keeps_what_was_typed),
        cmocka_unit_test(any_bytes_and_mode_switches_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
