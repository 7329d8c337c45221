// SPDX-License-Identifier: MIT
/*
 * The system's words on the command line. Finds them and hands each to its owner; leaves boot_info.cmdline as it is,
 * and knows nothing of what the program's own words mean.
 *
 * A word ends at white space. One that holds a quote or a backslash in front of its first '=' is the program's; so is
 * everything behind a lone `--`. Quoting follows the same rules as the C library's argv, so that `"a loglevel=debug"` is one
 * word of the program and not an option.
 */
#include <xenolith/boot.h>

#include <stddef.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

/* minios.lds: what BOOT_OPTION() has left in .rodata.boot_options. */
extern const struct boot_option __boot_options_start[];
extern const struct boot_option __boot_options_end[];

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t name_length(const char *word)
{
    size_t len = 0;

    while (word[len] != '\0' && word[len] != '=' && !is_space(word[len])) {
        len++;
    }
    return len;
}

/* The end of the word at @word, outside quotes. */
static const char *word_end(const char *word)
{
    char quote = '\0';

    for (; *word != '\0'; word++) {
        if (quote == '\0' && is_space(*word)) {
            break;
        }
        if (*word == '\\' && quote != '\'' && word[1] != '\0') {
            word++;
        } else if (quote == '\0' && (*word == '"' || *word == '\'')) {
            quote = *word;
        } else if (*word == quote) {
            quote = '\0';
        }
    }
    return word;
}

static const struct boot_option *find_option(const char *word, size_t len)
{
    for (const struct boot_option *o = __boot_options_start; o < __boot_options_end; o++) {
        if (strlen(o->name) == len && memcmp(o->name, word, len) == 0) {
            return o;
        }
    }
    return NULL;
}

bool boot_option_is_known(const char *word)
{
    return find_option(word, name_length(word)) != NULL;
}

static void apply_word(const struct boot_option *option, const char *word, const char *end)
{
    const char *from = word + strlen(option->name);
    const char *value = "";
    int rc;

    if (*from == '=') {
        size_t len = (size_t)(end - ++from);
        char *copy = heap_alloc(len + 1); /* the owner may keep it, so it is never freed */

        if (copy == NULL) {
            pr_err("boot: no memory for option '%s'", option->name);
            return;
        }
        memcpy(copy, from, len);
        copy[len] = '\0';
        value = copy;
    }
    rc = option->set(value);
    if (rc != 0) {
        pr_warn("boot: option '%s': value '%s' refused (%d)", option->name, value, rc);
    }
}

void boot_options_apply(void)
{
    const char *word = boot_info.cmdline;

    for (;;) {
        const char *end;
        const struct boot_option *option;

        while (is_space(*word)) {
            word++;
        }
        if (*word == '\0') {
            return;
        }
        end = word_end(word);
        if (end - word == 2 && word[0] == '-' && word[1] == '-') {
            return;
        }
        option = find_option(word, name_length(word));
        if (option != NULL) {
            apply_word(option, word, end);
        }
        word = end;
    }
}
