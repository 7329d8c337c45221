// SPDX-License-Identifier: MIT
/*
 * The page allocator keeps its promises: blocks are aligned, disjoint and inside RAM, everything
 * freed unites again, statistics are right, and misuse panics.
 */
#include "unit.h"

#include <xenolith/page.h>

#include "../../kernel/page_priv.h"

#define REGION_PAGES 4096UL

static unsigned long first; /* pfn of the RAM of this test */
static void *meta;

/* A fresh allocator over @nr_pages of RAM that it does not have yet. */
static void start_empty(size_t nr_pages)
{
    struct pfn end;

    first = virt_to_pfn(fake_ram_map(nr_pages)).n;
    end = (struct pfn){first + nr_pages};
    free(meta);
    meta = malloc(page_meta_bytes(end));
    memset(meta, META_FREE | 3, page_meta_bytes(end)); /* the nastiest junk to start from */
    page_init(end, meta);
}

static void add(unsigned long from, unsigned long to)
{
    page_add((struct pfn){first + from}, (struct pfn){first + to});
}

static int setup(void **state)
{
    start_empty(REGION_PAGES);
    add(0, REGION_PAGES);
    return 0;
}

static int teardown(void **state)
{
    free(meta);
    meta = NULL;
    return 0;
}

static struct page_stats stats_now(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s;
}

/* Everything that must hold between calls, by looking at every page. */
static void check_invariants(void)
{
    unsigned long free_pages = 0, lost = 0, largest = 0;
    unsigned long pfn = page_pool.known_start;

    while (pfn < page_pool.known_end) {
        uint8_t m = page_state(pfn);

        if (META_KIND(m) == META_FREE) {
            unsigned int order = META_ORDER(m);
            unsigned long buddy = pfn ^ pages_of(order);

            assert_int_equal(pfn & (pages_of(order) - 1), 0);
            for (unsigned long i = 1; i < pages_of(order); i++) {
                assert_int_equal(page_state(pfn + i), META_TAIL);
            }
            if (order < PAGE_MAX_ORDER) {
                assert_int_not_equal(page_state(buddy), META_FREE | order);
            }
            free_pages += pages_of(order);
            largest = largest > pages_of(order) ? largest : pages_of(order);
            pfn += pages_of(order);
            continue;
        }
        if (m > META_USED && m <= (META_USED | PAGE_MAX_ORDER)) {
            for (unsigned long i = 1; i < pages_of(META_ORDER(m)); i++) {
                assert_int_equal(page_state(pfn + i), META_TAIL);
            }
            pfn += pages_of(META_ORDER(m));
            continue;
        }
        lost += m == META_LOST;
        assert_true(m == META_USED || m == META_RUN || m == META_LOST || m == META_ABSENT);
        pfn++;
    }
    assert_int_equal(free_pages, stats_now().free - stats_now().reserve);
    assert_int_equal(lost, stats_now().quarantined);
    assert_int_equal(largest, stats_now().largest_free);
}

static void all_ram_can_be_had_and_comes_back_in_one_piece(void **state)
{
    void *pages[REGION_PAGES];
    bool seen[REGION_PAGES] = {false};

    assert_int_equal(stats_now().free, REGION_PAGES);
    for (unsigned long i = 0; i < REGION_PAGES; i++) {
        unsigned long at;

        pages[i] = page_alloc(0);
        assert_non_null(pages[i]);
        at = virt_to_pfn(pages[i]).n - first;
        assert_true(at < REGION_PAGES && !seen[at]);
        seen[at] = true;
    }
    assert_null(page_alloc(0));
    assert_int_equal(stats_now().free, 0);
    assert_int_equal(stats_now().largest_free, 0);
    assert_int_equal(stats_now().failures, 1);
    for (unsigned long i = REGION_PAGES; i-- > 0;) {
        page_free(pages[(i * 1237) % REGION_PAGES], 0);
    }
    check_invariants();
    assert_int_equal(stats_now().largest_free, REGION_PAGES);
    assert_int_equal(stats_now().allocs, REGION_PAGES);
    assert_int_equal(stats_now().frees, REGION_PAGES);
}

static void blocks_are_naturally_aligned(void **state)
{
    for (unsigned int order = 0; order <= 10; order++) {
        void *small = page_alloc(0);
        void *block = page_alloc(order);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block & ((PAGE_SIZE << order) - 1), 0);
        page_free(block, order);
        page_free(small, 0);
    }
    check_invariants();
}

static void an_exact_allocation_takes_no_page_too_many(void **state)
{
    for (size_t nr = 1; nr < 300; nr += 7) {
        void *run = page_alloc_exact(nr);

        assert_non_null(run);
        assert_int_equal(stats_now().free, REGION_PAGES - nr);
        assert_int_equal(page_run_pages(virt_to_pfn(run).n), nr);
        check_invariants();
        page_free_exact(run, nr);
    }
    assert_int_equal(stats_now().largest_free, REGION_PAGES);
}

static void allocations_of_an_odd_size_are_packed(void **state)
{
    static void *run[REGION_PAGES / 5];

    for (size_t i = 0; i < REGION_PAGES / 5; i++) {
        run[i] = page_alloc_exact(5);
        assert_non_null(run[i]);
    }
    check_invariants();
    for (size_t i = 0; i < REGION_PAGES / 5; i++) {
        page_free_exact(run[i], 5);
    }
    assert_int_equal(stats_now().largest_free, REGION_PAGES);
}

static void parts_of_an_exact_allocation_are_freed_by_themselves(void **state)
{
    char *run = page_alloc_exact(9);

    page_free_exact(run + 3 * PAGE_SIZE, 2);
    assert_int_equal(page_run_pages(virt_to_pfn(run).n), 3);
    assert_int_equal(page_run_pages(virt_to_pfn(run).n + 5), 4);
    check_invariants();
    page_free(run + 8 * PAGE_SIZE, 0);
    assert_int_equal(page_run_pages(virt_to_pfn(run).n + 5), 3);
    page_free_exact(run, 3);
    page_free_exact(run + 5 * PAGE_SIZE, 3);
    assert_int_equal(stats_now().largest_free, REGION_PAGES);
}

static void neighbours_are_joined_when_no_block_is_large_enough(void **state)
{
    unsigned long odd = 3000;
    char *run;

    start_empty(REGION_PAGES);
    add(1, odd); /* 2,999 pages, the largest block of which has 1,024 */
    assert_int_equal(stats_now().largest_free, 1024);
    run = page_alloc_exact(2998);
    assert_non_null(run);
    assert_int_equal(stats_now().free, 1);
    check_invariants();
    assert_null(page_alloc_exact(2));
    page_free_exact(run, 2998);
    check_invariants();
    run = page_alloc_exact(2999);
    assert_non_null(run);
    page_free_exact(run, 2999);
    assert_null(page_alloc_exact(3000));
}

static void an_exact_allocation_grows_in_place_into_free_pages(void **state)
{
    char *run = page_alloc_exact(3);
    char *wall = page_alloc_exact(1);

    assert_ptr_equal(wall, run + 3 * PAGE_SIZE);
    assert_false(page_extend_exact(run, 3, 4));
    assert_int_equal(page_run_pages(virt_to_pfn(run).n), 3);
    page_free(wall, 0);
    assert_true(page_extend_exact(run, 3, 1000));
    memset(run, 1, 1000 * PAGE_SIZE);
    assert_int_equal(page_run_pages(virt_to_pfn(run).n), 1000);
    assert_int_equal(stats_now().free, REGION_PAGES - 1000);
    check_invariants();
    assert_false(page_extend_exact(run, 1000, REGION_PAGES + 1));
    page_free_exact(run, 1000);
    assert_int_equal(stats_now().largest_free, REGION_PAGES);
}

static void regions_may_come_in_any_order_and_unite(void **state)
{
    void *block;

    start_empty(REGION_PAGES);
    add(2048, 3072);
    add(0, 100);
    check_invariants();
    assert_null(page_alloc(11));
    add(4000, 4096);
    add(100, 2048);
    add(3072, 4000);
    check_invariants();
    assert_int_equal(stats_now().total, REGION_PAGES);
    block = page_alloc(11);
    assert_non_null(block);
    page_free(block, 11);
}

static void ram_beside_what_was_never_added_is_not_united_with_it(void **state)
{
    void *block;

    start_empty(REGION_PAGES);
    add(8, 16);
    /* The junk that the metadata started with says that pages 0..7 are a free block of order 3. */
    block = page_alloc(3);
    assert_ptr_equal(block, (void *)((first + 8) << PAGE_SHIFT));
    page_free(block, 3);
    assert_null(page_alloc(4));
    check_invariants();
}

static void adding_a_page_twice_panics(void **state)
{
    assert_true(fake_panics(add(100, 101)));
}

static void quarantined_pages_never_come_back(void **state)
{
    char *page = page_alloc(0);
    char *run = page_alloc_exact(3);

    page_quarantine(page);
    page_quarantine(run + PAGE_SIZE);
    assert_int_equal(stats_now().quarantined, 2);
    assert_true(fake_panics(page_free(page, 0)));
    assert_true(fake_panics(page_quarantine(page)));
    assert_true(fake_panics(page_free_exact(run, 3)));
    page_free_exact(run, 1);
    page_free_exact(run + 2 * PAGE_SIZE, 1);
    check_invariants();
    while ((run = page_alloc(0)) != NULL) {
        assert_ptr_not_equal(run, page);
    }
    assert_int_equal(stats_now().free, 0);
}

/* ---- The refill hook and reclaimers ---- */

static unsigned long reserve_at, reserve_end, refills;

static bool refill_some(size_t nr_pages)
{
    unsigned long nr = nr_pages > 64 ? nr_pages : 64;
    void *table;

    refills++;
    table = page_alloc(0); /* as PV does for a page table; must not come back here */
    if (table != NULL) {
        page_free(table, 0);
    }
    if (reserve_at == reserve_end) {
        return false;
    }
    nr = nr < reserve_end - reserve_at ? nr : reserve_end - reserve_at;
    page_reserve_taken(nr);
    add(reserve_at, reserve_at + nr);
    reserve_at += nr;
    return true;
}

static void more_ram_is_asked_for_only_when_needed(void **state)
{
    unsigned long nr = 0;
    struct page_stats s;

    start_empty(REGION_PAGES);
    add(0, 64);
    reserve_at = 64;
    reserve_end = 1000;
    refills = 0;
    page_set_refill(refill_some, 936);
    s = stats_now();
    assert_int_equal(s.total, 1000);
    assert_int_equal(s.free, 1000);
    assert_int_equal(s.reserve, 936);
    for (; nr < 64; nr++) {
        assert_non_null(page_alloc(0));
    }
    assert_int_equal(refills, 0);
    for (; nr < 1000; nr++) {
        assert_non_null(page_alloc(0));
        assert_int_equal(stats_now().total, 1000);
        assert_int_equal(stats_now().free, 1000 - nr - 1);
    }
    assert_int_equal(refills, 15);
    assert_null(page_alloc(0));
    assert_null(page_alloc_exact(5));
    check_invariants();
}

static void a_large_request_brings_enough_of_the_reserve(void **state)
{
    start_empty(REGION_PAGES);
    add(0, 10);
    reserve_at = 10;
    reserve_end = REGION_PAGES;
    page_set_refill(refill_some, REGION_PAGES - 10);
    assert_non_null(page_alloc_exact(1500));
    assert_null(page_alloc_exact(4000));
    check_invariants();
}

static bool refill_that_lies(size_t nr_pages)
{
    return true;
}

static void a_refill_hook_that_brings_nothing_does_not_hang_us(void **state)
{
    start_empty(REGION_PAGES);
    page_set_refill(refill_that_lies, 0);
    assert_null(page_alloc(0));
}

static void *kept;

static bool give_kept(void)
{
    void *page = kept;

    kept = NULL;
    page_free(page, 0);
    return page != NULL;
}

static void reclaimers_are_asked_last(void **state)
{
    static struct page_reclaimer reclaimer = {.fn = give_kept};

    page_reclaimer_add(&reclaimer);
    page_reclaimer_add(&reclaimer);
    kept = page_alloc(0);
    while (stats_now().free > 0) {
        assert_non_null(page_alloc(0));
        assert_non_null(kept);
    }
    assert_non_null(page_alloc(0));
    assert_null(kept);
    assert_null(page_alloc(0));
}

/* ---- Evil use ---- */

static void misuse_panics(void **state)
{
    char *block = page_alloc(3);
    char *single = page_alloc(0);
    char *run = page_alloc_exact(5);

    assert_true(fake_panics(page_free(block, 2)));
    assert_true(fake_panics(page_free(block + PAGE_SIZE, 0)));
    assert_true(fake_panics(page_free_exact(block, 8)));
    assert_true(fake_panics(page_free(single + 8, 0)));
    assert_true(fake_panics(page_free((void *)(5 * PAGE_SIZE), 0)));
    assert_true(fake_panics(page_free((void *)(~0UL << PAGE_SHIFT), 0)));
    assert_true(fake_panics(page_free_exact(run, 6)));
    assert_true(fake_panics(page_free_exact(run, SIZE_MAX)));
    page_free(single, 0);
    assert_true(fake_panics(page_free(single, 0)));
    page_free(block, 3);
    assert_true(fake_panics(page_free(block, 3)));
    page_free_exact(run, 5);
    assert_true(fake_panics(page_free_exact(run + PAGE_SIZE, 1)));
    assert_true(fake_panics(page_free(run, 19)));
    page_free(NULL, 3);
    page_free_exact(NULL, 3);
    check_invariants();
    assert_null(page_alloc(PAGE_MAX_ORDER + 1));
    assert_null(page_alloc(~0U));
    assert_null(page_alloc_exact(SIZE_MAX));
    assert_null(page_alloc_exact((SIZE_MAX >> PAGE_SHIFT) + 2));
}

static void a_write_to_a_free_page_is_noticed(void **state)
{
    uint64_t *page = page_alloc(0);
    void *other = page_alloc(0);

    page_free(page, 0);
    *page = (uintptr_t)other;
    assert_true(fake_panics((void)(page_alloc(0) == NULL)));
}

static void allocating_in_an_upcall(void *arg)
{
    *(bool *)arg = fake_panics((void)(page_alloc(0) == NULL));
}

static void upcalls_must_not_allocate(void **state)
{
    bool panicked = false;

    fake_event_at(0, allocating_in_an_upcall, &panicked);
    assert_true(panicked);
}

static void freed_pages_are_junk(void **state)
{
    unsigned char *page = page_alloc(0);

    memset(page, 0, PAGE_SIZE);
    page_free(page, 0);
    assert_int_equal(page[PAGE_SIZE - 1], JUNK_FREED);
}

/* ---- Against a model ---- */

#define MAX_HELD 512

static struct held {
    unsigned long at;
    size_t nr;
    int order; /* -1: exact */
} held[MAX_HELD];
static size_t nr_held;
static uint16_t owner[REGION_PAGES]; /* 0: free, else a mark of who holds it */

static void claim(void *virt, size_t nr, int order)
{
    static uint16_t mark;
    unsigned long at = virt_to_pfn(virt).n - first;

    mark = mark == UINT16_MAX ? 1 : mark + 1;
    for (size_t i = 0; i < nr; i++) {
        assert_true(at + i < REGION_PAGES);
        assert_int_equal(owner[at + i], 0);
        owner[at + i] = mark;
        *(uint16_t *)((char *)virt + (i << PAGE_SHIFT)) = mark;
    }
    held[nr_held++] = (struct held){at, nr, order};
}

static void *held_virt(const struct held *h)
{
    return (void *)((first + h->at) << PAGE_SHIFT);
}

static void unclaim(unsigned long at, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        /* Nobody else may have written there. */
        assert_int_equal(*(uint16_t *)((first + at + i) << PAGE_SHIFT), owner[at + i]);
        owner[at + i] = 0;
    }
}

static void random_step(void)
{
    unsigned long free_pages = stats_now().free;

    if (nr_held < MAX_HELD && fake_random_below(100) < 52) {
        int order = fake_random_below(2) ? (int)fake_random_below(9) : -1;
        size_t nr = order >= 0 ? 1UL << order : 1 + fake_random_below(fake_random_below(8) ? 20 : 600);
        void *virt = order >= 0 ? page_alloc((unsigned int)order) : page_alloc_exact(nr);

        if (virt != NULL) {
            claim(virt, nr, order);
            assert_int_equal(stats_now().free, free_pages - nr);
        } else {
            assert_true(nr > 1 || free_pages == 0);
        }
        return;
    }
    if (nr_held > 0) {
        struct held *h = &held[fake_random_below(nr_held)];

        if (h->order < 0 && h->nr > 2 && fake_random_below(3) == 0) {
            size_t head = fake_random_below(h->nr - 1);
            size_t nr = 1 + fake_random_below(h->nr - head - 1);
            struct held rest = {h->at + head + nr, h->nr - head - nr, -1};

            unclaim(h->at + head, nr);
            page_free_exact((char *)held_virt(h) + (head << PAGE_SHIFT), nr);
            h->nr = head;
            if (head == 0) {
                *h = rest;
            } else if (nr_held < MAX_HELD) {
                held[nr_held++] = rest;
            } else {
                unclaim(rest.at, rest.nr);
                page_free_exact(held_virt(&rest), rest.nr);
            }
            return;
        }
        unclaim(h->at, h->nr);
        if (h->order >= 0) {
            page_free(held_virt(h), (unsigned int)h->order);
        } else {
            page_free_exact(held_virt(h), h->nr);
        }
        *h = held[--nr_held];
    }
}

static void random_use_agrees_with_a_model(void **state)
{
    (void)fake_seed();
    start_empty(REGION_PAGES);
    add(3, 1700);
    add(1700, 4001);
    memset(owner, 0, sizeof(owner));
    nr_held = 0;
    for (int i = 0; i < 60000; i++) {
        random_step();
        if (i % 500 == 0) {
            check_invariants();
        }
    }
    while (nr_held > 0) {
        struct held *h = &held[--nr_held];

        unclaim(h->at, h->nr);
        if (h->order >= 0) {
            page_free(held_virt(h), (unsigned int)h->order);
        } else {
            page_free_exact(held_virt(h), h->nr);
        }
    }
    check_invariants();
    assert_int_equal(stats_now().free, 4001 - 3);
    assert_non_null(page_alloc_exact(4001 - 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_ram_can_be_had_and_comes_back_in_one_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_are_naturally_aligned, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exact_allocation_takes_no_page_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(allocations_of_an_odd_size_are_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_of_an_exact_allocation_are_freed_by_themselves, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(neighbours_are_joined_when_no_block_is_large_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exact_allocation_grows_in_place_into_free_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(regions_may_come_in_any_order_and_unite, setup, teardown),
        cmocka_unit_test_setup_teardown(ram_beside_what_was_never_added_is_not_united_with_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(adding_a_page_twice_panics, setup, teardown),
        cmocka_unit_test_setup_teardown(quarantined_pages_never_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(more_ram_is_asked_for_only_when_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_request_brings_enough_of_the_reserve, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refill_hook_that_brings_nothing_does_not_hang_us, setup, teardown),
        cmocka_unit_test_setup_teardown(misuse_panics, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_to_a_free_page_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(upcalls_must_not_allocate, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_pages_are_junk, setup, teardown),
        cmocka_unit_test_setup_teardown(random_use_agrees_with_a_model, setup, teardown),
        /* Last: its reclaimer stays registered. */
        cmocka_unit_test_setup_teardown(reclaimers_are_asked_last, setup, teardown),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
