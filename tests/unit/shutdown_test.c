// SPDX-License-Identifier: MIT
/*
 * Claims: a request in control/shutdown is acknowledged and carried out, once, in order of the C library's end, the console
 * and Xen; what is unknown is left alone; an exit leaves its status, and never waits for a dead xenstored.
 */
#include "../../xenbus/xs_priv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <fake.h>
#include <fake_xenstored.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/sched.h>
#include <xenolith/shutdown.h>
#include <xenolith/trace.h>

#define NODE FAKE_XS_HOME "/control/shutdown"

static char steps[256];
static jmp_buf ended;
static struct thread *test_thread;

static void step(const char *what)
{
    strncat(steps, what, sizeof(steps) - strlen(steps) - 1);
}

void console_flush(void)
{
    step("flush ");
}

bool trace_gfn(struct gfn *gfn)
{
    *gfn = (struct gfn){1234};
    return true;
}

void trace_exit(void)
{
    step("trace ");
}

/* The domain is gone: nothing after this may run. */
static long fake_sched_op(unsigned long cmd, unsigned long arg, unsigned long a3, unsigned long a4)
{
    char text[32];

    if (cmd != SCHEDOP_shutdown) {
        return -ENOSYS;
    }
    snprintf(text, sizeof(text), "shutdown%u", ((struct sched_shutdown *)arg)->reason);
    step(text);
    if (thread_current() == test_thread) {
        longjmp(ended, 1);
    }
    thread_exit();
}

static void settle(void)
{
    fake_xs_kick();
    thread_sleep_ns(1000);
}

static void libc_end(void)
{
    step("libc ");
}

static int setup(void **state)
{
    fake_boot(4096);
    test_thread = thread_current();
    fake_hypercall_set(__HYPERVISOR_sched_op, fake_sched_op);
    return 0;
}

static int teardown(void **state)
{
    /* The control thread loses its connection, and ends. */
    xs_conn_forget();
    settle();
    return 0;
}

static void start_control(void)
{
    fake_xs_start(0);
    control_start();
}

static void costs_nothing_before_main_blocks(void **state)
{
    start_control();
    assert_int_equal(fake_xs.requests, 0);
    assert_int_equal(fake_xs.kicks, 0);
    settle();
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/control/feature-poweroff"), "1");
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/control/feature-reboot"), "1");
    assert_null(fake_xs_read(FAKE_XS_HOME "/control/feature-suspend"));
    assert_int_equal(fake_xs_watches(), 1);
    assert_string_equal(steps, "");
}

static void poweroff_runs_the_orderly_end(void **state)
{
    start_control();
    shutdown_set_exit(libc_end);
    settle();
    fake_xs_write(NODE, "poweroff");
    settle();
    assert_string_equal(steps, "libc trace flush shutdown0");
    assert_string_equal(fake_xs_read(NODE), "");
}

static void reboot_asked_for_before_we_looked(void **state)
{
    start_control();
    fake_xs_write(NODE, "reboot");
    settle();
    assert_string_equal(steps, "trace flush shutdown1");
}

static void halt_powers_off(void **state)
{
    start_control();
    settle();
    fake_xs_write(NODE, "halt");
    settle();
    assert_string_equal(steps, "trace flush shutdown0");
}

static void unknown_requests_are_left_alone(void **state)
{
    static const char *const words[] = {"suspend", "Poweroff",        "poweroff ",
                                        "rebootx", "\x1b[2Jpoweroff", "s3"};

    start_control();
    settle();
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        fake_xs_write(NODE, words[i]);
        settle();
        assert_string_equal(fake_xs_read(NODE), words[i]);
    }
    fake_xs_write(FAKE_XS_HOME "/control/sysrq", "c");
    settle();
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/control/sysrq"), "c");
    assert_string_equal(steps, "");
    fake_xs_rm(NODE);
    settle();
    fake_xs_write(NODE, "poweroff");
    settle();
    assert_string_equal(steps, "");
}

static void conflicts_are_retried(void **state)
{
    start_control();
    settle();
    fake_xs.conflicts = 3;
    fake_xs_write(NODE, "poweroff");
    settle();
    assert_string_equal(steps, "trace flush shutdown0");
}

static enum shutdown_request asked[8];
static unsigned int nr_asked, handlers_inside;
static bool handlers_overlap;

static void own_handler(enum shutdown_request req)
{
    handlers_overlap |= handlers_inside++ != 0;
    asked[nr_asked++] = req;
    thread_sleep_ns(5000);
    handlers_inside--;
}

static void own_handler_is_called_one_at_a_time(void **state)
{
    start_control();
    settle();
    shutdown_set_handler(own_handler);
    fake_xs_write(NODE, "reboot");
    settle();
    fake_xs_write(NODE, "poweroff");
    settle();
    fake_xs_write(NODE, "halt");
    settle();
    assert_int_equal(nr_asked, 1);
    thread_sleep_ns(20000);
    assert_int_equal(nr_asked, 2);
    assert_false(handlers_overlap);
    assert_int_equal(asked[0], SHUTDOWN_REQ_REBOOT);
    assert_int_equal(asked[1], SHUTDOWN_REQ_HALT);
    assert_string_equal(steps, "");
}

static void no_memory_for_a_thread(void **state)
{
    if (setjmp(ended) == 0) {
        fake_fail_always();
        shutdown_ask(SHUTDOWN_REQ_REBOOT);
        fail();
    }
    fake_fail_after(0);
    assert_string_equal(steps, "trace flush shutdown1");
}

static void memory_comes_back(void **state)
{
    start_control();
    settle();
    fake_xs_write(NODE, "poweroff");
    fake_fail_always();
    settle();
    fake_fail_after(0);
    thread_sleep_ns(3 * NS_PER_SEC);
    assert_string_equal(steps, "trace flush shutdown0");
}

static void exit_with(int status)
{
    steps[0] = '\0';
    if (setjmp(ended) == 0) {
        shutdown_exit(status);
    }
}

static void exit_without_xenstore(void **state)
{
    exit_with(1);
    assert_string_equal(steps, "trace flush shutdown0");
}

static void exit_leaves_its_status(void **state)
{
    fake_xs_start(0);
    exit_with(0);
    assert_string_equal(steps, "trace flush shutdown0");
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/data/exit-status"), "0");
    exit_with(-2147483647 - 1);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/data/exit-status"), "-2147483648");
    /* A program that never blocked: its control thread has no business any more. */
    control_start();
    settle();
    assert_int_equal(fake_xs_watches(), 0);
}

static void exit_does_not_wait_for_a_dead_daemon(void **state)
{
    uint64_t start;

    fake_xs_start(0);
    fake_xs.asleep = true;
    start = fake_now_ns;
    exit_with(3);
    assert_string_equal(steps, "trace flush flush shutdown0");
    assert_in_range(fake_now_ns - start, NS_PER_SEC, 5 * NS_PER_SEC);
}

int main(void)
{
#define TEST(name) {cmocka_unit_test_setup_teardown(name, setup, teardown)}
    const struct CMUnitTest tests[][1] = {
        TEST(exit_without_xenstore),
        TEST(costs_nothing_before_main_blocks),
        TEST(poweroff_runs_the_orderly_end),
        TEST(reboot_asked_for_before_we_looked),
        TEST(halt_powers_off),
        TEST(unknown_requests_are_left_alone),
        TEST(conflicts_are_retried),
        TEST(no_memory_for_a_thread),
        TEST(memory_comes_back),
        TEST(own_handler_is_called_one_at_a_time),
        TEST(exit_leaves_its_status),
        TEST(exit_does_not_wait_for_a_dead_daemon),
    };
    int failed = 0;

    /* Each ends its domain, so each has a process of its own. */
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
            exit(cmocka_run_group_tests(tests[i], NULL, NULL));
        }
        failed += waitpid(child, &status, 0) != child || status != 0;
    }
    return failed;
}
