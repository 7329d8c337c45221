// SPDX-License-Identifier: MIT
/*
 * Walking along a user's scattered buffer.
 */
#include "inet.h"

#include <string.h>

void iov_walk_init(struct iov_walk *walk, const struct msghdr *message)
{
    walk->part = message->msg_iov;
    walk->nr = message->msg_iovlen;
    walk->offset = 0;
    walk->left = 0;
    for (size_t i = 0; i < walk->nr; i++) {
        walk->left += walk->part[i].iov_len;
    }
}

void *iov_walk_piece(struct iov_walk *walk, size_t *bytes)
{
    while (walk->nr > 0 && walk->offset == walk->part->iov_len) {
        walk->part++;
        walk->nr--;
        walk->offset = 0;
    }
    if (walk->nr == 0) {
        *bytes = 0;
        return NULL;
    }
    *bytes = walk->part->iov_len - walk->offset;
    return (char *)walk->part->iov_base + walk->offset;
}

void iov_walk_skip(struct iov_walk *walk, size_t bytes)
{
    walk->left -= bytes;
    while (bytes > 0) {
        size_t here = walk->part->iov_len - walk->offset;

        if (bytes < here) {
            walk->offset += bytes;
            return;
        }
        bytes -= here;
        walk->part++;
        walk->nr--;
        walk->offset = 0;
    }
}

void iov_gather(struct iov_walk *walk, void *to, size_t bytes)
{
    char *out = to;

    while (bytes > 0) {
        size_t here;
        void *from = iov_walk_piece(walk, &here);

        here = here < bytes ? here : bytes;
        memcpy(out, from, here);
        iov_walk_skip(walk, here);
        out += here;
        bytes -= here;
    }
}

void iov_scatter(struct iov_walk *walk, const void *from, size_t bytes)
{
    const char *in = from;

    while (bytes > 0) {
        size_t here;
        void *to = iov_walk_piece(walk, &here);

        here = here < bytes ? here : bytes;
        memcpy(to, in, here);
        iov_walk_skip(walk, here);
        in += here;
        bytes -= here;
    }
}
