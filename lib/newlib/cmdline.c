// SPDX-License-Identifier: MIT
/*
 * Splits the domain's command line into argv and environ, by the same rules as kernel/boot_options.c.
 */
#include "cmdline.h"

#include <xenolith/string.h>

#define ENV_PREFIX "env."

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A word and its separator are two characters at least; argv[0] and two NULLs come on top. */
static size_t max_words(const char *text)
{
    return strlen(text) / 2 + 4;
}

size_t cmdline_block_bytes(const char *text)
{
    return max_words(text) * sizeof(char *) + strlen(text) + 1;
}

/* Copies the word at *from without its quotes; moves *from behind it. Returns the end of the copy. */
static char *copy_word(const char **from, char *to)
{
    const char *at = *from;
    char quote = '\0';

    for (; *at != '\0' && (quote != '\0' || !is_space(*at)); at++) {
        if (*at == '\\' && quote != '\'' && at[1] != '\0') {
            *to++ = *++at;
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
        } else if (*at == quote) {
            quote = '\0';
        } else {
            *to++ = *at;
        }
    }
    *from = at;
    *to++ = '\0';
    return to;
}

static bool is_assignment(const char *word)
{
    const size_t prefix = sizeof(ENV_PREFIX) - 1;

    return strncmp(word, ENV_PREFIX, prefix) == 0 && word[prefix] != '=' &&
           strchr(word + prefix, '=') != NULL;
}

/*
 * Arguments grow from the front of the array, environment from its back; at the end both are closed by a NULL,
 * for which max_words() left room.
 */
void cmdline_parse(const char *text, char *argv0, bool (*is_system)(const char *word), void *block,
                   struct cmdline *out)
{
    size_t words = max_words(text);
    char **front = block;
    char **back = front + words;
    char *chars = (char *)(front + words);
    bool ours = true;

    out->argv = front;
    *front++ = argv0;
    *--back = NULL;
    for (;;) {
        char *word = chars;
        bool system;

        while (is_space(*text)) {
            text++;
        }
        if (*text == '\0') {
            break;
        }
        if (ours && text[0] == '-' && text[1] == '-' && (text[2] == '\0' || is_space(text[2]))) {
            text += 2;
            ours = false;
            continue;
        }
        system = ours && is_system(text);
        chars = copy_word(&text, word);
        if (system) {
            chars = word;
        } else if (ours && is_assignment(word)) {
            *--back = word + sizeof(ENV_PREFIX) - 1;
        } else {
            *front++ = word;
        }
    }
    *front = NULL;
    out->argc = (int)(front - out->argv);
    out->envp = back;
}
