// SPDX-License-Identifier: MIT
/*
 * Claim: all RAM of the domain can be allocated, holds what is written, and comes back; running out is NULL and
 * ENOMEM, not a crash.
 */
#include <errno.h>

#include <xenolith/boot.h>
#include <xenolith/page.h>

#include "system_test.h"

/** struct block - Links what we hold; the last word repeats the address, so a page mapped twice shows. */
struct block {
    struct block *next;
    uint64_t self;
    uint64_t rest[PAGE_SIZE / 8 - 3];
    uint64_t end;
};

_Static_assert(sizeof(struct block) == PAGE_SIZE, "one page");

static unsigned long take_all(struct block **list)
{
    unsigned long nr = 0;
    struct block *b;

    while ((b = page_alloc(0)) != NULL) {
        b->next = *list;
        b->self = (uintptr_t)b;
        b->end = ~(uintptr_t)b;
        *list = b;
        nr++;
    }
    return nr;
}

static unsigned long check_and_free(struct block *list)
{
    unsigned long nr = 0;

    while (list != NULL) {
        struct block *next = list->next;

        CHECK(list->self == (uintptr_t)list);
        CHECK(list->end == ~(uintptr_t)list);
        page_free(list, 0);
        list = next;
        nr++;
    }
    return nr;
}

int main(void)
{
    struct block *list = NULL;
    volatile size_t huge = (size_t)-4096; /* out of the compiler's sight, which knows better */
    struct page_stats before, after;
    unsigned long first, second;
    void *p;

    printf("%lu pages\n", boot_info.nr_pages);
    first = take_all(&list);
    CHECK(first > boot_info.nr_pages * 9 / 10 - 100);
    errno = 0;
    p = malloc(64 << 20);
    CHECK(p == NULL);
    CHECK_EQUAL(errno, ENOMEM);
    CHECK_EQUAL(check_and_free(list), first);

    page_get_stats(&before);
    CHECK_EQUAL(before.reserve, 0);
    list = NULL;
    second = take_all(&list);
    CHECK_EQUAL(check_and_free(list), second);
    page_get_stats(&after);
    CHECK_EQUAL(after.free, before.free);
    CHECK_EQUAL(second, first);

    errno = 0;
    CHECK(malloc(huge) == NULL && errno == ENOMEM);
    CHECK(calloc(huge / 4, 8) == NULL);
    test_success();
}
