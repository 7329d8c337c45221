// SPDX-License-Identifier: MIT
/*
 * memcpy and memmove. Up to 64 bytes everything is loaded before anything is stored, so overlap does
 * not matter and the same code serves both; above that, words go up by a loop or `rep movsq`, or down
 * by a loop. Never sets the direction flag, never touches a vector register.
 */
#include <xenolith/string.h>

#include "string_priv.h"

/* 0 to 16 bytes: two accesses that may overlap each other. */
static inline void move_tiny(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    if (bytes >= 8) {
        uint64_t head = load_word(src);
        uint64_t tail = load_word(src + bytes - 8);

        store_word(dst, head);
        store_word(dst + bytes - 8, tail);
    } else if (bytes >= 4) {
        uint32_t head = *(const half *)src;
        uint32_t tail = *(const half *)(src + bytes - 4);

        *(half *)dst = head;
        *(half *)(dst + bytes - 4) = tail;
    } else if (bytes >= 2) {
        uint16_t head = *(const quarter *)src;
        uint16_t tail = *(const quarter *)(src + bytes - 2);

        *(quarter *)dst = head;
        *(quarter *)(dst + bytes - 2) = tail;
    } else if (bytes == 1) {
        *dst = *src;
    }
}

/* 17 to 32 bytes. */
static inline void move_small(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    uint64_t a = load_word(src);
    uint64_t b = load_word(src + 8);
    uint64_t y = load_word(src + bytes - 16);
    uint64_t z = load_word(src + bytes - 8);

    store_word(dst, a);
    store_word(dst + 8, b);
    store_word(dst + bytes - 16, y);
    store_word(dst + bytes - 8, z);
}

/* 33 to 64 bytes. */
static inline void move_medium(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    const unsigned char *end = src + bytes;
    uint64_t a = load_word(src);
    uint64_t b = load_word(src + 8);
    uint64_t c = load_word(src + 16);
    uint64_t d = load_word(src + 24);
    uint64_t w = load_word(end - 32);
    uint64_t x = load_word(end - 24);
    uint64_t y = load_word(end - 16);
    uint64_t z = load_word(end - 8);

    store_word(dst, a);
    store_word(dst + 8, b);
    store_word(dst + 16, c);
    store_word(dst + 24, d);
    dst += bytes;
    store_word(dst - 32, w);
    store_word(dst - 24, x);
    store_word(dst - 16, y);
    store_word(dst - 8, z);
}

/*
 * More than 64 bytes to a lower address, or without overlap. What overlaps is read before it is written;
 * the last four words, which the loop may miss, are read before the loop can overwrite them.
 */
static void move_up(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    const unsigned char *end = src + bytes;
    uint64_t w = load_word(end - 32);
    uint64_t x = load_word(end - 24);
    uint64_t y = load_word(end - 16);
    uint64_t z = load_word(end - 8);
    unsigned char *last = dst + bytes - 32;

    for (; dst < last; dst += 32, src += 32) {
        uint64_t a = load_word(src);
        uint64_t b = load_word(src + 8);
        uint64_t c = load_word(src + 16);
        uint64_t d = load_word(src + 24);

        store_word(dst, a);
        store_word(dst + 8, b);
        store_word(dst + 16, c);
        store_word(dst + 24, d);
    }
    store_word(last, w);
    store_word(last + 8, x);
    store_word(last + 16, y);
    store_word(last + 24, z);
}

/* The same by the processor's own string move: whole words to an aligned destination, then both ends. */
static void move_up_large(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    uint64_t head = load_word(src);
    uint64_t tail = load_word(src + bytes - 8);
    size_t skip = -(uintptr_t)dst % WORD_BYTES;

    copy_words_up(dst + skip, src + skip, bytes - skip);
    store_word(dst, head);
    store_word(dst + bytes - 8, tail);
}

/* More than 64 bytes to a higher, overlapping address. */
static void move_down(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    uint64_t head_a = load_word(src);
    uint64_t head_b = load_word(src + 8);
    uint64_t head_c = load_word(src + 16);
    uint64_t head_d = load_word(src + 24);
    size_t left = bytes;

    for (; left > 32; left -= 32) {
        uint64_t a = load_word(src + left - 8);
        uint64_t b = load_word(src + left - 16);
        uint64_t c = load_word(src + left - 24);
        uint64_t d = load_word(src + left - 32);

        store_word(dst + left - 8, a);
        store_word(dst + left - 16, b);
        store_word(dst + left - 24, c);
        store_word(dst + left - 32, d);
    }
    store_word(dst, head_a);
    store_word(dst + 8, head_b);
    store_word(dst + 16, head_c);
    store_word(dst + 24, head_d);
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
    if (bytes <= 16) {
        move_tiny(dst, src, bytes);
    } else if (bytes <= 32) {
        move_small(dst, src, bytes);
    } else if (bytes <= 64) {
        move_medium(dst, src, bytes);
    } else if (bytes < REP_MIN_BYTES) {
        move_up(dst, src, bytes);
    } else {
        move_up_large(dst, src, bytes);
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t bytes)
{
    if (bytes <= 16) {
        move_tiny(dst, src, bytes);
    } else if (bytes <= 32) {
        move_small(dst, src, bytes);
    } else if (bytes <= 64) {
        move_medium(dst, src, bytes);
    } else if ((uintptr_t)dst - (uintptr_t)src < bytes) {
        move_down(dst, src, bytes);
    } else if (bytes < REP_MIN_BYTES || (uintptr_t)src - (uintptr_t)dst < REP_MIN_GAP) {
        move_up(dst, src, bytes);
    } else {
        move_up_large(dst, src, bytes);
    }
    return dst;
}
