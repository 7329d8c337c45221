// SPDX-License-Identifier: MIT
/*
 * Tests of two domains: each waits for what dom0's script, or the other one through that script, leaves in its data/.
 */
#ifndef SYSTEM_TEST_PEER_H
#define SYSTEM_TEST_PEER_H

#include <xenolith/heap.h>
#include <xenolith/time.h>
#include <xenolith/xenstore.h>

#include "system_test.h"

/** peer_wait_u64() - Block until @path holds a number. */
static inline uint64_t peer_wait_u64(const char *path)
{
    struct xs_watch watch = {0};
    uint64_t value = 0, deadline = time_deadline_ns(60 * NS_PER_SEC);
    char *fired;

    CHECK_EQUAL(xs_watch_add(&watch, path), 0);
    while (xs_read_u64(XS_TX_NONE, path, &value) != 0) {
        if (xs_watch_next(&watch, &fired, deadline) != 0) {
            test_error("nobody wrote %s", path);
        }
        heap_free(fired);
    }
    CHECK_EQUAL(xs_watch_remove(&watch), 0);
    return value;
}

/** peer_tell_u64() - Leave a number for the other side. */
static inline void peer_tell_u64(const char *path, uint64_t value)
{
    CHECK_EQUAL(xs_printf(XS_TX_NONE, path, "%lu", (unsigned long)value), 0);
}

#endif
