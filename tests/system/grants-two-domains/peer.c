// SPDX-License-Identifier: MIT
/*
 * The other side of grants-two-domains: maps, reads, writes, copies, and is refused what it was not given.
 */
#include <string.h>

#include <xenolith/gnttab.h>
#include <xenolith/page.h>
#include <xenolith/vm.h>

#include "peer.h"

#define NR_PAGES 16

static int copy_out(domid_t peer, grant_ref_t ref, void *to)
{
    struct gnttab_copy op = {
        .source = {.u.ref = ref, .domid = peer, .offset = 10},
        .dest = {.u.gmfn = virt_to_gfn(to).n, .domid = DOMID_SELF, .offset = 20},
        .len = 1000,
        .flags = GNTCOPY_source_gref,
    };

    return gnttab_copy(&op, 1);
}

static int copy_in(domid_t peer, grant_ref_t ref, void *from)
{
    struct gnttab_copy op = {
        .source = {.u.gmfn = virt_to_gfn(from).n, .domid = DOMID_SELF, .offset = 0},
        .dest = {.u.ref = ref, .domid = peer, .offset = 0},
        .len = 8,
        .flags = GNTCOPY_dest_gref,
    };

    return gnttab_copy(&op, 1);
}

int main(void)
{
    domid_t peer = (domid_t)peer_wait_u64("data/peer");
    grant_ref_t refs[NR_PAGES], readonly, kept;
    struct gnttab_mapping all, one, still, bad;
    unsigned char *seen, *own = page_alloc(0);
    char path[32];

    CHECK(own != NULL);
    (void)peer_wait_u64("data/granted");
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        snprintf(path, sizeof(path), "data/ref%u", i);
        refs[i] = (grant_ref_t)peer_wait_u64(path);
    }
    readonly = (grant_ref_t)peer_wait_u64("data/readonly");
    kept = (grant_ref_t)peer_wait_u64("data/kept");

    CHECK_EQUAL(gnttab_map(peer, refs, NR_PAGES, false, &all), 0);
    seen = all.addr;
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        for (unsigned int j = 0; j < PAGE_SIZE; j++) {
            CHECK(seen[i * PAGE_SIZE + j] == i + 1);
        }
        seen[i * PAGE_SIZE] = seen[(i + 1) * PAGE_SIZE - 1] = (unsigned char)(0x80 + i);
    }
    CHECK(gnttab_map(peer, &readonly, 1, false, &bad) < 0);
    CHECK_EQUAL(gnttab_map(peer, &readonly, 1, true, &one), 0);
    CHECK(((unsigned char *)one.addr)[0] == 0x80 && ((unsigned char *)one.addr)[1] == 1);
    CHECK_EQUAL(gnttab_map(peer, &kept, 1, false, &still), 0);

    memset(own, 0, PAGE_SIZE);
    CHECK_EQUAL(copy_out(peer, refs[3], own), 0);
    CHECK(own[19] == 0 && own[20] == 4 && own[1019] == 4 && own[1020] == 0);
    CHECK(copy_in(peer, readonly, own) < 0);
    CHECK(gnttab_map(peer, &(grant_ref_t){400}, 1, true, &bad) < 0); /* never granted */
    peer_tell_u64("data/mapped", 1);

    (void)peer_wait_u64("data/checked");
    CHECK_EQUAL(gnttab_unmap(&one), 0);
    CHECK_EQUAL(gnttab_unmap(&all), 0);
    peer_tell_u64("data/unmapped", 1);

    (void)peer_wait_u64("data/ended");
    CHECK(gnttab_map(peer, refs, NR_PAGES, false, &all) < 0);
    CHECK(copy_out(peer, refs[3], own) < 0);
    ((unsigned char *)still.addr)[0] = 1; /* the quarantined page is still there */
    CHECK_EQUAL(gnttab_unmap(&still), 0);
    peer_tell_u64("data/refused", 1);
    test_success();
}
