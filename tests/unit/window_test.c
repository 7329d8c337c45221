// SPDX-License-Identifier: MIT
/*
 * The window's pages never overlap, come back when freed, lie above all RAM, and run out only when they have.
 */
#include "unit.h"

#include <arch/paging.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/vm.h>

#define GIB         (1UL << 30)
#define BASE        (4 * GIB)
#define LIMIT_PAGES (64 * GIB / PAGE_SIZE)

static unsigned int prepares;
static uintptr_t prepared_va;
static size_t prepared_pages;
static int prepare_rc;

int arch_window_prepare(uintptr_t va, size_t nr_pages)
{
    prepares++;
    prepared_va = va;
    prepared_pages = nr_pages;
    return prepare_rc;
}

static int group_setup(void **state)
{
    (void)state;
    boot_info.nr_ram = 1;
    boot_info.ram[0].end.n = 2048;
    return 0;
}

static size_t page_of(const void *addr)
{
    return ((uintptr_t)addr - BASE) / PAGE_SIZE;
}

static void no_memory_for_the_map_is_no_window(void **state)
{
    (void)state;
    fake_fail_after(1);
    assert_null(vm_window_alloc(1));
    assert_true(fake_fail_fired());
    assert_int_equal(prepares, 0);
}

static void it_starts_above_4_gib_and_is_prepared(void **state)
{
    void *addr = vm_window_alloc(3);

    (void)state;
    assert_int_equal((uintptr_t)addr, BASE);
    assert_int_equal(prepared_va, BASE);
    assert_int_equal(prepared_pages, 3);
    vm_window_free(addr, 3);
}

static void it_starts_above_all_ram(void **state)
{
    void *addr;

    (void)state;
    boot_info.nr_ram = 2;
    boot_info.ram[1].start.n = BASE / PAGE_SIZE;
    boot_info.ram[1].end.n = 5 * GIB / PAGE_SIZE + 1;
    addr = vm_window_alloc(1);
    assert_int_equal((uintptr_t)addr, 6 * GIB);
    vm_window_free(addr, 1);
    boot_info.nr_ram = 1;
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    assert_null(vm_window_alloc(0));
    assert_null(vm_window_alloc(LIMIT_PAGES + 1));
    assert_null(vm_window_alloc(SIZE_MAX));
    assert_null(vm_window_alloc(SIZE_MAX / PAGE_SIZE));
}

static void without_page_tables_the_pages_stay_free(void **state)
{
    void *addr;

    (void)state;
    prepare_rc = -ENOMEM;
    assert_null(vm_window_alloc(5));
    prepare_rc = 0;
    addr = vm_window_alloc(5);
    assert_int_equal((uintptr_t)addr, BASE);
    vm_window_free(addr, 5);
}

static void the_lowest_hole_that_fits_is_found(void **state)
{
    void *a = vm_window_alloc(10), *b = vm_window_alloc(100), *c = vm_window_alloc(10);

    (void)state;
    vm_window_free(a, 10);
    vm_window_free(b, 100);
    assert_ptr_equal(vm_window_alloc(110), a);
    vm_window_free(a, 110);
    vm_window_free(c, 10);
    assert_ptr_equal(vm_window_alloc(200), a);
    vm_window_free(a, 200);
}

/* ---- Against a model ---- */

#define MODEL_PAGES (1UL << 16)
#define NR          200

static unsigned char owner[MODEL_PAGES];

static struct {
    void *addr;
    size_t nr;
} held[NR];

static void claim(size_t i, bool take)
{
    size_t first = page_of(held[i].addr);

    assert_true(first + held[i].nr <= MODEL_PAGES);
    for (size_t p = first; p < first + held[i].nr; p++) {
        assert_int_equal(owner[p], take ? 0 : i + 1);
        owner[p] = take ? (unsigned char)(i + 1) : 0;
    }
}

static size_t top(void)
{
    size_t end = 0;

    for (size_t i = 0; i < NR; i++) {
        size_t mine = held[i].addr != NULL ? page_of(held[i].addr) + held[i].nr : 0;

        end = mine > end ? mine : end;
    }
    return end;
}

/* Is there a hole of @nr below the highest page in use? Then that is where it must go. */
static bool hole_below(size_t nr, size_t end)
{
    size_t run = 0;

    for (size_t p = 0; p < end && run < nr; p++) {
        run = owner[p] == 0 ? run + 1 : 0;
    }
    return run >= nr;
}

static void random_pieces_never_overlap_and_waste_nothing(void **state)
{
    (void)state;
    for (unsigned int step = 0; step < 20000; step++) {
        size_t i = fake_random_below(NR), end;
        bool fits;

        if (held[i].addr != NULL) {
            claim(i, false);
            vm_window_free(held[i].addr, held[i].nr);
            held[i].addr = NULL;
            continue;
        }
        held[i].nr = 1 + fake_random_below(fake_random_below(20) == 0 ? 200 : 20);
        end = top();
        fits = hole_below(held[i].nr, end);
        if (fake_random_below(10) == 0) {
            prepare_rc = -ENOMEM;
            assert_null(vm_window_alloc(held[i].nr));
            prepare_rc = 0;
            continue;
        }
        held[i].addr = vm_window_alloc(held[i].nr);
        assert_non_null(held[i].addr);
        assert_int_equal((uintptr_t)held[i].addr, prepared_va);
        assert_int_equal(held[i].nr, prepared_pages);
        claim(i, true);
        if (fits) {
            assert_true(page_of(held[i].addr) + held[i].nr <= 4096 || page_of(held[i].addr) < end);
        }
    }
    for (size_t i = 0; i < NR; i++) {
        if (held[i].addr != NULL) {
            claim(i, false);
            vm_window_free(held[i].addr, held[i].nr);
        }
    }
    assert_int_equal(fake_heap_blocks, 1);
}

static void all_64_gib_can_be_had_and_no_page_more(void **state)
{
    /* An odd first piece, so that doubling alone does not meet the limit. */
    size_t first = LIMIT_PAGES / 2 + LIMIT_PAGES / 8, rest = LIMIT_PAGES - first;
    void *a = vm_window_alloc(first), *b, *c;

    (void)state;
    assert_non_null(a);
    assert_int_equal(page_of(a), 0);
    fake_fail_after(1);
    assert_null(vm_window_alloc(rest)); /* no memory to know more pages: nothing has changed */
    assert_true(fake_fail_fired());
    b = vm_window_alloc(rest - 1);
    assert_int_equal(page_of(b), first);
    assert_null(vm_window_alloc(2));
    c = vm_window_alloc(1);
    assert_int_equal(page_of(c), LIMIT_PAGES - 1);
    assert_null(vm_window_alloc(1));
    vm_window_free(b, rest - 1);
    assert_null(vm_window_alloc(rest));
    /* A hole below the place of the last allocation is found, although nothing more can be had above. */
    vm_window_free((char *)a + 5 * PAGE_SIZE, 1);
    assert_ptr_equal(vm_window_alloc(rest - 1), b);
    assert_ptr_equal(vm_window_alloc(1), (char *)a + 5 * PAGE_SIZE);
    vm_window_free(a, first);
    vm_window_free(b, rest - 1);
    vm_window_free(c, 1);
    assert_ptr_equal(vm_window_alloc(LIMIT_PAGES), a);
    vm_window_free(a, LIMIT_PAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_for_the_map_is_no_window),
        cmocka_unit_test(it_starts_above_4_gib_and_is_prepared),
        cmocka_unit_test(it_starts_above_all_ram),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(without_page_tables_the_pages_stay_free),
        cmocka_unit_test(the_lowest_hole_that_fits_is_found),
        cmocka_unit_test(random_pieces_never_overlap_and_waste_nothing),
        cmocka_unit_test(all_64_gib_can_be_had_and_no_page_more),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
