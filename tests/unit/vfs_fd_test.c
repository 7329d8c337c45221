// SPDX-License-Identifier: MIT
/*
 * Descriptors behave as POSIX says: the lowest free number, shared files, the last close releases, errors for
 * what is not open or not allowed; and running out of memory or of numbers harms nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fake.h>

#include <xenolith/console.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

/* Stand-ins for the console. */
static char console_out[64];
static bool input_ready;

long console_write(const void *buf, size_t bytes)
{
    memcpy(console_out, buf, bytes);
    return (long)bytes;
}

long console_read(void *buf, size_t bytes)
{
    memset(buf, 'i', bytes);
    return (long)bytes;
}

bool console_input_ready(void)
{
    return input_ready;
}

struct wait_queue *console_input_waiters(void)
{
    static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

    return &nobody;
}

struct probe {
    struct file file;
    unsigned int releases;
    int close_on_read; /* a descriptor to close while a read is under way, or -1 */
};

static long probe_read(struct file *file, void *buf, size_t bytes)
{
    struct probe *p = (struct probe *)file;

    if (p->close_on_read >= 0) {
        assert_int_equal(fd_close(p->close_on_read), 0);
        assert_int_equal(p->releases, 0);
    }
    memset(buf, 'p', bytes);
    return (long)bytes;
}

static void probe_release(struct file *file)
{
    ((struct probe *)file)->releases++;
}

static const struct file_ops probe_ops = {.read = probe_read, .release = probe_release};
static const struct file_ops bare_ops = {0};

static struct probe make_probe(const struct file_ops *ops, unsigned int flags)
{
    struct probe p = {.close_on_read = -1};

    file_init(&p.file, ops, flags);
    return p;
}

static int boot(void **state)
{
    (void)state;
    fake_boot(1024);
    return 0;
}

static void the_first_three_are_the_console(void **state)
{
    char buf[4] = "";

    (void)state;
    assert_int_equal(fd_write(1, "hello", 5), 5);
    assert_int_equal(memcmp(console_out, "hello", 5), 0);
    assert_int_equal(fd_write(2, "error", 5), 5);
    assert_int_equal(fd_read(0, buf, 4), 4);
    assert_int_equal(fd_seek(1, 0, 0), -ESPIPE);
    assert_int_equal(fd_write(1, NULL, 0), 0);
}

static void a_console_that_must_not_block_says_so(void **state)
{
    char c;

    (void)state;
    console_file.flags |= FILE_NONBLOCK;
    assert_int_equal(fd_read(0, &c, 1), -EAGAIN);
    input_ready = true;
    assert_int_equal(fd_read(0, &c, 1), 1);
    console_file.flags &= ~(unsigned int)FILE_NONBLOCK;
    input_ready = false;
}

static void what_is_not_open_is_refused(void **state)
{
    static const int fds[] = {-1, 3, 7, 8, FD_LIMIT - 1, FD_LIMIT, INT32_MAX, INT32_MIN};
    struct file_info info;
    char c = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        assert_int_equal(fd_read(fds[i], &c, 1), -EBADF);
        assert_int_equal(fd_write(fds[i], &c, 1), -EBADF);
        assert_int_equal(fd_seek(fds[i], 0, 0), -EBADF);
        assert_int_equal(fd_info(fds[i], &info), -EBADF);
        assert_int_equal(fd_close(fds[i]), -EBADF);
        assert_int_equal(fd_dup(fds[i], 0), -EBADF);
        assert_int_equal(fd_dup2(fds[i], 5), -EBADF);
        assert_null(fd_file(fds[i]));
    }
    assert_int_equal(fd_dup2(1, -1), -EBADF);
    assert_int_equal(fd_dup2(1, FD_LIMIT), -EBADF);
    assert_int_equal(fd_dup(1, -1), -EINVAL);
    assert_int_equal(fd_dup(1, FD_LIMIT), -EINVAL);
}

static void access_is_checked_and_missing_operations_fail(void **state)
{
    struct probe reader = make_probe(&probe_ops, FILE_READ);
    struct probe bare = make_probe(&bare_ops, FILE_READ | FILE_WRITE);
    struct file_info info;
    char c = 0;
    int fd = fd_install(&reader.file, 0);
    int other = fd_install(&bare.file, 0);

    (void)state;
    assert_int_equal(fd_write(fd, &c, 1), -EBADF);
    assert_int_equal(fd_read(fd, &c, 1), 1);
    assert_int_equal(fd_read(other, &c, 1), -EINVAL);
    assert_int_equal(fd_write(other, &c, 1), -EINVAL);
    assert_int_equal(fd_info(other, &info), -EINVAL);
    assert_int_equal(fd_seek(other, 0, 0), -ESPIPE);
    assert_int_equal(fd_close(other), 0);
    assert_int_equal(fd_close(fd), 0);
    assert_int_equal(reader.releases, 1);
}

static void the_lowest_free_number_is_given(void **state)
{
    struct probe a = make_probe(&probe_ops, FILE_READ);

    (void)state;
    assert_int_equal(fd_install(&a.file, 0), 3);
    assert_int_equal(fd_dup(3, 0), 4);
    assert_int_equal(fd_dup(3, 10), 10);
    assert_int_equal(fd_dup(3, 10), 11);
    assert_int_equal(fd_close(3), 0);
    assert_int_equal(fd_dup(4, 0), 3);
    assert_int_equal(fd_dup(4, 0), 5);
    assert_int_equal(a.releases, 0);
    for (int fd = 3; fd <= 11; fd++) {
        (void)fd_close(fd);
    }
    assert_int_equal(a.releases, 1);
    assert_int_equal(a.file.refs, 0);
}

static void dup2_replaces_what_was_there(void **state)
{
    struct probe a = make_probe(&probe_ops, FILE_READ);
    struct probe b = make_probe(&probe_ops, FILE_READ);
    int x = fd_install(&a.file, 0);
    int y = fd_install(&b.file, 0);

    (void)state;
    assert_int_equal(fd_dup2(x, y), y);
    assert_int_equal(b.releases, 1);
    assert_int_equal(fd_dup2(x, x), x);
    assert_int_equal(a.file.refs, 2);
    assert_int_equal(fd_dup2(x, 300), 300);
    assert_int_equal(fd_close(300), 0);
    assert_int_equal(fd_close(x), 0);
    assert_int_equal(a.releases, 0);
    assert_int_equal(fd_close(y), 0);
    assert_int_equal(a.releases, 1);
}

static void a_file_closed_while_in_use_lives_until_the_call_returns(void **state)
{
    struct probe a = make_probe(&probe_ops, FILE_READ);
    char c;

    (void)state;
    a.close_on_read = fd_install(&a.file, 0);
    assert_int_equal(fd_read(a.close_on_read, &c, 1), 1);
    assert_int_equal(a.releases, 1);
}

static void without_memory_the_table_stays_as_it_is(void **state)
{
    struct probe a = make_probe(&probe_ops, FILE_READ);
    int fd = fd_install(&a.file, 0);

    (void)state;
    fake_fail_after(1);
    assert_int_equal(fd_dup2(fd, 5000), -ENOMEM);
    fake_fail_after(1);
    assert_int_equal(fd_dup(fd, 5000), -ENOMEM);
    assert_int_equal(a.file.refs, 1);
    assert_int_equal(fd_close(fd), 0);
    assert_int_equal(a.releases, 1);
}

static void the_table_grows_to_its_limit_and_no_further(void **state)
{
    struct probe a = make_probe(&probe_ops, FILE_READ);
    int fd = fd_install(&a.file, 0);

    (void)state;
    for (int next = fd + 1; next < FD_LIMIT; next++) {
        assert_int_equal(fd_dup(fd, 0), next);
    }
    assert_int_equal(fd_dup(fd, 0), -EMFILE);
    assert_int_equal(a.file.refs, FD_LIMIT - fd);
    for (int i = FD_LIMIT - 1; i >= fd; i--) {
        assert_int_equal(fd_close(i), 0);
    }
    assert_int_equal(a.releases, 1);
    assert_int_equal(fd_dup(1, 0), 3);
    assert_int_equal(fd_close(3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_three_are_the_console),
        cmocka_unit_test(a_console_that_must_not_block_says_so),
        cmocka_unit_test(what_is_not_open_is_refused),
        cmocka_unit_test(access_is_checked_and_missing_operations_fail),
        cmocka_unit_test(the_lowest_free_number_is_given),
        cmocka_unit_test(dup2_replaces_what_was_there),
        cmocka_unit_test(a_file_closed_while_in_use_lives_until_the_call_returns),
        cmocka_unit_test(without_memory_the_table_stays_as_it_is),
        cmocka_unit_test(the_table_grows_to_its_limit_and_no_further),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
