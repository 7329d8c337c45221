// SPDX-License-Identifier: MIT
/*
 * Claims about netfront against a backend that checks everything: frames arrive whole in both directions whatever their pieces, offloads and
 * layout, nothing is granted that need not be, every grant ends.
 */
#include "netfront_fixture.h"

static bool same(const struct fake_nb_frame *frame, const struct sent *s)
{
    size_t at = 0;

    for (unsigned int i = 0; i < s->tx.nr_frags; i++) {
        if (at + s->frags[i].len > frame->len ||
            memcmp(frame->data + at, s->frags[i].addr, s->frags[i].len) != 0) {
            return false;
        }
        at += s->frags[i].len;
    }
    return at == frame->len;
}

static void make_outgoing(size_t len)
{
    static uint8_t turn;

    memset(&outgoing, 0, offsetof(struct fake_nb_frame, data));
    outgoing.len = len;
    outgoing.flags = outgoing.gso_type = 0;
    turn++;
    for (size_t i = 0; i < len; i++) {
        outgoing.data[i] = (uint8_t)(turn + i * 3);
    }
}

static void connects(void **state)
{
    (void)state;
    connect_up();
    assert_int_equal(ups, 1);
    assert_string_equal(dev->name, "eth0");
    assert_int_equal(dev->mac[5], 0);
    assert_int_equal(dev->mac[3], 0x12);
    assert_int_equal(dev->mtu, 1500);
    assert_int_equal(dev->features, NETDEV_CSUM_V4 | NETDEV_CSUM_V6 | NETDEV_GSO_V4 | NETDEV_GSO_V6 |
                                        NETDEV_SG | NETDEV_MCAST);
    assert_int_equal(dev->nr_queues, 1);
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vif/0/multi-queue-num-queues"));
    assert_int_equal(netdev_settle(TIME_FOREVER), 1);
    fake_nb_set(0, "carrier", "0");
    settle();
    assert_int_equal(downs, 1);
    fake_nb_set(0, "carrier", "1");
    settle();
    assert_int_equal(ups, 2);
}

static void one_event_channel_where_no_more_are_offered(void **state)
{
    (void)state;
    fake_nb_set(0, "feature-split-event-channels", "0");
    connect_up();
    assert_non_null(fake_xs_read(FAKE_XS_HOME "/device/vif/0/event-channel"));
    assert_int_equal(send_at(0, 100), 0);
    assert_int_equal(fake_nb_take(0), 1);
    breathe();
    assert_int_equal(tx_done, 1);
}

static void many_queues(void **state)
{
    (void)state;
    netfront_queues_asked = 8;
    connect_up();
    netfront_queues_asked = 1;
    assert_int_equal(dev->nr_queues, 4);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/device/vif/0/multi-queue-num-queues"), "4");
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vif/0/tx-ring-ref"));
    check_rx = true;
    for (unsigned int i = 0; i < 4; i++) {
        struct sent *s = new_sent();

        s->frags[0] = (struct netdev_frag){memory + i, 200};
        s->tx.nr_frags = 1;
        s->tx.hash = 4 * 5 + i;
        assert_int_equal(send(s), 0);
        assert_int_equal(fake_nb_take(i), 1);
        assert_true(same(&got, s));
        make_outgoing(1000 + i);
        assert_true(fake_nb_send(i, &outgoing, true));
        breathe();
        assert_int_equal(rx_frames, i + 1);
    }
    /* And back to one: nothing of the old layout is left. */
    fake_nb_detach();
    fake_nb_state(0, XenbusStateClosed);
    settle();
    fake_grants_let_go();
    fake_nb_state(0, XenbusStateInitWait);
    connect_up();
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vif/0/queue-0/tx-ring-ref"));
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vif/0/multi-queue-num-queues"));
}

static void sends_pieces_of_any_shape(void **state)
{
    (void)state;
    connect_up();
    for (unsigned int n = 0; n < 2000; n++) {
        struct sent *s = new_sent();
        uint32_t left = 14 + (uint32_t)fake_random_below(65522);

        s->tx.nr_frags = 1 + (unsigned int)fake_random_below(24);
        for (unsigned int i = 0; i < s->tx.nr_frags; i++) {
            uint32_t len = i + 1 == s->tx.nr_frags ? left : (uint32_t)fake_random_below(left + 1);

            len = fake_random_below(3) == 0 && i + 1 != s->tx.nr_frags ? MIN(len, 20) : len;
            s->frags[i] = (struct netdev_frag){memory + fake_random_below(MEMORY - len), len};
            left -= len;
        }
        assert_int_equal(send(s), 0);
        assert_int_equal(fake_nb_take(0), 1);
        assert_true(same(&got, s));
        breathe();
    }
    assert_int_equal(tx_done, 2000);
    assert_true(dev->stats.tx_bounced > 0);
}

static void what_is_copied_is_the_senders_again_at_once(void **state)
{
    uint64_t bounced;

    (void)state;
    connect_up();
    bounced = dev->stats.tx_bounced;
    for (unsigned int n = 0; n < 600; n++) {
        struct sent *s = new_sent();
        struct sent before;

        s->frags[0] = (struct netdev_frag){memory + 4000, 20};
        s->frags[1] = (struct netdev_frag){memory + 4090, 14 + (uint32_t)fake_random_below(4062)};
        s->tx.nr_frags = 2;
        s->tx.flags = NETDEV_COPY;
        assert_int_equal(send(s), 1);
        before = *s;
        assert_int_equal(fake_nb_take(0), 1);
        assert_true(same(&got, &before));
        breathe();
    }
    assert_int_equal(tx_done, 0);
    assert_int_equal(dev->stats.tx_bounced, bounced);
    /* Too large for a page: as if the flag were not there. */
    struct sent *large = new_sent();

    large->frags[0] = (struct netdev_frag){memory, 5000};
    large->tx.nr_frags = 1;
    large->tx.flags = NETDEV_COPY;
    assert_int_equal(send(large), 0);
    assert_int_equal(fake_nb_take(0), 1);
    breathe();
    assert_int_equal(tx_done, 1);
}

static void refuses_what_cannot_be_sent(void **state)
{
    struct sent *s;

    (void)state;
    assert_int_equal(send_at(0, 100), -ENOTCONN);
    fake_nb_set(0, "feature-sg", "0");
    fake_nb_set(0, "feature-ipv6-csum-offload", "0");
    connect_up();
    assert_int_equal(dev->features, NETDEV_CSUM_V4 | NETDEV_MCAST);
    assert_int_equal(send_at(0, 13), -EINVAL);
    assert_int_equal(send_at(0, 4097), -EMSGSIZE);
    assert_int_equal(send_at(0, 70000), -EMSGSIZE);
    assert_int_equal(send_at(100, 4096), 0); /* two pages in one slot: copied */
    assert_int_equal(fake_nb_take(0), 1);
    assert_int_equal(got.slots, 1);
    s = new_sent();
    s->frags[0] = (struct netdev_frag){memory, 3000};
    s->tx.nr_frags = 1;
    s->tx.gso_type = NETDEV_GSO_TCP4;
    s->tx.gso_size = 1448;
    assert_int_equal(send(s), -EOPNOTSUPP);
    s->tx.gso_type = 9;
    assert_int_equal(send(s), -EOPNOTSUPP);
    breathe();
}

static void gso_and_checksums_are_told(void **state)
{
    struct sent *s;

    (void)state;
    connect_up();
    for (unsigned int type = NETDEV_GSO_TCP4; type <= NETDEV_GSO_TCP6; type++) {
        s = new_sent();
        s->frags[0] = (struct netdev_frag){memory + 4000, 66};
        s->frags[1] = (struct netdev_frag){memory + 20000, 60000};
        s->tx.nr_frags = 2;
        s->tx.gso_type = (uint8_t)type;
        s->tx.gso_size = 1448;
        assert_int_equal(send(s), 0);
        assert_int_equal(fake_nb_take(0), 1);
        assert_true(same(&got, s));
        assert_int_equal(got.gso_type,
                         type == NETDEV_GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6);
        assert_int_equal(got.gso_size, 1448);
        breathe();
    }
    s = new_sent();
    s->frags[0] = (struct netdev_frag){memory, 1000};
    s->tx.nr_frags = 1;
    s->tx.flags = NETDEV_CSUM_BLANK;
    assert_int_equal(send(s), 0);
    assert_int_equal(fake_nb_take(0), 1);
    assert_int_equal(got.flags, NETTXF_csum_blank | NETTXF_data_validated);
    check_rx = true;
    make_outgoing(30000);
    outgoing.flags = NETRXF_csum_blank | NETRXF_data_validated;
    outgoing.gso_type = XEN_NETIF_GSO_TYPE_TCPV6;
    outgoing.gso_size = 1428;
    assert_true(fake_nb_send(0, &outgoing, true));
    breathe();
    assert_int_equal(rx_frames, 1);
    assert_int_equal(last_rx.gso_type, NETDEV_GSO_TCP6);
    assert_int_equal(last_rx.gso_size, 1428);
    assert_int_equal(last_rx.flags, NETDEV_CSUM_BLANK | NETDEV_CSUM_OK);
    make_outgoing(64);
    assert_true(fake_nb_send(0, &outgoing, true));
    breathe();
    assert_int_equal(last_rx.gso_type, NETDEV_GSO_NONE);
    assert_int_equal(last_rx.flags, 0);
    assert_int_equal(tx_done, 3);
}

static void a_full_ring_says_so_and_comes_back(void **state)
{
    unsigned int n = 0;
    uint64_t upcalls;

    (void)state;
    connect_up();
    upcalls = dev->stats.upcalls;
    while (send_at(n % 40 * 100, 100) == 0) {
        n++;
    }
    assert_int_equal(n, NETFRONT_SLOTS);
    assert_int_equal(send_at(0, 100), -EAGAIN);
    assert_int_equal(fake_nb_take(0), NETFRONT_SLOTS);
    breathe();
    assert_int_equal(readies, 1);
    assert_int_equal(tx_done, NETFRONT_SLOTS);
    assert_int_equal(dev->stats.upcalls - upcalls, 1); /* of 256 answers shown at once */
}

static void receives_frames_in_parts(void **state)
{
    uint32_t shown;

    (void)state;
    connect_up();
    check_rx = true;
    fake_nb.rx_offset = 66;
    make_outgoing(20000);
    shown = fake_nb.queues[0].rx_rsp;
    assert_true(fake_nb_send(0, &outgoing, false));
    while (shown++ != fake_nb.queues[0].rx_rsp) {
        assert_int_equal(rx_frames, 0);
        fake_nb.queues[0].rx->rsp_prod = shown;
        fake_nb_notify(fake_nb.queues[0].rx_port);
        breathe();
    }
    assert_int_equal(rx_frames, 1);
}

static void errors_cost_the_frame_alone(void **state)
{
    struct fake_nb_queue *q = &fake_nb.queues[0];

    (void)state;
    connect_up();
    /* A dropped one; an empty one; one of too many pieces; one too short. */
    q->rx->ring[q->rx_rsp & 255].rsp =
        (struct netif_rx_response){(uint16_t)(q->rx_rsp & 255), 0, 0, NETIF_RSP_DROPPED};
    q->rx_rsp++, q->rx_cons++;
    q->rx->ring[q->rx_rsp & 255].rsp = (struct netif_rx_response){(uint16_t)(q->rx_rsp & 255), 0, 0, 0};
    q->rx_rsp++, q->rx_cons++;
    fake_nb.rx_chunk = 100;
    make_outgoing(100 * 25);
    assert_true(fake_nb_send(0, &outgoing, true));
    make_outgoing(13);
    assert_true(fake_nb_send(0, &outgoing, true));
    breathe();
    assert_int_equal(rx_frames, 0);
    make_outgoing(100 * 18);
    assert_true(fake_nb_send(0, &outgoing, true));
    breathe();
    assert_int_equal(rx_frames, 1);
    fake_nb.tx_status = NETIF_RSP_ERROR;
    assert_int_equal(send_at(4090, 1000), 0);
    assert_int_equal(fake_nb_take(0), 1);
    breathe();
    assert_int_equal(tx_done, 1);
    assert_int_equal(last_status, -EIO);
    assert_true(dev->carrier);
}

/* How often @nr frames that come @apart_ns from each other wake us; all arrive. */
static unsigned int wakes_by(unsigned int nr, uint64_t apart_ns)
{
    uint64_t before = dev->stats.upcalls;

    rx_frames = 0;
    for (unsigned int i = 0; i < nr; i++) {
        make_outgoing(100);
        assert_true(fake_nb_send(0, &outgoing, true));
        thread_sleep_ns(apart_ns);
    }
    thread_sleep_ns(NETFRONT_HOLD_NS);
    thread_yield();
    assert_int_equal(rx_frames, nr);
    return (unsigned int)(dev->stats.upcalls - before);
}

static void a_flood_wakes_us_less_often(void **state)
{
    (void)state;
    connect_up();
    assert_int_equal(wakes_by(100, 100 * NS_PER_US), 100);
    assert_true(wakes_by(10000, 5 * NS_PER_US) < 10000 / 10);
    /* And it is over at once: one frame waits no longer than the hold. */
    thread_sleep_ns(10 * NS_PER_MS);
    (void)wakes_by(1, NS_PER_US);
    assert_int_equal(wakes_by(100, 100 * NS_PER_US), 100);
}

static void one_not_trusted_sees_nothing_but_packets(void **state)
{
    (void)state;
    fake_xs_write(FAKE_XS_HOME "/device/vif/0/trusted", "0");
    fake_xs_chmod(FAKE_XS_HOME "/device/vif/0/trusted", "n7 r0");
    connect_up();
    memset(memory + 5000, 'S', 1000); /* beside the packet */
    for (unsigned int n = 0; n < 300; n++) {
        struct fake_nb_queue *q = &fake_nb.queues[0];
        const uint8_t *page;

        assert_int_equal(send_at(6000, 60), 0);
        page = fake_grant_page(q->tx->ring[q->tx_cons & 255].req.gref, false);
        assert_int_equal(q->tx->ring[q->tx_cons & 255].req.offset, 0);
        assert_memory_equal(page, memory + 6000, 60);
        for (unsigned int i = 60; i < 4096; i++) {
            assert_int_equal(page[i], 0);
        }
        page = fake_grant_page(q->rx->ring[n & 255].req.gref, false);
        for (unsigned int i = 0; i < 4096; i++) {
            assert_int_equal(page[i], 0);
        }
        assert_int_equal(fake_nb_take(0), 1);
        make_outgoing(1000);
        assert_true(fake_nb_send(0, &outgoing, true));
        breathe();
    }
    assert_int_equal(rx_frames, 300);
}

static void multicast_is_told_and_remembered(void **state)
{
    static const uint8_t one[6] = {0x33, 0x33, 0, 0, 0, 1}, two[6] = {1, 0, 0x5e, 0, 0, 0xfb};

    (void)state;
    assert_int_equal(netdev_multicast(dev, one, true), 0);
    connect_up();
    assert_int_equal(fake_nb_take(0), 1);
    assert_int_equal(got.mcast_type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    assert_memory_equal(got.data, one, 6);
    assert_int_equal(netdev_multicast(dev, two, true), 0);
    assert_int_equal(netdev_multicast(dev, two, true), 0);
    assert_int_equal(fake_nb_take(0), 1);
    assert_int_equal(netdev_multicast_filter(dev, true), 0);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/device/vif/0/request-multicast-control"), "1");
    assert_int_equal(netdev_multicast(dev, one, false), 0);
    assert_int_equal(netdev_multicast(dev, two, false), 0);
    assert_int_equal(fake_nb_take(0), 2);
    assert_int_equal(got.mcast_type, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    assert_memory_equal(got.data, two, 6);
    breathe();
    assert_true(dev->carrier);
    assert_int_equal(netdev_multicast_filter(dev, false), 0);
}

static void frames_kept_outlive_the_connection(void **state)
{
    (void)state;
    connect_up();
    keep_rx = true;
    for (unsigned int i = 0; i < 20; i++) {
        make_outgoing(5000);
        assert_true(fake_nb_send(0, &outgoing, true));
        breathe();
    }
    assert_int_equal(nr_kept, 20);
    assert_int_equal(send_at(0, 100), 0);
    fake_nb_detach();
    fake_nb_state(0, XenbusStateClosed);
    settle();
    assert_int_equal(tx_done, 1);
    assert_int_equal(last_status, -ECONNRESET);
    assert_int_equal(send_at(0, 100), -ENOTCONN);
    for (unsigned int i = 0; i < 20; i++) {
        assert_int_equal(kept[i]->data[0], 0x5a);
    }
}

/* It says Connected, but to the rings of before. */
static void a_backend_that_took_up_old_rings_is_asked_again(void **state)
{
    unsigned int connects = (unsigned int)dev->stats.connects;

    (void)state;
    fake_nb_detach();
    fake_nb_state(0, XenbusStateInitWait);
    settle();
    assert_int_equal(fake_nb_front_state(0), XenbusStateConnected);
    fake_nb_state(0, XenbusStateConnected);
    settle();
    assert_int_equal(dev->stats.connects, connects);
    assert_false(dev->carrier);
    assert_int_equal(fake_nb_front_state(0), XenbusStateClosing);
    fake_nb_state(0, XenbusStateClosed);
    settle();
    fake_nb_state(0, XenbusStateInitWait);
    settle();
    assert_true(fake_nb_attach(0));
    fake_nb_state(0, XenbusStateConnected);
    settle();
    assert_int_equal(dev->stats.connects, connects + 1);
    assert_true(dev->carrier);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    stop();
    for (unsigned int n = 1; n < 400; n++) {
        start();
        fake_fail_after(n);
        settle();
        fake_fail_after(0);
        if (fake_nb_front_state(0) == XenbusStateConnected && fake_nb_attach(0)) {
            fake_nb_state(0, XenbusStateConnected);
            settle();
        }
        stop();
    }
    start();
    connect_up();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(connects),
        TEST(one_event_channel_where_no_more_are_offered),
        TEST(many_queues),
        TEST(sends_pieces_of_any_shape),
        TEST(what_is_copied_is_the_senders_again_at_once),
        TEST(refuses_what_cannot_be_sent),
        TEST(gso_and_checksums_are_told),
        TEST(a_full_ring_says_so_and_comes_back),
        TEST(receives_frames_in_parts),
        TEST(errors_cost_the_frame_alone),
        TEST(a_flood_wakes_us_less_often),
        TEST(one_not_trusted_sees_nothing_but_packets),
        TEST(multicast_is_told_and_remembered),
        TEST(frames_kept_outlive_the_connection),
        TEST(a_backend_that_took_up_old_rings_is_asked_again),
        TEST(every_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
