// SPDX-License-Identifier: MIT
/*
 * The kernel's messages: level, time since boot, one line each. Any context, no allocation; the console does the rest.
 */
#include <xenolith/printk.h>

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/time.h>

#define LINE_BYTES 256 /* on the caller's stack, which may be the upcall's */

static const char *const level_names[] = {
    [LOG_ERR] = "err",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static enum log_level wanted_level = LOG_WARN;

/* Microseconds since our first instruction; 0 as long as there is no clock. */
static uint64_t stamp_us(void)
{
    uint64_t now_ns = time_monotonic_ns();
    uint64_t boot_ns = time_tsc_to_ns(boot_info.first_tsc);

    return now_ns > boot_ns ? (now_ns - boot_ns) / NS_PER_US : 0;
}

void printk(enum log_level level, const char *fmt, ...)
{
    static const char cut[] = "...";
    char line[LINE_BYTES];
    uint64_t us;
    size_t len;
    va_list ap;

    if (level > wanted_level) {
        return;
    }
    us = stamp_us();
    len = (size_t)ksnprintf(line, sizeof(line), "[%5u.%06u] %s: ", (unsigned int)(us / 1000000),
                            (unsigned int)(us % 1000000), level_names[level]);
    va_start(ap, fmt);
    len += (size_t)kvsnprintf(line + len, sizeof(line) - len, fmt, ap);
    va_end(ap);

    if (len > sizeof(line) - 2) {
        len = sizeof(line) - 2;
        memcpy(line + len - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
    }
    if (line[len - 1] != '\n') {
        line[len++] = '\n';
    }
    console_write_atomic(line, len);
}

static int set_level(const char *value)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(level_names); i++) {
        if (strcmp(value, level_names[i]) == 0) {
            wanted_level = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

BOOT_OPTION(loglevel, "loglevel", set_level);
