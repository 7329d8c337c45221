// SPDX-License-Identifier: MIT
/*
 * Other domains' grants: all of a mapping or nothing of it, whatever Xen refuses; address space that something still
 * sits in is never used again; copies report each segment.
 */
#include "unit.h"

#include <sys/mman.h>

#include <fake_gnttab.h>

#include <xenolith/errno.h>
#include <xenolith/gnttab.h>
#include <xenolith/page.h>
#include <xenolith/vm.h>

#define NR 70 /* more than two batches of unmapping */

static grant_ref_t refs[NR];

static int group_setup(void **state)
{
    (void)state;
    fake_boot(256);
    fake_gnttab_start(4);
    for (unsigned int i = 0; i < NR; i++) {
        refs[i] = 2 * i;
        memset(fake_gnttab_peer_page(2 * i), (int)(i + 1), PAGE_SIZE);
    }
    return 0;
}

static size_t blocks_before;

static int setup(void **state)
{
    (void)state;
    fake_gnttab.fail_map_at = fake_gnttab.fail_unmap_at = fake_gnttab.fail_copy_at = 0;
    fake_gnttab.fail_call = 0;
    fake_gnttab.fail_status = GNTST_general_error;
    fake_gnttab.nr_mapped = 0;
    blocks_before = fake_heap_blocks;
    return 0;
}

static int nothing_left(void **state)
{
    (void)state;
    fake_fail_after(0);
    return fake_heap_blocks == blocks_before ? 0 : -1;
}

static struct gnttab_mapping map(unsigned int nr, bool readonly)
{
    struct gnttab_mapping m;

    assert_int_equal(gnttab_map(FAKE_PEER, refs, nr, readonly, &m), 0);
    assert_int_equal(m.nr_pages, nr);
    assert_int_equal((uintptr_t)m.addr % PAGE_SIZE, 0);
    return m;
}

static void unmap(struct gnttab_mapping *m)
{
    assert_int_equal(gnttab_unmap(m), 0);
    assert_null(m->addr);
    assert_null(m->handles);
}

/* Where the next mapping would come to lie. */
static void *next_address(unsigned int nr)
{
    struct gnttab_mapping m = map(nr, false);
    void *addr = m.addr;

    unmap(&m);
    return addr;
}

static void mapped_frames_lie_side_by_side(void **state)
{
    struct gnttab_mapping m = map(NR, false);
    unsigned char *bytes = m.addr;

    (void)state;
    assert_int_equal(fake_gnttab.nr_mapped, NR);
    for (unsigned int i = 0; i < NR; i++) {
        assert_int_equal(bytes[i * PAGE_SIZE], i + 1);
        assert_int_equal(bytes[(i + 1) * PAGE_SIZE - 1], i + 1);
        bytes[i * PAGE_SIZE + 7] = 0xee;
        assert_int_equal(fake_gnttab_peer_page(refs[i])[7], 0xee);
        fake_gnttab_peer_page(refs[i])[7] = (unsigned char)(i + 1);
    }
    unmap(&m);
    assert_int_equal(fake_gnttab.nr_mapped, 0);
}

static void readonly_is_asked_for_and_needed(void **state)
{
    static const grant_ref_t odd[] = {1, 3};
    struct gnttab_mapping m;

    (void)state;
    assert_int_equal(gnttab_map(FAKE_PEER, odd, 2, false, &m), -EACCES);
    assert_int_equal(fake_gnttab.nr_mapped, 0);
    assert_int_equal(gnttab_map(FAKE_PEER, odd, 2, true, &m), 0);
    assert_true(m.readonly);
    unmap(&m);
}

static void an_empty_mapping_is_refused(void **state)
{
    struct gnttab_mapping m;

    (void)state;
    assert_int_equal(gnttab_map(FAKE_PEER, refs, 0, false, &m), -EINVAL);
}

static void a_failure_at_any_page_leaves_nothing_mapped(void **state)
{
    static const int16_t statuses[] = {GNTST_bad_gntref, GNTST_eagain, GNTST_no_space, GNTST_general_error};
    static const int errnos[] = {-EINVAL, -EAGAIN, -ENOSPC, -EIO};
    void *addr = next_address(NR);
    struct gnttab_mapping m = {.addr = &m, .nr_pages = 3};

    (void)state;
    for (unsigned int at = 1; at <= NR; at++) {
        fake_gnttab.fail_map_at = at;
        fake_gnttab.fail_status = statuses[at % 4];
        assert_int_equal(gnttab_map(FAKE_PEER, refs, NR, false, &m), errnos[at % 4]);
        assert_int_equal(fake_gnttab.nr_mapped, 0);
        assert_ptr_equal(m.addr, &m); /* untouched */
        assert_int_equal(fake_heap_blocks, blocks_before);
    }
    /* The address space came back too. */
    assert_ptr_equal(next_address(NR), addr);
}

static void a_refused_hypercall_maps_nothing(void **state)
{
    void *addr = next_address(NR);
    struct gnttab_mapping m;

    (void)state;
    fake_gnttab.fail_call = -EPERM;
    assert_int_equal(gnttab_map(FAKE_PEER, refs, NR, false, &m), -EPERM);
    assert_int_equal(gnttab_map(FAKE_PEER + 1, refs, NR, false, &m), -ESRCH);
    assert_int_equal(fake_gnttab.nr_mapped, 0);
    assert_ptr_equal(next_address(NR), addr);
}

static void no_memory_maps_nothing(void **state)
{
    void *addr = next_address(NR);
    struct gnttab_mapping m;
    unsigned int n = 0;
    int rc;

    (void)state;
    do {
        fake_fail_after(++n);
        rc = gnttab_map(FAKE_PEER, refs, NR, false, &m);
        if (fake_fail_fired()) {
            assert_int_equal(rc, -ENOMEM);
            assert_int_equal(fake_heap_blocks, blocks_before);
            assert_int_equal(fake_gnttab.nr_mapped, 0);
        }
    } while (fake_fail_fired());
    fake_fail_after(0);
    assert_int_equal(rc, 0);
    assert_int_equal(n, 4); /* handles, window, operations */
    assert_ptr_equal(m.addr, addr);
    unmap(&m);
}

static bool overlaps(const struct gnttab_mapping *m, const char *lost, unsigned int nr)
{
    const char *start = m->addr;

    return start < lost + nr * PAGE_SIZE && lost < start + m->nr_pages * PAGE_SIZE;
}

static void never_again(const char *lost, unsigned int nr)
{
    struct gnttab_mapping many[20];

    for (unsigned int i = 0; i < 20; i++) {
        many[i] = map(1 + i % 5, false);
        assert_false(overlaps(&many[i], lost, nr));
    }
    for (unsigned int i = 0; i < 20; i++) {
        unmap(&many[i]);
    }
}

static void address_space_that_cannot_be_unmapped_is_never_used_again(void **state)
{
    static const unsigned int at[] = {1, 32, 33, 64, NR};

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        struct gnttab_mapping m = map(NR, false);
        void *lost = m.addr;
        struct gnttab_stats before, after;

        fake_gnttab.fail_unmap_at = at[i];
        fake_gnttab.fail_status = GNTST_bad_handle;
        gnttab_get_stats(&before);
        assert_int_equal(gnttab_unmap(&m), -EINVAL);
        gnttab_get_stats(&after);
        /* All the others are unmapped all the same. */
        assert_int_equal(fake_gnttab.nr_mapped, 1);
        assert_int_equal(after.unmaps, before.unmaps + NR);
        assert_null(m.addr);
        fake_gnttab.nr_mapped = 0;
        never_again(lost, NR);
    }
}

static void a_mapping_that_can_be_neither_finished_nor_undone_loses_its_addresses(void **state)
{
    void *lost = next_address(NR);
    struct gnttab_mapping m;

    (void)state;
    fake_gnttab.fail_map_at = 50;
    fake_gnttab.fail_unmap_at = 20;
    fake_gnttab.fail_status = GNTST_no_space;
    assert_int_equal(gnttab_map(FAKE_PEER, refs, NR, false, &m), -ENOSPC);
    assert_int_equal(fake_gnttab.nr_mapped, 1);
    fake_gnttab.nr_mapped = 0;
    never_again(lost, NR);
}

static void a_refused_unmap_hypercall_keeps_the_addresses(void **state)
{
    struct gnttab_mapping m = map(3, false);
    void *lost = m.addr;

    (void)state;
    fake_gnttab.fail_call = -EFAULT;
    assert_int_equal(gnttab_unmap(&m), -EFAULT);
    assert_int_equal(fake_gnttab.nr_mapped, 3);
    never_again(lost, 3);
}

static void unmapping_twice_is_harmless(void **state)
{
    struct gnttab_mapping m = map(3, false);

    (void)state;
    unmap(&m);
    assert_int_equal(gnttab_unmap(&m), 0);
}

static void mapping_many_times_leaks_nothing(void **state)
{
    void *addr = next_address(3);

    (void)state;
    for (unsigned int i = 0; i < 5000; i++) {
        struct gnttab_mapping m = map(3, i & 1);

        assert_ptr_equal(m.addr, addr);
        unmap(&m);
        assert_int_equal(fake_heap_blocks, blocks_before);
    }
    assert_int_equal(fake_gnttab.nr_mapped, 0);
}

/* ---- Copies ---- */

static struct gnttab_copy segment(grant_ref_t from, void *to, uint16_t offset, uint16_t len)
{
    return (struct gnttab_copy){
        .source = {.u.ref = from, .domid = FAKE_PEER, .offset = offset},
        .dest = {.u.gmfn = virt_to_gfn(to).n, .domid = DOMID_SELF, .offset = offset},
        .len = len,
        .flags = GNTCOPY_source_gref,
    };
}

static void copies_arrive_where_they_should(void **state)
{
    unsigned char *page = page_alloc(0);
    struct gnttab_copy ops[2], back;
    struct gnttab_stats before, after;

    (void)state;
    memset(page, 0, PAGE_SIZE);
    ops[0] = segment(0, page, 100, 50);
    ops[1] = segment(2, page, 4000, 96);
    gnttab_get_stats(&before);
    assert_int_equal(gnttab_copy(ops, 2), 0);
    gnttab_get_stats(&after);
    assert_int_equal(after.copies, before.copies + 2);
    assert_int_equal(page[99] | page[150] | page[3999], 0);
    assert_int_equal(page[100], 1);
    assert_int_equal(page[149], 1);
    assert_int_equal(page[4000], 2);
    assert_int_equal(page[4095], 2);
    back =
        (struct gnttab_copy){.source = {.u.gmfn = virt_to_gfn(page).n, .domid = DOMID_SELF, .offset = 4000},
                             .dest = {.u.ref = 0, .domid = FAKE_PEER, .offset = 9},
                             .len = 1,
                             .flags = GNTCOPY_dest_gref};
    assert_int_equal(gnttab_copy(&back, 1), 0);
    assert_int_equal(fake_gnttab_peer_page(0)[9], 2);
    fake_gnttab_peer_page(0)[9] = 1;
    assert_int_equal(gnttab_copy(ops, 0), 0);
    page_free(page, 0);
}

static void a_copy_says_the_first_failure_and_each_status(void **state)
{
    unsigned char *page = page_alloc(0);
    struct gnttab_copy ops[4];

    (void)state;
    memset(page, 0, PAGE_SIZE);
    ops[0] = segment(0, page, 0, 1);
    ops[1] = segment(FAKE_PEER_REFS, page, 1, 1);
    ops[2] = segment(4, page, 4000, 97);
    ops[3] = segment(6, page, 3, 1);
    fake_gnttab.fail_copy_at = 3;
    fake_gnttab.fail_status = GNTST_eagain;
    assert_int_equal(gnttab_copy(ops, 4), -EINVAL);
    assert_int_equal(ops[0].status, GNTST_okay);
    assert_int_equal(ops[1].status, GNTST_bad_gntref);
    assert_int_equal(ops[2].status, GNTST_eagain);
    assert_int_equal(ops[3].status, GNTST_okay);
    assert_int_equal(page[3], 4);
    assert_int_equal(gnttab_copy(&ops[2], 1), -EINVAL);
    assert_int_equal(ops[2].status, GNTST_bad_copy_arg);
    fake_gnttab.fail_call = -EFAULT;
    assert_int_equal(gnttab_copy(ops, 1), -EFAULT);
    page_free(page, 0);
}

static void every_status_is_an_errno(void **state)
{
    (void)state;
    assert_int_equal(gnttab_status_errno(GNTST_okay), 0);
    for (int status = -1; status >= -32; status--) {
        assert_in_range(-gnttab_status_errno((int16_t)status), 1, 200);
    }
    /* Positive ones do not exist; a hypervisor that says so has not succeeded. */
    assert_true(gnttab_status_errno(1) < 0);
    assert_int_equal(gnttab_status_errno(GNTST_permission_denied), -EACCES);
    assert_int_equal(gnttab_status_errno(GNTST_address_too_big), -EOVERFLOW);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, nothing_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(mapped_frames_lie_side_by_side),
        T(readonly_is_asked_for_and_needed),
        T(an_empty_mapping_is_refused),
        T(a_failure_at_any_page_leaves_nothing_mapped),
        T(a_refused_hypercall_maps_nothing),
        T(no_memory_maps_nothing),
        T(mapping_many_times_leaks_nothing),
        T(unmapping_twice_is_harmless),
        T(copies_arrive_where_they_should),
        T(a_copy_says_the_first_failure_and_each_status),
        T(every_status_is_an_errno),
        T(address_space_that_cannot_be_unmapped_is_never_used_again),
        T(a_mapping_that_can_be_neither_finished_nor_undone_loses_its_addresses),
        T(a_refused_unmap_hypercall_keeps_the_addresses),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
