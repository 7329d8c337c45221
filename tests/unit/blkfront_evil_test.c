// SPDX-License-Identifier: MIT
/*
 * Whatever a backend does wrong costs it the disk, and nobody else anything: each lie by itself, then millions of random steps with a lie at the
 * end of each connection. XENOLITH_STEPS: how many.
 */
#include "blkfront_fixture.h"
#include "evil.h"

static void random_start(void)
{
    static const char *const segments[] = {"0", "32", "256"};
    unsigned int s = (unsigned int)fake_random_below(ARRAY_SIZE(segments));
    bool persistent = fake_random_below(2) != 0, large = fake_random_below(3) == 0;

    start();
    fake_bb_set("feature-persistent", persistent ? "1" : "0");
    fake_bb_set("feature-max-indirect-segments", segments[s]);
    fake_bb_set("sector-size", large ? "4096" : "512");
    if (fake_random_below(4) == 0) {
        fake_bb_front_set("trusted", "0");
    }
    fake_bb.persistent = persistent;
    fake_bb.indirect = (unsigned int)strtoul(segments[s], NULL, 10);
    fake_bb.block_bytes = large ? 4096 : 512;
    blkfront_options.queues = 1 + (unsigned int)fake_random_below(4);
    blkfront_options.ring_order = (unsigned int)fake_random_below(3);
}

static bool is_given_up(void)
{
    return dev->state == BLKDEV_ABSENT && fake_bb_front_state() == XenbusStateClosing;
}

static void each_lie_costs_the_disk(void **state)
{
    (void)state;
    stop();
    for (unsigned int kind = 0; kind < FAKE_BB_LIES; kind++) {
        for (unsigned int keep = 0; keep < 2; keep++) {
            start();
            fake_bb_set("feature-persistent", keep ? "1" : "0");
            fake_bb.persistent = keep;
            connect_up();
            reset_model();
            done_count = done_io = done_busy = done_good = 0;
            for (unsigned int i = 0; i < 8; i++) {
                assert_int_equal(submit_new(i & 1 ? BLKDEV_WRITE : BLKDEV_READ, i * 65536, 60 * 1024), 0);
            }
            if (!fake_bb_lie(kind)) {
                assert_true(kind == 10 && keep); /* a page that is kept anyway */
                (void)fake_bb_lie(0);
            }
            breathe();
            settle();
            if (!is_given_up()) {
                fail_msg("%s: not seen", fake_bb_lie_name(kind));
            }
            assert_int_equal(done_count, 8);
            assert_int_equal(done_busy >= 1, !keep); /* what it had mapped, and only that */
            assert_int_equal(submit_new(BLKDEV_READ, 0, 512), -ENXIO);
            stop();
        }
    }
    start();
    connect_up();
}

/* ---- Millions of steps ---- */

static void random_odd(void)
{
    struct fake_bb_queue *q = &fake_bb.queues[fake_random_below(fake_bb.nr_queues)];

    switch (fake_random_below(7)) {
    case 0 ... 2:
        fake_backend_disturb(q->ring, q->port);
        break;
    case 3:
        fake_bb.status = fake_random_below(3) == 0 ? (int16_t)fake_random() : BLKIF_RSP_OKAY;
        break;
    case 4: {
        uint32_t prod;

        /* What lies in slots whose answers were taken is nobody's business: noise there must not be seen. */
        fake_backend_notify(q->port);
        breathe();
        blkdev_push(dev);
        prod = q->ring->req_prod;
        for (uint32_t i = q->rsp; i-- != 0 && prod - i < q->nr_slots;) {
            memset(&q->ring->ring[i & (q->nr_slots - 1)], (int)fake_random_below(256),
                   sizeof(struct blkif_response));
        }
        break;
    }
    case 5:
        fake_bb_purge();
        break;
    default:
        fake_bb.shuffle = !fake_bb.shuffle;
        fake_bb.hold_events = fake_random_below(4) == 0;
        break;
    }
}

static void random_flush_or_discard(void)
{
    struct job *j = new_job();

    if (j == NULL) {
        return;
    }
    j->req = (struct blkdev_req){.op = BLKDEV_FLUSH, .done = on_done};
    j->bytes = 0;
    j->used = true;
    if (blkdev_submit(dev, &j->req, false) != 0) {
        j->used = false;
    }
}

/* The backend closes in good order and comes back, or crashes and comes back. */
static void random_restart(void)
{
    fake_fail_after(0);
    fake_bb_detach();
    if (fake_random_below(2)) {
        fake_bb_state(XenbusStateClosing);
        settle();
        fake_bb_state(XenbusStateClosed);
        settle();
    }
    fake_bb_state(XenbusStateInitWait);
    connect_up();
    fake_bb.persistent = fake_bb.persistent && strcmp(fake_xs_read("/local/domain/0/backend/vbd/7/51712/"
                                                                   "feature-persistent"),
                                                      "1") == 0;
}

static void random_step(void)
{
    switch (fake_random_below(16)) {
    case 0 ... 6:
        (void)random_transfer();
        break;
    case 7 ... 9:
        (void)fake_bb_take(1 + (unsigned int)fake_random_below(16));
        break;
    case 10 ... 12:
        (void)fake_bb_answer((unsigned int)fake_random_below(16));
        break;
    case 13:
        if (fake_random_below(10) == 0) {
            random_odd();
        } else if (fake_random_below(500) == 0) {
            random_restart();
        }
        break;
    case 14:
        random_flush_or_discard();
        break;
    default:
        blkdev_push(dev);
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
        unsigned long turn = fake_random_below(6000);
        unsigned int kind = (unsigned int)fake_random_below(FAKE_BB_LIES);

        random_start();
        connect_up();
        reset_model();
        while (turn-- != 0 && evil_step(&evil)) {
            random_step();
        }
        fake_fail_after(0);
        assert_true(dev->state == BLKDEV_ONLINE);
        if (fake_random_below(2)) {
            finish();
            for (unsigned int i = 0; i < NR_UNITS; i++) {
                assert_true(unknown[i] || memcmp(fake_bb.disk + i * UNIT, model + i * UNIT, UNIT) == 0);
            }
        }
        for (unsigned int tries = 0; tries < 40 && !is_given_up(); tries++) {
            finish(); /* else all our memory would be lost to it in a few turns */
            fake_bb_purge();
            for (unsigned int i = 0; i < 4; i++) {
                (void)random_transfer();
            }
            blkdev_push(dev);
            evil.lies += fake_bb_lie(kind);
            breathe();
            settle();
        }
        stop();
        evil_turn_over(&evil);
    }
    lost = evil_end(&evil);
    print_message(
        "%u lies, %u requests answered, %u well, %u with their memory held, %lu masked, %lu pages lost\n",
        evil.lies, done_count, done_good, done_busy, (unsigned long)dev->stats.masked, lost);
    start();
    connect_up();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_lie_costs_the_disk),
        TEST(evil_for_millions_of_steps),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
