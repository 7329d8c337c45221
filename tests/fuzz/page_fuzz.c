// SPDX-License-Identifier: MIT
/*
 * Any sequence of page allocator calls keeps its books: blocks stay disjoint, statistics right, and
 * what is freed unites again. The input is a list of operations.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <xenolith/page.h>

#include "../../kernel/page_priv.h"

#define PAGES    1024UL
#define MAX_HELD 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long first;
static uint8_t meta_area[(FAKE_RAM_BASE >> PAGE_SHIFT) + 2 * PAGES];
static bool used[PAGES];

static struct held {
    unsigned long at;
    size_t nr;
    int order; /* -1: exact */
} held[MAX_HELD];
static size_t nr_held, nr_used;

static void require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void *virt(unsigned long at)
{
    return (void *)((first + at) << PAGE_SHIFT);
}

static void set_used(unsigned long at, size_t nr, bool now)
{
    for (size_t i = 0; i < nr; i++) {
        require(at + i < PAGES && used[at + i] != now);
        used[at + i] = now;
    }
    nr_used += now ? nr : -nr;
}

static void take(void *block, size_t nr, int order)
{
    if (block != NULL) {
        held[nr_held] = (struct held){virt_to_pfn(block).n - first, nr, order};
        set_used(held[nr_held].at, nr, true);
        nr_held++;
    }
}

static void drop(struct held *h)
{
    set_used(h->at, h->nr, false);
    if (h->order >= 0) {
        page_free(virt(h->at), (unsigned int)h->order);
    } else {
        page_free_exact(virt(h->at), h->nr);
    }
    *h = held[--nr_held];
}

static void drop_tail(struct held *h, size_t nr)
{
    set_used(h->at + h->nr - nr, nr, false);
    page_free_exact(virt(h->at + h->nr - nr), nr);
    h->nr -= nr;
}

static void grow(struct held *h, size_t more)
{
    if (page_extend_exact(virt(h->at), h->nr, h->nr + more)) {
        set_used(h->at + h->nr, more, true);
        h->nr += more;
    }
}

static void step(uint8_t op, uint8_t arg)
{
    struct held *h = nr_held > 0 ? &held[arg % nr_held] : NULL;
    struct page_stats stats;

    switch (op % 5) {
    case 0:
        if (nr_held < MAX_HELD) {
            take(page_alloc(arg % 9), 1UL << (arg % 9), arg % 9);
        }
        break;
    case 1:
        if (nr_held < MAX_HELD) {
            take(page_alloc_exact(1UL + arg), 1UL + arg, -1);
        }
        break;
    case 2:
        if (h != NULL) {
            drop(h);
        }
        break;
    case 3:
        if (h != NULL && h->order < 0 && h->nr > 1) {
            drop_tail(h, 1 + op % (h->nr - 1));
        }
        break;
    default:
        if (h != NULL && h->order < 0) {
            grow(h, 1 + op / 5);
        }
        break;
    }
    page_get_stats(&stats);
    require(stats.free == PAGES - nr_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct page_stats stats;

    if (first == 0) {
        first = virt_to_pfn(fake_ram_map(PAGES)).n;
    }
    page_init((struct pfn){first + PAGES}, meta_area);
    page_add((struct pfn){first}, (struct pfn){first + PAGES});
    for (size_t i = 0; i + 1 < size; i += 2) {
        step(data[i], data[i + 1]);
    }
    while (nr_held > 0) {
        drop(&held[0]);
    }
    page_get_stats(&stats);
    require(stats.largest_free == PAGES);
    return 0;
}
