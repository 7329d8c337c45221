// SPDX-License-Identifier: MIT
/*
 * A queue of bytes in a ring that grows with what is in it and shrinks to nothing when it is empty.
 */
#include "byte_queue.h"

#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>

#define FIRST_BYTES 512

/* An empty queue keeps a ring of up to this size for what comes next. */
#define KEPT_BYTES 4096

size_t byte_queue_peek(const struct byte_queue *q, void *buf, size_t bytes, size_t offset)
{
    size_t from, first;

    if (offset >= q->used) {
        return 0;
    }
    bytes = MIN(bytes, q->used - offset);
    from = (q->head + offset) & (q->size - 1);
    first = MIN(bytes, q->size - from);
    memcpy(buf, q->bytes + from, first);
    memcpy((unsigned char *)buf + first, q->bytes, bytes - first);
    return bytes;
}

static int reach(struct byte_queue *q, size_t wanted)
{
    size_t size = MAX(q->size, (size_t)FIRST_BYTES);
    unsigned char *larger;

    while (size < wanted) {
        size *= 2;
    }
    if (size == q->size) {
        return 0;
    }
    larger = heap_alloc(size);
    if (larger == NULL) {
        return -ENOMEM;
    }
    byte_queue_peek(q, larger, q->used, 0);
    heap_free(q->bytes);
    q->bytes = larger;
    q->size = size;
    q->head = 0;
    return 0;
}

long byte_queue_put(struct byte_queue *q, const void *buf, size_t bytes)
{
    size_t to, first;

    bytes = MIN(bytes, byte_queue_room(q));
    if (reach(q, q->used + bytes) != 0) {
        return -ENOMEM;
    }
    to = (q->head + q->used) & (q->size - 1);
    first = MIN(bytes, q->size - to);
    memcpy(q->bytes + to, buf, first);
    memcpy(q->bytes, (const unsigned char *)buf + first, bytes - first);
    q->used += bytes;
    return (long)bytes;
}

void byte_queue_drop(struct byte_queue *q, size_t bytes)
{
    q->used -= bytes;
    q->head = (q->head + bytes) & (q->size - 1);
    if (q->used == 0) {
        q->head = 0;
        if (q->size > KEPT_BYTES) {
            byte_queue_destroy(q);
        }
    }
}

void byte_queue_destroy(struct byte_queue *q)
{
    heap_free(q->bytes);
    *q = (struct byte_queue){0};
}
