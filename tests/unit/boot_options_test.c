// SPDX-License-Identifier: MIT
/*
 * The system's words reach their owners with their values, the program's words reach nobody, whatever the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/printk.h>

static char log_text[65536];
static unsigned int warnings, nr_set;
static int answer;

static void *values[16]; /* of one line: the owners may keep them, so nobody frees them on the target */
static unsigned int nr_values;
static bool out_of_memory;

/* Calls of heap_alloc() come here (--wrap in unit.mk). */
void *__wrap_heap_alloc(size_t bytes);

void *__wrap_heap_alloc(size_t bytes)
{
    assert_true(nr_values < 16);
    return out_of_memory ? NULL : (values[nr_values++] = malloc(bytes));
}

static int note(const char *name, const char *value)
{
    nr_set++;
    if (strlen(log_text) + strlen(name) + strlen(value) + 4 < sizeof(log_text)) {
        strcat(strcat(strcat(strcat(log_text, name), "="), value), ";");
    }
    return answer;
}

static int set_one(const char *value)
{
    return note("one", value);
}

static int set_long(const char *value)
{
    return note("one-more", value);
}

BOOT_OPTION(one, "one", set_one);
BOOT_OPTION(one_more, "one-more", set_long);

void printk(enum log_level level, const char *fmt, ...)
{
    warnings++;
}

static void apply(const char *cmdline)
{
    log_text[0] = '\0';
    warnings = nr_set = 0;
    boot_info.cmdline = cmdline;
    boot_options_apply();
    while (nr_values > 0) {
        free(values[--nr_values]);
    }
}

static void words_reach_their_owners_in_order(void **state)
{
    apply("  one=1 prog one-more=a=b\tone\none=2  ");
    assert_string_equal(log_text, "one=1;one-more=a=b;one=;one=2;");
    assert_int_equal(warnings, 0);
}

static void the_programs_words_are_left_alone(void **state)
{
    apply("");
    apply("x ones=1 on=2 =one one-=3 --one=4 -- one=5");
    assert_string_equal(log_text, "");
    apply("--- one=1");
    assert_string_equal(log_text, "one=1;");
}

static void what_is_quoted_is_the_programs(void **state)
{
    apply("\"a one=1 b\" 'one=2' \\ one=3");
    assert_string_equal(log_text, "");
    apply("\"x\\\" one=1\" one=2");
    assert_string_equal(log_text, "one=2;");
    apply("'x\\' one=3");
    assert_string_equal(log_text, "one=3;");
    apply("\"never closed one=1");
    assert_string_equal(log_text, "");
}

static void a_refused_value_is_reported(void **state)
{
    answer = -EINVAL;
    apply("one=bad");
    assert_int_equal(warnings, 1);
    answer = 0;
    out_of_memory = true;
    apply("one=x");
    assert_int_equal(warnings, 1);
    assert_int_equal(nr_set, 0);
    out_of_memory = false;
}

static void known_words_are_recognised(void **state)
{
    assert_true(boot_option_is_known("one"));
    assert_true(boot_option_is_known("one=1 x"));
    assert_true(boot_option_is_known("one-more\tx"));
    assert_false(boot_option_is_known(""));
    assert_false(boot_option_is_known("one-mor"));
    assert_false(boot_option_is_known("ones"));
    assert_false(boot_option_is_known("=one"));
}

static void any_line_is_survived(void **state)
{
    static const char *const parts[] = {"one", "=", " ", "'", "\"", "\\", "--", "one-more=", "x", "\t"};

    for (int i = 0; i < 20000; i++) {
        char line[256] = "";
        size_t nr = fake_random_below(20);
        char *exact;

        for (size_t j = 0; j < nr; j++) {
            strcat(line, parts[fake_random_below(sizeof(parts) / sizeof(*parts))]);
        }
        exact = strdup(line); /* AddressSanitizer watches the end */
        apply(exact);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_reach_their_owners_in_order),
        cmocka_unit_test(the_programs_words_are_left_alone),
        cmocka_unit_test(what_is_quoted_is_the_programs),
        cmocka_unit_test(a_refused_value_is_reported),
        cmocka_unit_test(known_words_are_recognised),
        cmocka_unit_test(any_line_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
