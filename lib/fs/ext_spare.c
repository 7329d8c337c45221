// SPDX-License-Identifier: MIT
/*
 * Memory for libext2fs when there is none: it does not look at every result of malloc(), and what fails in the middle of a change
 * leaves half of one. So it is compiled to ask here, and here some blocks lie in reserve, one of which is given up for each request that
 * fails. They are filled up before each change; a change for which they cannot be does not begin.
 */
#include "ext_priv.h"

#include <stdint.h>
#include <stdlib.h>

/* The largest that libext2fs asks for within a change: three blocks (of pointers to pointers to pointers). */
#define NR_SPARES       16
#define BLOCKS_OF_SPARE 3
#define BYTES_BESIDE    512

static void *spares[NR_SPARES];
static size_t spare_bytes;

static bool give_one_up(void)
{
    for (unsigned int i = 0; i < NR_SPARES; i++) {
        if (spares[i] != NULL) {
            free(spares[i]);
            spares[i] = NULL;
            return true;
        }
    }
    return false;
}

bool ext_spares_fill(const struct ext_fs *x)
{
    size_t wanted = BLOCKS_OF_SPARE * (size_t)x->e2->blocksize + BYTES_BESIDE;

    if (wanted > spare_bytes) {
        while (give_one_up()) {
        }
        spare_bytes = wanted;
    }
    for (unsigned int i = 0; i < NR_SPARES; i++) {
        if (spares[i] == NULL) {
            spares[i] = malloc(spare_bytes);
        }
        if (spares[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* Nobody else runs between the giving up and the taking. */
void *ext_malloc(size_t bytes)
{
    void *p = malloc(bytes);

    while (p == NULL && bytes <= spare_bytes && give_one_up()) {
        p = malloc(bytes);
    }
    return p;
}

void *ext_calloc(size_t nr, size_t bytes)
{
    void *p = calloc(nr, bytes);
    size_t sum;

    if (p != NULL || __builtin_mul_overflow(nr, bytes, &sum)) {
        return p;
    }
    while (p == NULL && sum <= spare_bytes && give_one_up()) {
        p = calloc(nr, bytes);
    }
    return p;
}

void *ext_realloc(void *from, size_t bytes)
{
    void *p = realloc(from, bytes);

    while (p == NULL && bytes > 0 && bytes <= spare_bytes && give_one_up()) {
        p = realloc(from, bytes);
    }
    return p;
}
