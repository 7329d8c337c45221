// SPDX-License-Identifier: MIT
/*
 * Claim: what the guest writes, dom0's xenstore-read reads, and the other way round; errors are the daemon's own.
 */
#include <errno.h>
#include <string.h>

#include "peer.h"

static char *wait_string(const char *path)
{
    struct xs_watch watch = {0};
    char *value, *fired;

    CHECK_EQUAL(xs_watch_add(&watch, path), 0);
    while (xs_read(XS_TX_NONE, path, &value, NULL) != 0) {
        CHECK_EQUAL(xs_watch_next(&watch, &fired, time_deadline_ns(30 * NS_PER_SEC)), 0);
        heap_free(fired);
    }
    CHECK_EQUAL(xs_watch_remove(&watch), 0);
    return value;
}

int main(void)
{
    char own[64], *value, *path;
    size_t len;
    int domid = xs_domid(), rc;

    CHECK(domid > 0);
    snprintf(own, sizeof(own), "/local/domain/%d", domid);
    CHECK_EQUAL(xs_get_domain_path((domid_t)domid, &path), 0);
    CHECK(strcmp(path, own) == 0);
    heap_free(path);

    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/from-guest", "hello dom0", 10), 0);
    value = wait_string("data/from-dom0");
    CHECK(strcmp(value, "hello guest") == 0);
    heap_free(value);

    /* Bytes that are no text, NULs among them. */
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/bytes", "a\0\xff\0b", 5), 0);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/bytes", &value, &len), 0);
    CHECK(len == 5 && memcmp(value, "a\0\xff\0b", 6) == 0);
    heap_free(value);
    CHECK_EQUAL(xs_write(XS_TX_NONE, "data/bytes", "", 0), 0);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/bytes", &value, &len), 0);
    CHECK_EQUAL(len, 0);
    heap_free(value);

    CHECK_EQUAL(xs_rm(XS_TX_NONE, "data/bytes"), 0);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data/bytes", &value, &len), -ENOENT);
    CHECK_EQUAL(xs_write(XS_TX_NONE, "domid", "0", 1), -EACCES);
    CHECK_EQUAL(xs_read(XS_TX_NONE, "data//x", &value, &len), -EINVAL);
    CHECK_EQUAL(xs_mkdir(XS_TX_NONE, "data/dir/sub"), 0);
    /* Newer daemons keep this question to the privileged. */
    rc = xs_is_introduced((domid_t)domid);
    CHECK(rc == 1 || rc == -EACCES);
    test_success();
}
