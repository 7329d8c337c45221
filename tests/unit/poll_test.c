// SPDX-License-Identifier: MIT
/*
 * poll() and select(): answers at once when something is ready, wake for what was asked for and for nothing else, keep their time-outs, leave
 * no watch behind, and give others a turn when they do not wait.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>

#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "own_posix.h"

#define NR 40

static struct probe_file probes[NR];
static int fds[NR];
static struct pollfd polls[NR];

static int boot(void **state)
{
    (void)state;
    fake_boot(4096);
    return 0;
}

static int open_probes(void **state)
{
    (void)state;
    for (int i = 0; i < NR; i++) {
        fds[i] = probe_open(&probes[i], 0);
        polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    }
    return 0;
}

static int close_probes(void **state)
{
    (void)state;
    for (int i = 0; i < NR; i++) {
        (void)own_close(fds[i]);
        assert_true(list_is_empty(&probes[i].file.watches));
    }
    return 0;
}

static void become_ready(void *arg)
{
    struct probe_file *probe = arg;

    thread_sleep_ns(NS_PER_MS);
    probe_set(probe, FILE_CAN_READ);
}

static struct thread *ready_later(struct probe_file *probe)
{
    struct thread *thread;

    assert_int_equal(thread_create(&thread, "later", become_ready, probe, 0), 0);
    return thread;
}

static void what_is_ready_is_told_at_once(void **state)
{
    uint64_t began = fake_now_ns;

    (void)state;
    probes[3].ready = FILE_CAN_READ | FILE_CAN_WRITE;
    probes[5].ready = FILE_HANGUP | FILE_FAILED | FILE_CAN_WRITE;
    polls[7].fd = 999;
    polls[8].fd = -1;
    polls[8].revents = 77;
    assert_int_equal(own_poll(polls, NR, -1), 3);
    assert_int_equal(polls[3].revents, POLLIN);
    assert_int_equal(polls[5].revents, POLLHUP | POLLERR);
    assert_int_equal(polls[7].revents, POLLNVAL);
    assert_int_equal(polls[8].revents, 0);
    assert_int_equal(fake_now_ns, began);
}

static void a_change_ends_the_wait(void **state)
{
    (void)state;
    for (nfds_t nr = 1; nr <= NR; nr += NR - 1) {
        struct thread *thread = ready_later(&probes[nr - 1]);

        assert_int_equal(own_poll(polls, nr, -1), 1);
        assert_int_equal(polls[nr - 1].revents, POLLIN);
        thread_join(thread);
        probes[nr - 1].ready = 0;
    }
}

static void a_change_that_nobody_asked_for_does_not(void **state)
{
    uint64_t began = fake_now_ns;
    struct thread *thread = ready_later(&probes[0]);

    (void)state;
    polls[0].events = POLLOUT;
    assert_int_equal(own_poll(polls, 1, 20), 0);
    assert_int_equal(fake_now_ns, began + 20 * NS_PER_MS);
    thread_join(thread);
}

static void a_false_alarm_is_waited_out(void **state)
{
    struct thread *thread = ready_later(&probes[0]);

    (void)state;
    thread_yield();
    fake_clock_advance(NS_PER_MS / 2);
    file_notify(&probes[1].file, FILE_CAN_READ); /* but it is not */
    assert_int_equal(own_poll(polls, 2, -1), 1);
    assert_int_equal(polls[0].revents, POLLIN);
    thread_join(thread);
}

static void a_file_closed_meanwhile_lives_until_the_poll_returns(void **state)
{
    struct thread *thread = ready_later(&probes[0]);
    int second = own_dup(fds[0]);

    (void)state;
    polls[0].fd = second;
    assert_int_equal(own_close(fds[0]), 0);
    assert_int_equal(own_poll(polls, 1, 100), 1);
    assert_int_equal(own_close(second), 0);
    assert_int_equal(probes[0].releases, 1);
    thread_join(thread);
    fds[0] = probe_open(&probes[0], 0);
}

static void count_turns(void *arg)
{
    for (;;) {
        (*(unsigned int *)arg)++;
        if (*(unsigned int *)arg > 1000) {
            return;
        }
        thread_yield();
    }
}

static void asking_without_waiting_gives_others_a_turn(void **state)
{
    struct thread *thread;
    unsigned int turns = 0;

    (void)state;
    assert_int_equal(thread_create(&thread, "others", count_turns, &turns, 0), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(own_poll(polls, 2, 0), 0);
    }
    assert_true(turns >= 100);
    probes[0].ready = FILE_CAN_READ;
    turns = 0;
    for (int i = 0; i < 160; i++) {
        assert_int_equal(own_poll(polls, 2, -1), 1);
    }
    assert_true(turns >= 10);
    turns = 1000;
    thread_join(thread);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    fake_fail_after(1);
    assert_int_equal(own_poll(polls, NR, -1), -1);
    assert_int_equal(errno, ENOMEM);
    fake_fail_after(0);
    assert_int_equal(own_poll(polls, FD_LIMIT + 1UL, -1), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_ppoll(polls, 1, &(struct timespec){.tv_nsec = 1000000000}, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

static void console_input_from_an_upcall_ends_a_poll(void **state)
{
    struct pollfd p = {.fd = 0, .events = POLLIN | POLLRDNORM};
    char c;

    (void)state;
    fake_event_at(fake_now_ns + NS_PER_MS, own_console_type, NULL);
    assert_int_equal(own_poll(&p, 1, -1), 1);
    assert_int_equal(p.revents, POLLIN | POLLRDNORM);
    assert_int_equal(own_read(0, &c, 1), 1);
    assert_int_equal(own_poll(&p, 1, 5), 0);
    own_console_type(NULL);
    assert_int_equal(own_read(0, &c, 1), 1);
    thread_yield();
}

static void select_keeps_the_bits_that_hold(void **state)
{
    fd_set read, write, except;

    (void)state;
    FD_ZERO(&read);
    FD_ZERO(&write);
    FD_ZERO(&except);
    for (int i = 0; i < NR; i++) {
        FD_SET(fds[i], &read);
        FD_SET(fds[i], &write);
        FD_SET(fds[i], &except);
    }
    probes[1].ready = FILE_CAN_READ | FILE_CAN_WRITE;
    probes[2].ready = FILE_HANGUP;
    probes[3].ready = FILE_FAILED;
    probes[4].ready = FILE_URGENT;
    assert_int_equal(own_select(fds[NR - 1] + 1, &read, &write, &except, NULL), 6);
    for (int i = 0; i < NR; i++) {
        assert_int_equal(FD_ISSET(fds[i], &read) != 0, i >= 1 && i <= 3);
        assert_int_equal(FD_ISSET(fds[i], &write) != 0, i == 1 || i == 3);
        assert_int_equal(FD_ISSET(fds[i], &except) != 0, i == 4);
    }
}

static void select_sleeps_and_waits(void **state)
{
    struct timeval tv = {.tv_sec = 1, .tv_usec = 1500000};
    uint64_t began = fake_now_ns;
    struct thread *thread;
    fd_set set;

    (void)state;
    assert_int_equal(own_select(0, NULL, NULL, NULL, &tv), 0);
    assert_int_equal(fake_now_ns, began + 2500 * NS_PER_MS);
    FD_ZERO(&set);
    FD_SET(fds[9], &set);
    tv = (struct timeval){0};
    assert_int_equal(own_select(fds[9] + 1, &set, NULL, NULL, &tv), 0);
    assert_false(FD_ISSET(fds[9], &set));
    FD_SET(fds[9], &set);
    thread = ready_later(&probes[9]);
    assert_int_equal(own_select(fds[9] + 1, &set, NULL, NULL, NULL), 1);
    assert_true(FD_ISSET(fds[9], &set));
    thread_join(thread);
}

/* poll() cannot but end for an error on a descriptor that select() was asked about for urgent data only. */
static void select_does_not_end_for_what_no_set_asks(void **state)
{
    struct timeval tv = {.tv_usec = 5000};
    uint64_t began = fake_now_ns;
    fd_set set;

    (void)state;
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    probes[0].ready = FILE_FAILED | FILE_HANGUP;
    assert_int_equal(own_select(fds[0] + 1, NULL, NULL, &set, &tv), 0);
    assert_int_equal(fake_now_ns, began + 5 * NS_PER_MS);
}

static void select_refuses_what_is_not_open(void **state)
{
    struct timeval tv = {.tv_usec = -1};
    fd_set set;

    (void)state;
    FD_ZERO(&set);
    FD_SET(999, &set);
    assert_int_equal(own_select(1000, &set, NULL, NULL, NULL), -1);
    assert_int_equal(errno, EBADF);
    assert_true(FD_ISSET(999, &set));
    assert_int_equal(own_select(-1, &set, NULL, NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_select(1, NULL, NULL, NULL, &tv), -1);
    assert_int_equal(errno, EINVAL);
}

#define ON_PROBES(test) cmocka_unit_test_setup_teardown(test, open_probes, close_probes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PROBES(what_is_ready_is_told_at_once),
        ON_PROBES(a_change_ends_the_wait),
        ON_PROBES(a_change_that_nobody_asked_for_does_not),
        ON_PROBES(a_false_alarm_is_waited_out),
        ON_PROBES(a_file_closed_meanwhile_lives_until_the_poll_returns),
        ON_PROBES(asking_without_waiting_gives_others_a_turn),
        ON_PROBES(without_memory_it_says_so),
        ON_PROBES(console_input_from_an_upcall_ends_a_poll),
        ON_PROBES(select_keeps_the_bits_that_hold),
        ON_PROBES(select_sleeps_and_waits),
        ON_PROBES(select_does_not_end_for_what_no_set_asks),
        ON_PROBES(select_refuses_what_is_not_open),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
