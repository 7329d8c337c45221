// SPDX-License-Identifier: MIT
/*
 * From the domain's command line to argv and environ. Needs no C library, so it is tested on the host.
 */
#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/** struct cmdline - A program's arguments; both arrays end with NULL and live in the block given. */
struct cmdline {
    int argc;
    char **argv;
    char **envp;
};

/** cmdline_block_bytes() - How large a block cmdline_parse() needs for @text. */
size_t cmdline_block_bytes(const char *text);

/**
 * cmdline_parse() - Split @text into words.
 * @text:      Words separated by white space. '...' is literal; within "..." and outside quotes a backslash
 *             takes the next character literally. In front of a lone `--`, words that @is_system knows are
 *             left out and `env.NAME=VALUE` goes to the environment; the `--` itself goes nowhere.
 * @argv0:     Becomes argv[0], not copied.
 * @is_system: Is the word at this place of @text the system's?
 * @block:     cmdline_block_bytes() bytes, aligned for pointers, that outlive the result.
 */
void cmdline_parse(const char *text, char *argv0, bool (*is_system)(const char *word), void *block,
                   struct cmdline *out);

#endif
