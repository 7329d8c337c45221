// SPDX-License-Identifier: MIT
/*
 * Claim: when dom0 changes a node that a transaction has read, the commit answers EAGAIN, nothing of it is seen, and
 * xs_transaction() does it again on the new value.
 */
#include <errno.h>

#include "peer.h"

static unsigned int runs;

/* data/count + 1; in the first run dom0 gets in between. */
static int increment(uint32_t tx, void *arg)
{
    uint64_t value;
    int rc = xs_read_u64(tx, "data/count", &value);

    (void)arg;
    if (rc != 0) {
        return rc;
    }
    rc = xs_printf(tx, "data/count", "%u", (unsigned int)value + 1);
    if (rc == 0 && ++runs == 1) {
        peer_tell_u64("data/ask", 1);
        (void)peer_wait_u64("data/changed");
    }
    return rc;
}

static int refuse(uint32_t tx, void *arg)
{
    (void)arg;
    CHECK_EQUAL(xs_printf(tx, "data/never", "1"), 0);
    return -ENODEV;
}

int main(void)
{
    uint64_t value;
    uint32_t tx;
    char *text;

    peer_tell_u64("data/count", 1);
    CHECK_EQUAL(xs_transaction(increment, NULL), 0);
    CHECK_EQUAL(runs, 2);
    CHECK_EQUAL(xs_read_u64(XS_TX_NONE, "data/count", &value), 0);
    CHECK_EQUAL(value, 42);

    CHECK_EQUAL(xs_transaction(refuse, NULL), -ENODEV);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/never", &text, NULL), -ENOENT);

    /* Not seen outside before its end; an unknown transaction is an error, not a crash. */
    CHECK_EQUAL(xs_transaction_start(&tx), 0);
    CHECK_EQUAL(xs_printf(tx, "data/later", "1"), 0);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/later", &text, NULL), -ENOENT);
    CHECK_EQUAL(xs_transaction_end(tx, true), 0);
    CHECK_EQUAL(xs_read_u64(XS_TX_NONE, "data/later", &value), 0);
    CHECK(xs_transaction_end(tx, true) < 0);
    test_success();
}
