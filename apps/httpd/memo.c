// SPDX-License-Identifier: MIT
/*
 * Requests seen before. Clients repeat themselves byte for byte; a head that is equal to one that was answered with a whole
 * file gets the same answer, without a parser and without a look at the file system. An answer stands for a second at most.
 */
#include <stdlib.h>

#include "httpd.h"

#define SLOTS        8
#define LONGEST_HEAD 1024

static struct memo *slots[SLOTS];
static unsigned int turn;

static bool matches(const struct memo *memo, const char *data, size_t length)
{
    return memo != NULL && memo->length <= length && memcmp(memo->bytes, data, memo->length) == 0;
}

const struct memo *memo_find(const char *data, size_t length)
{
    for (unsigned int i = 0; i < SLOTS; i++) {
        struct memo *memo = slots[i];

        if (matches(memo, data, length) && files_fresh(memo->entry)) {
            if (i > 0) { /* what is asked for often moves to the front */
                slots[i] = slots[i - 1];
                slots[i - 1] = memo;
            }
            return memo;
        }
    }
    return NULL;
}

void memo_add(const struct request *rq, struct entry *e, bool head_only)
{
    unsigned int slot = turn;

    if (rq->consumed > LONGEST_HEAD || !e->listed) {
        return;
    }
    for (unsigned int i = 0; i < SLOTS; i++) {
        if (matches(slots[i], rq->base, rq->consumed) && slots[i]->length == rq->consumed) {
            slot = i;
        }
    }
    struct memo *memo = slots[slot];

    if (memo == NULL || memo->length != rq->consumed) {
        memo = malloc(sizeof(*memo) + rq->consumed);
        if (memo == NULL) {
            return;
        }
        memo->entry = NULL;
    }
    if (memo != slots[slot] && slots[slot] != NULL) {
        files_put(slots[slot]->entry);
        free(slots[slot]);
    }
    if (memo->entry != NULL) {
        files_put(memo->entry);
    }
    memo->entry = e;
    e->refs++;
    memo->length = rq->consumed;
    memo->head_only = head_only;
    memo->keep_alive = rq->keep_alive;
    memo->old = rq->old;
    memcpy(memo->bytes, rq->base, rq->consumed);
    slots[slot] = memo;
    turn = slot == turn ? (turn + 1) % SLOTS : turn;
}
