// SPDX-License-Identifier: MIT
/*
 * The strings that the kernel and the C library share: length, comparison, search. Lengths and
 * searches go by aligned words, which may reach past the terminator but never into another page.
 */
#include <xenolith/string.h>

#include "string_priv.h"

READS_WHOLE_WORDS size_t strlen(const char *s)
{
    const char *at = s;

    for (; (uintptr_t)at % WORD_BYTES != 0; at++) {
        if (*at == '\0') {
            return (size_t)(at - s);
        }
    }
    for (;; at += WORD_BYTES) {
        uint64_t zeros = zero_bytes(load_whole_word(at));

        if (zeros != 0) {
            return (size_t)(at - s) + first_byte(zeros);
        }
    }
}

size_t strnlen(const char *s, size_t max)
{
    const char *end = memchr(s, '\0', max);

    return end != NULL ? (size_t)(end - s) : max;
}

READS_WHOLE_WORDS int strcmp(const char *a, const char *b)
{
    /* Words only while both lie alike; else one of them could straddle into a page that is not there. */
    if (((uintptr_t)a ^ (uintptr_t)b) % WORD_BYTES == 0) {
        for (; (uintptr_t)a % WORD_BYTES != 0; a++, b++) {
            if (*a != *b || *a == '\0') {
                return (unsigned char)*a - (unsigned char)*b;
            }
        }
        for (; load_whole_word(a) == load_whole_word(b); a += WORD_BYTES, b += WORD_BYTES) {
            if (zero_bytes(load_whole_word(a)) != 0) {
                return 0;
            }
        }
    }
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        if (a[i] != b[i] || a[i] == '\0') {
            return (unsigned char)a[i] - (unsigned char)b[i];
        }
    }
    return 0;
}

READS_WHOLE_WORDS char *strchr(const char *s, int c)
{
    char wanted = (char)c;
    uint64_t pattern = (unsigned char)c * WORD_ONES;

    for (; (uintptr_t)s % WORD_BYTES != 0; s++) {
        if (*s == wanted) {
            return (char *)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
    while ((zero_bytes(load_whole_word(s)) | zero_bytes(load_whole_word(s) ^ pattern)) == 0) {
        s += WORD_BYTES;
    }
    for (; *s != wanted; s++) {
        if (*s == '\0') {
            return NULL;
        }
    }
    return (char *)s;
}

char *strrchr(const char *s, int c)
{
    char wanted = (char)c;
    const char *found = NULL;

    for (;; s++) {
        if (*s == wanted) {
            found = s;
        }
        if (*s == '\0') {
            return (char *)found;
        }
    }
}
