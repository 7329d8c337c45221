// SPDX-License-Identifier: MIT
/*
 * The block function of ChaCha20 (RFC 8439, 2.3).
 */
#ifndef CHACHA20_H
#define CHACHA20_H

#include <stdint.h>

/** chacha20_block() - 64 bytes for a key, a block's number and a nonce. */
void chacha20_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3], uint32_t out[16]);

#endif
