// SPDX-License-Identifier: MIT
/*
 * The Internet checksum: 8 bytes at a time, carries gathered in a wide sum. RFC 1071.
 */
#include <stdint.h>
#include <string.h>

#include <lwip/opt.h>

static uint32_t load32(const uint8_t *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

uint16_t net_checksum(const void *data, int bytes)
{
    const uint8_t *at = data;
    unsigned __int128 wide = 0;
    uint64_t sum, word;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        memcpy(&word, at, 8);
        wide += word;
    }
    if (bytes & 4) {
        wide += load32(at);
        at += 4;
    }
    if (bytes & 2) {
        wide += (uint64_t)(at[0] | at[1] << 8);
        at += 2;
    }
    if (bytes & 1) {
        wide += at[0];
    }
    sum = (uint64_t)wide + (uint64_t)(wide >> 64);
    sum += sum < (uint64_t)wide;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
