// SPDX-License-Identifier: MIT
/*
 * How a system test says what came out: one last line that the runner looks for, and the end of the domain.
 *   SUCCESS  the claim holds            FAILURE  Xenolith broke it
 *   SKIP     cannot be seen here        ERROR    the test itself is broken
 */
#ifndef SYSTEM_TEST_H
#define SYSTEM_TEST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline void test_end(const char *result, const char *fmt, va_list ap)
{
    fflush(stdout);
    printf("TEST: %s%s", result, fmt[0] != '\0' ? " " : "");
    vprintf(fmt, ap);
    printf("\n");
    exit(0);
}

#define TEST_RESULT(function, word)                                                          \
    __attribute__((noreturn, unused, format(printf, 1, 2))) static void function(const char *fmt, ...) \
    {                                                                                        \
        va_list ap;                                                                          \
        va_start(ap, fmt);                                                                   \
        test_end(word, fmt, ap);                                                             \
        __builtin_unreachable();                                                             \
    }

TEST_RESULT(test_failure, "FAILURE")
TEST_RESULT(test_skip, "SKIP")
TEST_RESULT(test_error, "ERROR")

__attribute__((noreturn, unused)) static void test_success(void)
{
    printf("TEST: SUCCESS\n");
    exit(0);
}

/* A claim; false ends the test as FAILURE with the place and the expression. */
#define CHECK(cond)                                                       \
    do {                                                                  \
        if (!(cond)) {                                                    \
            test_failure("%s:%d: %s", __FILE__, __LINE__, #cond);         \
        }                                                                 \
    } while (0)

/* As CHECK(), for integers: shows both sides. */
#define CHECK_EQUAL(is, should)                                                                            \
    do {                                                                                                   \
        long long is_ = (long long)(is), should_ = (long long)(should);                                    \
        if (is_ != should_) {                                                                              \
            test_failure("%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #is, is_, should_);            \
        }                                                                                                  \
    } while (0)

#endif
