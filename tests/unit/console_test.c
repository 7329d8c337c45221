// SPDX-License-Identifier: MIT
/*
 * The console loses nothing, mixes nothing up, waits for nobody for ever, and a backend that writes nonsense into
 * the ring costs it the ring and no more. The backend here takes and gives what each test tells it, when we block.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>

#include <xen/sched.h>

#include <arch/irq.h>

#include "../../kernel/console_priv.h"

#define PORT 7

/* ---- The backend ---- */

static struct xencons_interface *ring;
static evtchn_handler_fn handler;
static bool notified, busy, event_pending, port_masked;
static uint32_t seen; /* out_prod when the backend was last woken */
static unsigned int sends;
static char screen[8 << 20], hypervisor_screen[1 << 20];
static size_t nr_screen, nr_hypervisor;
static const char *to_type; /* what the backend will put in */
static size_t take_limit;   /* bytes it takes at a time; 0: none */
static bool random_takes;
static uint64_t turn_ns; /* how long one turn of the backend takes */

int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    assert_int_equal(port, PORT);
    handler = fn;
    port_masked = true;
    return 0;
}

void evtchn_mask(evtchn_port_t port)
{
    port_masked = true;
}

void evtchn_unmask(evtchn_port_t port)
{
    port_masked = false;
    if (event_pending) {
        fake_upcall_raise();
    }
}

int evtchn_send(evtchn_port_t port)
{
    assert_int_equal(port, PORT);
    sends++;
    notified = true;
    return 0;
}

static void deliver(void)
{
    if (event_pending && !port_masked) {
        event_pending = false;
        handler(PORT, NULL);
    }
}

static bool backend_take(size_t limit)
{
    uint32_t cons = ring->out_cons, start = cons;

    while (cons != ring->out_prod && cons - start < limit) {
        assert_true(ring->out_prod - cons <= sizeof(ring->out));
        assert_true(nr_screen < sizeof(screen) - 1);
        screen[nr_screen++] = ring->out[cons++ % sizeof(ring->out)];
    }
    screen[nr_screen] = '\0';
    ring->out_cons = cons;
    return cons != start;
}

static bool backend_type(void)
{
    bool any = false;

    while (to_type != NULL && *to_type != '\0' && ring->in_prod - ring->in_cons < sizeof(ring->in)) {
        ring->in[ring->in_prod++ % sizeof(ring->in)] = *to_type++;
        any = true;
    }
    return any;
}

/*
 * One turn of a backend. It looks at out_prod once when it is notified, takes up to there, tells us and goes to sleep:
 * what it was not notified of stays in the ring for ever.
 */
static bool backend_run(void)
{
    bool did = false;

    fake_now_ns += turn_ns;
    if (notified && take_limit > 0) {
        notified = false;
        busy = true;
        seen = ring->out_prod;
    }
    if (busy && take_limit > 0) {
        size_t limit = random_takes ? 1 + fake_random_below(take_limit) : take_limit;
        uint32_t left = seen - ring->out_cons;

        did = backend_take(limit < left ? limit : left);
        busy = ring->out_cons != seen;
    }
    did |= backend_type();
    if (did) {
        event_pending = true;
        fake_upcall_raise();
    }
    return did;
}

static long console_io(unsigned long cmd, unsigned long count, unsigned long buf, unsigned long unused)
{
    assert_int_equal(cmd, CONSOLEIO_write);
    assert_true(nr_hypervisor + count < sizeof(hypervisor_screen));
    memcpy(hypervisor_screen + nr_hypervisor, (const void *)buf, count);
    nr_hypervisor += count;
    hypervisor_screen[nr_hypervisor] = '\0';
    return 0;
}

static void fresh_console(void)
{
    free(ring);
    ring = calloc(1, sizeof(*ring)); /* AddressSanitizer watches its ends */
    ring->out_prod = ring->out_cons = (uint32_t)fake_random();
    ring->in_prod = ring->in_cons = UINT32_MAX - 100;
    boot_info.console_ring = ring;
    boot_info.console_port = PORT;
    console.broken = false;
    notified = busy = event_pending = false;
    to_type = NULL;
    take_limit = sizeof(ring->out);
    random_takes = false;
    console_set_mode(true, true);
    console_set_crlf(true);
    console_init();
    fake_upcall_set(deliver);
    fake_idle_set(backend_run);
    while (backend_run()) {
    }
    nr_screen = nr_hypervisor = 0;
    screen[0] = hypervisor_screen[0] = '\0';
    sends = 0;
}

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

/* ---- A backend that lies ---- */

static void evil_out_cons_costs_the_ring(void **state)
{
    static const uint32_t lies[] = {1, 2049, 0x80000000, 0xfffff000};

    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        fresh_console();
        ring->out_cons = ring->out_prod + lies[i];
        if (lies[i] == 0xfffff000) {
            ring->out_cons = ring->out_prod - 2049;
        }
        assert_int_equal(console_write("over there\n", 11), 11);
        assert_non_null(strstr(hypervisor_screen, "backend wrote out_cons"));
        assert_non_null(strstr(hypervisor_screen, "over there\n"));
        assert_true(port_masked);
        console_flush();
        nr_hypervisor = 0;
        console_write_atomic("and this\n", 9);
        assert_string_equal(hypervisor_screen, "and this\n");
    }
}

static void evil_in_prod_costs_the_ring(void **state)
{
    char c;

    fresh_console();
    ring->in_prod = ring->in_cons + 1025;
    assert_int_equal(console_read(&c, 1), -EIO);
    assert_non_null(strstr(hypervisor_screen, "backend wrote in_prod"));
    assert_true(console_input_ready());
    assert_int_equal(console_read(&c, 1), -EIO);
}

static bool evil_run(void)
{
    uint64_t r = fake_random();

    switch (r % 16) {
    case 0:
        ring->out_cons = (uint32_t)(r >> 32);
        break;
    case 1:
        ring->in_prod = (uint32_t)(r >> 32);
        break;
    case 2:
        ring->out_prod = (uint32_t)(r >> 32);
        break;
    case 3:
        ring->in_cons = (uint32_t)(r >> 32);
        break;
    case 4:
        ring->out_cons = console.out_prod - (uint32_t)((r >> 32) % 4096);
        break;
    case 5:
        ring->in_prod = console.in_cons + (uint32_t)((r >> 32) % 2048);
        break;
    default:
        ring->out_cons = console.out_prod - (uint32_t)((r >> 32) % 2049);
        ring->in_prod = console.in_cons + (uint32_t)((r >> 48) % 1025);
        for (int i = 0; i < 8; i++) {
            ring->in[fake_random_below(sizeof(ring->in))] = (char)fake_random();
        }
        break;
    }
    event_pending = true;
    fake_upcall_raise();
    return true;
}

static void evil_reader(void *arg)
{
    char buf[300];

    while (console.ring != NULL) {
        long n = console_read(buf, 1 + fake_random_below(sizeof(buf)));

        assert_true((n >= 0 && n <= (long)sizeof(buf)) || n == -EIO);
        console_set_mode(fake_random() & 1, fake_random() & 1);
    }
}

static void evil_writer(void *arg)
{
    char buf[5000];

    memset(buf, '\n', sizeof(buf));
    while (console.ring != NULL) {
        console_write(buf, fake_random_below(sizeof(buf)));
        console_write_atomic(buf, fake_random_below(300));
        console_flush();
    }
}

static void random_indices_never_corrupt_or_hang(void **state)
{
    for (int i = 0; i < 2000; i++) {
        struct thread *reader, *writing;

        fresh_console();
        fake_idle_set(evil_run);
        assert_int_equal(thread_create(&reader, "reader", evil_reader, NULL, 0), 0);
        assert_int_equal(thread_create(&writing, "writer", evil_writer, NULL, 0), 0);
        thread_join(reader);
        thread_join(writing);
        assert_null(console.ring);
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

static int setup(void **state)
{
    fake_hypercall_set(__HYPERVISOR_console_io, console_io);
    fake_boot(4096);
    return 0;
}

static int teardown(void **state)
{
    free(ring);
    return 0;
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
        cmocka_unit_test(evil_out_cons_costs_the_ring),
        cmocka_unit_test(evil_in_prod_costs_the_ring),
        cmocka_unit_test(random_indices_never_corrupt_or_hang),
        cmocka_unit_test(a_panic_polls_and_its_time_is_bounded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
