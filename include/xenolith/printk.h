// SPDX-License-Identifier: MIT
/*
 * The kernel's own messages. They go to the PV console, and before it is up to the hypervisor's.
 */
#ifndef XENOLITH_PRINTK_H
#define XENOLITH_PRINTK_H

#include <stdarg.h>
#include <stddef.h>

#include <xenolith/compiler.h>

enum log_level {
    LOG_ERR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

/** printk() - One message; `%d %i %u %x %X %p %s %c %%` with flags, width, precision, hh h l ll z. Context: any. */
void printk(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define pr_err(...)   printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)  printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...)  printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

/** kvsnprintf() - As vsnprintf(3) for the conversions above: always terminates, returns the untruncated length. */
int kvsnprintf(char *buf, size_t bytes, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t bytes, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
