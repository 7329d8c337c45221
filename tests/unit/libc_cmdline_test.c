// SPDX-License-Identifier: MIT
/*
 * The domain's command line becomes argv and environ by the documented rules, and no line, however odd,
 * makes the split write outside its block.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/newlib/cmdline.h"

static char program[] = "prog";
static void *block;
static struct cmdline got;

static bool is_loglevel(const char *word)
{
    return strncmp(word, "loglevel", 8) == 0 && strchr(" \t=", word[8]) != NULL;
}

static void split(const char *text)
{
    free(block);
    block = malloc(cmdline_block_bytes(text));
    assert_non_null(block);
    cmdline_parse(text, program, is_loglevel, block, &got);
}

static int drop_block(void **state)
{
    (void)state;
    free(block);
    block = NULL;
    return 0;
}

static void expect(int argc, ...)
{
    va_list words;

    assert_int_equal(got.argc, argc + 1);
    assert_ptr_equal(got.argv[0], program);
    va_start(words, argc);
    for (int i = 1; i <= argc; i++) {
        assert_string_equal(got.argv[i], va_arg(words, const char *));
    }
    va_end(words);
    assert_null(got.argv[argc + 1]);
}

static void an_empty_line_gives_the_name_alone(void **state)
{
    (void)state;
    split("");
    expect(0);
    assert_null(got.envp[0]);
    split("  \t\n ");
    expect(0);
}

static void words_are_split_at_white_space(void **state)
{
    (void)state;
    split("a bc\tdef \n g");
    expect(4, "a", "bc", "def", "g");
}

static void quotes_and_backslashes_keep_words_together(void **state)
{
    (void)state;
    split("'a b' \"c d\" e\\ f g'h i'\"j\"");
    expect(4, "a b", "c d", "e f", "gh ij");
    split("'\\' \"\\\"\" \\\\ '\"' \"'\"");
    expect(5, "\\", "\"", "\\", "\"", "'");
    split("'' \"\"");
    expect(2, "", "");
}

static void open_quotes_and_a_last_backslash_end_with_the_line(void **state)
{
    (void)state;
    split("'a b");
    expect(1, "a b");
    split("a\\");
    expect(1, "a\\");
}

static void words_of_the_system_are_left_out_in_front_of_the_dashes(void **state)
{
    (void)state;
    split("loglevel=3 a loglevel b");
    expect(2, "a", "b");
    split("a -- loglevel=3 env.A=b -- c");
    expect(5, "a", "loglevel=3", "env.A=b", "--", "c");
    split("'loglevel=3' --x '--' ");
    expect(3, "loglevel=3", "--x", "--");
}

static void assignments_make_the_environment(void **state)
{
    (void)state;
    split("env.HOME=/root a env.EMPTY= env.=x env.noequals 'env.S=a b'");
    expect(3, "a", "env.=x", "env.noequals");
    assert_string_equal(got.envp[0], "S=a b");
    assert_string_equal(got.envp[1], "EMPTY=");
    assert_string_equal(got.envp[2], "HOME=/root");
    assert_null(got.envp[3]);
}

static void the_worst_lines_fit_the_block(void **state)
{
    static const char alphabet[] = "a '\"\\-=\t.env";
    char line[64];
    uint32_t seed = 1;

    (void)state;
    split("a b c d e f g h");
    expect(8, "a", "b", "c", "d", "e", "f", "g", "h");
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)(round % (int)sizeof(line));

        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            line[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        line[len] = '\0';
        split(line);
        assert_true(got.argc >= 1 && got.argv[got.argc] == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_line_gives_the_name_alone, drop_block),
        cmocka_unit_test_teardown(words_are_split_at_white_space, drop_block),
        cmocka_unit_test_teardown(quotes_and_backslashes_keep_words_together, drop_block),
        cmocka_unit_test_teardown(open_quotes_and_a_last_backslash_end_with_the_line, drop_block),
        cmocka_unit_test_teardown(words_of_the_system_are_left_out_in_front_of_the_dashes, drop_block),
        cmocka_unit_test_teardown(assignments_make_the_environment, drop_block),
        cmocka_unit_test_teardown(the_worst_lines_fit_the_block, drop_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
