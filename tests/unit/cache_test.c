// SPDX-License-Identifier: MIT
/*
 * Claims about the page cache, on a disk that answers late and in any order: what was written is read back, from the cache and, after a
 * sync, from the disk; it stays within its limit and gives way; errors reach all that ask, once each; another disk in the place of this one gets
 * nothing of it; reading in order costs few requests.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/wait.h>

#include "../../lib/fs/cache.h"
#include "unit.h"

#define DISK_BYTES ((4u << 20) + 1536) /* the last page is a part of one */
#define QUEUE      64

static unsigned char disk[DISK_BYTES], model[DISK_BYTES];
static struct blkdev_req *queue[QUEUE];
static unsigned int nr_queued, nr_pushed, nr_requests, nr_flushes;
static int status_to_give;
static uint64_t bad_at = UINT64_MAX; /* the byte that cannot be read */
static struct wait_queue work = WAIT_QUEUE_INIT(work);

int blkdev_driver_start(void)
{
    return 0;
}

unsigned int blkdev_driver_settle(uint64_t deadline_ns)
{
    (void)deadline_ns;
    return 1;
}

static bool overlap(const struct blkdev_req *a, const struct blkdev_req *b)
{
    return a->op != BLKDEV_FLUSH && b->op != BLKDEV_FLUSH && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

static int submit(struct blkdev *dev, struct blkdev_req *req, bool more)
{
    (void)dev;
    req->bytes = 0;
    for (unsigned int i = 0; i < req->nr_segments; i++) {
        assert_true(req->segments[i].bytes > 0 && req->segments[i].bytes % 512 == 0);
        req->bytes += req->segments[i].bytes;
    }
    assert_true(req->offset + req->bytes <= DISK_BYTES);
    assert_true(nr_queued < QUEUE);
    for (unsigned int i = 0; i < nr_queued; i++) {
        assert_false(overlap(req, queue[i]));
    }
    queue[nr_queued++] = req;
    /* Nothing is on its way before it is pushed. */
    nr_pushed = more ? nr_pushed : nr_queued;
    nr_requests++;
    wait_wake_all(&work);
    return 0;
}

static void push(struct blkdev *dev)
{
    (void)dev;
    nr_pushed = nr_queued;
    wait_wake_all(&work);
}

static const struct blkdev_ops ops = {.submit = submit, .push = push};
static struct blkdev dev = {
    .name = "xvda", .state = BLKDEV_ONLINE, .size_bytes = DISK_BYTES, .block_bytes = 512, .ops = &ops};

static int carry_out(struct blkdev_req *req)
{
    uint64_t at = req->offset;

    if (req->op == BLKDEV_FLUSH) {
        nr_flushes++;
        return 0;
    }
    if (req->op == BLKDEV_READ && bad_at >= req->offset && bad_at < req->offset + req->bytes) {
        return -EIO;
    }
    if (req->op == BLKDEV_WRITE && status_to_give != 0) {
        return status_to_give;
    }
    for (unsigned int i = 0; i < req->nr_segments; at += req->segments[i++].bytes) {
        if (req->op == BLKDEV_READ) {
            memcpy(req->segments[i].addr, disk + at, req->segments[i].bytes);
        } else {
            memcpy(disk + at, req->segments[i].addr, req->segments[i].bytes);
        }
    }
    return 0;
}

/* The driver's thread: answers in random order, some time later. */
static void driver(void *arg)
{
    (void)arg;
    for (;;) {
        struct blkdev_req *req;
        unsigned int i;

        wait_event(&work, nr_pushed > 0);
        thread_yield();
        i = (unsigned int)fake_random_below(nr_pushed);
        req = queue[i];
        queue[i] = queue[--nr_pushed];
        queue[nr_pushed] = queue[--nr_queued];
        req->done(req, carry_out(req));
    }
}

static int boot(void **state)
{
    struct thread *thread;

    (void)state;
    fake_boot(8192);
    boot_info.nr_pages = 256; /* 128 pages of cache */
    dev.user = NULL;
    for (size_t i = 0; i < DISK_BYTES; i++) {
        disk[i] = model[i] = (unsigned char)(i * 31 + i / 4093);
    }
    if (thread_create(&thread, "driver", driver, NULL, 0) != 0) {
        return 1;
    }
    thread_detach(thread);
    return 0;
}

static void random_reads_and_writes_agree_with_a_model(void **state)
{
    static unsigned char buf[70000];
    struct cache *c = cache_of(&dev);
    struct cache_stats stats;

    (void)state;
    assert_ptr_equal(c, cache_of(&dev));
    for (unsigned int i = 0; i < 20000; i++) {
        size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(8) == 0 ? sizeof(buf) : 6000);
        uint64_t offset = fake_random_below(DISK_BYTES - bytes + 1);

        if (fake_random_below(2) == 0) {
            memset(buf, (int)fake_random(), bytes);
            memcpy(model + offset, buf, bytes);
            assert_int_equal(cache_write(c, offset, buf, bytes), 0);
        } else {
            assert_int_equal(cache_read(c, offset, buf, bytes), 0);
            assert_memory_equal(buf, model + offset, bytes);
        }
        cache_get_stats(c, &stats);
        assert_true(stats.pages <= stats.limit + 1);
        if (fake_random_below(500) == 0) {
            assert_int_equal(cache_sync(c), 0);
            assert_memory_equal(disk, model, DISK_BYTES);
        }
    }
    assert_true(nr_flushes > 0);
}

#define NR_WORKERS 6

static unsigned int nr_working;
static struct wait_queue workers_done = WAIT_QUEUE_INIT(workers_done);

/* Each in a part of its own, so that each knows what it must find. */
static void work_in_part(void *arg)
{
    struct cache *c = cache_of(&dev);
    uint64_t part = DISK_BYTES / NR_WORKERS, base = (uintptr_t)arg * part;
    unsigned char buf[9000];

    for (unsigned int i = 0; i < 1500; i++) {
        size_t bytes = 1 + (size_t)fake_random_below(sizeof(buf));
        uint64_t offset = base + fake_random_below(part - bytes + 1);

        if (fake_random_below(100) == 0) {
            assert_int_equal(cache_sync(c), 0);
        } else if (fake_random_below(2) == 0) {
            memset(buf, (int)fake_random(), bytes);
            memcpy(model + offset, buf, bytes);
            assert_int_equal(cache_write(c, offset, buf, bytes), 0);
        } else {
            assert_int_equal(cache_read(c, offset, buf, bytes), 0);
            assert_memory_equal(buf, model + offset, bytes);
        }
        if (fake_random_below(4) == 0) {
            thread_yield();
        }
    }
    nr_working--;
    wait_wake_all(&workers_done);
}

static void many_threads_do_not_wait_for_each_other_for_ever(void **state)
{
    (void)state;
    for (uintptr_t i = 0; i < NR_WORKERS; i++) {
        struct thread *thread;

        assert_int_equal(thread_create(&thread, "worker", work_in_part, (void *)i, 0), 0);
        thread_detach(thread);
        nr_working++;
    }
    wait_event(&workers_done, nr_working == 0);
    assert_int_equal(cache_sync(cache_of(&dev)), 0);
    assert_memory_equal(disk, model, DISK_BYTES);
}

static bool keep_writing;

static void write_without_end(void *arg)
{
    (void)arg;
    for (uint64_t at = 0; keep_writing; at = (at + 4096) % (64 * 4096)) {
        assert_int_equal(cache_write(cache_of(&dev), at, model + at, 4096), 0);
        thread_yield();
    }
    nr_working--;
    wait_wake_all(&workers_done);
}

static void a_sync_does_not_wait_for_what_comes_later(void **state)
{
    struct thread *thread;

    (void)state;
    keep_writing = true;
    nr_working = 1;
    assert_int_equal(thread_create(&thread, "writer", write_without_end, NULL, 0), 0);
    thread_detach(thread);
    for (unsigned int i = 0; i < 20; i++) {
        uint64_t at = (100 + i) * 4096;

        memset(model + at, (int)(7 + i), 4096);
        assert_int_equal(cache_write(cache_of(&dev), at, model + at, 4096), 0);
        assert_int_equal(cache_sync(cache_of(&dev)), 0);
        assert_memory_equal(disk + at, model + at, 4096);
    }
    keep_writing = false;
    wait_event(&workers_done, nr_working == 0);
    assert_int_equal(cache_sync(cache_of(&dev)), 0);
}

static void whoever_needs_memory_gets_the_caches(void **state)
{
    static unsigned char buf[65536];
    struct cache *c = cache_of(&dev);
    struct cache_stats before, after;
    void *taken = NULL;

    (void)state;
    cache_get_stats(c, &before);
    assert_true(before.pages > 64);
    for (;;) {
        void **page = page_alloc(0);

        if (page == NULL) {
            break;
        }
        *page = taken;
        taken = page;
    }
    cache_get_stats(c, &after);
    assert_in_range(after.pages, 1, 16);
    /* And what is left is enough. */
    for (uint64_t at = 0; at + sizeof(buf) <= DISK_BYTES; at += sizeof(buf)) {
        assert_int_equal(cache_read(c, at, buf, sizeof(buf)), 0);
        assert_memory_equal(buf, model + at, sizeof(buf));
        assert_int_equal(cache_write(c, at, buf, sizeof(buf)), 0);
    }
    assert_int_equal(cache_sync(c), 0);
    while (taken != NULL) {
        void *next = *(void **)taken;

        page_free(taken, 0);
        taken = next;
    }
}

static void reading_in_order_takes_few_requests(void **state)
{
    static unsigned char buf[1000];
    struct cache *c = cache_of(&dev);
    unsigned int before = nr_requests;

    (void)state;
    for (uint64_t at = 0; at + sizeof(buf) <= DISK_BYTES; at += sizeof(buf)) {
        assert_int_equal(cache_read(c, at, buf, sizeof(buf)), 0);
        assert_memory_equal(buf, model + at, sizeof(buf));
    }
    assert_in_range(nr_requests - before, 1, DISK_BYTES / 4096 / 8);
}

static void a_failed_write_is_told_once(void **state)
{
    struct cache *c = cache_of(&dev);

    (void)state;
    status_to_give = -EIO;
    assert_int_equal(cache_write(c, 8192, "lost", 4), 0);
    assert_int_equal(cache_sync(c), -EIO);
    status_to_give = 0;
    assert_int_equal(cache_sync(c), 0);
    assert_int_equal(cache_write(c, 8192, model + 8192, 4096), 0);
    assert_int_equal(cache_sync(c), 0);
}

static void each_user_is_told_of_an_error_once(void **state)
{
    struct cache *c = cache_of(&dev);
    uint32_t first = cache_errors(c), second = cache_errors(c), later;

    (void)state;
    status_to_give = -EIO;
    assert_int_equal(cache_write(c, 8192, "lost", 4), 0);
    /* The disk is asked long before anybody syncs, perhaps. */
    assert_int_equal(cache_write_back(c), -EIO);
    status_to_give = 0;
    later = cache_errors(c);
    assert_int_equal(cache_sync_since(c, &first), -EIO);
    assert_int_equal(cache_sync_since(c, &first), 0);
    assert_int_equal(cache_sync_since(c, &second), -EIO);
    assert_int_equal(cache_sync_since(c, &second), 0);
    assert_int_equal(cache_sync(c), -EIO);
    assert_int_equal(cache_sync_since(c, &later), 0);
    assert_int_equal(cache_write(c, 8192, model + 8192, 4096), 0);
    assert_int_equal(cache_sync(c), 0);
}

static void another_disk_in_its_place_gets_nothing_of_it(void **state)
{
    static unsigned char buf[65536];
    struct cache *c = cache_of(&dev);
    uint32_t seen = cache_errors(c);

    (void)state;
    assert_int_equal(cache_read(c, 1 << 20, buf, sizeof(buf)), 0);
    assert_int_equal(cache_write(c, 1 << 20, "of the first", 12), 0);
    dev.generation++;
    for (size_t i = 0; i < DISK_BYTES; i++) {
        disk[i] = model[i] = (unsigned char)(i * 17 + i / 4091);
    }
    assert_int_equal(cache_read(c, 1 << 20, buf, sizeof(buf)), 0);
    assert_memory_equal(buf, model + (1 << 20), sizeof(buf));
    assert_int_equal(cache_sync_since(c, &seen), -EIO);
    assert_int_equal(cache_sync_since(c, &seen), 0);
    assert_int_equal(cache_sync(c), -EIO);
    assert_memory_equal(disk, model, DISK_BYTES);
}

static void who_begins_with_another_disk_hears_nothing_of_the_first(void **state)
{
    struct cache *c = cache_of(&dev);
    uint32_t seen;

    (void)state;
    assert_int_equal(cache_write(c, 1 << 20, "of the first", 12), 0);
    dev.generation++;
    seen = cache_errors(c);
    assert_int_equal(cache_sync_since(c, &seen), 0);
    assert_int_equal(cache_sync(c), -EIO);
    assert_memory_equal(disk, model, DISK_BYTES);
}

static void a_disk_that_grows_within_a_page_shows_what_it_has_there(void **state)
{
    const uint64_t old_end = (4u << 20) + 512;
    struct cache *c = cache_of(&dev);
    unsigned char buf[2048];

    (void)state;
    dev.generation++;
    dev.size_bytes = old_end;
    assert_int_equal(cache_write(c, old_end - 4, "last", 4), 0);
    memcpy(model + old_end - 4, "last", 4);
    dev.size_bytes = DISK_BYTES;
    assert_int_equal(cache_read(c, DISK_BYTES - sizeof(buf), buf, sizeof(buf)), 0);
    assert_memory_equal(buf, model + DISK_BYTES - sizeof(buf), sizeof(buf));
    assert_int_equal(cache_write(c, DISK_BYTES - 4, "new ", 4), 0);
    memcpy(model + DISK_BYTES - 4, "new ", 4);
    assert_int_equal(cache_sync(c), 0);
    assert_memory_equal(disk, model, DISK_BYTES);
}

static void what_is_abandoned_is_gone(void **state)
{
    struct cache *c = cache_of(&dev);
    char buf[4];

    (void)state;
    assert_int_equal(cache_write(c, 4096, "gone", 4), 0);
    cache_abandon(c);
    assert_int_equal(cache_sync(c), -EIO);
    assert_int_equal(cache_read(c, 4096, buf, 4), 0);
    assert_memory_equal(buf, model + 4096, 4);
    assert_memory_equal(disk, model, DISK_BYTES);
}

static void memory_that_another_domain_keeps_is_not_used_again(void **state)
{
    struct cache *c = cache_of(&dev);
    struct page_stats before, after;
    char byte;

    (void)state;
    page_get_stats(&before);
    status_to_give = -EBUSY;
    assert_int_equal(cache_write(c, 40960, "kept", 4), 0);
    assert_int_equal(cache_sync(c), -EIO);
    status_to_give = 0;
    page_get_stats(&after);
    assert_int_equal(after.quarantined - before.quarantined, 1);
    assert_int_equal(cache_read(c, 40960, &byte, 1), 0);
    assert_int_equal(byte, (char)model[40960]);
}

static void a_bad_page_does_not_spoil_its_neighbours(void **state)
{
    static unsigned char buf[65536];
    struct cache *c = cache_of(&dev);

    (void)state;
    /* Push everything out of the cache. */
    for (uint64_t at = 1 << 20; at < 3 << 20; at += sizeof(buf)) {
        assert_int_equal(cache_read(c, at, buf, sizeof(buf)), 0);
    }
    bad_at = 20480;
    assert_int_equal(cache_read(c, 0, buf, sizeof(buf)), -EIO);
    assert_int_equal(cache_read(c, 0, buf, 20480), 0);
    assert_memory_equal(buf, model, 20480);
    assert_int_equal(cache_read(c, 24576, buf, 4096), 0);
    assert_int_equal(cache_read(c, 20480, buf, 1), -EIO);
    bad_at = UINT64_MAX;
    assert_int_equal(cache_read(c, 20480, buf, 1), 0);
    assert_int_equal(buf[0], model[20480]);
}

static void a_disk_that_is_gone_says_so(void **state)
{
    struct cache *c = cache_of(&dev);

    (void)state;
    dev.state = BLKDEV_ABSENT;
    assert_int_equal(cache_sync(c), -ENXIO);
    dev.state = BLKDEV_ONLINE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_reads_and_writes_agree_with_a_model),
        cmocka_unit_test(many_threads_do_not_wait_for_each_other_for_ever),
        cmocka_unit_test(a_sync_does_not_wait_for_what_comes_later),
        cmocka_unit_test(whoever_needs_memory_gets_the_caches),
        cmocka_unit_test(reading_in_order_takes_few_requests),
        cmocka_unit_test(a_failed_write_is_told_once),
        cmocka_unit_test(each_user_is_told_of_an_error_once),
        cmocka_unit_test(another_disk_in_its_place_gets_nothing_of_it),
        cmocka_unit_test(who_begins_with_another_disk_hears_nothing_of_the_first),
        cmocka_unit_test(a_disk_that_grows_within_a_page_shows_what_it_has_there),
        cmocka_unit_test(what_is_abandoned_is_gone),
        cmocka_unit_test(memory_that_another_domain_keeps_is_not_used_again),
        cmocka_unit_test(a_bad_page_does_not_spoil_its_neighbours),
        cmocka_unit_test(a_disk_that_is_gone_says_so),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
