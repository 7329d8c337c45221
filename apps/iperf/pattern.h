// SPDX-License-Identifier: MIT
/*
 * What iperf's blocks look like: blocks of 128 KiB, each with a header and behind it digits that count on from the block's start. Given to
 * lwiperf as what it sends and how it judges what it receives (deps/lwip).
 */
#ifndef IPERF_PATTERN_H
#define IPERF_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** pattern_init() - Before anything else. @check: Compare what is received, else believe it. */
void pattern_init(bool check);

/** pattern_to_send() - Bytes for the stream's position @offset, and how many: they stay as they are, so nobody need copy them. */
const void *pattern_to_send(uint32_t offset, uint16_t *bytes);

/** pattern_is_right() - Whether @bytes at @data are what iperf sends at @offset. */
bool pattern_is_right(uint32_t offset, const void *data, size_t bytes);

#define LWIPERF_TX_DATA(offset, bytes)          pattern_to_send((offset), (bytes))
#define LWIPERF_CHECK_DATA(offset, data, bytes) pattern_is_right((offset), (data), (bytes))

#endif
