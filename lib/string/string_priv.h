// SPDX-License-Identifier: MIT
/*
 * Unaligned word access and the search for a byte in a word, for the files of lib/string alone.
 */
#ifndef STRING_PRIV_H
#define STRING_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* From here up the string instructions beat a loop of moves; below, their start-up costs more. */
#define REP_MIN_BYTES 384

/* Source and destination closer than this make `rep movs` go byte by byte. */
#define REP_MIN_GAP 64

#define WORD_BYTES sizeof(uint64_t)
#define WORD_ONES  UINT64_C(0x0101010101010101)
#define WORD_HIGHS UINT64_C(0x8080808080808080)

/* A word that may alias anything and lie anywhere. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));
typedef uint32_t half __attribute__((may_alias, aligned(1)));
typedef uint16_t quarter __attribute__((may_alias, aligned(1)));

/* An aligned word may reach past the object, never past its page: the sanitizers cannot know. */
#define READS_WHOLE_WORDS __attribute__((no_sanitize("address")))

static inline uint64_t load_word(const void *p)
{
    return *(const word *)p;
}

READS_WHOLE_WORDS static inline uint64_t load_whole_word(const void *p)
{
    return *(const word *)p;
}

static inline void store_word(void *p, uint64_t value)
{
    *(word *)p = value;
}

/* Bit 7 of each zero byte; bytes above the first zero byte may be reported falsely. */
static inline uint64_t zero_bytes(uint64_t value)
{
    return (value - WORD_ONES) & ~value & WORD_HIGHS;
}

static inline size_t first_byte(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask) / 8;
}

/* Copy the whole words of @bytes in ascending order; an odd rest is left out. */
static inline void copy_words_up(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    size_t words = bytes / WORD_BYTES;

    __asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words) : : "memory");
}

#endif
