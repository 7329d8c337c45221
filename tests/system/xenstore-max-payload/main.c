// SPDX-License-Identifier: MIT
/*
 * Claim: messages of the protocol's 4096 bytes pass in both directions; one byte more is refused here, before the daemon would
 * cut us off.
 */
#include <errno.h>
#include <string.h>

#include <stdint.h>

#include <xen/io/xs_wire.h>

#include "peer.h"

/* 128 names of 31 characters and their NULs are exactly one full reply. */
#define NAMES 128

int main(void)
{
    static char value[XENSTORE_PAYLOAD_MAX];
    const size_t room = XENSTORE_PAYLOAD_MAX - sizeof("data/own");
    char *back, **names;
    size_t len, nr;
    int rc;

    (void)peer_wait_u64("data/ready");
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/from-dom0", &back, &len), 0);
    CHECK_EQUAL(len, 4000);
    for (size_t i = 0; i < len; i++) {
        CHECK(back[i] == '0' + (char)((i + 1) % 10));
    }
    heap_free(back);
    CHECK_EQUAL(xs_directory(XS_TX_NONE, "data/full", &names, &nr), 0);
    CHECK_EQUAL(nr, NAMES);
    heap_free(names);

    /* A guest's nodes are limited to about 2,000 bytes by a quota. */
    memset(value, 'v', sizeof(value));
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/own", value, 1900), 0);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/own", &back, &len), 0);
    CHECK(len == 1900 && memcmp(back, value, len) == 0);
    heap_free(back);
    for (unsigned int i = 0; i < 50; i++) {
        rc = xs_write(XS_TX_NONE, "data/own", value, room);
        CHECK(rc == 0 || rc == -ENOSPC);
    }
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/own", value, room + 1), -E2BIG);
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/own", value, 1), 0);
    test_success();
}
