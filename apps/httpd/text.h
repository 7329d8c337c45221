// SPDX-License-Identifier: MIT
/*
 * Text put together in memory that the caller owns: no allocation, no printf. What does not fit is left out and remembered in @cut.
 */
#ifndef HTTPD_TEXT_H
#define HTTPD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    char *data;
    size_t length, size;
    bool cut;
};

static inline struct text text_in(void *memory, size_t size)
{
    return (struct text){.data = memory, .size = size};
}

static inline void text_bytes(struct text *t, const void *bytes, size_t length)
{
    if (length > t->size - t->length) {
        t->cut = true;
        return;
    }
    memcpy(t->data + t->length, bytes, length);
    t->length += length;
}

static inline void text_add(struct text *t, const char *string)
{
    text_bytes(t, string, strlen(string));
}

/** text_number() - Decimal, with at least @digits digits. */
void text_number(struct text *t, uint64_t value, unsigned int digits);

/** text_hex() - Lower case, with at least @digits digits. */
void text_hex(struct text *t, uint64_t value, unsigned int digits);

/** text_escaped() - For HTML and for console lines: what is no plain printable character becomes an entity. */
void text_escaped(struct text *t, const char *bytes, size_t length);

#endif
