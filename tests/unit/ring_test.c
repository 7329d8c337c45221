// SPDX-License-Identifier: MIT
/*
 * Claims about the frontend's view of a shared ring: indices wrap, a response is taken once and only if it was asked for, an
 * index that lies is refused for good, notifications are asked for and given exactly when due.
 */
#include <xenolith/ring.h>

#include <xen/xen.h>
#include <xen/io/netif.h>

#include "unit.h"

static struct ring ring;
static _Alignas(4096) uint8_t page[4096];
static struct netif_rx_sring *const theirs = (struct netif_rx_sring *)page;

static int setup(void **state)
{
    (void)state;
    memset(page, 0xa5, sizeof(page));
    ring_init(&ring, page, sizeof(union netif_rx_sring_entry), 1);
    return 0;
}

static void put(uint16_t id)
{
    struct netif_rx_request req = {.id = id};

    ring_put_req(&ring, &req, sizeof(req));
}

static int take(struct netif_rx_response *rsp)
{
    return ring_take_rsp(&ring, rsp, sizeof(*rsp), NULL);
}

static void sizes_are_those_of_the_abi(void **state)
{
    (void)state;
    assert_int_equal(ring.nr_slots, __CONST_RING_SIZE(netif_rx, 4096));
    ring_init(&ring, page, sizeof(union netif_tx_sring_entry), 1);
    assert_int_equal(ring.nr_slots, __CONST_RING_SIZE(netif_tx, 4096));
    assert_int_equal(theirs->req_event, 1);
    assert_int_equal(theirs->rsp_event, 1);
    assert_int_equal(theirs->req_prod, 0);
    assert_int_equal(ring_free_slots(&ring), 256);
}

static void nothing_is_shown_before_the_push(void **state)
{
    (void)state;
    put(1);
    put(2);
    assert_int_equal(theirs->req_prod, 0);
    assert_int_equal(ring_outstanding(&ring), 0);
    assert_true(ring_push(&ring));
    assert_int_equal(theirs->req_prod, 2);
    assert_int_equal(theirs->ring[1].req.id, 2);
    assert_int_equal(ring_free_slots(&ring), 254);
    assert_false(ring_push(&ring));
}

static void a_notification_is_sent_when_asked_for(void **state)
{
    (void)state;
    theirs->req_event = 3;
    put(0);
    put(1);
    assert_false(ring_push(&ring));
    put(2);
    assert_true(ring_push(&ring));
    put(3);
    assert_false(ring_push(&ring));
    theirs->req_event = 4; /* already past: they will see it by their own last look */
    put(4);
    assert_false(ring_push(&ring));
}

static void indices_wrap(void **state)
{
    struct netif_rx_response rsp;
    uint32_t index;

    (void)state;
    ring.req_prod = ring.req_pushed = ring.rsp_cons = ring.rsp_seen = UINT32_MAX - 2;
    theirs->req_prod = theirs->rsp_prod = UINT32_MAX - 2;
    theirs->req_event = UINT32_MAX - 1;
    for (unsigned int i = 0; i < 8; i++) {
        put((uint16_t)i);
    }
    assert_true(ring_push(&ring));
    assert_int_equal(ring_free_slots(&ring), 248);
    for (unsigned int i = 0; i < 8; i++) {
        theirs->ring[(UINT32_MAX - 2 + i) & 255].rsp.id = (uint16_t)(100 + i);
    }
    theirs->rsp_prod += 8;
    for (unsigned int i = 0; i < 8; i++) {
        assert_int_equal(ring_take_rsp(&ring, &rsp, sizeof(rsp), &index), 1);
        assert_int_equal(index, UINT32_MAX - 2 + i);
        assert_int_equal(rsp.id, 100 + i);
    }
    assert_int_equal(take(&rsp), 0);
    assert_int_equal(ring_free_slots(&ring), 256);
}

static void more_responses_than_requests_break_the_ring(void **state)
{
    struct netif_rx_response rsp;

    (void)state;
    put(0);
    put(1);
    (void)ring_push(&ring);
    put(2); /* not pushed: must not be answered */
    theirs->rsp_prod = 3;
    assert_int_equal(take(&rsp), -EPROTO);
    theirs->rsp_prod = 1;
    assert_int_equal(take(&rsp), -EPROTO);
    assert_int_equal(ring_arm(&ring, 1), -EPROTO);
}

static void an_index_that_goes_back_breaks_the_ring(void **state)
{
    struct netif_rx_response rsp;

    (void)state;
    put(0);
    put(1);
    (void)ring_push(&ring);
    theirs->rsp_prod = 1;
    assert_int_equal(take(&rsp), 1);
    theirs->rsp_prod = 0;
    assert_int_equal(take(&rsp), -EPROTO);
}

static void an_index_that_changes_is_loaded_once(void **state)
{
    struct netif_rx_response rsp;

    (void)state;
    put(0);
    put(1);
    (void)ring_push(&ring);
    theirs->rsp_prod = 2;
    assert_int_equal(ring_rsp_waiting(&ring), 2);
    theirs->rsp_prod = 77;
    assert_int_equal(take(&rsp), 1);
    assert_int_equal(take(&rsp), 1);
    assert_int_equal(take(&rsp), -EPROTO);
}

static void any_index_is_bounded(void **state)
{
    struct netif_rx_response rsp;

    (void)state;
    for (unsigned int i = 0; i < 100000; i++) {
        uint32_t start = (uint32_t)fake_random(), nr = (uint32_t)fake_random_below(257);
        uint32_t prod = fake_random_below(2) ? start + (uint32_t)fake_random_below(300) - 20
                                             : (uint32_t)fake_random();
        uint32_t taken = 0;
        int rc;

        ring.req_pushed = ring.rsp_cons = ring.rsp_seen = start;
        ring.req_prod = ring.req_pushed = start + nr;
        ring.broken = false;
        theirs->rsp_prod = prod;
        while ((rc = take(&rsp)) == 1) {
            taken++;
        }
        assert_int_equal(rc, prod - start <= nr ? 0 : -EPROTO);
        assert_int_equal(taken, prod - start <= nr ? prod - start : 0);
        assert_true(ring_free_slots(&ring) <= ring.nr_slots);
    }
}

static void arming_looks_a_last_time(void **state)
{
    struct netif_rx_response rsp;

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        put((uint16_t)i);
    }
    (void)ring_push(&ring);
    assert_int_equal(ring_arm(&ring, 1), 0);
    assert_int_equal(theirs->rsp_event, 1);
    theirs->rsp_prod = 1;
    assert_int_equal(ring_arm(&ring, 1), 1);
    assert_int_equal(take(&rsp), 1);
    assert_int_equal(ring_arm(&ring, 3), 0);
    assert_int_equal(theirs->rsp_event, 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_are_those_of_the_abi, setup),
        cmocka_unit_test_setup(nothing_is_shown_before_the_push, setup),
        cmocka_unit_test_setup(a_notification_is_sent_when_asked_for, setup),
        cmocka_unit_test_setup(indices_wrap, setup),
        cmocka_unit_test_setup(more_responses_than_requests_break_the_ring, setup),
        cmocka_unit_test_setup(an_index_that_goes_back_breaks_the_ring, setup),
        cmocka_unit_test_setup(an_index_that_changes_is_loaded_once, setup),
        cmocka_unit_test_setup(any_index_is_bounded, setup),
        cmocka_unit_test_setup(arming_looks_a_last_time, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
