// SPDX-License-Identifier: MIT
/*
 * Claims about what blkfront does with single requests: it refuses those that cannot be, errors reach those they belong to, flushes and discards
 * go the way that the backend knows; and about what it believes of a disk.
 */
#include "blkfront_fixture.h"

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

static void a_disk_grows_and_shrinks(void **state)
{
    static const char *const nonsense[] = {
        "", "x", "-1", "99999999999999999999", "18446744073709551615", "18014398509481984", "0"};

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(refuses_what_cannot_be),          TEST(flush_falls_back),
        TEST(discard_with_and_without_secure), TEST(errors_reach_those_they_belong_to),
        TEST(a_disk_grows_and_shrinks),        TEST(nonsense_in_xenstore_costs_the_device),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
