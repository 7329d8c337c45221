// SPDX-License-Identifier: MIT
/*
 * Tracepoints land in the ring in order, the ring keeps the newest, and what is dumped is what was recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/sched.h>
#include <xenolith/trace.h>

#include "../../kernel/trace_priv.h"

static uint32_t current_id = 1;
static char name[16] = "main";

struct thread *thread_current(void)
{
    return current_id == 0 ? NULL : (struct thread *)&current_id;
}

uint32_t thread_id(const struct thread *t)
{
    return current_id;
}

const char *thread_name(const struct thread *t)
{
    return name;
}

static char dumped[4 << 20];
static size_t nr_dumped;
static unsigned int atomic_writes;

long console_write(const void *buf, size_t len)
{
    assert_true(nr_dumped + len < sizeof(dumped));
    memcpy(dumped + nr_dumped, buf, len);
    nr_dumped += len;
    dumped[nr_dumped] = '\0';
    return (long)len;
}

void console_write_atomic(const void *buf, size_t len)
{
    atomic_writes++;
    console_write(buf, len);
}

static int set_option(const char *option, const char *value)
{
    extern const struct boot_option __boot_options_start[], __boot_options_end[];

    for (const struct boot_option *o = __boot_options_start; o < __boot_options_end; o++) {
        if (strcmp(o->name, option) == 0) {
            return o->set(value);
        }
    }
    fail_msg("no option %s", option);
    return -1;
}

static const struct trace_header *snapshot(const struct trace_record **records, size_t *nr)
{
    const void *data;
    size_t bytes;

    assert_true(trace_snapshot(&data, &bytes));
    *records = (const void *)((const char *)data + PAGE_SIZE);
    *nr = (bytes - PAGE_SIZE) / sizeof(struct trace_record);
    return data;
}

static void nothing_is_there_before_it_is_asked_for(void **state)
{
    const void *data;
    struct gfn gfn;
    size_t bytes;

    TRACE(TRACE_APP, TRACE_EV_APP, 1, 2, 3);
    assert_false(trace_snapshot(&data, &bytes));
    assert_false(trace_gfn(&gfn));
    trace_dump();
    trace_exit();
    assert_int_equal(nr_dumped, 0);
    fake_fail_after(1);
    assert_int_equal(trace_set(1), -ENOMEM);
    assert_int_equal(trace_mask, 0);
    fake_fail_after(0);
}

static void options_choose_classes(void **state)
{
    assert_int_equal(set_option("trace", "sched,app"), 0);
    assert_int_equal(trace_mask, 1U << TRACE_SCHED | 1U << TRACE_APP);
    assert_int_equal(set_option("trace", "all"), 0);
    assert_int_equal(trace_mask, (1U << TRACE_NR_CLASSES) - 1);
    assert_int_equal(set_option("trace", ""), -EINVAL);
    assert_int_equal(set_option("trace", "app,"), -EINVAL);
    assert_int_equal(set_option("trace", "apps"), -EINVAL);
    assert_int_equal(set_option("trace", "ap"), -EINVAL);
    assert_int_equal(set_option("trace-dump", "x"), -EINVAL);
    assert_int_equal(set_option("trace-buf", ""), -EINVAL);
    assert_int_equal(set_option("trace-buf", "0"), -EINVAL);
    assert_int_equal(set_option("trace-buf", "10k"), -EINVAL);
    assert_int_equal(set_option("trace-buf", "65537"), -EINVAL);
    assert_int_equal(set_option("trace-buf", "99999999999999999999"), -EINVAL);
    assert_int_equal(trace_mask, (1U << TRACE_NR_CLASSES) - 1);
}

static void records_say_what_was_emitted(void **state)
{
    const struct trace_record *r;
    const struct trace_header *h;
    size_t nr;

    assert_int_equal(set_option("trace-buf", "4"), 0); /* starts afresh: 64 records */
    assert_int_equal(trace_set(1U << TRACE_APP), 0);
    TRACE(TRACE_SCHED, TRACE_EV_SWITCH, 1, 2, 0);
    TRACE(TRACE_APP, TRACE_EV_APP, 1, 2, 3);
    current_id = 42;
    strcpy(name, "fifteen letters");
    TRACE(TRACE_APP, TRACE_EV_APP, UINT64_MAX, 5, 6);
    current_id = 0;
    TRACE(TRACE_APP, TRACE_EV_APP, 7, 8, 9);
    current_id = 1;
    strcpy(name, "main");
    trace_emit(TRACE_EV_THREAD, 43, 0x656e6f, 0);

    h = snapshot(&r, &nr);
    assert_int_equal(trace_mask, 0);
    assert_int_equal(h->magic, TRACE_MAGIC);
    assert_int_equal(h->capacity, 64);
    assert_int_equal(nr, 4);
    assert_int_equal(h->written[0], 4);
    assert_int_equal(r[0].event, TRACE_EV_APP);
    assert_int_equal(r[0].thread, 1);
    assert_int_equal(r[0].args[2], 3);
    assert_int_equal(r[1].thread, 42);
    assert_int_equal(r[1].args[0], UINT64_MAX);
    assert_int_equal(r[2].thread, 0);
    assert_true(r[0].tsc <= r[1].tsc && r[1].tsc <= r[2].tsc);
    assert_string_equal(h->names[1].name, "main");
    assert_int_equal(h->names[42].id, 42);
    assert_string_equal(h->names[42].name, "fifteen letters");
    assert_string_equal(h->names[43].name, "one");
}

static void the_ring_keeps_the_newest(void **state)
{
    const struct trace_record *r;
    const struct trace_header *h;
    size_t nr;

    assert_int_equal(set_option("trace-buf", "4"), 0);
    assert_int_equal(trace_set(1U << TRACE_APP), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        TRACE(TRACE_APP, TRACE_EV_APP, i, 0, 0);
    }
    h = snapshot(&r, &nr);
    assert_int_equal(h->written[0], 1000);
    assert_int_equal(nr, 64);
    for (uint64_t i = 1000 - 64; i < 1000; i++) {
        assert_int_equal(r[i % 64].args[0], i);
    }
}

static void buffers_of_any_size_hold_what_they_say(void **state)
{
    static const char *const sizes[] = {"1", "3", "5", "100", "160", "1000"};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        const struct trace_record *r;
        const struct trace_header *h;
        size_t nr, kib = strtoul(sizes[i], NULL, 10);

        assert_int_equal(set_option("trace-buf", sizes[i]), 0);
        assert_int_equal(trace_set(1U << TRACE_APP), 0);
        TRACE(TRACE_APP, TRACE_EV_APP, 0, 0, 0);
        h = snapshot(&r, &nr);
        assert_true(h->capacity * sizeof(*r) <= kib << 10);
        assert_true(2 * h->capacity * sizeof(*r) > kib << 10);
        for (uint32_t n = 0; n < 2 * h->capacity; n++) {
            trace_emit(TRACE_EV_APP, n, 0, 0);
        }
    }
}

static void dom0_finds_every_frame(void **state)
{
    static const char *const sizes[] = {"4", "160", "9000"};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        const struct trace_header *h;
        struct gfn gfn;

        assert_int_equal(set_option("trace-buf", sizes[i]), 0);
        assert_int_equal(trace_set(1U << TRACE_APP), 0);
        assert_true(trace_gfn(&gfn));
        h = fake_gfn_to_virt(gfn);
        assert_int_equal(h->magic, TRACE_MAGIC);
        assert_true((h->nr_frames - 1) * PAGE_SIZE >= h->capacity * sizeof(struct trace_record));
        for (uint32_t frame = 0; frame < h->nr_frames; frame++) {
            const uint64_t *index = fake_gfn_to_virt((struct gfn){h->index[frame / 512]});

            assert_int_equal(index[frame % 512], gfn.n + frame); /* contiguous in the fake */
        }
    }
}

static void thread_names_share_slots_safely(void **state)
{
    const struct trace_record *r;
    const struct trace_header *h;
    size_t nr;

    assert_int_equal(trace_set(1U << TRACE_APP), 0);
    for (uint32_t i = 1; i < 100000; i += 7) {
        current_id = i;
        TRACE(TRACE_APP, TRACE_EV_APP, 0, 0, 0);
    }
    current_id = UINT32_MAX;
    TRACE(TRACE_APP, TRACE_EV_APP, 0, 0, 0);
    h = snapshot(&r, &nr);
    for (uint32_t i = 0; i < TRACE_NAME_SLOTS; i++) {
        assert_true(h->names[i].id == 0 || h->names[i].id % TRACE_NAME_SLOTS == i);
    }
    current_id = 1;
}

/* tools/xenolith-trace's own tests read a dump; here its frame. */
static void the_dump_is_framed_base64(void **state)
{
    char *line;
    size_t lines = 0;

    assert_int_equal(set_option("trace-buf", "4"), 0);
    assert_int_equal(trace_set(1U << TRACE_APP), 0);
    TRACE(TRACE_APP, TRACE_EV_APP, 1, 2, 3);
    trace_dump();
    assert_int_equal(strncmp(dumped, "XLTRACE BEGIN bytes=4136\nXLTRACE WExUUkFDRTE", 44), 0);
    for (line = strtok(dumped, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_int_equal(strncmp(line, "XLTRACE ", 8), 0);
        assert_true(strlen(line) <= 84);
        lines++;
    }
    assert_int_equal(lines, 2 + (4136 + 56) / 57);

    nr_dumped = 0;
    trace_exit();
    trace_panic();
    assert_int_equal(nr_dumped, 0);
    assert_int_equal(set_option("trace-dump", ""), 0);
    trace_exit();
    assert_true(nr_dumped > 4136);
    assert_int_equal(atomic_writes, 0);
    trace_panic();
    assert_true(atomic_writes > 10);
}

static int setup(void **state)
{
    fake_boot_pages(4096);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_there_before_it_is_asked_for),
        cmocka_unit_test(options_choose_classes),
        cmocka_unit_test(records_say_what_was_emitted),
        cmocka_unit_test(the_ring_keeps_the_newest),
        cmocka_unit_test(buffers_of_any_size_hold_what_they_say),
        cmocka_unit_test(dom0_finds_every_frame),
        cmocka_unit_test(thread_names_share_slots_safely),
        cmocka_unit_test(the_dump_is_framed_base64),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
