// SPDX-License-Identifier: MIT
/*
 * Claims about blkfront against a backend that checks everything: data arrives whole whatever its pieces, sizes, rings and features; errors reach
 * those they belong to; requests outlive their backend, not their disk; nothing is granted that need not be, every grant ends.
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

static void work(unsigned int steps)
{
    for (unsigned int i = 0; i < steps; i++) {
        switch (fake_random_below(5)) {
        case 0:
            (void)fake_bb_take(1 + (unsigned int)fake_random_below(20));
            break;
        case 1:
            (void)fake_bb_answer((unsigned int)fake_random_below(20));
            breathe();
            break;
        default:
            (void)random_transfer();
            break;
        }
    }
    finish();
}

static void reconnect(void)
{
    fake_bb_detach();
    fake_bb_state(XenbusStateClosed);
    settle();
    assert_int_equal(fake_grants(), 0);
    fake_bb.persistent = true;
    fake_bb_state(XenbusStateInitWait);
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

static void features(bool persistent, bool trusted, const char *segments, const char *block)
{
    fake_bb_set("feature-persistent", persistent ? "1" : "0");
    fake_bb_set("feature-max-indirect-segments", segments);
    fake_bb_set("sector-size", block);
    fake_bb_front_set("trusted", trusted ? "1" : "0");
    fake_bb.indirect = (unsigned int)strtoul(segments, NULL, 10);
    fake_bb.block_bytes = (uint32_t)strtoul(block, NULL, 10);
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

static void refuses_what_cannot_be(void **state)
{
    static const struct blkdev_segment odd[] = {{NULL, 4096}, {NULL, 100}}, none[] = {{NULL, 0}};
    struct blkdev_req req = {.op = BLKDEV_READ, .segments = odd, .nr_segments = 2, .done = on_done};

    (void)state;
    if (dev != NULL) {
        assert_int_equal(submit_new(BLKDEV_READ, 0, 512), -ENXIO);
    }
    fake_bb_set("feature-discard", "0");
    connect_up();
    assert_int_equal(submit_new(BLKDEV_READ, 100, 512), -EINVAL);
    assert_int_equal(submit_new(BLKDEV_READ, 0, 1000), -EINVAL);
    assert_int_equal(submit_new(BLKDEV_READ, FAKE_BB_DISK, 512), -EINVAL);
    assert_int_equal(submit_new(BLKDEV_READ, FAKE_BB_DISK - 512, 1024), -EINVAL);
    assert_int_equal(submit_new(BLKDEV_WRITE, UINT64_MAX - 511, 512), -EINVAL);
    assert_int_equal(blkdev_submit(dev, &req, false), -EINVAL);
    req.segments = none;
    req.nr_segments = 1;
    assert_int_equal(blkdev_submit(dev, &req, false), -EINVAL);
    req.nr_segments = 0;
    assert_int_equal(blkdev_submit(dev, &req, false), -EINVAL);
    req.op = 77;
    assert_int_equal(blkdev_submit(dev, &req, false), -EINVAL);
    assert_int_equal(blkdev_discard(dev, 0, 4096, 0), -EOPNOTSUPP);
    fake_bb_set("mode", "r");
    fake_bb_set("feature-discard", "1");
    reconnect();
    assert_int_equal(dev->features & BLKDEV_READ_ONLY, BLKDEV_READ_ONLY);
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 512), -EROFS);
    assert_int_equal(blkdev_discard(dev, 0, 4096, 0), -EROFS);
    fake_bb_set("mode", "w");
    fake_bb_set("info", "7");
    reconnect();
    assert_int_equal(dev->features & (BLKDEV_READ_ONLY | BLKDEV_CDROM | BLKDEV_REMOVABLE),
                     BLKDEV_READ_ONLY | BLKDEV_CDROM | BLKDEV_REMOVABLE);
    assert_int_equal(done_count, 0);
}

/* A thread for the calls that block. */
static int thread_status;

static void flush_thread(void *arg)
{
    (void)arg;
    thread_status = blkdev_flush(dev);
}

static void discard_thread(void *arg)
{
    thread_status = blkdev_discard(dev, 8192, 16384, *(unsigned int *)arg);
}

static int in_thread(void (*fn)(void *arg), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "caller", fn, arg, 0), 0);
    for (unsigned int i = 0; i < 6; i++) {
        breathe();
        (void)fake_bb_run();
    }
    assert_int_equal(thread_join(t), 0);
    return thread_status;
}

static void flush_falls_back(void **state)
{
    (void)state;
    connect_up();
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_FLUSH_DISKCACHE], 1);
    fake_bb.status = BLKIF_RSP_ERROR;
    assert_int_equal(in_thread(flush_thread, NULL), -EIO);
    fake_bb.status = BLKIF_RSP_OKAY;
    fake_bb.unsupported = 1U << BLKIF_OP_FLUSH_DISKCACHE;
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE_BARRIER], 1);
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_FLUSH_DISKCACHE], 3); /* not asked again */
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE_BARRIER], 2);
    fake_bb.unsupported |= 1U << BLKIF_OP_WRITE_BARRIER;
    assert_int_equal(dev->features & BLKDEV_WRITE_CACHE, BLKDEV_WRITE_CACHE);
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(dev->features & BLKDEV_WRITE_CACHE, 0);
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE_BARRIER], 3);
    fake_bb_set("feature-flush-cache", "0");
    fake_bb.unsupported = 0;
    reconnect();
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE_BARRIER], 4);
    fake_bb_set("feature-barrier", "0");
    reconnect();
    assert_int_equal(dev->features & BLKDEV_WRITE_CACHE, 0);
    assert_int_equal(in_thread(flush_thread, NULL), 0);
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE_BARRIER], 4);
}

static void discard_with_and_without_secure(void **state)
{
    unsigned int plain = 0, secure = BLKDEV_SECURE;

    (void)state;
    connect_up();
    assert_int_equal(in_thread(discard_thread, &plain), 0);
    assert_int_equal(fake_bb.secure, 0);
    assert_int_equal(in_thread(discard_thread, &secure), 0);
    assert_int_equal(fake_bb.secure, 1);
    fake_bb.unsupported = 1U << BLKIF_OP_DISCARD;
    assert_int_equal(in_thread(discard_thread, &secure), -EOPNOTSUPP);
    assert_int_equal(dev->features & (BLKDEV_CAN_DISCARD | BLKDEV_CAN_SECURE), BLKDEV_CAN_DISCARD);
    assert_int_equal(in_thread(discard_thread, &plain), -EOPNOTSUPP);
    assert_int_equal(dev->features & (BLKDEV_CAN_DISCARD | BLKDEV_CAN_SECURE), 0);
    fake_bb_set("discard-secure", "0");
    fake_bb.unsupported = 0;
    reconnect();
    assert_int_equal(in_thread(discard_thread, &secure), -EOPNOTSUPP);
    assert_int_equal(in_thread(discard_thread, &plain), 0);
    assert_int_equal(fake_bb.secure, 2);
}

static void errors_reach_those_they_belong_to(void **state)
{
    static const int16_t statuses[] = {BLKIF_RSP_ERROR, BLKIF_RSP_EOPNOTSUPP, -3, -32768, 1, 32767};
    unsigned int n = 0;

    (void)state;
    connect_up();
    for (unsigned int i = 0; i < ARRAY_SIZE(statuses); i++, n++) {
        assert_int_equal(submit_new(BLKDEV_WRITE, 0, 8192), 0);
        (void)fake_bb_take(UINT32_MAX);
        assert_int_equal(submit_new(BLKDEV_READ, 65536, 8192), 0);
        fake_bb.status = statuses[i];
        (void)fake_bb_answer(UINT32_MAX);
        fake_bb.status = BLKIF_RSP_OKAY;
        finish();
        assert_int_equal(done_io, n + 1);
        assert_int_equal(done_good, n + 1);
    }
    /* Of a large one the rest is not tried. */
    features(true, true, "0", "512");
    reconnect();
    memset(fake_bb.ops, 0, sizeof(fake_bb.ops));
    assert_int_equal(submit_new(BLKDEV_WRITE, 0, 1048576 + 262144),
                     0); /* 30 parts; more than a ring with the next */
    assert_int_equal(submit_new(BLKDEV_WRITE, 2097152, 1048576 + 262144), 0);
    fake_bb.status = BLKIF_RSP_ERROR;
    (void)fake_bb_run();
    fake_bb.status = BLKIF_RSP_OKAY;
    finish();
    assert_int_equal(done_io, n + 2);
    assert_int_equal(fake_bb.ops[BLKIF_OP_WRITE], 32);
    assert_int_equal(dev->state, BLKDEV_ONLINE);
}

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

static void a_disk_grows_and_shrinks(void **state)
{
    static const char *const nonsense[] = {"", "x", "-1", "99999999999999999999", "18446744073709551615",
                                           "0"};

    (void)state;
    fake_bb_set("sectors", "4294967297"); /* beyond 2 TiB */
    connect_up();
    assert_int_equal(dev->size_bytes, UINT64_C(4294967297) * 512);
    fake_bb_set("sectors", "2049");
    settle();
    assert_int_equal(dev->size_bytes, 2049 * 512);
    assert_int_equal(events[BLKDEV_RESIZED], 1);
    assert_int_equal(submit_new(BLKDEV_READ, 2048 * 512, 512), 0);
    assert_int_equal(submit_new(BLKDEV_READ, 2049 * 512, 512), -EINVAL);
    finish();
    for (unsigned int i = 0; i < ARRAY_SIZE(nonsense); i++) {
        fake_bb_set("sectors", nonsense[i]);
        settle();
        assert_int_equal(dev->size_bytes, 2049 * 512);
        assert_int_equal(dev->state, BLKDEV_ONLINE);
    }
    fake_bb_set("sector-size", "4096");
    fake_bb_set("sectors", "2049");
    fake_bb.block_bytes = 4096;
    reconnect();
    assert_int_equal(dev->size_bytes, 2048 * 512); /* whole blocks */
    assert_int_equal(submit_new(BLKDEV_READ, 512, 4096), -EINVAL);
}

static void nonsense_in_xenstore_costs_the_device(void **state)
{
    static const char *const blocks[] = {"0", "1", "256", "513", "8192", "4294967808"};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(blocks); i++) {
        fake_bb_set("sector-size", blocks[i]);
        settle();
        assert_true(fake_bb_attach());
        fake_bb_state(XenbusStateConnected);
        fake_bb_detach();
        settle();
        assert_int_equal(fake_bb_front_state(), XenbusStateClosing);
        assert_true(dev->state == BLKDEV_ABSENT);
        fake_bb_remove();
        settle();
        start();
    }
    fake_bb_set("max-ring-page-order", "77");
    fake_bb_set("multi-queue-max-queues", "0");
    fake_bb_set("physical-sector-size", "100");
    fake_bb_set("discard-granularity", "777");
    fake_bb_set("discard-alignment", "99999999");
    blkfront_options.ring_order = 4;
    connect_up();
    assert_int_equal(dev->physical_bytes, 512);
    assert_int_equal(dev->discard_bytes, 512);
    assert_int_equal(dev->discard_offset_bytes, 0);
    work(100);
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
        TEST(refuses_what_cannot_be),
        TEST(flush_falls_back),
        TEST(discard_with_and_without_secure),
        TEST(errors_reach_those_they_belong_to),
        TEST(requests_outlive_their_backend),
        TEST(a_flush_tells_what_a_crash_may_have_cost),
        TEST(what_the_backend_still_uses_comes_back_later),
        TEST(one_connected_to_old_rings_starts_anew),
        TEST(a_disk_taken_away_answers_all),
        TEST(one_not_trusted_sees_nothing_but_data),
        TEST(a_disk_grows_and_shrinks),
        TEST(nonsense_in_xenstore_costs_the_device),
        TEST(every_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
