// SPDX-License-Identifier: MIT
/*
 * BSD's messages on stderr, with or without the end of the program.
 */
#ifndef _ERR_H
#define _ERR_H

#include <stdarg.h>
#include <sys/cdefs.h>

#define __ERR_FORMAT(f, a) __attribute__((__format__(__printf__, f, a)))
#define __ERR_ENDS         __attribute__((__noreturn__))

__BEGIN_DECLS
void warn(const char *format, ...) __ERR_FORMAT(1, 2);
void vwarn(const char *format, va_list arguments) __ERR_FORMAT(1, 0);
void warnc(int code, const char *format, ...) __ERR_FORMAT(2, 3);
void vwarnc(int code, const char *format, va_list arguments) __ERR_FORMAT(2, 0);
void warnx(const char *format, ...) __ERR_FORMAT(1, 2);
void vwarnx(const char *format, va_list arguments) __ERR_FORMAT(1, 0);
void err(int status, const char *format, ...) __ERR_FORMAT(2, 3) __ERR_ENDS;
void verr(int status, const char *format, va_list arguments) __ERR_FORMAT(2, 0) __ERR_ENDS;
void errc(int status, int code, const char *format, ...) __ERR_FORMAT(3, 4) __ERR_ENDS;
void verrc(int status, int code, const char *format, va_list arguments) __ERR_FORMAT(3, 0) __ERR_ENDS;
void errx(int status, const char *format, ...) __ERR_FORMAT(2, 3) __ERR_ENDS;
void verrx(int status, const char *format, va_list arguments) __ERR_FORMAT(2, 0) __ERR_ENDS;
__END_DECLS

#undef __ERR_FORMAT
#undef __ERR_ENDS

#endif
