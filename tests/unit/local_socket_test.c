// SPDX-License-Identifier: MIT
/*
 * Pairs of sockets within the image do what Linux' AF_UNIX pairs do: the same operations, in an order from a seed, give the same data, errors
 * and readiness on both. And here alone: blocking, limits, no memory.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xenolith/sched.h>

#include "../../lib/socket/socket.h"
#include "own_posix.h"

#define STEPS 20000
#define HELD  2000 /* far from any limit, which are not Linux' */

static struct pair {
    int theirs[2];
    struct socket *ours[2];
    bool closed[2];
} pair;

static int boot(void **state)
{
    (void)state;
    fake_boot(4096);
    return 0;
}

static void open_ours(int type)
{
    assert_int_equal(local_socket_pair(type, pair.ours), 0);
    pair.closed[0] = pair.closed[1] = false;
}

static void close_ours(int end)
{
    if (!pair.closed[end]) {
        file_put(&pair.ours[end]->file);
    }
    pair.closed[end] = true;
}

static void open_both(int type)
{
    assert_int_equal(socketpair(AF_UNIX, type, 0, pair.theirs), 0);
    open_ours(type);
}

static void close_both(int end)
{
    if (!pair.closed[end]) {
        assert_int_equal(close(pair.theirs[end]), 0);
    }
    close_ours(end);
}

static long send_ours(int end, const void *buf, size_t bytes, int flags)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)buf, bytes / 3},
                             {(char *)(uintptr_t)buf + bytes / 3, bytes - bytes / 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    return pair.ours[end]->ops->send(pair.ours[end], &message, flags);
}

static long receive_ours(int end, void *buf, size_t bytes, int flags, int *told)
{
    struct iovec parts[2] = {{buf, bytes / 4}, {(char *)buf + bytes / 4, bytes - bytes / 4}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    long rc = pair.ours[end]->ops->receive(pair.ours[end], &message, flags);

    *told = message.msg_flags;
    return rc;
}

/* Until nothing is there: what waits unread must stay small. */
static unsigned int held[2];

static void one_send(int end)
{
    static unsigned char next;
    unsigned char buf[200];
    size_t bytes = 1 + fake_random_below(sizeof(buf));
    long theirs, ours;

    if (pair.closed[end] || held[end] > HELD) {
        return;
    }
    /* Linux also throws away what the sender itself has not received yet. We do not. */
    if (pair.ours[end]->type == SOCK_DGRAM && pair.closed[1 - end]) {
        assert_true(send_ours(end, buf, 1, MSG_NOSIGNAL) < 0);
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        buf[i] = next++;
    }
    theirs = send(pair.theirs[end], buf, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    theirs = theirs < 0 ? -errno : theirs;
    ours = send_ours(end, buf, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    assert_int_equal(ours, theirs);
    held[end] += ours > 0 ? (unsigned int)ours : 0;
}

static void one_receive(int end)
{
    static const int flag_sets[] = {0, 0, 0, MSG_PEEK, MSG_WAITALL, MSG_PEEK | MSG_TRUNC, MSG_TRUNC};
    bool is_stream = !pair.closed[end] && pair.ours[end]->type == SOCK_STREAM;
    int flags = flag_sets[fake_random_below(is_stream ? 5 : 7)] | MSG_DONTWAIT;
    unsigned char theirs_buf[300] = {0}, ours_buf[300] = {0};
    size_t bytes = 1 + fake_random_below(sizeof(ours_buf));
    struct iovec part = {theirs_buf, bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    long theirs, ours;
    int told;

    if (pair.closed[end]) {
        return;
    }
    if (pair.closed[1 - end]) {
        flags &= ~MSG_WAITALL; /* with which Linux forgets an error behind the last bytes */
    }
    theirs = recvmsg(pair.theirs[end], &message, flags);
    theirs = theirs < 0 ? -errno : theirs;
    ours = receive_ours(end, ours_buf, bytes, flags, &told);
    if (ours == 0 && theirs == -EAGAIN && pair.ours[end]->type == SOCK_DGRAM) {
        return; /* Linux says readable, and then not; here the end of a shut down socket can be read */
    }
    assert_int_equal(ours, theirs);
    assert_memory_equal(ours_buf, theirs_buf, sizeof(ours_buf));
    if (ours >= 0) {
        assert_int_equal(told, message.msg_flags & MSG_TRUNC);
    }
    if (ours == -EAGAIN) {
        held[1 - end] = 0;
    }
}

static void one_shutdown(int end)
{
    int how = (int)fake_random_below(3);

    if (!pair.closed[end]) {
        assert_int_equal(shutdown(pair.theirs[end], how), 0);
        assert_int_equal(pair.ours[end]->ops->shutdown(pair.ours[end], how), 0);
    }
}

static void compare_readiness(unsigned int step)
{
    for (int end = 0; end < 2; end++) {
        struct pollfd p = {.fd = pair.theirs[end], .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};
        unsigned int ours;

        if (pair.closed[end]) {
            continue;
        }
        assert_true(poll(&p, 1, 0) >= 0);
        ours = file_ready(&pair.ours[end]->file) & ~(unsigned int)FILE_RELEASED;
        if (ours != (unsigned int)p.revents) {
            fail_msg("type %d, step %u: Linux %x, here %x", pair.ours[end]->type, step, p.revents, ours);
        }
    }
}

static void a_pair_is_as_linux_has_it(void **state)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    size_t blocks = fake_heap_blocks;

    (void)state;
    open_both(types[0]);
    for (unsigned int step = 0; step < STEPS; step++) {
        int end = (int)fake_random_below(2);

        switch (fake_random_below(64)) {
        case 0:
            one_shutdown(end);
            break;
        case 1:
            close_both(end);
            break;
        case 2:
            close_both(0);
            close_both(1);
            open_both(types[fake_random_below(3)]);
            held[0] = held[1] = 0;
            break;
        case 3 ... 30:
            one_send(end);
            break;
        default:
            one_receive(end);
            break;
        }
        compare_readiness(step);
    }
    close_both(0);
    close_both(1);
    assert_int_equal(fake_heap_blocks, blocks);
}

/* ---- Ours alone ---- */

static unsigned char big[200000];

static void send_big(void *arg)
{
    *(long *)arg = send_ours(0, big, sizeof(big), 0);
}

static void a_large_send_waits_for_its_receiver(void **state)
{
    struct thread *thread;
    size_t total = 0;
    long sent = -1;
    int told;

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (unsigned char)(i * 3);
    }
    open_ours(SOCK_STREAM);
    assert_int_equal(thread_create(&thread, "sender", send_big, &sent, 0), 0);
    while (total < sizeof(big)) {
        unsigned char got[3000];
        long n =
            receive_ours(1, got, sizeof(got), total + sizeof(got) <= sizeof(big) ? MSG_WAITALL : 0, &told);

        assert_true(n > 0);
        for (long i = 0; i < n; i++) {
            assert_int_equal(got[i], (unsigned char)((total + (size_t)i) * 3));
        }
        total += (size_t)n;
    }
    thread_join(thread);
    assert_int_equal(sent, sizeof(big));
    close_ours(0);
    close_ours(1);
}

static void a_blocked_sender_hears_of_the_other_ends_close(void **state)
{
    struct thread *thread;
    long sent = -1;

    (void)state;
    memset(own_signals, 0, sizeof(own_signals));
    open_ours(SOCK_STREAM);
    assert_int_equal(thread_create(&thread, "sender", send_big, &sent, 0), 0);
    thread_yield();
    close_ours(1);
    thread_join(thread);
    assert_int_equal(sent, 65536);
    assert_int_equal(own_signals[SIGPIPE], 0);
    assert_int_equal(send_ours(0, "x", 1, 0), -EPIPE);
    assert_int_equal(own_signals[SIGPIPE], 1);
    assert_int_equal(send_ours(0, "x", 1, MSG_NOSIGNAL), -EPIPE);
    assert_int_equal(own_signals[SIGPIPE], 1);
    close_ours(0);
}

static void limits_and_time_outs_are_kept(void **state)
{
    uint64_t began;
    int nr = 0, told;
    char c;

    (void)state;
    open_ours(SOCK_DGRAM);
    assert_int_equal(send_ours(0, big, sizeof(big), 0), sizeof(big));
    while (send_ours(0, big, 1000, MSG_DONTWAIT) > 0) {
        nr++;
    }
    assert_in_range(nr, 10, 13);
    assert_int_equal(file_ready(&pair.ours[0]->file), 0);
    pair.ours[0]->send_timeout_ns = 5000;
    began = fake_now_ns;
    assert_int_equal(send_ours(0, big, 1000, 0), -EAGAIN);
    assert_int_equal(fake_now_ns, began + 5000);
    assert_int_equal(receive_ours(1, &c, 1, MSG_TRUNC, &told), sizeof(big));
    assert_int_equal(file_ready(&pair.ours[0]->file), FILE_CAN_WRITE);
    pair.ours[0]->receive_timeout_ns = 6000;
    assert_int_equal(receive_ours(0, &c, 1, 0, &told), -EAGAIN);
    assert_int_equal(fake_now_ns, began + 11000);
    close_ours(0);
    close_ours(1);
}

static void without_memory_nothing_is_sent(void **state)
{
    char c;
    int told;

    (void)state;
    fake_fail_after(1);
    assert_int_equal(local_socket_pair(SOCK_STREAM, pair.ours), -ENOMEM);
    assert_int_equal(local_socket_pair(SOCK_RAW, pair.ours), -ESOCKTNOSUPPORT);
    for (int i = 0; i < 2; i++) {
        open_ours(i == 0 ? SOCK_STREAM : SOCK_SEQPACKET);
        fake_fail_after(1);
        assert_true(send_ours(0, "x", 1, 0) < 0);
        fake_fail_after(0);
        assert_int_equal(receive_ours(1, &c, 1, MSG_DONTWAIT, &told), -EAGAIN);
        close_ours(0);
        close_ours(1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_as_linux_has_it),
        cmocka_unit_test(a_large_send_waits_for_its_receiver),
        cmocka_unit_test(a_blocked_sender_hears_of_the_other_ends_close),
        cmocka_unit_test(limits_and_time_outs_are_kept),
        cmocka_unit_test(without_memory_nothing_is_sent),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
