// SPDX-License-Identifier: MIT
/*
 * Memory and string functions for code that has no C library. The same symbols serve the C library:
 * lib/string has the only definitions in an image. General registers only, so upcalls may call them.
 * All behave as ISO C (strnlen: POSIX) says, the word-wise ones may read up to the end of an aligned word.
 */
#ifndef XENOLITH_STRING_H
#define XENOLITH_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *area, int value, size_t bytes);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

#endif
