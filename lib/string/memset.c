// SPDX-License-Identifier: MIT
/*
 * memset: overlapping word stores for small areas, `rep stosq` for large ones.
 */
#include <xenolith/string.h>

#include "string_priv.h"

static inline void fill_tiny(unsigned char *dst, uint64_t pattern, size_t bytes)
{
    if (bytes >= 8) {
        store_word(dst, pattern);
        store_word(dst + bytes - 8, pattern);
    } else if (bytes >= 4) {
        *(half *)dst = (uint32_t)pattern;
        *(half *)(dst + bytes - 4) = (uint32_t)pattern;
    } else if (bytes >= 2) {
        *(quarter *)dst = (uint16_t)pattern;
        *(quarter *)(dst + bytes - 2) = (uint16_t)pattern;
    } else if (bytes == 1) {
        *dst = (unsigned char)pattern;
    }
}

void *memset(void *dst, int value, size_t bytes)
{
    unsigned char *at = dst;
    uint64_t pattern = (unsigned char)value * WORD_ONES;

    if (bytes <= 16) {
        fill_tiny(at, pattern, bytes);
        return dst;
    }

    unsigned char *last = at + bytes;

    if (bytes >= REP_MIN_BYTES) {
        unsigned char *aligned = at + (-(uintptr_t)at % WORD_BYTES);
        size_t words = (size_t)(last - aligned) / WORD_BYTES;

        store_word(at, pattern);
        __asm__ volatile("rep stosq" : "+D"(aligned), "+c"(words) : "a"(pattern) : "memory");
        store_word(last - 8, pattern);
        return dst;
    }
    for (; (size_t)(last - at) > 16; at += 16) {
        store_word(at, pattern);
        store_word(at + 8, pattern);
    }
    store_word(last - 16, pattern);
    store_word(last - 8, pattern);
    return dst;
}
