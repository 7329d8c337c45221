// SPDX-License-Identifier: MIT
/*
 * syslog(): each message is one line on the console, whole even when other threads write, and whatever the program has done to its own
 * standard streams.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <xenolith/compiler.h>
#include <xenolith/console.h>

#define LINE_BYTES 1024

extern char xenolith_program_name[];

static const char *log_ident;
static int log_options;
static int log_mask = LOG_UPTO(LOG_DEBUG);

void openlog(const char *ident, int options, int facility)
{
    (void)facility;
    log_ident = ident;
    log_options = options;
}

void closelog(void)
{
    log_ident = NULL;
    log_options = 0;
}

int setlogmask(int mask)
{
    int old = log_mask;

    if (mask != 0) {
        log_mask = mask;
    }
    return old;
}

/* %m stands for the error of the moment, which printf() may not know. */
static void expand_errors(char *out, size_t bytes, const char *format, int error)
{
    size_t used = 0;

    while (*format != '\0' && used + 1 < bytes) {
        if (format[0] == '%' && format[1] == 'm') {
            for (const char *s = strerror(error); *s != '\0' && used + 2 < bytes; s++) {
                if (*s == '%') {
                    out[used++] = '%';
                }
                out[used++] = *s;
            }
            format += 2;
            continue;
        }
        if (format[0] == '%' && format[1] == '%' && used + 2 < bytes) {
            out[used++] = *format++;
        }
        out[used++] = *format++;
    }
    out[used] = '\0';
}

void vsyslog(int priority, const char *format, va_list arguments)
{
    int error = errno;
    char expanded[LINE_BYTES];
    char line[LINE_BYTES];
    size_t used;
    int n;

    if ((log_mask & LOG_MASK(LOG_PRI(priority))) == 0) {
        return;
    }
    expand_errors(expanded, sizeof(expanded), format, error);
    n = snprintf(line, sizeof(line), "%s%s: ", log_ident != NULL ? log_ident : xenolith_program_name,
                 (log_options & LOG_PID) != 0 ? "[1]" : "");
    used = MIN((size_t)n, sizeof(line) - 2);
    n = vsnprintf(line + used, sizeof(line) - 1 - used, expanded, arguments);
    used = MIN(used + (size_t)(n > 0 ? n : 0), sizeof(line) - 2);
    if (used == 0 || line[used - 1] != '\n') {
        line[used++] = '\n';
    }
    (void)console_write(line, used);
    errno = error;
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}
