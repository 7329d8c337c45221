// SPDX-License-Identifier: MIT
/*
 * BSD's messages on stderr: the program's name, the message and, but for the x kinds, what an error number means.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char xenolith_program_name[];

void vwarnx(const char *format, va_list arguments)
{
    (void)fprintf(stderr, "%s: ", xenolith_program_name);
    if (format != NULL) {
        (void)vfprintf(stderr, format, arguments);
    }
    (void)fputc('\n', stderr);
}

void vwarnc(int code, const char *format, va_list arguments)
{
    (void)fprintf(stderr, "%s: ", xenolith_program_name);
    if (format != NULL) {
        (void)vfprintf(stderr, format, arguments);
        (void)fputs(": ", stderr);
    }
    (void)fprintf(stderr, "%s\n", strerror(code));
}

void vwarn(const char *format, va_list arguments)
{
    vwarnc(errno, format, arguments);
}

void verrc(int status, int code, const char *format, va_list arguments)
{
    vwarnc(code, format, arguments);
    exit(status);
}

void verr(int status, const char *format, va_list arguments)
{
    verrc(status, errno, format, arguments);
}

void verrx(int status, const char *format, va_list arguments)
{
    vwarnx(format, arguments);
    exit(status);
}

void warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarn(format, arguments);
    va_end(arguments);
}

void warnc(int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnc(code, format, arguments);
    va_end(arguments);
}

void warnx(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
}

void err(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnc(errno, format, arguments);
    va_end(arguments);
    exit(status);
}

void errc(int status, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnc(code, format, arguments);
    va_end(arguments);
    exit(status);
}

void errx(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
    exit(status);
}
