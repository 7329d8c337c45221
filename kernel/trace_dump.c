// SPDX-License-Identifier: MIT
/*
 * The trace buffer as text on the console: base64 lines between two markers, so that it survives whatever else is
 * printed in between. tools/xenolith-trace finds it in the log.
 */
#include <xenolith/trace.h>

#include <stdint.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "trace_priv.h"

#define LINE_PREFIX "XLTRACE "
#define LINE_DATA   57 /* bytes a line: 76 characters */

static bool dump_wanted; /* trace-dump */

static void write_blocking(const void *buf, size_t len)
{
    (void)console_write(buf, len);
}

/* ABI: CRC-32 of IEEE 802.3, bit by bit: no table in the image for something done once. */
static uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
        }
    }
    return crc;
}

static size_t base64(char *out, const uint8_t *data, size_t bytes)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0;

    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t word = (uint32_t)data[i] << 16;

        word |= i + 1 < bytes ? (uint32_t)data[i + 1] << 8 : 0;
        word |= i + 2 < bytes ? (uint32_t)data[i + 2] : 0;
        out[len++] = set[word >> 18];
        out[len++] = set[word >> 12 & 63];
        out[len++] = i + 1 < bytes ? set[word >> 6 & 63] : '=';
        out[len++] = i + 2 < bytes ? set[word & 63] : '=';
    }
    return len;
}

static void dump_by(void (*write)(const void *buf, size_t len))
{
    char line[sizeof(LINE_PREFIX) + LINE_DATA / 3 * 4 + 1];
    const void *snapshot;
    const uint8_t *data;
    size_t bytes;
    uint32_t crc = ~0U;

    if (!trace_snapshot(&snapshot, &bytes)) {
        return;
    }
    data = snapshot;
    write(line, (size_t)ksnprintf(line, sizeof(line), LINE_PREFIX "BEGIN bytes=%zu\n", bytes));
    memcpy(line, LINE_PREFIX, sizeof(LINE_PREFIX) - 1);
    for (size_t at = 0; at < bytes; at += LINE_DATA) {
        size_t n = MIN(bytes - at, (size_t)LINE_DATA);
        size_t len = sizeof(LINE_PREFIX) - 1;

        crc = crc32_update(crc, data + at, n);
        len += base64(line + len, data + at, n);
        line[len++] = '\n';
        write(line, len);
    }
    write(line, (size_t)ksnprintf(line, sizeof(line), LINE_PREFIX "END crc32=%08x\n", ~crc));
}

void trace_dump(void)
{
    dump_by(write_blocking);
}

void trace_exit(void)
{
    if (dump_wanted) {
        trace_dump();
    }
}

void trace_panic(void)
{
    if (dump_wanted) {
        dump_by(console_write_atomic);
    }
}

static int set_dump(const char *value)
{
    if (*value != '\0') {
        return -EINVAL;
    }
    dump_wanted = true;
    return 0;
}

BOOT_OPTION(trace_dump, "trace-dump", set_dump);
