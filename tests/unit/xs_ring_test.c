// SPDX-License-Identifier: MIT
/*
 * Claims: bytes cross the xenstore ring unchanged wherever it wraps; an index that the daemon cannot honestly have is refused;
 * a notification is sent exactly when the other side may be asleep.
 */
#include "../../xenbus/xs_ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <fake.h>

static struct xenstore_domain_interface page;
static struct xs_ring ring;

static void start(uint32_t index)
{
    memset(&page, 0, sizeof(page));
    page.req_prod = page.req_cons = page.rsp_prod = page.rsp_cons = index;
    assert_int_equal(xs_ring_attach(&ring, &page), 0);
}

/* The daemon takes @bytes of the requests and compares them with @expected. */
static void daemon_takes(const char *expected, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(page.req[MASK_XENSTORE_IDX(page.req_cons + i)], expected[i]);
    }
    page.req_cons += (uint32_t)bytes;
}

static void daemon_gives(const char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        page.rsp[MASK_XENSTORE_IDX(page.rsp_prod + i)] = data[i];
    }
    page.rsp_prod += (uint32_t)bytes;
}

static void bytes_survive_every_wrap(void **state)
{
    static char data[700], back[700];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (char)(i * 7 + 1);
    }
    for (uint32_t at = 0; at < XENSTORE_RING_SIZE; at++) {
        start(UINT32_MAX - 300 + at);
        assert_int_equal(xs_ring_put(&ring, data, sizeof(data)), sizeof(data));
        assert_int_equal(page.req_prod, page.req_cons);
        assert_true(xs_ring_show(&ring));
        daemon_takes(data, sizeof(data));
        daemon_gives(data, sizeof(data));
        assert_int_equal(xs_ring_get(&ring, back, 300), 300);
        assert_int_equal(xs_ring_get(&ring, back + 300, 1000), 400);
        assert_int_equal(xs_ring_get(&ring, back, 10), 0);
        assert_memory_equal(data, back, sizeof(data));
        assert_false(xs_ring_release(&ring));
        assert_int_equal(page.rsp_cons, page.rsp_prod);
    }
}

static void full_ring_takes_no_more(void **state)
{
    static char data[2000];

    start(4);
    assert_int_equal(xs_ring_put(&ring, data, sizeof(data)), XENSTORE_RING_SIZE);
    assert_int_equal(xs_ring_put(&ring, data, 1), 0);
    assert_false(xs_ring_has_room(&ring));
    xs_ring_show(&ring);
    daemon_takes(data, 3);
    assert_true(xs_ring_has_room(&ring));
    assert_int_equal(xs_ring_put(&ring, data, sizeof(data)), 3);
}

static void notifies_only_who_may_sleep(void **state)
{
    static char data[XENSTORE_RING_SIZE];

    start(0);
    assert_false(xs_ring_show(&ring));
    assert_false(xs_ring_release(&ring));
    xs_ring_put(&ring, data, 10);
    assert_true(xs_ring_show(&ring));
    /* It has not taken everything yet, so it will look again by itself. */
    page.req_cons = 5;
    xs_ring_put(&ring, data, 10);
    assert_false(xs_ring_show(&ring));
    page.req_cons = 20;
    xs_ring_put(&ring, data, 1);
    assert_true(xs_ring_show(&ring));

    daemon_gives(data, XENSTORE_RING_SIZE - 1);
    xs_ring_get(&ring, data, 100);
    assert_false(xs_ring_release(&ring));
    daemon_gives(data, 101);
    xs_ring_get(&ring, data, 1);
    assert_true(xs_ring_release(&ring));
}

static void evil_indices_are_refused(void **state)
{
    char byte;

    start(1000);
    page.rsp_prod = 1000 + XENSTORE_RING_SIZE + 1;
    assert_true(xs_ring_has_input(&ring));
    assert_int_equal(xs_ring_get(&ring, &byte, 1), -EPROTO);

    start(1000);
    page.rsp_prod = 999;
    assert_int_equal(xs_ring_get(&ring, &byte, 1), -EPROTO);

    /* Back behind what we have taken but not yet given back. */
    start(1000);
    page.rsp_prod = 1010;
    assert_int_equal(xs_ring_get(&ring, (char[10]){0}, 10), 10);
    page.rsp_prod = 1005;
    assert_int_equal(xs_ring_get(&ring, &byte, 1), -EPROTO);

    /* Consumed what was never shown. */
    start(1000);
    page.req_cons = 1001;
    assert_int_equal(xs_ring_put(&ring, "x", 1), -EPROTO);
    start(1000);
    assert_int_equal(xs_ring_put(&ring, "x", 1), 1);
    page.req_cons = 1001;
    assert_int_equal(xs_ring_put(&ring, "x", 1), -EPROTO);

    /* Steps back. */
    start(1000);
    assert_int_equal(xs_ring_put(&ring, "0123456789", 10), 10);
    xs_ring_show(&ring);
    page.req_cons = 1008;
    assert_int_equal(xs_ring_put(&ring, "x", 1), 1);
    page.req_cons = 1007;
    assert_int_equal(xs_ring_put(&ring, "x", 1), -EPROTO);

    /* Nonsense from the start. */
    memset(&page, 0, sizeof(page));
    page.req_prod = XENSTORE_RING_SIZE + 1;
    assert_int_equal(xs_ring_attach(&ring, &page), -EPROTO);
    page.req_prod = 0;
    page.rsp_prod = 5000;
    assert_int_equal(xs_ring_attach(&ring, &page), -EPROTO);
}

/* A daemon that scribbles on our own indices changes nothing. */
static void our_indices_are_not_read_back(void **state)
{
    start(0);
    xs_ring_put(&ring, "ab", 2);
    xs_ring_show(&ring);
    page.req_prod = 77;
    page.rsp_cons = 99;
    assert_int_equal(xs_ring_put(&ring, "c", 1), 1);
    xs_ring_show(&ring);
    assert_int_equal(page.req_prod, 3);
    daemon_gives("x", 1);
    assert_int_equal(xs_ring_get(&ring, (char[4]){0}, 4), 1);
    xs_ring_release(&ring);
    assert_int_equal(page.rsp_cons, 1);
}

static void state_counts_only_what_is_offered(void **state)
{
    start(0);
    page.connection = XENSTORE_RECONNECT;
    page.error = XENSTORE_ERROR_RINGIDX;
    assert_int_equal(xs_ring_state(&ring), XS_RING_READY);
    page.server_features = XENSTORE_SERVER_FEATURE_ERROR;
    assert_int_equal(xs_ring_state(&ring), XS_RING_DEAD);
    assert_int_equal(xs_ring_error(&ring), XENSTORE_ERROR_RINGIDX);
    page.server_features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
    assert_int_equal(xs_ring_state(&ring), XS_RING_RECONNECTING);
}

/* Whatever the indices are, nothing outside the ring is touched, and no more than asked for is copied. */
static void random_indices_stay_inside(void **state)
{
    char buf[64];

    start(0);
    for (unsigned int i = 0; i < 3000000; i++) {
        uint32_t r = (uint32_t)fake_random();
        int n;

        switch (r & 7) {
        case 0:
            page.rsp_prod = (uint32_t)fake_random();
            break;
        case 1:
            page.req_cons = (uint32_t)fake_random();
            break;
        case 2:
            page.rsp_prod = ring.rsp_cons + (r >> 8) % 1100;
            break;
        case 3:
            page.req_cons = ring.req_prod - (r >> 8) % 1100;
            break;
        case 4:
            n = xs_ring_put(&ring, buf, (r >> 8) % sizeof(buf));
            assert_in_range(n + EPROTO, 0, EPROTO + sizeof(buf));
            break;
        case 5:
            n = xs_ring_get(&ring, buf, (r >> 8) % sizeof(buf));
            assert_in_range(n + EPROTO, 0, EPROTO + sizeof(buf));
            break;
        case 6:
            xs_ring_show(&ring);
            break;
        default:
            xs_ring_release(&ring);
            break;
        }
        assert_true(ring.req_prod - ring.req_cons <= XENSTORE_RING_SIZE);
        assert_true(ring.rsp_prod - ring.rsp_cons <= XENSTORE_RING_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_survive_every_wrap),      cmocka_unit_test(full_ring_takes_no_more),
        cmocka_unit_test(notifies_only_who_may_sleep),   cmocka_unit_test(evil_indices_are_refused),
        cmocka_unit_test(our_indices_are_not_read_back), cmocka_unit_test(state_counts_only_what_is_offered),
        cmocka_unit_test(random_indices_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
