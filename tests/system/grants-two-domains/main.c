// SPDX-License-Identifier: MIT
/*
 * Claim: frames granted to another domain are seen there and nowhere else; read-only is read-only; a grant in use cannot be
 * ended, and its page goes to quarantine instead of back to use. This side grants; peer.c maps and copies.
 */
#include <string.h>

#include <xenolith/gnttab.h>
#include <xenolith/page.h>

#include "peer.h"

#define NR_PAGES 16

int main(void)
{
    domid_t peer = (domid_t)peer_wait_u64("data/peer");
    unsigned char *pages = page_alloc(4);
    grant_ref_t refs[NR_PAGES], readonly, kept;
    struct page_stats before, after;
    char path[32];
    void *lost;

    CHECK(pages != NULL);
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        memset(pages + i * PAGE_SIZE, (int)(i + 1), PAGE_SIZE);
        CHECK_EQUAL(gnttab_grant(peer, pages + i * PAGE_SIZE, false, &refs[i]), 0);
        snprintf(path, sizeof(path), "data/ref%u", i);
        peer_tell_u64(path, refs[i]);
    }
    CHECK_EQUAL(gnttab_grant(peer, pages, true, &readonly), 0);
    peer_tell_u64("data/readonly", readonly);
    lost = page_alloc(0);
    CHECK(lost != NULL);
    CHECK_EQUAL(gnttab_grant(peer, lost, false, &kept), 0);
    peer_tell_u64("data/kept", kept);
    peer_tell_u64("data/granted", 1);

    (void)peer_wait_u64("data/mapped"); /* the peer has everything mapped, and has written its marks */
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        CHECK(pages[i * PAGE_SIZE] == 0x80 + i && pages[(i + 1) * PAGE_SIZE - 1] == 0x80 + i);
        CHECK(pages[i * PAGE_SIZE + 1] == i + 1);
        CHECK(gnttab_in_use(refs[i]));
        CHECK(gnttab_end(refs[i]) < 0);
    }
    page_get_stats(&before);
    CHECK(gnttab_end_page(kept, lost) < 0);
    page_get_stats(&after);
    CHECK_EQUAL(after.quarantined, before.quarantined + 1);
    CHECK_EQUAL(after.free, before.free);
    peer_tell_u64("data/checked", 1);

    (void)peer_wait_u64("data/unmapped");
    for (unsigned int i = 0; i < NR_PAGES; i++) {
        CHECK_EQUAL(gnttab_end(refs[i]), 0);
    }
    CHECK_EQUAL(gnttab_end(readonly), 0);
    page_free(pages, 4);
    peer_tell_u64("data/ended", 1);
    (void)peer_wait_u64("data/refused");
    test_success();
}
