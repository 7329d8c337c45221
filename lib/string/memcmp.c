// SPDX-License-Identifier: MIT
/*
 * memcmp and memchr, a word at a time, never reading outside the areas given.
 */
#include <xenolith/string.h>

#include "string_priv.h"

/* Which of two unequal words is first, as their bytes lie in memory. */
static inline int order_words(uint64_t a, uint64_t b)
{
    return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *p = a;
    const unsigned char *q = b;

    if (bytes < WORD_BYTES) {
        for (size_t i = 0; i < bytes; i++) {
            if (p[i] != q[i]) {
                return p[i] - q[i];
            }
        }
        return 0;
    }
    for (size_t i = 0; i < bytes - WORD_BYTES; i += WORD_BYTES) {
        uint64_t x = load_word(p + i);
        uint64_t y = load_word(q + i);

        if (x != y) {
            return order_words(x, y);
        }
    }

    uint64_t x = load_word(p + bytes - WORD_BYTES);
    uint64_t y = load_word(q + bytes - WORD_BYTES);

    return x == y ? 0 : order_words(x, y);
}

void *memchr(const void *area, int value, size_t bytes)
{
    const unsigned char *p = area;
    unsigned char wanted = (unsigned char)value;
    uint64_t pattern = wanted * WORD_ONES;

    for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES, p += WORD_BYTES) {
        uint64_t hits = zero_bytes(load_word(p) ^ pattern);

        if (hits != 0) {
            return (void *)(p + first_byte(hits));
        }
    }
    for (; bytes > 0; bytes--, p++) {
        if (*p == wanted) {
            return (void *)p;
        }
    }
    return NULL;
}
