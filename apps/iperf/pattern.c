// SPDX-License-Identifier: MIT
/*
 * iperf's blocks. See pattern.h.
 */
#include <string.h>

#include "pattern.h"

#define BLOCK_BYTES   131072 /* iperf's default, -l 128K */
#define HEADER_BYTES  512    /* of each block, not looked at: iperf 2.0 puts 24 bytes of its own there, 2.1 puts 304 */
#define PATTERN_BYTES 40960  /* whole pages and whole tens */

static _Alignas(4096) uint8_t pattern[PATTERN_BYTES];
static bool checking;

void pattern_init(bool check)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)('0' + i % 10);
    }
    checking = check;
}

const void *pattern_to_send(uint32_t offset, uint16_t *bytes)
{
    uint32_t at = offset % PATTERN_BYTES;

    *bytes = (uint16_t)(PATTERN_BYTES - at);
    return pattern + at;
}

bool pattern_is_right(uint32_t offset, const void *data, size_t bytes)
{
    const uint8_t *at = data;

    while (checking && bytes > 0) {
        size_t in_block = offset % BLOCK_BYTES,
               count = in_block < HEADER_BYTES ? HEADER_BYTES - in_block : BLOCK_BYTES - in_block;

        count = count > PATTERN_BYTES - 10 ? PATTERN_BYTES - 10 : count;
        count = count > bytes ? bytes : count;
        if (in_block >= HEADER_BYTES && memcmp(at, pattern + in_block % 10, count) != 0) {
            return false;
        }
        at += count;
        offset += (uint32_t)count;
        bytes -= count;
    }
    return true;
}
