// SPDX-License-Identifier: MIT
/*
 * Claims about blkfront against a backend that checks everything: data arrives whole whatever its pieces, sizes, rings and features, however
 * short memory is; nothing is granted that need not be, every grant ends.
 */
#include "blkfront_fixture.h"

static void connects(void **state)
{
    (void)state;
    connect_up();
    assert_string_equal(dev->name, "xvda");
    assert_int_equal(dev->size_bytes, FAKE_BB_DISK);
    assert_int_equal(dev->block_bytes, 512);
    assert_int_equal(dev->physical_bytes, 4096);
    assert_int_equal(dev->discard_bytes, 4096);
    assert_int_equal(dev->best_bytes, 1 << 20);
    assert_int_equal(dev->depth, 32);
    assert_int_equal(dev->features, BLKDEV_WRITE_CACHE | BLKDEV_CAN_DISCARD | BLKDEV_CAN_SECURE);
    assert_int_equal(blkdev_settle(TIME_FOREVER), 1);
    assert_ptr_equal(blkdev_find("xvda"), dev);
    assert_ptr_equal(blkdev_next(NULL), dev);
    assert_null(blkdev_find("xvdb"));
    assert_null(blkdev_find("xvda1"));
    assert_non_null(fake_xs_read(FAKE_XS_HOME "/device/vbd/51712/ring-ref"));
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/device/vbd/51712/protocol"), "x86_64-abi");
    assert_int_equal(events[BLKDEV_STATE], 1);
}

static void names_are_the_toolstacks(void **state)
{
    static const struct {
        uint64_t number;
        const char *name;
    } cases[] = {{51712, "xvda"},
                 {51713, "xvda1"},
                 {51727, "xvda15"},
                 {51728, "xvdb"},
                 {51967, "xvdp15"},
                 {UINT64_C(1) << 28, "xvda"},
                 {UINT64_C(1) << 28 | 26 << 8, "xvdaa"},
                 {UINT64_C(1) << 28 | 701 << 8 | 255, "xvdzz255"},
                 {UINT64_C(1) << 28 | 702 << 8, "xvdaaa"},
                 {UINT64_C(0x1fffffff), "xvdbgqcv255"},
                 {3 << 8, "hda"},
                 {3 << 8 | 64, "hdb"},
                 {22 << 8 | 65, "hdd1"},
                 {8 << 8, "sda"},
                 {8 << 8 | 17, "sdb1"},
                 {65 << 8, "sdq"},
                 {0, "vbd0"},
                 {3 << 8 | 128, "vbd896"},
                 {UINT64_C(1) << 29, "vbd536870912"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char name[16];

        blkfront_name(name, sizeof(name), cases[i].number);
        assert_string_equal(name, cases[i].name);
    }
    connect_up();
}

static void every_layout_of_rings(void **state)
{
    (void)state;
    connect_up();
    for (unsigned int order = 0; order <= 4; order++) {
        for (unsigned int queues = 1; queues <= 8; queues *= 2) {
            blkfront_options.ring_order = order;
            blkfront_options.queues = queues;
            reconnect();
            assert_int_equal(dev->nr_queues, MIN(queues, 4));
            assert_int_equal(dev->depth, MIN(queues, 4) * (32U << order));
            fake_bb.shuffle = true;
            work(300);
        }
    }
    /* And back: nothing of the old layout is left. */
    blkfront_options.ring_order = 0;
    blkfront_options.queues = 1;
    reconnect();
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vbd/51712/queue-0/ring-ref0"));
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vbd/51712/ring-page-order"));
    assert_null(fake_xs_read(FAKE_XS_HOME "/device/vbd/51712/multi-queue-num-queues"));
    work(300);
    assert_memory_equal(fake_bb.disk, model, FAKE_BB_DISK);
}

static void every_mix_of_features(void **state)
{
    static const char *const segments[] = {"0", "12", "32", "256", "100000"};
    static const char *const blocks[] = {"512", "1024", "4096"};

    (void)state;
    connect_up();
    for (unsigned int mix = 0; mix < 4 * ARRAY_SIZE(segments) * ARRAY_SIZE(blocks); mix++) {
        unsigned int s = mix / 4 % ARRAY_SIZE(segments), b = mix / 4 / ARRAY_SIZE(segments);
        uint64_t before = fake_bb.indirects;

        features(mix & 1, mix & 2, segments[s], blocks[b]);
        reconnect();
        fake_bb.persistent = mix & 1;
        assert_int_equal(dev->block_bytes, fake_bb.block_bytes);
        work(400);
        assert_true((s == 0) == (fake_bb.indirects == before));
        assert_memory_equal(fake_bb.disk, model, FAKE_BB_DISK);
    }
    assert_int_equal(fake_bb.largest, 2048);
}

static void never_full(void **state)
{
    unsigned int n = 0;
    uint64_t upcalls;

    (void)state;
    connect_up();
    for (uint64_t at = 0; n < NR_JOBS; at += 131072, n++) {
        assert_int_equal(submit_new(n & 1 ? BLKDEV_READ : BLKDEV_WRITE, at, 131072), 0);
    }
    assert_int_equal(fake_bb_take(UINT32_MAX), 32);
    assert_true(dev->stats.waits > 0);
    upcalls = dev->stats.upcalls;
    (void)fake_bb_answer(UINT32_MAX);
    breathe();
    assert_int_equal(dev->stats.upcalls - upcalls, 1); /* of 32 answers shown at once */
    assert_int_equal(done_good, 32);
    finish();
    assert_int_equal(done_good, NR_JOBS);
}

static void goes_on_without_memory(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        features(mode == 0, true, "256", "512");
        connect_up();
        fake_fail_always();
        for (unsigned int i = 0; i < 12; i++) {
            assert_int_equal(submit_new(BLKDEV_WRITE, i * 400384, 300032), 0);
        }
        finish();
        fake_fail_after(0);
        assert_int_equal(done_good, 12U * (unsigned int)(mode + 1));
        assert_memory_equal(fake_bb.disk, model, FAKE_BB_DISK);
        fake_bb_detach();
        fake_bb_state(XenbusStateClosed);
        settle();
        fake_bb_state(XenbusStateInitWait);
    }
    connect_up();
}

static void batches_are_shown_once(void **state)
{
    uint64_t notified;

    (void)state;
    connect_up();
    notified = fake_backend.notified;
    for (unsigned int i = 0; i < 20; i++) {
        struct job *j = new_job();

        j->req.nr_segments = 0;
        assert_int_equal(submit(j, BLKDEV_READ, i * 4096, 4096, true), 0);
    }
    assert_int_equal(fake_bb_take(UINT32_MAX), 0);
    blkdev_push(dev);
    assert_int_equal(fake_backend.notified - notified, 1);
    assert_int_equal(fake_bb_take(UINT32_MAX), 20);
    fake_bb.hold_events = true;
    fake_bb.queues[0].ring->req_event = fake_bb.queues[0].cons - 1000;
    assert_int_equal(submit_new(BLKDEV_READ, 0x100000, 4096), 0);
    assert_int_equal(fake_backend.notified - notified, 1); /* it did not ask */
    finish();
}

static void one_not_trusted_sees_nothing_but_data(void **state)
{
    (void)state;
    features(false, false, "256", "512");
    connect_up();
    for (unsigned int n = 0; n < 100; n++) {
        struct job *j = new_job();
        const uint8_t *page;

        memset(j->memory, 'S', JOB_BYTES);
        memset(j->memory + 1024, 'd', 512);
        memset(model + 512, 'd', 512);
        j->segments[0] = (struct blkdev_segment){j->memory + 1024, 512};
        j->req.nr_segments = 1;
        assert_int_equal(submit(j, BLKDEV_WRITE, 512, 512, false), 0);
        assert_int_equal(fake_bb_take(UINT32_MAX), 1);
        page = fake_grant_page(fake_bb.pending[0]->segments[0].gref, false);
        assert_int_equal(fake_bb.pending[0]->segments[0].first_sect, 0);
        assert_int_equal(fake_bb.pending[0]->segments[0].last_sect, 0);
        for (unsigned int i = 0; i < 4096; i++) {
            assert_int_not_equal(page[i], 'S');
        }
        (void)fake_bb_answer(1);
        breathe();
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    stop();
    blkfront_options.queues = 2;
    blkfront_options.ring_order = 1;
    for (unsigned int n = 1; n < 300; n++) {
        start();
        fake_fail_after(n);
        settle();
        fake_fail_after(0);
        if (fake_bb_front_state() == XenbusStateConnected && fake_bb_attach()) {
            fake_bb_state(XenbusStateConnected);
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
        TEST(names_are_the_toolstacks),
        TEST(every_layout_of_rings),
        TEST(every_mix_of_features),
        TEST(never_full),
        TEST(goes_on_without_memory),
        TEST(batches_are_shown_once),
        TEST(one_not_trusted_sees_nothing_but_data),
        TEST(every_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
