// SPDX-License-Identifier: MIT
/*
 * The heap gives distinct, aligned, intact blocks, returns every page in the end, says no instead
 * of crashing, and notices misuse.
 */
#include "unit.h"

#include <xenolith/heap.h>
#include <xenolith/page.h>

#include "../../kernel/heap_priv.h"
#include "../../kernel/page_priv.h"

#define RAM_PAGES 8192UL

/* Past the fake, which would let the call itself fail. */
void *__real_heap_realloc(void *ptr, size_t bytes);

static struct heap_stats stats_now(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s;
}

static unsigned long pages_free(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.free;
}

static int group_setup(void **state)
{
    fake_heap_real = true;
    fake_boot_pages(RAM_PAGES);
    return 0;
}

/* What one test holds after it was in use before. */
static struct heap_stats before;

static int setup(void **state)
{
    before = stats_now();
    return 0;
}

/* Every test gives back what it took; what stays is one empty slab a class at most. */
static int teardown(void **state)
{
    fake_fail_after(0);
    assert_int_equal(stats_now().used_bytes, before.used_bytes);
    assert_true(stats_now().held_bytes <= 26 * 4 * PAGE_SIZE);
    assert_int_equal(stats_now().held_bytes, (RAM_PAGES - pages_free()) << PAGE_SHIFT);
    assert_int_equal(stats_now().allocs - before.allocs, stats_now().frees - before.frees);
    return 0;
}

static void every_size_is_aligned_and_holds_its_bytes(void **state)
{
    for (size_t bytes = 0; bytes < 20000; bytes += bytes < 4200 ? 1 : 97) {
        unsigned char *p = heap_alloc(bytes);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_true(heap_usable_size(p) >= bytes);
        memset(p, 0x5a, heap_usable_size(p));
        heap_free(p);
    }
}

static void little_is_lost_to_rounding(void **state)
{
    for (size_t bytes = 16; bytes <= SLAB_MAX; bytes += 16) {
        void *p = heap_alloc(bytes);
        size_t spare = heap_usable_size(p) - bytes;

        assert_true(spare <= 16 || spare <= bytes / 3);
        heap_free(p);
    }
}

static void many_small_blocks_take_little_more_than_their_bytes(void **state)
{
    enum { NR = 84 * 100 }; /* 84 fit beside a header */
    static void *p[NR];
    size_t held = stats_now().held_bytes;

    for (int i = 0; i < NR; i++) {
        p[i] = heap_alloc(48);
        assert_non_null(p[i]);
    }
    assert_true(stats_now().held_bytes - held <= NR / 84 * PAGE_SIZE);
    for (int i = 0; i < NR; i++) {
        heap_free(p[i]);
    }
}

static void a_page_costs_a_page(void **state)
{
    unsigned long free_pages = pages_free();
    void *p = heap_alloc(PAGE_SIZE);

    assert_int_equal(pages_free(), free_pages - 1);
    assert_int_equal((uintptr_t)p % PAGE_SIZE, 0);
    heap_free(p);
    assert_int_equal(pages_free(), free_pages);
}

static void nothing_is_a_unique_pointer(void **state)
{
    void *a = heap_alloc(0);
    void *b = heap_alloc(0);

    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    heap_free(a);
    heap_free(b);
    heap_free(NULL);
}

static void zalloc_zeroes_and_sees_overflow(void **state)
{
    unsigned char *p = heap_alloc(1000);
    uint64_t failures;

    memset(p, 0xff, 1000);
    heap_free(p);
    p = heap_zalloc(10, 100);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(p[i], 0);
    }
    heap_free(p);
    failures = stats_now().failures;
    assert_null(heap_zalloc(SIZE_MAX / 2, 3));
    assert_null(heap_zalloc(SIZE_MAX, SIZE_MAX));
    assert_int_equal(stats_now().failures, failures + 2);
}

static void absurd_sizes_are_refused(void **state)
{
    void *p = heap_alloc(100);
    static const size_t absurd[] = {SIZE_MAX,     SIZE_MAX - 15, SIZE_MAX - 4095, SIZE_MAX - 8191,
                                    SIZE_MAX / 2, 1UL << 47,     (1UL << 46) + 1, 1UL << 40};

    for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
        assert_null(heap_alloc(absurd[i]));
        assert_null(heap_zalloc(1, absurd[i]));
        assert_null(heap_realloc(p, absurd[i]));
        assert_null(heap_aligned_alloc(64, absurd[i]));
        assert_null(heap_aligned_alloc(1UL << 21, absurd[i]));
    }
    assert_null(heap_aligned_alloc(1UL << 63, 1));
    assert_null(heap_aligned_alloc(1UL << 46, 1));
    heap_free(p);
}

static void any_power_of_two_can_be_the_alignment(void **state)
{
    for (size_t align = 1; align <= 4UL << 20; align *= 2) {
        static const size_t sizes[] = {0, 1, 24, 64, 100, 500, 2048, 2100, 3264, 3265, 4096, 4097, 100000};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            void *p[3];

            for (int k = 0; k < 3; k++) {
                p[k] = heap_aligned_alloc(align, sizes[i]);
                assert_non_null(p[k]);
                assert_int_equal((uintptr_t)p[k] % align, 0);
                assert_true(heap_usable_size(p[k]) >= sizes[i]);
                memset(p[k], 1, sizes[i]);
            }
            for (int k = 0; k < 3; k++) {
                heap_free(p[k]);
            }
        }
    }
    assert_true(fake_panics((void)(heap_aligned_alloc(48, 1) == NULL)));
    assert_true(fake_panics((void)(heap_aligned_alloc(0, 1) == NULL)));
}

static void realloc_keeps_the_content_at_every_size(void **state)
{
    unsigned char *p = NULL;
    size_t have = 0;

    for (int step = 0; step < 2000; step++) {
        size_t bytes = 1 + fake_random_below(step % 3 ? 3000 : 60000);
        unsigned char *q = heap_realloc(p, bytes);

        assert_non_null(q);
        for (size_t i = 0; i < (have < bytes ? have : bytes); i++) {
            assert_int_equal(q[i], (unsigned char)(i * 7));
        }
        for (size_t i = 0; i < bytes; i++) {
            q[i] = (unsigned char)(i * 7);
        }
        p = q;
        have = bytes;
    }
    heap_free(p);
}

static void realloc_stays_in_place_where_it_fits(void **state)
{
    char *p = heap_alloc(100);
    char *q;

    assert_ptr_equal(heap_realloc(p, 112), p);
    assert_ptr_equal(heap_realloc(p, 60), p);
    q = heap_realloc(p, 8); /* a small rest does not hold a large object */
    assert_ptr_not_equal(q, p);
    heap_free(q);

    p = heap_alloc(10 * PAGE_SIZE);
    assert_ptr_equal(heap_realloc(p, 4 * PAGE_SIZE), p);
    assert_int_equal(heap_usable_size(p), 4 * PAGE_SIZE);
    assert_ptr_equal(heap_realloc(p, 9 * PAGE_SIZE + 1), p); /* the pages behind are free again */
    assert_int_equal(heap_usable_size(p), 10 * PAGE_SIZE);
    heap_free(p);
}

static void realloc_that_fails_leaves_the_block(void **state)
{
    char *p = heap_alloc(100);
    char *big = heap_alloc(3 * PAGE_SIZE);
    char *wall = heap_alloc(PAGE_SIZE);

    strcpy(p, "still here");
    strcpy(big, "still here");
    assert_null(heap_realloc(p, RAM_PAGES << PAGE_SHIFT));
    assert_string_equal(p, "still here");
    assert_null(heap_realloc(big, RAM_PAGES << PAGE_SHIFT));
    assert_string_equal(big, "still here");
    heap_free(p);
    heap_free(big);
    heap_free(wall);
}

static void running_dry_is_an_answer_not_a_crash(void **state)
{
    struct block {
        struct block *next;
    } *all = NULL, *b;
    unsigned long nr = 0;
    uint64_t failures = stats_now().failures;
    void *in_the_way = heap_alloc(16);

    for (size_t bytes = 1UL << 20; bytes >= 16; bytes /= 4) {
        while ((b = heap_alloc(bytes)) != NULL) {
            b->next = all;
            all = b;
            nr++;
        }
    }
    assert_true(stats_now().failures > failures);
    assert_true(pages_free() == 0);
    assert_true(nr > 32);
    while (all != NULL) {
        b = all;
        all = b->next;
        heap_free(b);
    }
    heap_free(in_the_way);
}

static void single_pages_serve_when_a_slab_wants_more(void **state)
{
    /* Leave every second page free, so that no two lie side by side. */
    static void *pages[RAM_PAGES + 1];
    size_t nr = 0;
    void *p, *warm = heap_alloc(2000);

    heap_free(warm);
    while ((pages[nr] = page_alloc(0)) != NULL) {
        nr++;
    }
    for (size_t i = 0; i < nr; i++) {
        if (virt_to_pfn(pages[i]).n % 2) {
            page_free(pages[i], 0);
            pages[i] = NULL;
        }
    }
    p = heap_alloc(2000); /* class of four pages; its kept slab was reclaimed above */
    assert_non_null(p);
    assert_int_equal(heap_usable_size(p), PAGE_SIZE);
    heap_free(p);
    for (size_t i = 0; i < nr; i++) {
        page_free(pages[i], 0);
    }
}

static void an_aligned_block_gives_back_what_lies_around_it(void **state)
{
    enum { FROM = 3, NR = 512 + 200 };
    static void *pages[RAM_PAGES + 1];
    unsigned long base = 0;
    size_t nr = 0;
    void *p;

    while ((pages[nr] = page_alloc(0)) != NULL) {
        unsigned long pfn = virt_to_pfn(pages[nr]).n;

        base = nr == 0 || pfn < base ? pfn : base;
        nr++;
    }
    for (size_t i = 0; i < nr; i++) {
        unsigned long at = virt_to_pfn(pages[i]).n - base;

        if (at >= FROM && at < FROM + NR) {
            page_free(pages[i], 0);
            pages[i] = NULL;
        }
    }
    p = heap_aligned_alloc(512 * PAGE_SIZE, 5 * PAGE_SIZE);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % (512 * PAGE_SIZE), 0);
    assert_int_equal(pages_free(), NR - 5);
    heap_free(p);
    assert_int_equal(pages_free(), NR);
    for (size_t i = 0; i < nr; i++) {
        page_free(pages[i], 0);
    }
}

static void shrinking_never_fails(void **state)
{
    void *all = page_alloc_exact(RAM_PAGES); /* no slabs are kept after this */
    void *p;

    assert_non_null(all);
    page_free_exact(all, RAM_PAGES);
    p = heap_alloc(3000);
    fake_fail_always();
    assert_ptr_equal(__real_heap_realloc(p, 8), p);
    assert_true(heap_usable_size(p) >= 3000);
    fake_fail_after(0);
    heap_free(p);
}

static void empty_slabs_go_back_when_memory_runs_out(void **state)
{
    void *p[26];
    unsigned long held;
    void *all;

    for (size_t i = 0; i < 26; i++) {
        p[i] = heap_alloc((i + 1) * 125);
    }
    for (size_t i = 0; i < 26; i++) {
        heap_free(p[i]);
    }
    held = stats_now().held_bytes;
    assert_true(held > 0);
    all = page_alloc_exact(RAM_PAGES);
    assert_non_null(all);
    assert_int_equal(stats_now().held_bytes, 0);
    page_free_exact(all, RAM_PAGES);
}

/* ---- Evil use ---- */

static void freeing_twice_panics(void **state)
{
    static const size_t sizes[] = {1, 100, 700, 2000, 5000, 100000};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        void *keep = heap_alloc(sizes[i]); /* so that the slab stays */
        void *p = heap_alloc(sizes[i]);

        heap_free(p);
        assert_true(fake_panics(heap_free(p)));
        assert_true(fake_panics((void)heap_usable_size(p)));
        assert_true(fake_panics((void)(heap_realloc(p, 10) == NULL)));
        fake_heap_blocks++; /* the fake counted the free that panicked */
        heap_free(keep);
        assert_true(fake_panics(heap_free(keep)));
        fake_heap_blocks++;
    }
}

static void freeing_what_is_no_block_panics(void **state)
{
    char *small = heap_alloc(100);
    char *medium = heap_alloc(1500);
    char *tail = heap_alloc(80); /* 50 of them fit, and 32 bytes are left */
    char *large = heap_alloc(5 * PAGE_SIZE);
    char *block = page_alloc(4);
    static char outside[64];

    assert_true(fake_panics(heap_free(small + 16)));
    assert_true(fake_panics(heap_free(small + 1)));
    assert_true(fake_panics(heap_free(small - 16)));
    assert_true(fake_panics(heap_free((void *)((uintptr_t)small & PAGE_MASK))));
    assert_true(fake_panics(heap_free(medium + 64)));
    assert_true(fake_panics(heap_free((char *)((uintptr_t)tail & PAGE_MASK) + 64 + 50 * 80)));
    assert_true(fake_panics(heap_free(large + PAGE_SIZE)));
    assert_true(fake_panics(heap_free(large + 16)));
    assert_true(fake_panics(heap_free(block)));
    assert_true(fake_panics(heap_free(block + PAGE_SIZE)));
    assert_true(fake_panics(heap_free(block + 8 * PAGE_SIZE)));
    assert_true(fake_panics(heap_free(outside)));
    assert_true(fake_panics(heap_free((void *)8)));
    assert_true(fake_panics(heap_free((void *)-16L)));
    page_free(block, 4);
    heap_free(small);
    heap_free(medium);
    heap_free(tail);
    heap_free(large);
}

static void an_overrun_into_a_slab_header_is_noticed(void **state)
{
    unsigned char *p = heap_alloc(512);
    unsigned char *header = (unsigned char *)((uintptr_t)p & PAGE_MASK);
    unsigned char saved[64];

    memcpy(saved, header, 64);
    memset(header, 'A', 64);
    assert_true(fake_panics(heap_free(p)));
    memcpy(header, saved, 64);
    heap_free(p);
}

static void using_the_heap_in_an_upcall(void *arg)
{
    *(int *)arg += fake_panics((void)(heap_alloc(1) == NULL));
}

static void upcalls_must_not_allocate(void **state)
{
    int panics = 0;

    fake_event_at(0, using_the_heap_in_an_upcall, &panics);
    assert_int_equal(panics, 1);
}

static void freed_objects_are_junk(void **state)
{
    void *keep = heap_alloc(64);
    unsigned char *p = heap_alloc(64);

    memset(p, 0, 64);
    heap_free(p);
    assert_int_equal(p[0], JUNK_FREED);
    assert_int_equal(p[63], JUNK_FREED);
    heap_free(keep);
}

/* ---- Against a model ---- */

#define MAX_BLOCKS 600

static struct block {
    unsigned char *p;
    size_t bytes;
    unsigned char mark;
} blocks[MAX_BLOCKS];

static size_t random_size(void)
{
    switch (fake_random_below(10)) {
    case 0:
        return fake_random_below(100000);
    case 1:
    case 2:
        return fake_random_below(5000);
    default:
        return fake_random_below(300);
    }
}

static void fill(struct block *b)
{
    b->mark = (unsigned char)fake_random();
    memset(b->p, b->mark, b->bytes);
}

static void check(const struct block *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(b->p[i], b->mark);
    }
}

static void release(struct block *b)
{
    check(b, b->bytes);
    heap_free(b->p);
    b->p = NULL;
}

static void random_step(struct block *b)
{
    size_t bytes = random_size();
    unsigned char *p;

    /* Now and then, one of the allocations below fails. */
    if (fake_random_below(50) == 0) {
        fake_fail_after(1 + (unsigned int)fake_random_below(2));
    }
    if (b->p == NULL) {
        size_t align = 1UL << fake_random_below(fake_random_below(4) ? 5 : 15);

        b->p = fake_random_below(2) ? heap_alloc(bytes) : heap_aligned_alloc(align, bytes);
        b->bytes = bytes;
        if (b->p != NULL) {
            fill(b);
        }
    } else if (fake_random_below(3) == 0) {
        p = heap_realloc(b->p, bytes);
        if (p == NULL) {
            check(b, b->bytes);
        } else {
            b->p = p;
            check(b, b->bytes < bytes ? b->bytes : bytes);
            b->bytes = bytes;
            fill(b);
        }
    } else {
        release(b);
    }
    fake_fail_after(0);
}

static void random_use_keeps_every_byte(void **state)
{
    (void)fake_seed();
    for (int i = 0; i < 40000; i++) {
        random_step(&blocks[fake_random_below(MAX_BLOCKS)]);
    }
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].p != NULL) {
            release(&blocks[i]);
        }
    }
}

#define heap_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        heap_test(every_size_is_aligned_and_holds_its_bytes),
        heap_test(little_is_lost_to_rounding),
        heap_test(many_small_blocks_take_little_more_than_their_bytes),
        heap_test(a_page_costs_a_page),
        heap_test(nothing_is_a_unique_pointer),
        heap_test(zalloc_zeroes_and_sees_overflow),
        heap_test(absurd_sizes_are_refused),
        heap_test(any_power_of_two_can_be_the_alignment),
        heap_test(realloc_keeps_the_content_at_every_size),
        heap_test(realloc_stays_in_place_where_it_fits),
        heap_test(realloc_that_fails_leaves_the_block),
        heap_test(running_dry_is_an_answer_not_a_crash),
        heap_test(single_pages_serve_when_a_slab_wants_more),
        heap_test(an_aligned_block_gives_back_what_lies_around_it),
        heap_test(shrinking_never_fails),
        heap_test(empty_slabs_go_back_when_memory_runs_out),
        heap_test(freeing_twice_panics),
        heap_test(freeing_what_is_no_block_panics),
        heap_test(an_overrun_into_a_slab_header_is_noticed),
        heap_test(upcalls_must_not_allocate),
        heap_test(freed_objects_are_junk),
        heap_test(random_use_keeps_every_byte),
    };

    return cmocka_run_group_tests_name("heap", tests, group_setup, NULL);
}
