// SPDX-License-Identifier: MIT
/*
 * Random bytes fit for keys: ChaCha20 with its key replaced at each use ("fast key erasure"), seeded by the processor's generator
 * and by timing.
 */
#ifndef XENOLITH_RANDOM_H
#define XENOLITH_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/** random_is_seeded() - Was there anything but timing to seed from? If not, the bytes are no good for keys. */
bool random_is_seeded(void);

/** random_fill() - Always succeeds; ask random_is_seeded() first where it matters. Context: threads; never blocks. */
void random_fill(void *buf, size_t bytes);

/** random_stir() - Mix in @bytes that somebody holds for random; that they are not does no harm. */
void random_stir(const void *from, size_t bytes);

#endif
