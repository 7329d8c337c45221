// SPDX-License-Identifier: MIT
/*
 * Claims about a block backend that goes away: requests outlive their backend, not their disk, and each is answered once.
 */
#include "blkfront_fixture.h"

static void requests_outlive_their_backend(void **state)
{
    unsigned int generation;

    (void)state;
    connect_up();
    generation = dev->generation;
    for (unsigned int turn = 0; turn < 40; turn++) {
        unsigned int before = done_count;

        for (unsigned int i = 0; i < 60; i++) {
            (void)random_transfer();
        }
        blkdev_push(dev);
        (void)fake_bb_take((unsigned int)fake_random_below(40));
        (void)fake_bb_answer((unsigned int)fake_random_below(10));
        if (turn % 2) {
            breathe();
        }
        fake_bb_detach();
        fake_bb_state(XenbusStateClosing);
        settle();
        assert_int_equal(dev->state, BLKDEV_HELD);
        fake_bb_state(XenbusStateClosed);
        settle();
        assert_int_equal(fake_grants(), 0);
        (void)random_transfer(); /* taken meanwhile */
        fake_bb.persistent = turn & 1;
        fake_bb_set("feature-persistent", turn & 1 ? "1" : "0");
        fake_bb_state(XenbusStateInitWait);
        connect_up();
        finish();
        assert_true(done_count > before);
        assert_int_equal(done_good, done_count);
    }
    assert_int_equal(dev->generation, generation); /* the same disk all the time */
    assert_true(dev->stats.replays > 0);
    assert_memory_equal(fake_bb.disk, model, FAKE_BB_DISK);
    assert_int_equal(in_thread(flush_thread, NULL), 0); /* it went in good order each time */
}

static void a_flush_tells_what_a_crash_may_have_cost(void **state)
{
    (void)state;
    connect_up();
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 4096), 0);
    finish();
    fake_bb_detach();
    fake_bb_state(XenbusStateInitWait); /* started anew behind our back */
    connect_up();
    assert_int_equal(in_thread(flush_thread, NULL), -EIO);
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    fake_bb_detach();
    fake_bb_state(XenbusStateInitWait);
    connect_up();
    assert_int_equal(in_thread(flush_thread, NULL), 0); /* nothing was open */
}

static void what_the_backend_still_uses_comes_back_later(void **state)
{
    struct page_stats before, after;

    (void)state;
    connect_up();
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 1048576), 0);
    finish();
    page_get_stats(&before);
    fake_bb_state(
        XenbusStateClosed); /* with everything mapped, as Linux does when requests are under way below it */
    settle();
    assert_true(fake_grants() > 256);
    fake_bb_detach();
    fake_bb_state(XenbusStateInitWait);
    connect_up();
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 1048576), 0);
    finish();
    page_get_stats(&after);
    assert_int_equal(after.free, before.free);
    assert_int_equal(after.quarantined, before.quarantined);
}

static void one_connected_to_old_rings_starts_anew(void **state)
{
    (void)state;
    connect_up();
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 65536), 0);
    fake_bb_state(XenbusStateInitWait);
    settle();
    assert_int_equal(fake_bb_front_state(), XenbusStateConnected);
    fake_bb_state(XenbusStateConnected); /* but not to what we have published since */
    settle();
    assert_int_equal(fake_bb_front_state(), XenbusStateClosing);
    assert_int_equal(dev->state, BLKDEV_HELD);
    fake_bb_state(XenbusStateClosing);
    settle();
    assert_int_equal(fake_bb_front_state(), XenbusStateClosed);
    fake_bb_detach();
    fake_bb_state(XenbusStateClosed);
    settle();
    fake_bb_state(XenbusStateInitWait);
    connect_up();
    finish();
    assert_int_equal(done_good, 1);
}

static void a_disk_taken_away_answers_all(void **state)
{
    unsigned int generation;

    (void)state;
    connect_up();
    generation = dev->generation;
    for (unsigned int i = 0; i < 10; i++) {
        assert_int_equal(submit_new(BLKDEV_WRITE, i * 131072, 131072), 0);
    }
    (void)fake_bb_take(5);
    (void)fake_bb_answer(2);
    fake_bb_detach();
    fake_bb_set("online", "0");
    fake_bb_state(XenbusStateClosing);
    settle();
    assert_int_equal(dev->state, BLKDEV_ABSENT);
    assert_int_equal(submit_new(BLKDEV_READ, 0, 512), -ENXIO);
    fake_bb_state(XenbusStateClosed);
    settle();
    assert_int_equal(done_gone, 8);
    assert_int_equal(done_good, 2);
    fake_bb_remove();
    settle();
    start();
    connect_up();
    assert_int_equal(dev->generation, generation + 1);
    /* And without a word. */
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 131072), 0);
    fake_bb_detach();
    fake_bb_remove();
    settle();
    assert_int_equal(done_gone, 9);
    start();
    /* While held. */
    connect_up();
    fake_bb_detach();
    fake_bb_state(XenbusStateClosed);
    settle();
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 131072), 0);
    assert_int_equal(done_gone, 9);
    fake_bb_remove();
    settle();
    assert_int_equal(done_gone, 10);
}

static void one_waited_for_no_longer_answers_all(void **state)
{
    (void)state;
    connect_up();
    blkdev_abandon(dev); /* it is there */
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 131072), 0);
    assert_int_equal(submit_new(BLKDEV_WRITE, 131072, 131072), 0);
    /* Its rings are still in the backend's hands. */
    (void)fake_bb_take(1);
    fake_bb_state(XenbusStateClosing);
    settle();
    assert_int_equal(dev->state, BLKDEV_HELD);
    assert_int_equal(done_count, 0);
    blkdev_abandon(dev);
    settle();
    assert_int_equal(dev->state, BLKDEV_ABSENT);
    assert_int_equal(done_io, 2);
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 512), -ENXIO);
    fake_bb_detach();
    fake_bb_state(XenbusStateInitWait); /* too late */
    settle();
    assert_int_equal(dev->state, BLKDEV_ABSENT);
    assert_int_equal(blkdev_settle(TIME_FOREVER), 0);
    fake_bb_remove();
    settle();
    start();
    connect_up();
    /* It is gone, and has given everything back. */
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 131072), 0);
    fake_bb_detach();
    fake_bb_state(XenbusStateClosed);
    settle();
    assert_int_equal(dev->state, BLKDEV_HELD);
    assert_int_equal(submit_new(BLKDEV_WRITE, 131072, 131072), 0);
    blkdev_abandon(dev);
    assert_int_equal(dev->state, BLKDEV_ABSENT);
    assert_int_equal(done_io, 4);
    blkdev_abandon(dev);
    settle();
    assert_int_equal(fake_bb_front_state(), XenbusStateClosed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(requests_outlive_their_backend),
        TEST(a_flush_tells_what_a_crash_may_have_cost),
        TEST(what_the_backend_still_uses_comes_back_later),
        TEST(one_connected_to_old_rings_starts_anew),
        TEST(a_disk_taken_away_answers_all),
        TEST(one_waited_for_no_longer_answers_all),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
