// SPDX-License-Identifier: MIT
/*
 * CRC-32 (polynomial 0x04C11DB7, reflected), four bytes at a time. The tables are made at first use.
 */
#include "httpd.h"

static uint32_t table[4][256];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
        }
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int k = 1; k < 4; k++) {
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
        }
    }
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t length)
{
    const unsigned char *p = data;

    if (table[0][1] == 0) {
        make_table();
    }
    crc = ~crc;
    for (; length >= 4; length -= 4, p += 4) {
        uint32_t word;

        memcpy(&word, p, 4);
        crc ^= word;
        crc = table[3][crc & 0xff] ^ table[2][crc >> 8 & 0xff] ^ table[1][crc >> 16 & 0xff] ^
              table[0][crc >> 24];
    }
    for (; length > 0; length--, p++) {
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}
