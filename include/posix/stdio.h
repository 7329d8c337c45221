// SPDX-License-Identifier: MIT
/*
 * newlib's own, and what it has under other names only.
 */
#ifndef _XENOLITH_STDIO_H
#define _XENOLITH_STDIO_H

#include_next <stdio.h>

#if __POSIX_VISIBLE >= 200809
__BEGIN_DECLS
ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict stream);
ssize_t getdelim(char **__restrict line, size_t *__restrict size, int end, FILE *__restrict stream);
__END_DECLS
#endif

#if __GNU_VISIBLE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE  (1 << 1)
__BEGIN_DECLS
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
__END_DECLS
#endif

#endif
