// SPDX-License-Identifier: MIT
/*
 * The Internet checksum: 8 bytes at a time, carries gathered in a wide sum. RFC 1071.
 */
#include <stdint.h>
#include <string.h>

#include <lwip/opt.h>

uint16_t net_checksum(const void *data, int bytes)
{
    const uint8_t *at = data;
    unsigned __int128 wide = 0;
    uint64_t sum, word = 0;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        memcpy(&word, at, 8);
        wide += word;
    }
    if (bytes > 0) {
        word = 0;
        memcpy(&word, at, (size_t)bytes);
        wide += word;
    }
    sum = (uint64_t)wide + (uint64_t)(wide >> 64);
    sum += sum < (uint64_t)wide;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
