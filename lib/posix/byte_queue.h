// SPDX-License-Identifier: MIT
/*
 * A queue of bytes that takes memory only for what is in it: up to a limit, in steps of powers of two. What pipes and connected
 * stream sockets hold. No locks, no waiting; negative errors.
 */
#ifndef BYTE_QUEUE_H
#define BYTE_QUEUE_H

#include <stddef.h>

#define BYTE_QUEUE_LIMIT 65536

/** struct byte_queue - All zero is an empty one. @size is a power of two, or 0 without memory. */
struct byte_queue {
    unsigned char *bytes;
    size_t size, head, used;
};

/** byte_queue_room() - How many bytes it would take. */
static inline size_t byte_queue_room(const struct byte_queue *q)
{
    return BYTE_QUEUE_LIMIT - q->used;
}

/** byte_queue_put() - Append up to @bytes, as many as there is room for. How many; -ENOMEM, then none. */
long byte_queue_put(struct byte_queue *q, const void *buf, size_t bytes);

/** byte_queue_peek() - Copy up to @bytes from @offset on, without taking them. How many. */
size_t byte_queue_peek(const struct byte_queue *q, void *buf, size_t bytes, size_t offset);

/** byte_queue_drop() - Take @bytes, which are there, out of it. */
void byte_queue_drop(struct byte_queue *q, size_t bytes);

/** byte_queue_destroy() - Give the memory back. */
void byte_queue_destroy(struct byte_queue *q);

#endif
