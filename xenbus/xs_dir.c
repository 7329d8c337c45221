// SPDX-License-Identifier: MIT
/*
 * Listing a node's children, in one reply or, when they do not fit, part by part.
 * ABI: xen/io/xs_wire.h, XS_DIRECTORY and XS_DIRECTORY_PART.
 */
#include "xs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

/** struct listing - The names as on the wire, one behind the other, each with its NUL. */
struct listing {
    char *text;
    size_t bytes, room;
};

static int listing_append(struct listing *l, const char *text, size_t bytes)
{
    if (bytes > XS_DIRECTORY_MAX_BYTES - l->bytes) {
        return -E2BIG;
    }
    if (l->bytes + bytes > l->room) {
        size_t room = MAX(2 * l->room, (size_t)2 * XENSTORE_PAYLOAD_MAX);
        char *grown = heap_realloc(l->text, room);

        if (grown == NULL) {
            return -ENOMEM;
        }
        l->text = grown;
        l->room = room;
    }
    memcpy(l->text + l->bytes, text, bytes);
    l->bytes += bytes;
    return 0;
}

/*
 * One part: the node's generation, then names from our offset on, then an empty name if it was the last part.
 * Return: 1 done, 0 more to come, -EAGAIN when the node is not what it was, else an error.
 */
static int listing_take_part(struct listing *l, uint64_t *generation, const char *body, size_t len)
{
    size_t head = strnlen(body, len);
    uint64_t now;
    bool last;
    int rc;

    if (head == len || xs_parse_decimal(body, head, UINT64_MAX, &now) != 0) {
        return -EPROTO;
    }
    if (l->bytes != 0 && now != *generation) {
        return -EAGAIN;
    }
    *generation = now;
    body += head + 1;
    len -= head + 1;
    if (len == 0) {
        return -EPROTO;
    }
    last = body[len - 1] == '\0' && (len == 1 || body[len - 2] == '\0');
    len -= last ? 1 : 0;
    if (xs_parse_names(body, len) < 0) {
        return -EPROTO;
    }
    rc = listing_append(l, body, len);
    return rc != 0 ? rc : last;
}

static int listing_read_parts(struct listing *l, uint32_t tx, const char *path)
{
    uint64_t generation = 0;
    unsigned int tries = 0;
    int rc;

    do {
        char offset[21];
        struct xs_part parts[] = {{path, strlen(path) + 1}, {offset, 0}};
        char *body;
        size_t len;

        parts[1].bytes = (size_t)ksnprintf(offset, sizeof(offset), "%zu", l->bytes) + 1;
        rc = xs_request(XS_DIRECTORY_PART, tx, parts, ARRAY_SIZE(parts), &body, &len, TIME_FOREVER);
        if (rc != 0) {
            return rc;
        }
        rc = listing_take_part(l, &generation, body, len);
        heap_free(body);
        if (rc == -EAGAIN && ++tries < XS_DIRECTORY_TRIES) {
            l->bytes = 0;
            rc = 0;
        }
    } while (rc == 0);
    return rc < 0 ? rc : 0;
}

/* Pointers first, the strings behind them, in one block. */
static int listing_pack(const struct listing *l, char ***names, size_t *nr)
{
    long count = xs_parse_names(l->text, l->bytes);
    char **block, *text;

    if (count < 0) {
        return -EPROTO;
    }
    block = heap_alloc((size_t)count * sizeof(*block) + l->bytes);
    if (block == NULL) {
        return -ENOMEM;
    }
    text = (char *)(block + count);
    if (l->bytes != 0) {
        memcpy(text, l->text, l->bytes);
    }
    for (long i = 0; i < count; i++) {
        block[i] = text;
        text += strlen(text) + 1;
    }
    *names = block;
    *nr = (size_t)count;
    return 0;
}

int xs_directory(uint32_t tx, const char *path, char ***names, size_t *nr)
{
    const struct xs_part part = {path, strlen(path) + 1};
    struct listing l = {NULL, 0, 0};
    int rc = xs_request(XS_DIRECTORY, tx, &part, 1, &l.text, &l.bytes, TIME_FOREVER);

    if (rc == -E2BIG && part.bytes <= XENSTORE_ABS_PATH_MAX + 1) {
        rc = listing_read_parts(&l, tx, path);
    }
    if (rc == 0) {
        rc = listing_pack(&l, names, nr);
    }
    heap_free(l.text);
    return rc;
}
