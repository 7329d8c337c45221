// SPDX-License-Identifier: MIT
/*
 * Claim: a million grants made and ended leak nothing; the table grows to Xen's limit and then says so; ending twice or
 * what was never granted is refused; grants to ourselves copy, and as PV map and unmap.
 */
#include <string.h>

#include <xenolith/boot.h>
#include <xenolith/gnttab.h>
#include <xenolith/page.h>
#include <xenolith/vm.h>
#include <xenolith/xenstore.h>

#include "system_test.h"

static grant_ref_t *refs;

static void check_cycles(void *page)
{
    struct gnttab_stats before, after;
    grant_ref_t ref;

    CHECK_EQUAL(gnttab_init(), 0);
    gnttab_get_stats(&before);
    for (int i = 0; i < 1000000; i++) {
        CHECK_EQUAL(gnttab_grant(0, page, i & 1, &ref), 0);
        CHECK_EQUAL(gnttab_end(ref), 0);
    }
    CHECK(gnttab_end(ref) < 0);
    CHECK(gnttab_end(0) < 0);
    CHECK(gnttab_end(UINT32_MAX) < 0);
    gnttab_get_stats(&after);
    CHECK_EQUAL(after.refs_free, before.refs_free);
    CHECK_EQUAL(after.nr_frames, before.nr_frames);
}

static void check_limit(void *page)
{
    struct gnttab_stats stats;
    unsigned int nr = 0;
    int rc;

    gnttab_get_stats(&stats);
    refs = malloc(stats.max_frames * 512 * sizeof(*refs));
    CHECK(refs != NULL);
    while ((rc = gnttab_grant(0, page, false, &refs[nr])) == 0) {
        nr++;
    }
    gnttab_get_stats(&stats);
    printf("%u grants in %u frames, then %d\n", nr, stats.nr_frames, rc);
    CHECK_EQUAL(stats.nr_frames, stats.max_frames);
    CHECK_EQUAL(nr, stats.max_frames * 512 - 8);
    CHECK_EQUAL(stats.refs_free, 0);
    while (nr-- > 0) {
        CHECK_EQUAL(gnttab_end(refs[nr]), 0);
    }
    free(refs);
}

/** copy() - One segment from a grant of ours into a page of ours. */
static int copy(grant_ref_t from, void *to, uint16_t len)
{
    struct gnttab_copy op = {
        .source = {.u.ref = from, .domid = DOMID_SELF, .offset = 0},
        .dest = {.u.gmfn = virt_to_gfn(to).n, .domid = DOMID_SELF, .offset = 0},
        .len = len,
        .flags = GNTCOPY_source_gref,
    };

    return gnttab_copy(&op, 1);
}

static void check_own(char *page, domid_t self)
{
    char *other = page_alloc(0);
    struct gnttab_mapping map;
    grant_ref_t list[3];

    CHECK(other != NULL);
    memset(page, 'x', PAGE_SIZE);
    memset(other, 0, PAGE_SIZE);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(gnttab_grant(self, page, i == 0, &list[i]), 0);
    }
    CHECK_EQUAL(copy(list[0], other, 100), 0);
    CHECK(other[99] == 'x' && other[100] == 0);
    if (!boot_is_pv()) {
        goto copied; /* as PVH, Xen moves a frame that its owner maps a second time: gnttab_map() says so */
    }

    CHECK_EQUAL(gnttab_map(self, list, 3, true, &map), 0);
    CHECK(((char *)map.addr)[0] == 'x' && ((char *)map.addr)[3 * PAGE_SIZE - 1] == 'x');
    page[5] = 'y';
    CHECK(((char *)map.addr)[5] == 'y' && ((char *)map.addr)[PAGE_SIZE + 5] == 'y');
    CHECK(gnttab_in_use(list[1]));
    CHECK(gnttab_end(list[1]) < 0);
    CHECK_EQUAL(gnttab_unmap(&map), 0);
    CHECK(!gnttab_in_use(list[1]));

    CHECK(gnttab_map(self, list, 3, false, &map) < 0); /* the first is read-only: all or nothing */
    CHECK(!gnttab_in_use(list[1]) && !gnttab_in_use(list[2]));
copied:
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(gnttab_end(list[i]), 0);
    }
    CHECK(copy(list[0], other, 100) < 0);
    page_free(other, 0);
}

int main(void)
{
    void *page = page_alloc(0);

    CHECK(page != NULL);
    check_cycles(page);
    check_limit(page);
    check_own(page, (domid_t)xs_domid());
    page_free(page, 0);
    test_success();
}
