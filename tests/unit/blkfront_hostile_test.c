// SPDX-License-Identifier: MIT
/*
 * Whatever stands in xenstore, and in whatever order the backend's state changes, at any moment: each request is answered once, what was read is
 * what was written, all grants end, the heap stays as it was; and what the driver tells of the disk makes sense. XENOLITH_STEPS: how many.
 */
#include "blkfront_fixture.h"
#include "evil.h"

static unsigned int attached, refused;

static const char *wild_value(char text[24])
{
    static const char *const values[] = {
        "",
        "0",
        "1",
        "2",
        "4",
        "8",
        "11",
        "12",
        "512",
        "1024",
        "4096",
        "8192",
        "16384",
        "65535",
        "65536",
        "2147483648",
        "4294967295",
        "4294967296",
        "18014398509481984",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "-512",
        " 1",
        "1 ",
        "0x200",
        "r",
        "w",
        "nonsense",
        "99999999999999999999999999999999999999999999999999999999999999999999"};

    if (fake_random_below(4) == 0) {
        snprintf(text, 24, "%llu", (unsigned long long)(fake_random() >> fake_random_below(64)));
        return text;
    }
    return values[fake_random_below(ARRAY_SIZE(values))];
}

static void wild_node(void)
{
    static const char *const nodes[] = {"sectors",
                                        "sector-size",
                                        "physical-sector-size",
                                        "info",
                                        "mode",
                                        "feature-persistent",
                                        "feature-flush-cache",
                                        "feature-barrier",
                                        "feature-discard",
                                        "discard-granularity",
                                        "discard-alignment",
                                        "discard-secure",
                                        "feature-max-indirect-segments",
                                        "multi-queue-max-queues",
                                        "max-ring-page-order",
                                        "online",
                                        "params",
                                        "hotplug-status"};
    char text[24];

    if (fake_random_below(12) == 0) {
        fake_bb_front_set("trusted", wild_value(text));
    } else {
        fake_bb_set(nodes[fake_random_below(ARRAY_SIZE(nodes))], wild_value(text));
    }
}

/* What a disk can be, after any of it. */
static void check_sense(void)
{
    assert_true(dev->block_bytes >= 512 && dev->block_bytes <= 4096 &&
                (dev->block_bytes & (dev->block_bytes - 1)) == 0);
    if (dev->state != BLKDEV_ONLINE) {
        return;
    }
    assert_int_equal(dev->size_bytes % dev->block_bytes, 0);
    assert_true(dev->size_bytes < UINT64_C(1) << 63);
    assert_true(dev->physical_bytes >= dev->block_bytes && dev->physical_bytes % dev->block_bytes == 0);
    assert_true(dev->best_bytes >= 11 * PAGE_SIZE && dev->best_bytes <= 256 * PAGE_SIZE);
    assert_true(dev->nr_queues >= 1 && dev->nr_queues <= 8 && dev->depth >= 32 && dev->depth <= 8 * 512);
    if (dev->features & BLKDEV_CAN_DISCARD) {
        assert_true(dev->discard_bytes >= dev->block_bytes && dev->discard_bytes % dev->block_bytes == 0);
        assert_true(dev->discard_offset_bytes < dev->discard_bytes);
    }
}

/* The rings that the backend serves are those that the frontend has published last. */
static bool is_attached(void)
{
    const char *node = fake_bb.queues[0].nr_pages > 1 ? "ring-ref0" : "ring-ref";

    if (fake_bb.nr_queues > 1) {
        node = fake_bb.queues[0].nr_pages > 1 ? "queue-0/ring-ref0" : "queue-0/ring-ref";
    }
    return fake_bb.nr_queues != 0 && fake_bb_front_state() == XenbusStateConnected &&
           fake_bb_front_number(node, 0) == fake_bb.queues[0].refs[0];
}

static void wild_state(void)
{
    char text[24];

    if (fake_random_below(8) == 0) {
        fake_bb_set("state", wild_value(text));
    } else {
        fake_bb_state((unsigned int)fake_random_below(10));
    }
    if (fake_random_below(2)) {
        return; /* the next comes on its heels */
    }
    settle();
}

/* An answer that comes after the frontend has closed would be to memory that is granted no more: the fake one lets go when it sees that. */
static void follow(void)
{
    settle();
    if (fake_bb.nr_queues != 0 && (!is_attached() || dev->state != BLKDEV_ONLINE)) {
        fake_bb_detach();
    }
    check_sense();
}

/* A backend as it should be takes up what was published. */
static void come_up(void)
{
    if (fake_bb.nr_queues == 0) {
        if (fake_random_below(2)) { /* else much of the time there would be no disk */
            fake_bb_set("sector-size", "512");
            fake_bb_set("online", "1");
        }
        fake_bb_state(XenbusStateInitWait);
        settle();
        if (fake_bb_front_state() != XenbusStateConnected || !fake_bb_attach()) {
            return;
        }
        fake_bb.persistent = false;
        attached++;
    }
    fake_bb_state(XenbusStateConnected);
}

static void transfer(void)
{
    struct job *j = new_job();
    uint32_t block = dev->block_bytes, bytes = block * (1 + (uint32_t)fake_random_below(100000 / block));
    uint64_t offset = block * fake_random_below((FAKE_BB_DISK - bytes) / block + 1), at = offset;
    bool write = fake_random_below(2) != 0;

    if (j == NULL || memchr(in_use + offset / UNIT, 1, bytes / UNIT) != NULL) {
        return;
    }
    cut(j, bytes);
    for (unsigned int i = 0; write && i < j->req.nr_segments; i++) {
        memset(j->segments[i].addr, (int)fake_random_below(256), j->segments[i].bytes);
    }
    if (submit(j, write ? BLKDEV_WRITE : BLKDEV_READ, offset, bytes, fake_random_below(2) != 0) != 0) {
        refused++;
        return;
    }
    for (unsigned int i = 0; write && i < j->req.nr_segments; i++) {
        memcpy(model + at, j->segments[i].addr, j->segments[i].bytes);
        at += j->segments[i].bytes;
    }
}

static void other_request(void)
{
    struct job *j = new_job();

    if (j == NULL) {
        return;
    }
    j->req = (struct blkdev_req){.op = fake_random_below(3) ? BLKDEV_FLUSH : BLKDEV_DISCARD,
                                 .flags = (uint8_t)fake_random_below(2),
                                 .offset = FAKE_BB_DISK - 4096,
                                 .bytes = 4096,
                                 .done = on_done};
    j->bytes = 0;
    j->used = blkdev_submit(dev, &j->req, false) == 0;
}

static void step(void)
{
    switch (fake_random_below(40)) {
    case 0 ... 15:
        transfer();
        break;
    case 16 ... 22:
        (void)fake_bb_take((unsigned int)fake_random_below(16));
        break;
    case 23 ... 30:
        (void)fake_bb_answer((unsigned int)fake_random_below(16));
        break;
    case 31:
        other_request();
        break;
    case 32 ... 33:
        wild_node();
        if (fake_random_below(2)) {
            follow();
        }
        break;
    case 34:
        if (fake_random_below(4) == 0) {
            fake_fail_after(
                0); /* a page whose grant does not end needs memory to be remembered, or is lost */
            wild_state();
            follow();
        }
        break;
    case 35:
        fake_fail_after(0);
        come_up();
        follow();
        break;
    case 36:
        if (fake_random_below(50) == 0) {
            fake_fail_after(0);
            blkdev_abandon(dev);
            follow();
        }
        break;
    default:
        blkdev_push(dev);
        breathe();
        break;
    }
}

static void hostile_for_many_steps(void **state)
{
    struct evil evil;
    unsigned int turns = 0;
    unsigned long lost;

    (void)state;
    stop();
    evil_begin(&evil, 500000);
    while (evil.left != 0) {
        unsigned long turn = fake_random_below(3000);

        start();
        fake_bb.persistent = false;
        blkfront_options.queues = 1 + (unsigned int)fake_random_below(8);
        blkfront_options.ring_order = (unsigned int)fake_random_below(5);
        blkfront_options.segments = (unsigned int)fake_random_below(257);
        settle();
        reset_model();
        for (unsigned int i = (unsigned int)fake_random_below(4); i != 0; i--) {
            wild_node();
        }
        while (turn-- != 0 && evil_step(&evil)) {
            step();
        }
        fake_fail_after(0);
        stop();
        evil_turn_over(&evil);
        turns++;
    }
    lost = evil_end(&evil);
    print_message("%u disks, %u connections, %u requests answered, %u well, %u refused, %lu pages lost\n",
                  turns, attached, done_count, done_good, refused, lost);
    assert_true(attached > turns && done_good > evil.total / 20);
    start();
    connect_up();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(hostile_for_many_steps),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
