// SPDX-License-Identifier: MIT
/*
 * Pipes: bytes come out as they went in, small writes are never torn, full and empty pipes block or say so, and the end of one side is the
 * other's end or SIGPIPE. A pipe takes memory for what is in it only.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include <xenolith/heap.h>
#include <xenolith/sched.h>

#include "own_posix.h"

#define LIMIT 65536

static int from, to;
static unsigned char buf[2 * LIMIT];

static int boot(void **state)
{
    (void)state;
    fake_boot(4096);
    return 0;
}

static int open_pipe(void **state)
{
    int fds[2];

    (void)state;
    memset(own_signals, 0, sizeof(own_signals));
    if (own_pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) {
        return -1;
    }
    from = fds[0];
    to = fds[1];
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    (void)own_close(from);
    (void)own_close(to);
    return 0;
}

static void set_blocking(int fd)
{
    struct file *file = fd_file(fd);

    file->flags &= ~(unsigned int)FILE_NONBLOCK;
    file_put(file);
}

static short ready_events(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

    (void)own_poll(&p, 1, 0);
    return p.revents;
}

static void bytes_come_out_in_order_however_they_are_cut(void **state)
{
    unsigned char next_in = 0, next_out = 0;
    size_t held = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(4) == 0 ? LIMIT : 300);
        ssize_t n;

        if (fake_random_below(2) == 0) {
            for (size_t k = 0; k < bytes; k++) {
                buf[k] = (unsigned char)(next_in + k);
            }
            n = own_write(to, buf, bytes);
            if (bytes <= 4096) {
                assert_true(n == (ssize_t)bytes || (n == -1 && errno == EAGAIN && LIMIT - held < bytes));
            } else {
                size_t room = LIMIT - held;

                assert_int_equal(n, room == 0 ? -1 : (ssize_t)(bytes < room ? bytes : room));
            }
            held += n > 0 ? (size_t)n : 0;
            next_in = (unsigned char)(next_in + (n > 0 ? n : 0));
        } else {
            n = own_read(from, buf, bytes);
            assert_int_equal(n, held == 0 ? -1 : (ssize_t)(bytes < held ? bytes : held));
            for (ssize_t k = 0; k < n; k++) {
                assert_int_equal(buf[k], next_out++);
            }
            held -= n > 0 ? (size_t)n : 0;
        }
        assert_int_equal((ready_events(from) & POLLIN) != 0, held > 0);
        assert_int_equal((ready_events(to) & POLLOUT) != 0, LIMIT - held >= 4096);
    }
}

static void an_empty_pipe_holds_little(void **state)
{
    struct heap_stats before, after;

    (void)state;
    heap_get_stats(&before);
    assert_int_equal(own_write(to, buf, LIMIT), LIMIT);
    assert_int_equal(own_read(from, buf, sizeof(buf)), LIMIT);
    heap_get_stats(&after);
    assert_true(after.used_bytes <= before.used_bytes + 4096);
}

static void the_writers_end_is_the_end_of_the_file(void **state)
{
    (void)state;
    assert_int_equal(own_write(to, "last", 4), 4);
    assert_int_equal(own_close(to), 0);
    assert_int_equal(ready_events(from), POLLIN | POLLHUP);
    assert_int_equal(own_read(from, buf, 100), 4);
    assert_int_equal(ready_events(from), POLLHUP);
    assert_int_equal(own_read(from, buf, 100), 0);
}

static void without_a_reader_there_is_a_signal_and_an_error(void **state)
{
    (void)state;
    assert_int_equal(own_close(from), 0);
    assert_int_equal(ready_events(to), POLLOUT | POLLERR);
    assert_int_equal(own_write(to, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(own_signals[SIGPIPE], 1);
}

static void each_end_has_one_direction(void **state)
{
    (void)state;
    assert_int_equal(own_write(from, "x", 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(own_read(to, buf, 1), -1);
    assert_int_equal(errno, EBADF);
}

static void write_all(void *arg)
{
    *(ssize_t *)arg = own_write(to, buf, sizeof(buf));
}

static void a_large_write_waits_for_its_readers(void **state)
{
    static unsigned char got[1000];
    struct thread *thread;
    ssize_t written = -2;
    size_t total = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(buf); i++) {
        buf[i] = (unsigned char)(i * 7);
    }
    set_blocking(to);
    set_blocking(from);
    assert_int_equal(thread_create(&thread, "writer", write_all, &written, 0), 0);
    while (total < sizeof(buf)) {
        ssize_t n = own_read(from, got, sizeof(got));

        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            assert_int_equal(got[i], (unsigned char)((total + (size_t)i) * 7));
        }
        total += (size_t)n;
    }
    thread_join(thread);
    assert_int_equal(written, sizeof(buf));
}

static void a_blocked_writer_hears_of_the_readers_end(void **state)
{
    struct thread *thread;
    ssize_t written = -2;

    (void)state;
    set_blocking(to);
    assert_int_equal(thread_create(&thread, "writer", write_all, &written, 0), 0);
    thread_yield();
    assert_int_equal(written, -2);
    assert_int_equal(own_close(from), 0);
    thread_join(thread);
    assert_int_equal(written, LIMIT);
    assert_int_equal(own_signals[SIGPIPE], 1);
}

static void read_some(void *arg)
{
    *(ssize_t *)arg = own_read(from, buf, sizeof(buf));
}

static void a_blocked_reader_hears_of_the_writers_end(void **state)
{
    struct thread *thread;
    ssize_t got = -2;

    (void)state;
    set_blocking(from);
    assert_int_equal(thread_create(&thread, "reader", read_some, &got, 0), 0);
    thread_yield();
    assert_int_equal(got, -2);
    assert_int_equal(own_close(to), 0);
    thread_join(thread);
    assert_int_equal(got, 0);
}

static void without_memory_nothing_is_lost(void **state)
{
    int fds[2];

    (void)state;
    fake_fail_after(1);
    assert_int_equal(own_pipe(fds), -1);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(own_write(to, "first", 5), 5);
    fake_fail_after(1);
    assert_int_equal(own_write(to, buf, 4096), -1);
    assert_int_equal(errno, ENOMEM);
    fake_fail_after(0);
    assert_int_equal(own_read(from, buf, 100), 5);
    assert_memory_equal(buf, "first", 5);
    assert_int_equal(own_pipe2(fds, O_APPEND), -1);
    assert_int_equal(errno, EINVAL);
}

#define ON_A_PIPE(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PIPE(bytes_come_out_in_order_however_they_are_cut),
        ON_A_PIPE(an_empty_pipe_holds_little),
        ON_A_PIPE(the_writers_end_is_the_end_of_the_file),
        ON_A_PIPE(without_a_reader_there_is_a_signal_and_an_error),
        ON_A_PIPE(each_end_has_one_direction),
        ON_A_PIPE(a_large_write_waits_for_its_readers),
        ON_A_PIPE(a_blocked_writer_hears_of_the_readers_end),
        ON_A_PIPE(a_blocked_reader_hears_of_the_writers_end),
        ON_A_PIPE(without_memory_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
