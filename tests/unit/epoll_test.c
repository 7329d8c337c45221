// SPDX-License-Identifier: MIT
/*
 * epoll costs what the ready descriptors cost, not what there are; what is level, edge, one shot and exclusive; an item ends with its file;
 * waiting threads are woken once for each event and by nothing else.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>

#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "own_posix.h"

#define MANY 10000

static int ep;

static int boot(void **state)
{
    (void)state;
    fake_boot(16384);
    return 0;
}

static int open_epoll(void **state)
{
    (void)state;
    ep = own_epoll_create1(EPOLL_CLOEXEC);
    return ep >= 0 ? 0 : -1;
}

static int close_epoll(void **state)
{
    (void)state;
    return own_close(ep);
}

static int add(int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    return own_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static int modify(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = 7};

    return own_epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event);
}

static void expect(int nr, uint32_t events)
{
    struct epoll_event got[8];

    assert_int_equal(own_epoll_wait(ep, got, 8, 0), nr);
    if (nr > 0) {
        assert_int_equal(got[0].events, events);
    }
}

static void ten_thousand_descriptors_cost_what_the_ready_ones_cost(void **state)
{
    static struct probe_file probes[MANY];
    static int fds[MANY];
    struct epoll_event got[64];
    unsigned int looks = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        fds[i] = probe_open(&probes[i], 0);
        assert_true(fds[i] >= 0);
        assert_int_equal(add(fds[i], EPOLLIN, (uint64_t)i), 0);
        probes[i].looks = 0;
    }
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 10; i++) {
            probe_set(&probes[(round * 97 + i * 991) % MANY], FILE_CAN_READ);
        }
        assert_int_equal(own_epoll_wait(ep, got, 64, -1), 10);
        for (int i = 0; i < 10; i++) {
            probe_set(&probes[got[i].data.u64], 0);
        }
        assert_int_equal(own_epoll_wait(ep, got, 64, 0), 0);
    }
    for (int i = 0; i < MANY; i++) {
        looks += probes[i].looks;
        assert_int_equal(own_close(fds[i]), 0);
        assert_int_equal(probes[i].releases, 1);
    }
    /* Of each ready one: once when it was told, once to see that it no longer is. */
    assert_int_equal(looks, 100 * 10 * 2);
}

static void the_ready_ones_take_turns(void **state)
{
    struct probe_file probes[5];
    unsigned int told[5] = {0};
    struct epoll_event got[2];
    int fds[5];

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        fds[i] = probe_open(&probes[i], FILE_CAN_READ);
        assert_int_equal(add(fds[i], EPOLLIN, i), 0);
    }
    for (int round = 0; round < 10; round++) {
        assert_int_equal(own_epoll_wait(ep, got, 2, 0), 2);
        told[got[0].data.u64]++;
        told[got[1].data.u64]++;
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(told[i], 4);
        (void)own_close(fds[i]);
    }
}

static void level_edge_and_one_shot_differ(void **state)
{
    struct probe_file probe;
    int fd = probe_open(&probe, FILE_CAN_READ);

    (void)state;
    assert_int_equal(add(fd, EPOLLIN, 7), 0);
    expect(1, EPOLLIN);
    expect(1, EPOLLIN);
    assert_int_equal(modify(fd, EPOLLIN | EPOLLET), 0);
    expect(1, EPOLLIN);
    expect(0, 0);
    file_notify(&probe.file, FILE_CAN_READ);
    expect(1, EPOLLIN);
    expect(0, 0);
    assert_int_equal(modify(fd, EPOLLIN | EPOLLOUT | EPOLLET), 0);
    expect(1, EPOLLIN);
    assert_int_equal(modify(fd, EPOLLIN | EPOLLONESHOT), 0);
    expect(1, EPOLLIN);
    file_notify(&probe.file, FILE_CAN_READ | FILE_FAILED | FILE_HANGUP);
    expect(0, 0);
    assert_int_equal(modify(fd, EPOLLIN | EPOLLONESHOT), 0);
    expect(1, EPOLLIN);
    assert_int_equal(own_epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
    file_notify(&probe.file, FILE_CAN_READ);
    expect(0, 0);
    (void)own_close(fd);
}

static void hang_ups_and_errors_come_unasked(void **state)
{
    struct probe_file probe;
    int fd = probe_open(&probe, 0);

    (void)state;
    assert_int_equal(add(fd, 0, 7), 0);
    probe_set(&probe, FILE_CAN_READ | FILE_CAN_WRITE | FILE_PEER_CLOSED);
    expect(0, 0);
    probe_set(&probe, FILE_CAN_READ | FILE_FAILED | FILE_HANGUP);
    expect(1, EPOLLERR | EPOLLHUP);
    (void)own_close(fd);
}

static void an_item_ends_with_its_file_not_with_its_descriptor(void **state)
{
    struct probe_file probe, other;
    int fd = probe_open(&probe, FILE_CAN_READ);
    int second = own_dup(fd);

    (void)state;
    assert_int_equal(add(fd, EPOLLIN, 7), 0);
    assert_int_equal(add(fd, EPOLLIN, 7), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(add(second, EPOLLIN, 7), 0);
    expect(2, EPOLLIN);
    assert_int_equal(own_close(fd), 0);
    expect(2, EPOLLIN);
    assert_int_equal(own_epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(probe_open(&other, 0), fd); /* another file under the same number is another item */
    assert_int_equal(add(fd, EPOLLIN, 7), 0);
    expect(2, EPOLLIN);
    assert_int_equal(own_close(second), 0);
    assert_int_equal(probe.releases, 1);
    expect(0, 0);
    assert_int_equal(own_close(fd), 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct file_ops plain_ops = {0};
    struct epoll_event event = {.events = EPOLLIN};
    struct probe_file probe;
    struct file plain;
    int fd = probe_open(&probe, 0);
    int plain_fd, other = own_epoll_create(1);

    (void)state;
    file_init(&plain, &plain_ops, FILE_READ);
    plain_fd = fd_install(&plain, 0);
    assert_int_equal(add(plain_fd, EPOLLIN, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(add(ep, EPOLLIN, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(add(999, EPOLLIN, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(modify(fd, EPOLLIN), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(own_epoll_ctl(fd, EPOLL_CTL_ADD, ep, &event), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_epoll_ctl(ep, 9, fd, &event), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_epoll_ctl(ep, EPOLL_CTL_ADD, fd, NULL), -1);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(add(other, EPOLLIN | EPOLLEXCLUSIVE, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(add(fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(add(fd, EPOLLIN | EPOLLEXCLUSIVE, 0), 0);
    assert_int_equal(modify(fd, EPOLLIN), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_epoll_wait(ep, &event, 0, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_epoll_wait(fd, &event, 1, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(own_epoll_wait(999, &event, 1, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(own_epoll_create(0), -1);
    assert_int_equal(own_epoll_create1(1), -1);
    (void)own_close(plain_fd);
    (void)own_close(other);
    (void)own_close(fd);
}

static void without_memory_nothing_is_half_made(void **state)
{
    struct probe_file probe;
    int fd = probe_open(&probe, FILE_CAN_READ);

    (void)state;
    for (unsigned int nr = 1; nr <= 2; nr++) {
        fake_fail_after(nr);
        assert_int_equal(own_epoll_create1(0), -1);
        assert_int_equal(errno, ENOMEM);
    }
    fake_fail_after(1);
    assert_int_equal(add(fd, EPOLLIN, 7), -1);
    assert_int_equal(errno, ENOMEM);
    fake_fail_after(0);
    assert_int_equal(add(fd, EPOLLIN, 7), 0);
    expect(1, EPOLLIN);
    (void)own_close(fd);
}

/* ---- Threads ---- */

struct waiter_thread {
    struct thread *thread;
    int timeout_ms;
    int result;
    uint64_t data;
};

static void wait_in_thread(void *arg)
{
    struct waiter_thread *w = arg;
    struct epoll_event got[4];

    w->result = own_epoll_wait(ep, got, 1, w->timeout_ms);
    w->data = w->result > 0 ? got[0].data.u64 : 0;
}

static void start(struct waiter_thread *w, int timeout_ms)
{
    w->timeout_ms = timeout_ms;
    w->result = -2;
    assert_int_equal(thread_create(&w->thread, "waiter", wait_in_thread, w, 0), 0);
    thread_yield();
}

static void each_event_wakes_one_of_those_who_wait(void **state)
{
    struct probe_file probes[2];
    int fds[2] = {probe_open(&probes[0], 0), probe_open(&probes[1], 0)};
    struct waiter_thread a, b;

    (void)state;
    assert_int_equal(add(fds[0], EPOLLIN | EPOLLET, 10), 0);
    start(&a, -1);
    start(&b, -1);
    assert_int_equal(add(fds[1], EPOLLIN | EPOLLET, 11), 0); /* while others wait */
    probe_set(&probes[1], FILE_CAN_READ);
    thread_join(a.thread);
    assert_int_equal(a.result, 1);
    assert_int_equal(a.data, 11);
    thread_yield();
    assert_int_equal(b.result, -2);
    probe_set(&probes[0], FILE_CAN_READ);
    thread_join(b.thread);
    assert_int_equal(b.data, 10);
    (void)own_close(fds[0]);
    (void)own_close(fds[1]);
}

static void one_who_leaves_something_wakes_the_next(void **state)
{
    struct probe_file probes[2];
    int fds[2] = {probe_open(&probes[0], 0), probe_open(&probes[1], 0)};
    struct waiter_thread a, b;

    (void)state;
    assert_int_equal(add(fds[0], EPOLLIN | EPOLLET, 10), 0);
    assert_int_equal(add(fds[1], EPOLLIN | EPOLLET, 11), 0);
    start(&a, 50);
    fake_clock_advance(50 * NS_PER_MS); /* its time is over, but it has not run */
    start(&b, -1);
    probe_set(&probes[0], FILE_CAN_READ);
    probe_set(&probes[1], FILE_CAN_READ);
    thread_join(a.thread);
    thread_join(b.thread);
    assert_true(b.result == 1);
    assert_true(a.result == 0 || a.data != b.data);
    (void)own_close(fds[0]);
    (void)own_close(fds[1]);
}

static void a_time_out_is_kept(void **state)
{
    uint64_t began = fake_now_ns;
    struct epoll_event got;

    (void)state;
    assert_int_equal(own_epoll_wait(ep, &got, 1, 30), 0);
    assert_int_equal(fake_now_ns, began + 30 * NS_PER_MS);
    assert_int_equal(own_epoll_pwait2(ep, &got, 1, &(struct timespec){.tv_nsec = 777}, NULL), 0);
    assert_int_equal(fake_now_ns, began + 30 * NS_PER_MS + 777);
    assert_int_equal(own_epoll_pwait2(ep, &got, 1, &(struct timespec){.tv_nsec = -1}, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

static void an_epoll_closed_while_somebody_waits_lives_until_it_returns(void **state)
{
    struct probe_file probe;
    struct epoll_event got;
    struct waiter_thread a;
    int fd = probe_open(&probe, 0);

    (void)state;
    assert_int_equal(add(fd, EPOLLIN, 10), 0);
    start(&a, -1);
    assert_int_equal(own_close(ep), 0);
    assert_int_equal(own_epoll_wait(ep, &got, 1, 0), -1);
    probe_set(&probe, FILE_CAN_READ);
    thread_join(a.thread);
    assert_int_equal(a.data, 10);
    assert_true(list_is_empty(&probe.file.watches));
    (void)own_close(fd);
    ep = own_epoll_create1(0);
}

static void console_input_from_an_upcall_ends_the_wait(void **state)
{
    char c;

    (void)state;
    assert_int_equal(add(0, EPOLLIN | EPOLLET, 7), 0);
    for (int i = 0; i < 3; i++) {
        struct epoll_event got;

        fake_event_at(fake_now_ns + NS_PER_MS, own_console_type, NULL);
        assert_int_equal(own_epoll_wait(ep, &got, 1, -1), 1);
        expect(0, 0);
    }
    assert_int_equal(own_console_unread, 3);
    while (own_console_unread > 0) {
        assert_int_equal(own_read(0, &c, 1), 1);
    }
    /* Nobody watches any more: the helper goes with the next byte. */
    assert_int_equal(own_epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL), 0);
    own_console_type(NULL);
    thread_yield();
    assert_int_equal(own_read(0, &c, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_descriptors_cost_what_the_ready_ones_cost, open_epoll,
                                        close_epoll),
        cmocka_unit_test_setup_teardown(the_ready_ones_take_turns, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(level_edge_and_one_shot_differ, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(hang_ups_and_errors_come_unasked, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(an_item_ends_with_its_file_not_with_its_descriptor, open_epoll,
                                        close_epoll),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_half_made, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(each_event_wakes_one_of_those_who_wait, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(one_who_leaves_something_wakes_the_next, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(a_time_out_is_kept, open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(an_epoll_closed_while_somebody_waits_lives_until_it_returns,
                                        open_epoll, close_epoll),
        cmocka_unit_test_setup_teardown(console_input_from_an_upcall_ends_the_wait, open_epoll, close_epoll),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
