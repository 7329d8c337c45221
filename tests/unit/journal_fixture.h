// SPDX-License-Identifier: MIT
/*
 * What tests of threads that wait share: threads with names, and a journal of who did what.
 */
#ifndef JOURNAL_FIXTURE_H
#define JOURNAL_FIXTURE_H

#include "unit.h"

#include <xenolith/sched.h>

static char journal[128];

static void log_char(char c)
{
    size_t n = strlen(journal);

    assert_true(n + 1 < sizeof(journal));
    journal[n] = c;
    journal[n + 1] = '\0';
}

/* Its argument is its name. */
static struct thread *make(void (*fn)(void *arg), const char *name)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, name, fn, (void *)name, 0), 0);
    return t;
}

/* To be called by the test's own setup. */
static void journal_begin(void)
{
    journal[0] = '\0';
    fake_clock_step_ns = 0;
}

#endif
