// SPDX-License-Identifier: MIT
/*
 * Claim: threads pass megabytes through pipes and pairs of sockets unharmed, poll() and select() end when something comes, the other
 * end's close is heard, SIGPIPE is raised, and nothing of it leaves memory behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenolith/heap.h>

#include "system_test.h"

#define TOTAL (4 << 20)

static volatile int broken_pipes;

static void count_broken_pipe(int number)
{
    broken_pipes += number == SIGPIPE;
}

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 2654435761u >> 13);
}

static void *write_total(void *arg)
{
    static unsigned char buf[10000];
    int fd = *(int *)arg;
    size_t done = 0;

    while (done < TOTAL) {
        size_t bytes = 1 + done % 9973;
        ssize_t n;

        bytes = bytes < TOTAL - done ? bytes : TOTAL - done;
        for (size_t i = 0; i < bytes; i++) {
            buf[i] = byte_at(done + i);
        }
        n = write(fd, buf, bytes);
        CHECK_EQUAL(n, bytes);
        done += bytes;
    }
    CHECK_EQUAL(close(fd), 0);
    return NULL;
}

/* Reads by turns of poll(), select() and plain read(). */
static void pass_total(int from, int to)
{
    static unsigned char buf[7000];
    pthread_t writer;
    size_t done = 0;

    CHECK_EQUAL(pthread_create(&writer, NULL, write_total, &to), 0);
    for (int turn = 0;; turn++) {
        ssize_t n;

        if (turn % 3 == 0) {
            struct pollfd p = {.fd = from, .events = POLLIN};

            CHECK_EQUAL(poll(&p, 1, 60000), 1);
        } else if (turn % 3 == 1) {
            fd_set set;

            FD_ZERO(&set);
            FD_SET(from, &set);
            CHECK_EQUAL(select(from + 1, &set, NULL, NULL, NULL), 1);
            CHECK(FD_ISSET(from, &set));
        }
        n = read(from, buf, sizeof(buf));
        CHECK(n >= 0);
        if (n == 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            CHECK_EQUAL(buf[i], byte_at(done + (size_t)i));
        }
        done += (size_t)n;
    }
    CHECK_EQUAL(done, TOTAL);
    CHECK_EQUAL(pthread_join(writer, NULL), 0);
    CHECK_EQUAL(close(from), 0);
}

static void pipes(void)
{
    struct stat st;
    int fds[2];

    CHECK_EQUAL(pipe(fds), 0);
    CHECK_EQUAL(fstat(fds[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    pass_total(fds[0], fds[1]);
    CHECK_EQUAL(pipe2(fds, O_NONBLOCK), 0);
    CHECK_EQUAL(read(fds[0], &st, 1), -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(close(fds[0]), 0);
    CHECK_EQUAL(write(fds[1], "x", 1), -1);
    CHECK_EQUAL(errno, EPIPE);
    CHECK_EQUAL(broken_pipes, 1);
    CHECK_EQUAL(close(fds[1]), 0);
}

static void pairs(void)
{
    struct msghdr message = {0};
    char buf[16];
    struct iovec parts[2] = {{buf, 2}, {buf + 2, 2}};
    int fds[2], unread = 0;

    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pass_total(fds[0], fds[1]);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    CHECK_EQUAL(send(fds[0], "first", 5, 0), 5);
    CHECK_EQUAL(send(fds[0], "second", 6, 0), 6);
    CHECK_EQUAL(ioctl(fds[1], FIONREAD, &unread), 0);
    CHECK(unread >= 11);
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    CHECK_EQUAL(recvmsg(fds[1], &message, 0), 4);
    CHECK_EQUAL(memcmp(buf, "firs", 4), 0);
    CHECK_EQUAL(message.msg_flags, MSG_TRUNC);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), 0), 6);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), 0), -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(shutdown(fds[0], SHUT_WR), 0);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), 0), 0);
    CHECK_EQUAL(close(fds[0]), 0);
    CHECK_EQUAL(send(fds[1], "x", 1, MSG_NOSIGNAL), -1);
    CHECK_EQUAL(errno, EPIPE);
    CHECK_EQUAL(close(fds[1]), 0);
}

int main(void)
{
    struct heap_stats before, after;

    CHECK(signal(SIGPIPE, count_broken_pipe) != SIG_ERR);
    pipes();
    pairs();
    broken_pipes = 0;
    heap_get_stats(&before);
    for (int i = 0; i < 3; i++) {
        pipes();
        pairs();
        broken_pipes = 0;
    }
    heap_get_stats(&after);
    CHECK_EQUAL(after.used_bytes, before.used_bytes);
    test_success();
}
