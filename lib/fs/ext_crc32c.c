// SPDX-License-Identifier: MIT
/*
 * The checksum of ext4's metadata by the processor's own instruction: every block that is read or written is summed, at half an instruction a
 * byte; libext2fs's tables take three. They do for processors without it, under the name that fs.mk gives them.
 * ABI: CRC-32C, reflected, no inversion at either end, as ext2fs_crc32c_le() in ext2fs/crc32c.c.
 */
#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

uint32_t ext2fs_crc32c_le(uint32_t crc, const unsigned char *p, size_t bytes);
uint32_t ext2fs_crc32c_le_by_table(uint32_t crc, const unsigned char *p, size_t bytes);

static bool has_instruction(void)
{
    static enum { UNKNOWN, ABSENT, PRESENT } state;
    unsigned int a, b, c = 0, d;

    if (state == UNKNOWN) {
        state = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0 ? PRESENT : ABSENT;
    }
    return state == PRESENT;
}

uint32_t ext2fs_crc32c_le(uint32_t crc, const unsigned char *p, size_t bytes)
{
    uint64_t sum = crc;

    if (!has_instruction()) {
        return ext2fs_crc32c_le_by_table(crc, p, bytes);
    }
    for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t), p += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p, sizeof(word));
        __asm__("crc32q %1, %0" : "+r"(sum) : "rm"(word));
    }
    for (; bytes > 0; bytes--, p++) {
        __asm__("crc32b %1, %k0" : "+r"(sum) : "qm"(*p));
    }
    return (uint32_t)sum;
}
