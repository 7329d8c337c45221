// SPDX-License-Identifier: MIT
/*
 * Whatever a backend does wrong costs it the device, and nobody else anything: each lie by itself, then millions of random steps with a lie
 * at the end of each connection. XENOLITH_STEPS: how many.
 */
#include "evil.h"
#include "netfront_fixture.h"

static void each_lie_costs_the_device(void **state)
{
    (void)state;
    stop();
    for (unsigned int kind = 0; kind < FAKE_NB_LIES; kind++) {
        start();
        connect_up();
        for (unsigned int i = 0; i < 8; i++) {
            assert_int_equal(send_at(i * 5000, 1000), 0);
        }
        if (!fake_nb_lie(kind)) {
            fail_msg("%s: not possible", fake_nb_lie_name(kind));
        }
        breathe();
        settle();
        if (dev->carrier || fake_nb_front_state(0) != XenbusStateClosing) {
            fail_msg("%s: not seen", fake_nb_lie_name(kind));
        }
        assert_int_equal(send_at(0, 100), -ENOTCONN);
        stop();
    }
    start();
    connect_up();
}

/* ---- Millions of steps ---- */

static void random_tx(void)
{
    struct sent *s = new_sent();

    if (s == NULL) {
        return;
    }
    s->tx.nr_frags = 1 + (unsigned int)fake_random_below(3);
    for (unsigned int i = 0; i < s->tx.nr_frags; i++) {
        uint32_t len = fake_random_below(8) == 0 ? (uint32_t)fake_random_below(20000)
                                                 : (uint32_t)fake_random_below(400);

        s->frags[i] = (struct netdev_frag){memory + fake_random_below(MEMORY - len), len};
    }
    if (fake_random_below(4) == 0) {
        s->tx.gso_type = NETDEV_GSO_TCP4;
        s->tx.gso_size = 1448;
    }
    if (fake_random_below(3) == 0) {
        s->tx.flags |= NETDEV_COPY;
    }
    s->tx.hash = (uint32_t)fake_random();
    (void)send(s);
}

static void random_odd(void)
{
    struct fake_nb_queue *q = &fake_nb.queues[fake_random_below(fake_nb.nr_queues)];

    switch (fake_random_below(6)) {
    case 0:
        fake_nb_notify(q->tx_port);
        fake_nb_notify(q->rx_port);
        fake_nb_notify(q->rx_port);
        break;
    case 1:
        q->tx->req_event = (uint32_t)fake_random();
        break;
    case 2:
        q->rx->rsp_event = (uint32_t)fake_random(); /* ours: only we suffer if it were believed */
        fake_nb_notify(q->rx_port);
        break;
    case 3:
        q->tx->req_prod = (uint32_t)fake_random();
        q->tx->req_prod = q->tx_cons; /* as if nothing had been sent: it is only late */
        break;
    default:
        fake_nb.shuffle = fake_random_below(2) != 0;
        fake_nb.rx_offset = (uint16_t)fake_random_below(200);
        fake_nb.tx_status = fake_random_below(8) == 0 ? NETIF_RSP_DROPPED : NETIF_RSP_OKAY;
        break;
    }
}

static void random_step(void)
{
    unsigned int q = (unsigned int)fake_random_below(fake_nb.nr_queues);

    switch (fake_random_below(16)) {
    case 0 ... 5:
        random_tx();
        break;
    case 6 ... 8:
        (void)fake_nb_take(q);
        break;
    case 9 ... 12:
        outgoing.len = fake_random_below(6) == 0 ? fake_random_below(60000) : fake_random_below(600);
        outgoing.gso_type = fake_random_below(4) == 0 ? XEN_NETIF_GSO_TYPE_TCPV4 : 0;
        outgoing.gso_size = 1448;
        outgoing.flags = (uint16_t)fake_random_below(4);
        (void)fake_nb_send(q, &outgoing, fake_random_below(4) != 0);
        break;
    case 13:
        keep_rx = !keep_rx;
        while (!keep_rx && nr_kept != 0) {
            netdev_rx_free(kept[--nr_kept]);
        }
        break;
    case 14:
        if (fake_random_below(20) == 0) {
            random_odd();
        }
        break;
    default:
        breathe();
        break;
    }
}

static void evil_for_millions_of_steps(void **state)
{
    struct evil evil;
    unsigned long lost;

    (void)state;
    stop();
    evil_begin(&evil, 2000000);
    while (evil.left != 0) {
        unsigned long turn = fake_random_below(4000);
        unsigned int kind = (unsigned int)fake_random_below(FAKE_NB_LIES);

        start();
        if (fake_random_below(3) == 0) {
            fake_nb_set(0, "feature-split-event-channels", "0");
        }
        if (fake_random_below(4) == 0) {
            fake_xs_write(FAKE_XS_HOME "/device/vif/0/trusted", "0");
            fake_xs_chmod(FAKE_XS_HOME "/device/vif/0/trusted", "n7 r0");
        }
        netfront_queues_asked = 1 + (unsigned int)fake_random_below(3);
        connect_up();
        while (turn-- != 0 && evil_step(&evil)) {
            random_step();
        }
        fake_fail_after(0);
        assert_true(dev->carrier);
        for (unsigned int tries = 0; tries < 100 && dev->carrier; tries++) {
            random_tx();
            evil.lies += fake_nb_lie(kind);
            breathe();
            settle();
        }
        stop();
        evil_turn_over(&evil);
    }
    netfront_queues_asked = 1;
    lost = evil_end(&evil);
    print_message("%u lies, %u frames in, %u out, %llu masked, %lu pages lost\n", evil.lies, rx_frames,
                  tx_done, (unsigned long long)dev->stats.masked, lost);
    start();
    connect_up();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_lie_costs_the_device),
        TEST(evil_for_millions_of_steps),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
