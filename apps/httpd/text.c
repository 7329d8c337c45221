// SPDX-License-Identifier: MIT
/*
 * Numbers and escaped strings for struct text. See text.h.
 */
#include "text.h"

static void number(struct text *t, uint64_t value, unsigned int base, unsigned int digits)
{
    char buffer[24];
    unsigned int at = sizeof(buffer);

    do {
        buffer[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || (sizeof(buffer) - at < digits && at > 0));
    text_bytes(t, buffer + at, sizeof(buffer) - at);
}

void text_number(struct text *t, uint64_t value, unsigned int digits)
{
    number(t, value, 10, digits);
}

void text_hex(struct text *t, uint64_t value, unsigned int digits)
{
    number(t, value, 16, digits);
}

void text_escaped(struct text *t, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'') {
            text_add(t, "&#");
            text_number(t, c, 1);
            text_add(t, ";");
        } else {
            text_bytes(t, &bytes[i], 1);
        }
    }
}
