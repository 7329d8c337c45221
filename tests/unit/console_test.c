// SPDX-License-Identifier: MIT
/*
 * The console loses nothing, mixes nothing up, waits for nobody for ever. (What a backend that lies costs: console_evil_test.c.)
 */
#include "console_fixture.h"

static void settle(void)
{
    console_flush();
}

/* ---- Output ---- */

static void early_words_reach_both_consoles(void **state)
{
    char text[64];

    boot_info.console_ring = NULL;
    nr_hypervisor = 0;
    console_write_atomic("early\n", 6);
    assert_string_equal(hypervisor_screen, "early\n");

    ring = calloc(1, sizeof(*ring));
    boot_info.console_ring = ring;
    boot_info.console_port = PORT;
    take_limit = sizeof(ring->out);
    fake_upcall_set(deliver);
    fake_idle_set(backend_run);
    console_init();
    assert_false(port_masked);
    settle();
    assert_string_equal(screen, "early\r\n");

    fresh_console();
    assert_int_equal(console_write("late", 4), 4);
    settle();
    memcpy(text, screen, 5);
    assert_string_equal(screen, "late");
    assert_int_equal(nr_hypervisor, 0);
}

static void newlines_become_what_the_terminal_wants(void **state)
{
    fresh_console();
    console_write("a\nb\n\n", 5);
    console_write_atomic("k\n", 2);
    settle();
    assert_string_equal(screen, "a\r\nb\r\n\r\nk\r\n");
    fresh_console();
    console_set_crlf(false);
    console_write("a\nb\n", 4);
    settle();
    assert_string_equal(screen, "a\nb\n");
}

static void a_write_notifies_once(void **state)
{
    fresh_console();
    console_write("hello\n", 6);
    assert_int_equal(sends, 1);
    console_write("", 0);
    assert_int_equal(sends, 1);
}

static void a_busy_backend_is_left_alone(void **state)
{
    fresh_console();
    for (int i = 0; i < 100; i++) {
        console_write("sixteen letters\n", 16);
    }
    assert_int_equal(sends, 1);
    notified = false;
    busy = true;
    seen = ring->out_cons + 17; /* it looked when the first line was there */
    settle();
    assert_int_equal(nr_screen, 1700);
    assert_int_equal(sends, 2);
}

static size_t numbered_lines(char *buf, unsigned int nr)
{
    size_t len = 0;

    for (unsigned int i = 0; i < nr; i++) {
        len += (size_t)ksnprintf(buf + len, 16, "line %06u\n", i);
    }
    return len;
}

static void assert_numbered(unsigned int nr)
{
    const char *at = screen;
    char want[16];

    for (unsigned int i = 0; i < nr; i++) {
        size_t len = (size_t)ksnprintf(want, sizeof(want), "line %06u\r\n", i);

        assert_memory_equal(at, want, len);
        at += len;
    }
    assert_int_equal(*at, '\0');
}

static void a_mebibyte_arrives_whole(void **state)
{
    char *text = malloc(2 << 20);
    size_t len = numbered_lines(text, 100000);

    fresh_console();
    assert_int_equal(console_write(text, len), len);
    settle();
    assert_numbered(100000);
    assert_true(sends < 2 * len / sizeof(ring->out) + 10);

    fresh_console();
    take_limit = 700;
    random_takes = true;
    console_write(text, len);
    settle();
    assert_numbered(100000);
    free(text);
}

static void writer(void *arg)
{
    char text[5000];

    memset(text, *(const char *)arg, sizeof(text));
    for (int i = 0; i < 20; i++) {
        console_write(text, sizeof(text));
    }
}

static void writes_of_threads_do_not_interleave(void **state)
{
    struct thread *t[4];

    fresh_console();
    take_limit = 300;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(thread_create(&t[i], "writer", writer, &"abcd"[i], 0), 0);
    }
    for (int i = 0; i < 4; i++) {
        thread_join(t[i]);
    }
    settle();
    assert_int_equal(nr_screen, 4 * 20 * 5000);
    for (size_t i = 0; i < nr_screen; i++) {
        assert_int_equal(screen[i], screen[i / 5000 * 5000]);
    }
}

static void kernel_messages_wait_in_order_and_losses_are_said(void **state)
{
    unsigned int kept = 0, lost = 0;
    char want[32];
    const char *at;

    fresh_console();
    take_limit = 0;
    for (unsigned int i = 0; i < 1000; i++) {
        char text[16];

        console_write_atomic(text, (size_t)ksnprintf(text, sizeof(text), "message %03u\n", i));
    }
    take_limit = 100;
    settle();
    at = screen;
    for (;; kept++) {
        size_t len = (size_t)ksnprintf(want, sizeof(want), "message %03u\r\n", kept);

        if (strncmp(at, want, len) != 0) {
            break;
        }
        at += len;
    }
    assert_true(kept > 4096 / 12);
    lost = 1000 - kept;
    ksnprintf(want, sizeof(want), "[%u kernel messages lost]\r\n", lost);
    assert_string_equal(at, want);

    nr_screen = 0;
    console_write_atomic("again\n", 6);
    settle();
    assert_string_equal(screen, "again\r\n");
}

static void say_kernel(void *arg)
{
    console_write_atomic("[kernel]\n", 9);
}

static void kernel_messages_come_at_line_ends(void **state)
{
    char *text = malloc(1 << 20);
    size_t len = numbered_lines(text, 20000);
    const char *at;
    unsigned int seen = 0;

    fresh_console();
    take_limit = 333;
    turn_ns = 100;
    for (unsigned int i = 0; i < 50; i++) {
        fake_event_at(fake_now_ns + i * 1000, say_kernel, NULL);
    }
    console_write(text, len);
    settle();
    turn_ns = 0;
    for (at = screen; (at = strstr(at, "[kernel]\r\n")) != NULL; at += 10) {
        assert_true(at == screen || at[-1] == '\n');
        seen++;
    }
    assert_int_equal(seen, 50);
    assert_int_equal(nr_screen, 20000 * 13 + 50 * 10);
    free(text);
}

static void flush_gives_up_on_a_dead_backend(void **state)
{
    uint64_t before;

    fresh_console();
    take_limit = 0;
    console_write("never taken\n", 12);
    before = fake_now_ns;
    console_flush();
    assert_true(fake_now_ns - before >= 5 * NS_PER_SEC && fake_now_ns - before <= 20 * NS_PER_SEC);
    assert_non_null(strstr(hypervisor_screen, "does not take"));
}

static void blocked_writer(void *arg)
{
    static char text[10000];

    memset(text, 'w', sizeof(text));
    console_write(text, sizeof(text));
}

static void flush_gives_up_behind_a_stuck_writer(void **state)
{
    struct thread *t;

    fresh_console();
    take_limit = 0;
    assert_int_equal(thread_create(&t, "stuck", blocked_writer, NULL, 0), 0);
    thread_yield();
    console_flush();
    assert_non_null(strstr(hypervisor_screen, "does not take"));
    take_limit = 1000;
    thread_join(t);
    settle();
    assert_int_equal(nr_screen, 10000);
}

/* ---- Input ---- */

static void a_line_is_echoed_and_read(void **state)
{
    char buf[100];

    fresh_console();
    assert_false(console_input_ready());
    to_type = "helo\x7flo\rrest";
    assert_int_equal(console_read(buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "hello\n", 6);
    settle();
    assert_string_equal(screen, "helo\b \blo\r\n");
    assert_false(console_input_ready());
    to_type = "\x04\x04";
    assert_int_equal(console_read(buf, sizeof(buf)), 4);
    assert_int_equal(console_read(buf, sizeof(buf)), 0);
    assert_int_equal(console_read(buf, 0), 0);
}

static void unread_input_stays_in_the_ring(void **state)
{
    char *text = malloc(5001), *got = malloc(5001);
    size_t nr = 0;

    fresh_console();
    memset(text, 'x', 5000);
    for (int i = 49; i < 5000; i += 50) {
        text[i] = '\n';
    }
    text[5000] = '\0';
    to_type = text;
    take_limit = 10000;
    for (int i = 0; i < 100; i++) {
        backend_run();
    }
    assert_int_equal(ring->in_prod - ring->in_cons, sizeof(ring->in));
    assert_int_equal(sends, 0);
    while (nr < 5000) {
        nr += (size_t)console_read(got + nr, 5000 - nr);
    }
    assert_memory_equal(got, text, 5000);
    free(text);
    free(got);
}

static void raw_mode_reads_what_is_there(void **state)
{
    char buf[100];

    fresh_console();
    console_set_mode(false, false);
    to_type = "\x03\x04\r";
    assert_int_equal(console_read(buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "\x03\x04\r", 3);
    settle();
    assert_int_equal(nr_screen, 0);
}

static void echo_does_not_wait_for_room(void **state)
{
    static char full[2048];
    char buf[2000];

    fresh_console();
    take_limit = 0;
    memset(full, '.', sizeof(full));
    console_write(full, sizeof(full));
    for (int i = 0; i < 20; i++) {
        to_type = "a line of input that cannot be shown anywhere, because nobody takes our output\n";
        assert_int_equal(console_read(buf, sizeof(buf)),
                         strlen("a line of input that cannot be shown anywhere, because "
                                "nobody takes our output\n"));
    }
}

/* ---- The end ---- */

static bool poll_takes;

static long sched_op(unsigned long cmd, unsigned long arg, unsigned long a3, unsigned long a4)
{
    const struct sched_poll *poll = (const struct sched_poll *)arg;

    assert_int_equal(cmd, SCHEDOP_poll);
    assert_false(upcall_is_enabled());
    if (poll_takes) {
        backend_take(500);
    }
    if (poll->timeout > fake_now_ns) {
        fake_now_ns = poll->timeout;
    }
    return 0;
}

static void a_panic_polls_and_its_time_is_bounded(void **state)
{
    char *text = malloc(1 << 20);
    size_t len = numbered_lines(text, 1000);
    uint64_t before;

    fresh_console();
    fake_hypercall_set(__HYPERVISOR_sched_op, sched_op);
    take_limit = 0;
    console_write_atomic("pending first\n", 14);
    console_panic();
    console_panic();
    poll_takes = true;
    console_write_atomic(text, len);
    console_flush_polled();
    assert_int_equal(ring->out_cons, ring->out_prod);
    assert_memory_equal(screen, "pending first\r\n", 15);
    memmove(screen, screen + 15, nr_screen - 14);
    assert_numbered(1000);

    poll_takes = false;
    before = fake_now_ns;
    for (int i = 0; i < 10; i++) {
        console_write_atomic(text, len);
        console_flush_polled();
    }
    assert_true(fake_now_ns - before < 10 * NS_PER_SEC);
    assert_non_null(strstr(hypervisor_screen, "line 000999\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_words_reach_both_consoles),
        cmocka_unit_test(newlines_become_what_the_terminal_wants),
        cmocka_unit_test(a_write_notifies_once),
        cmocka_unit_test(a_busy_backend_is_left_alone),
        cmocka_unit_test(a_mebibyte_arrives_whole),
        cmocka_unit_test(writes_of_threads_do_not_interleave),
        cmocka_unit_test(kernel_messages_wait_in_order_and_losses_are_said),
        cmocka_unit_test(kernel_messages_come_at_line_ends),
        cmocka_unit_test(flush_gives_up_on_a_dead_backend),
        cmocka_unit_test(flush_gives_up_behind_a_stuck_writer),
        cmocka_unit_test(a_line_is_echoed_and_read),
        cmocka_unit_test(unread_input_stays_in_the_ring),
        cmocka_unit_test(raw_mode_reads_what_is_there),
        cmocka_unit_test(echo_does_not_wait_for_room),
        cmocka_unit_test(a_panic_polls_and_its_time_is_bounded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
