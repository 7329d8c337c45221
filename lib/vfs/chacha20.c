// SPDX-License-Identifier: MIT
/*
 * The block function of ChaCha20 (RFC 8439, 2.3). Pure: words in, words out.
 */
#include "chacha20.h"

static uint32_t rotate(uint32_t x, unsigned int by)
{
    return x << by | x >> (32 - by);
}

static void quarter_round(uint32_t s[16], unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha20_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3], uint32_t out[16])
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    for (unsigned int i = 0; i < 8; i++) {
        start[4 + i] = key[i];
    }
    start[12] = counter;
    for (unsigned int i = 0; i < 3; i++) {
        start[13 + i] = nonce[i];
    }
    for (unsigned int i = 0; i < 16; i++) {
        out[i] = start[i];
    }
    for (unsigned int i = 0; i < 10; i++) {
        quarter_round(out, 0, 4, 8, 12);
        quarter_round(out, 1, 5, 9, 13);
        quarter_round(out, 2, 6, 10, 14);
        quarter_round(out, 3, 7, 11, 15);
        quarter_round(out, 0, 5, 10, 15);
        quarter_round(out, 1, 6, 11, 12);
        quarter_round(out, 2, 7, 8, 13);
        quarter_round(out, 3, 4, 9, 14);
    }
    for (unsigned int i = 0; i < 16; i++) {
        out[i] += start[i];
    }
}
