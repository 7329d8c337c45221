// SPDX-License-Identifier: MIT
/*
 * Any sequence of heap calls keeps every block's bytes, and gives every page back in the end. The
 * input is a list of operations.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <xenolith/heap.h>
#include <xenolith/page.h>

#define PAGES  512UL
#define BLOCKS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct block {
    uint8_t *p;
    size_t bytes;
    uint8_t mark;
} blocks[BLOCKS];

static void require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void check(const struct block *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        require(b->p[i] == b->mark);
    }
}

static void fill(struct block *b, uint8_t mark)
{
    require(heap_usable_size(b->p) >= b->bytes);
    b->mark = mark;
    memset(b->p, mark, b->bytes);
}

static void drop(struct block *b)
{
    check(b, b->bytes);
    heap_free(b->p);
    b->p = NULL;
}

static void step(uint8_t op, uint8_t which, uint16_t arg)
{
    struct block *b = &blocks[which % BLOCKS];
    size_t bytes = (op & 0x80) ? (size_t)arg * 4 : arg % 4096;

    if (b->p == NULL) {
        size_t align = 1UL << ((op >> 3) & 15);

        b->p = op % 2 ? heap_aligned_alloc(align, bytes) : heap_alloc(bytes);
        b->bytes = bytes;
        if (b->p != NULL) {
            require(op % 2 ? (uintptr_t)b->p % align == 0 : (uintptr_t)b->p % 16 == 0);
            fill(b, which);
        }
    } else if (op % 2) {
        uint8_t *p = heap_realloc(b->p, bytes);

        if (p != NULL) {
            b->p = p;
            check(b, b->bytes < bytes ? b->bytes : bytes);
            b->bytes = bytes;
            fill(b, op);
        }
    } else {
        drop(b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct heap_stats stats;
    void *all;

    if (!ready) {
        ready = true;
        fake_heap_real = true;
        fake_boot_pages(PAGES);
    }
    for (size_t i = 0; i + 3 < size; i += 4) {
        step(data[i], data[i + 1], (uint16_t)(data[i + 2] | data[i + 3] << 8));
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].p != NULL) {
            drop(&blocks[i]);
        }
    }
    all = page_alloc_exact(PAGES); /* the slabs that are kept go back for it */
    require(all != NULL);
    page_free_exact(all, PAGES);
    heap_get_stats(&stats);
    require(stats.used_bytes == 0 && stats.held_bytes == 0);
    return 0;
}
