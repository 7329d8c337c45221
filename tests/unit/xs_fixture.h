// SPDX-License-Identifier: MIT
/*
 * What the tests of the xenstore client share: a daemon for each test, and the proof that nothing of the heap is left.
 */
#ifndef XS_FIXTURE_H
#define XS_FIXTURE_H

#include "../../xenbus/xs_priv.h"

#include <errno.h>

#include <fake_xenstored.h>

#include <xenolith/heap.h>
#include <xenolith/sched.h>

#include "unit.h"

static size_t blocks_before;

static int group_setup(void **state)
{
    fake_boot(4096);
    return 0;
}

static int setup(void **state)
{
    xs_conn_forget();
    fake_xs_start((uint32_t)fake_random());
    blocks_before = fake_heap_blocks;
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(fake_heap_blocks, blocks_before);
    return 0;
}

#endif
