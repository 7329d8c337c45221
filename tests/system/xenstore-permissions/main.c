// SPDX-License-Identifier: MIT
/*
 * Claim: permissions that the guest sets are those that dom0 sees, and those that dom0 sets hold against the guest.
 */
#include <errno.h>

#include "peer.h"

int main(void)
{
    struct xs_perm want[] = {{'n', (domid_t)xs_domid()}, {'r', 0}, {'b', 1234}}, *perms;
    char *value;
    size_t nr;

    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/ours", "x", 1), 0);
    CHECK_EQUAL(xs_set_permissions(XS_TX_NONE, "data/ours", want, 3), 0);
    CHECK_EQUAL(xs_get_permissions(XS_TX_NONE, "data/ours", &perms, &nr), 0);
    CHECK_EQUAL(nr, 3);
    for (size_t i = 0; i < nr; i++) {
        CHECK_EQUAL(perms[i].access, want[i].access);
        CHECK_EQUAL(perms[i].domid, want[i].domid);
    }
    heap_free(perms);
    peer_tell_u64("data/set", 1);

    (void)peer_wait_u64("data/locked");
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/theirs", &value, NULL), -EACCES);
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/theirs", "x", 1), -EACCES);
    CHECK_EQUAL(xs_set_permissions(XS_TX_NONE, "data/theirs", want, 1), -EACCES);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/readable", &value, NULL), 0);
    heap_free(value);
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/readable", "x", 1), -EACCES);
    CHECK_EQUAL(xs_introduce(1234, 1, 1), -EACCES);
    CHECK_EQUAL(xs_release(1234), -EACCES);
    test_success();
}
