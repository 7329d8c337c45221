// SPDX-License-Identifier: MIT
/*
 * Our grant table: what the other domain sees, that a frame in use never comes back, that no ref is lost or given out
 * twice, and what happens at the limit and without memory. One table lives through all tests: each gives back all.
 */
#include "unit.h"

#include <fake_gnttab.h>
#include <fake_watch.h>

#include <xenolith/errno.h>
#include <xenolith/gnttab.h>
#include <xenolith/irq.h>
#include <xenolith/page.h>
#include <xenolith/vm.h>

#define FRAME_REFS 512U
#define MAX_FRAMES 4U
#define ALL_REFS   (MAX_FRAMES * FRAME_REFS - GNTTAB_NR_RESERVED_ENTRIES)
#define REMOTE     3

static char *page;

static struct gnttab_stats stats(void)
{
    struct gnttab_stats s;

    gnttab_get_stats(&s);
    return s;
}

static grant_ref_t grant(bool readonly)
{
    grant_ref_t ref = 0;

    assert_int_equal(gnttab_grant(REMOTE, page, readonly, &ref), 0);
    assert_true(ref >= GNTTAB_NR_RESERVED_ENTRIES);
    return ref;
}

static int group_setup(void **state)
{
    (void)state;
    fake_boot(1024);
    fake_gnttab_start(MAX_FRAMES);
    page = page_alloc(0);
    return page != NULL ? 0 : -1;
}

static int all_given_back(void **state)
{
    struct gnttab_stats s = stats();

    (void)state;
    fake_fail_after(0);
    fake_heap_hook = NULL;
    return s.refs_free + s.quarantined == s.refs_total ? 0 : -1;
}

/* ---- The beginning ---- */

static void a_failed_start_leaves_nothing_and_can_be_repeated(void **state)
{
    size_t blocks = fake_heap_blocks;
    grant_ref_t ref = 77;

    (void)state;
    fake_gnttab.fail_call = -ENOSYS;
    assert_int_equal(gnttab_init(), -ENOSYS);
    fake_gnttab.query_status = GNTST_bad_domain;
    assert_int_equal(gnttab_init(), -ESRCH);
    fake_gnttab.query_status = GNTST_okay;
    fake_gnttab.max_frames = 0;
    assert_int_equal(gnttab_init(), -ENOSPC);
    fake_gnttab.max_frames = MAX_FRAMES;
    fake_gnttab.fail_frames = 1;
    assert_int_equal(gnttab_init(), -ENOMEM);
    for (unsigned int n = 1; n <= 2; n++) {
        fake_fail_after(n);
        assert_int_equal(gnttab_init(), -ENOMEM);
        assert_true(fake_fail_fired());
    }
    fake_fail_always();
    assert_int_equal(gnttab_grant(REMOTE, page, false, &ref), -ENOMEM);
    assert_int_equal(ref, 77);
    assert_int_equal(gnttab_end(8), -EINVAL);
    assert_false(gnttab_in_use(8));
    assert_int_equal(fake_heap_blocks, blocks);
    assert_int_equal(fake_gnttab_table_frames(), 0);
    fake_fail_after(0);
    assert_int_equal(gnttab_init(), 0);
    assert_int_equal(gnttab_init(), 0);
    assert_int_equal(fake_gnttab_table_frames(), 1);
    assert_int_equal(stats().refs_total, FRAME_REFS - GNTTAB_NR_RESERVED_ENTRIES);
}

/* ---- One grant ---- */

static void the_entry_says_what_was_granted(void **state)
{
    (void)state;
    for (int readonly = 0; readonly < 2; readonly++) {
        grant_ref_t ref = grant(readonly);
        const struct grant_entry_v1 *e = fake_gnttab_entry(ref);

        assert_int_equal(e->flags, GTF_permit_access | (readonly ? GTF_readonly : 0));
        assert_int_equal(e->domid, REMOTE);
        assert_int_equal(e->frame, virt_to_gfn(page).n);
        assert_null(fake_gnttab_pin(ref, REMOTE + 1, false));
        assert_int_equal(fake_gnttab_pin(ref, REMOTE, true) != NULL, !readonly);
        if (!readonly) {
            fake_gnttab_unpin(ref, true);
        }
        assert_int_equal(gnttab_end(ref), 0);
        assert_int_equal(e->flags, 0);
        assert_null(fake_gnttab_pin(ref, REMOTE, false));
    }
}

static void a_grant_in_use_cannot_be_ended(void **state)
{
    (void)state;
    for (int write = 0; write < 2; write++) {
        grant_ref_t ref = grant(false);
        struct gnttab_stats before = stats(), after;
        char *theirs = fake_gnttab_pin(ref, REMOTE, write);

        assert_non_null(theirs);
        assert_true(gnttab_in_use(ref));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(gnttab_end(ref), -EBUSY);
        }
        /* It stands: the other side's next access is still allowed. */
        assert_int_equal(fake_gnttab_entry(ref)->flags & GTF_type_mask, GTF_permit_access);
        theirs[0] = 'x';
        assert_int_equal(page[0], 'x');
        fake_gnttab_unpin(ref, write);
        assert_false(gnttab_in_use(ref));
        assert_int_equal(gnttab_end(ref), 0);
        after = stats();
        assert_int_equal(after.ends_busy, before.ends_busy + 3);
        assert_int_equal(after.ends, before.ends + 1);
    }
}

static void what_is_not_granted_cannot_be_ended(void **state)
{
    grant_ref_t ref = grant(false);
    unsigned int free;

    (void)state;
    assert_int_equal(gnttab_end(ref), 0);
    free = stats().refs_free;
    assert_int_equal(gnttab_end(ref), -EINVAL);
    assert_int_equal(gnttab_end(GNTTAB_RESERVED_XENSTORE), -EINVAL);
    assert_int_equal(gnttab_end(stats().nr_frames * FRAME_REFS), -EINVAL);
    assert_int_equal(gnttab_end(UINT32_MAX), -EINVAL);
    assert_false(gnttab_in_use(UINT32_MAX));
    assert_int_equal(stats().refs_free, free);
}

static void the_toolstacks_entries_are_left_alone(void **state)
{
    struct grant_entry_v1 *e = fake_gnttab_entry(GNTTAB_RESERVED_XENSTORE);

    (void)state;
    e->flags = GTF_permit_access;
    assert_int_equal(gnttab_end(GNTTAB_RESERVED_XENSTORE), -EINVAL);
    assert_int_equal(e->flags, GTF_permit_access);
}

static void end_page_frees_or_quarantines(void **state)
{
    struct page_stats before, after;
    char *other;
    grant_ref_t ref;

    (void)state;
    page_get_stats(&before);
    other = page_alloc(0);
    assert_int_equal(gnttab_grant(REMOTE, other, false, &ref), 0);
    assert_int_equal(gnttab_end_page(ref, other), 0);
    page_get_stats(&after);
    assert_int_equal(after.free, before.free);

    /* A double end must not take the page a second time. */
    other = page_alloc(0);
    assert_int_equal(gnttab_end_page(ref, other), -EINVAL);
    page_get_stats(&after);
    assert_int_equal(after.free, before.free - 1);
    assert_int_equal(after.quarantined, before.quarantined);

    assert_int_equal(gnttab_grant(REMOTE, other, false, &ref), 0);
    assert_non_null(fake_gnttab_pin(ref, REMOTE, true));
    assert_int_equal(gnttab_end_page(ref, other), -EBUSY);
    page_get_stats(&after);
    assert_int_equal(after.quarantined, before.quarantined + 1);
    assert_int_equal(stats().quarantined, 1);
    /* The peer lets go at last: neither the page nor the ref comes back, nor can either be used. */
    fake_gnttab_unpin(ref, true);
    for (int i = 0; i < 2000; i++) {
        grant_ref_t next = grant(false);

        assert_int_not_equal(next, ref);
        assert_int_equal(gnttab_end(next), 0);
    }
}

/* ---- Races with the other domain, between any two of our accesses ---- */

static unsigned int pin_at, unpin_at;
static grant_ref_t raced;
static bool pinned, race_write;

static void race(unsigned int n)
{
    if (n == unpin_at && pinned) {
        pinned = false;
        fake_gnttab_unpin(raced, race_write);
    }
    if (n == pin_at) {
        pinned = fake_gnttab_pin(raced, REMOTE, race_write) != NULL;
    }
}

static void an_access_that_starts_during_the_end_is_respected(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 2 * 6 * 6; i++) {
        char *table;
        int rc;

        race_write = i & 1;
        pin_at = i / 2 % 6;
        unpin_at = i / 12;
        raced = grant(false);
        pinned = false;
        /* The table in the window: its first frame, where all our refs are. */
        table = (char *)0x300000000000UL;
        fake_watch(table, race);
        rc = gnttab_end(raced);
        (void)fake_watch_end();
        if (pinned) {
            assert_int_equal(rc, -EBUSY);
            assert_true(gnttab_in_use(raced));
            fake_gnttab_unpin(raced, race_write);
            rc = gnttab_end(raced);
        } else if (rc == -EBUSY) {
            rc = gnttab_end(raced);
        }
        assert_int_equal(rc, 0);
        assert_null(fake_gnttab_pin(raced, REMOTE, false));
    }
}

/* Before the entry is whole nobody gets in, and who gets in gets the right frame. */
static void *got_frame;

static void early(unsigned int n)
{
    (void)n;
    if (got_frame == NULL) {
        got_frame = fake_gnttab_pin(raced, REMOTE, false);
    }
}

static void nobody_gets_into_a_half_made_grant(void **state)
{
    grant_ref_t ref = grant(false);

    (void)state;
    /* The same slot comes again, with another domain's leftovers in it. */
    assert_int_equal(gnttab_end(ref), 0);
    fake_gnttab_entry(ref)->frame = 1;
    fake_gnttab_entry(ref)->domid = REMOTE;
    raced = ref;
    got_frame = NULL;
    fake_watch((void *)0x300000000000UL, early);
    ref = grant(false);
    (void)fake_watch_end();
    assert_int_equal(ref, raced);
    assert_null(got_frame);
    assert_int_equal(gnttab_end(ref), 0);
}

/* ---- The table's size ---- */

static grant_ref_t many[ALL_REFS];
static unsigned int nr_many, ended_in_upcall;

static void end_in_upcall(void *arg)
{
    (void)arg;
    assert_int_equal(gnttab_end(many[--nr_many]), 0);
    ended_in_upcall++;
}

static void upcall_in_heap(void)
{
    fake_event_at(0, end_in_upcall, NULL);
}

static void a_ref_ended_in_an_upcall_while_the_table_grows_is_not_lost(void **state)
{
    grant_ref_t last;

    (void)state;
    while (stats().refs_free > 0) {
        many[nr_many++] = grant(false);
    }
    /* One where the new list is made, one where the old list is freed. */
    fake_heap_hook = upcall_in_heap;
    last = grant(false);
    fake_heap_hook = NULL;
    assert_int_equal(ended_in_upcall, 2);
    assert_int_equal(stats().nr_frames, 2);
    assert_int_equal(gnttab_end(last), 0);
    while (nr_many > 0) {
        assert_int_equal(gnttab_end(many[--nr_many]), 0);
    }
}

static void growing_without_memory_fails_and_recovers(void **state)
{
    static grant_ref_t refs[ALL_REFS];
    size_t blocks = fake_heap_blocks;
    unsigned int nr = 0;
    grant_ref_t ref = 77;

    (void)state;
    while (stats().refs_free > 0) {
        refs[nr++] = grant(false);
    }
    fake_fail_always();
    assert_int_equal(gnttab_grant(REMOTE, page, false, &ref), -ENOMEM);
    assert_int_equal(gnttab_reserve(1), -ENOMEM);
    fake_fail_after(0);
    fake_gnttab.fail_frames = 2;
    assert_int_equal(gnttab_grant(REMOTE, page, false, &ref), -ENOMEM);
    assert_int_equal(ref, 77);
    assert_int_equal(fake_heap_blocks, blocks);
    assert_int_equal(gnttab_reserve(1), 0);
    assert_int_equal(fake_heap_blocks, blocks);
    refs[nr++] = grant(false);
    while (nr > 0) {
        assert_int_equal(gnttab_end(refs[--nr]), 0);
    }
}

static int compare(const void *a, const void *b)
{
    grant_ref_t x = *(const grant_ref_t *)a, y = *(const grant_ref_t *)b;

    return x < y ? -1 : x > y;
}

static void take_one_in_upcall(void *arg)
{
    grant_ref_t ref;

    *(int *)arg = gnttab_grant(REMOTE, page, false, &ref);
}

static void at_the_limit_it_says_so_and_no_ref_was_given_twice(void **state)
{
    static grant_ref_t refs[ALL_REFS];
    unsigned int want = ALL_REFS - stats().quarantined, nr = 0;
    grant_ref_t ref = 77;
    int in_upcall_rc = 1;

    (void)state;
    assert_int_equal(gnttab_reserve(want + 1), -ENOSPC);
    assert_int_equal(gnttab_reserve(UINT32_MAX), -ENOSPC);
    assert_int_equal(gnttab_reserve(want), 0);
    assert_int_equal(fake_gnttab_table_frames(), MAX_FRAMES);
    while (nr < want) {
        refs[nr++] = grant(false);
    }
    assert_int_equal(gnttab_grant(REMOTE, page, false, &ref), -ENOSPC);
    fake_event_at(0, take_one_in_upcall, &in_upcall_rc);
    assert_int_equal(in_upcall_rc, -ENOSPC);
    assert_int_equal(ref, 77);
    qsort(refs, nr, sizeof(refs[0]), compare);
    for (unsigned int i = 1; i < nr; i++) {
        assert_true(refs[i] > refs[i - 1]);
    }
    assert_true(refs[nr - 1] < MAX_FRAMES * FRAME_REFS);
    assert_int_equal(gnttab_end(refs[100]), 0);
    assert_int_equal(grant(false), refs[100]);
    while (nr > 0) {
        assert_int_equal(gnttab_end(refs[--nr]), 0);
    }
    assert_int_equal(stats().refs_free, want);
}

/* ---- Long runs ---- */

static void a_million_cycles_leak_nothing(void **state)
{
    struct gnttab_stats before = stats(), after;
    size_t blocks = fake_heap_blocks;

    (void)state;
    for (unsigned int i = 0; i < 1000000; i++) {
        grant_ref_t ref;

        if (gnttab_grant(REMOTE, page, i & 1, &ref) != 0 || gnttab_end(ref) != 0) {
            fail();
        }
    }
    after = stats();
    assert_int_equal(after.refs_free, before.refs_free);
    assert_int_equal(after.nr_frames, before.nr_frames);
    assert_int_equal(after.grants, before.grants + 1000000);
    assert_int_equal(fake_heap_blocks, blocks);
}

static void random_grants_agree_with_a_model(void **state)
{
    enum { NR = 300 };
    static struct {
        grant_ref_t ref;
        char *page;
        bool granted, pinned, readonly;
        domid_t dom;
    } m[NR];

    (void)state;
    for (unsigned int i = 0; i < NR; i++) {
        m[i].page = page_alloc(0);
        assert_non_null(m[i].page);
    }
    for (unsigned int step = 0; step < 200000; step++) {
        unsigned int i = (unsigned int)fake_random_below(NR);

        if (!m[i].granted) {
            m[i].dom = (domid_t)fake_random_below(4);
            m[i].readonly = fake_random_below(2);
            assert_int_equal(gnttab_grant(m[i].dom, m[i].page, m[i].readonly, &m[i].ref), 0);
            m[i].granted = true;
        } else if (m[i].pinned && fake_random_below(2)) {
            fake_gnttab_unpin(m[i].ref, !m[i].readonly);
            m[i].pinned = false;
        } else if (!m[i].pinned && fake_random_below(2)) {
            assert_ptr_equal(fake_gnttab_pin(m[i].ref, m[i].dom, !m[i].readonly),
                             fake_gfn_to_virt(virt_to_gfn(m[i].page)));
            m[i].pinned = true;
        } else {
            assert_int_equal(gnttab_end(m[i].ref), m[i].pinned ? -EBUSY : 0);
            m[i].granted = m[i].pinned;
        }
        assert_int_equal(gnttab_in_use(m[i].ref), m[i].granted && m[i].pinned);
    }
    for (unsigned int i = 0; i < NR; i++) {
        if (m[i].pinned) {
            fake_gnttab_unpin(m[i].ref, true);
        }
        if (m[i].granted) {
            assert_int_equal(gnttab_end(m[i].ref), 0);
        }
        page_free(m[i].page, 0);
    }
}

#define T(name) cmocka_unit_test_teardown(name, all_given_back)

int main(void)
{
    /* In this order: the table starts missing, is small, and is full size at the end. */
    const struct CMUnitTest tests[] = {
        T(a_failed_start_leaves_nothing_and_can_be_repeated),
        T(the_entry_says_what_was_granted),
        T(a_grant_in_use_cannot_be_ended),
        T(what_is_not_granted_cannot_be_ended),
        T(the_toolstacks_entries_are_left_alone),
        T(end_page_frees_or_quarantines),
        T(an_access_that_starts_during_the_end_is_respected),
        T(nobody_gets_into_a_half_made_grant),
        T(a_ref_ended_in_an_upcall_while_the_table_grows_is_not_lost),
        T(growing_without_memory_fails_and_recovers),
        T(random_grants_agree_with_a_model),
        T(at_the_limit_it_says_so_and_no_ref_was_given_twice),
        T(a_million_cycles_leak_nothing),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
