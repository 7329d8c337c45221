// SPDX-License-Identifier: MIT
/*
 * What a failed assert() does.
 */
#include <assert.h>

#include <xenolith/panic.h>
#include <xenolith/printk.h>

/* A failed assert is a crash with a dump; stdio may be in the middle of anything, so printk says it. */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    pr_err("%s:%d: %s: assertion failed: %s\n", file, line, function != NULL ? function : "?", expression);
    kernel_abort();
}
