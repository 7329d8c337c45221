// SPDX-License-Identifier: MIT
/*
 * Claim: TCP sockets over the loopback keep to POSIX and to Linux's error numbers: connections by both versions of IP, refused ones,
 * half-closed and reset ones, partial writes, timeouts, peeking, options, a thousand connections at once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sockets.h"

#define NR_CONNECTIONS 1000
#define BULK_BYTES     (3u << 20)

static int listening(int family, int backlog)
{
    int fd = bound(family, SOCK_STREAM);

    CHECK_EQUAL(listen(fd, backlog), 0);
    return fd;
}

static int connected_to(int family, int listener)
{
    struct sockaddr_storage address = loopback(family, port_of(listener));
    int fd = socket(family, SOCK_STREAM, 0);

    CHECK(fd >= 0);
    CHECK_EQUAL(connect(fd, (struct sockaddr *)&address, size_of(family)), 0);
    return fd;
}

static void make_pair(int family, int fds[2])
{
    int listener = listening(family, 5);

    fds[0] = connected_to(family, listener);
    fds[1] = accept(listener, NULL, NULL);
    CHECK(fds[1] >= 0);
    CHECK_EQUAL(close(listener), 0);
}

static void close_pair(int fds[2])
{
    CHECK_EQUAL(close(fds[0]), 0);
    CHECK_EQUAL(close(fds[1]), 0);
}

static void test_creation(void)
{
    int value;
    socklen_t length = sizeof(value);
    int fd;

    CHECK_FAILS(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_FAILS(socket(AF_INET, 77, 0), ESOCKTNOSUPPORT);
    CHECK_FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length), 0);
    CHECK_EQUAL(value, SOCK_DGRAM);
    CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &length), 0);
    CHECK_EQUAL(value, AF_INET6);
    CHECK_EQUAL(close(fd), 0);
    CHECK_FAILS(send(fd, "x", 1, 0), EBADF);
    CHECK_FAILS(send(1, "x", 1, 0), ENOTSOCK);
}

static void test_addresses(int family)
{
    struct sockaddr_storage name = loopback(family, 0);
    socklen_t length = size_of(family);
    int fd = bound(family, SOCK_STREAM);
    int other = socket(family, SOCK_STREAM, 0);

    CHECK_FAILS(bind(fd, (struct sockaddr *)&name, length), EINVAL);
    name = loopback(family, port_of(fd));
    CHECK_FAILS(bind(other, (struct sockaddr *)&name, length), EADDRINUSE);
    CHECK_FAILS(bind(other, (struct sockaddr *)&name, length - 8), EINVAL);
    CHECK_FAILS(getpeername(fd, (struct sockaddr *)&name, &length), ENOTCONN);
    CHECK_FAILS(connect(other, (struct sockaddr *)&name, size_of(family)), ECONNREFUSED);
    CHECK_EQUAL(close(fd), 0);
    name = loopback(family, 0);
    if (family == AF_INET) {
        ((struct sockaddr_in *)&name)->sin_addr.s_addr = inet_addr("192.0.2.1");
    } else {
        inet_pton(AF_INET6, "2001:db8::1", &((struct sockaddr_in6 *)&name)->sin6_addr);
    }
    CHECK_FAILS(bind(other, (struct sockaddr *)&name, size_of(family)), EADDRNOTAVAIL);
    name.ss_family = AF_UNIX;
    CHECK_FAILS(bind(other, (struct sockaddr *)&name, size_of(family)), EAFNOSUPPORT);
    CHECK_EQUAL(close(other), 0);
}

static void test_conversation(int family)
{
    char buf[64];
    int value;
    int fds[2];

    make_pair(family, fds);
    CHECK_EQUAL(ready(fds[1], POLLIN | POLLOUT, 0), POLLOUT);
    CHECK_EQUAL(send(fds[0], "hello", 5, 0), 5);
    CHECK_EQUAL(ready(fds[1], POLLIN, 10000), POLLIN);
    CHECK_EQUAL(ioctl(fds[1], FIONREAD, &value), 0);
    CHECK_EQUAL(value, 5);
    CHECK_EQUAL(recv(fds[1], buf, 2, MSG_PEEK), 2);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), MSG_PEEK), 5);
    CHECK_EQUAL(recv(fds[1], buf, 2, 0), 2);
    CHECK(memcmp(buf, "he", 2) == 0);
    CHECK_EQUAL(read(fds[1], buf, sizeof(buf)), 3);
    CHECK(memcmp(buf, "llo", 3) == 0);
    CHECK_FAILS(recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    CHECK_EQUAL(write(fds[1], "back", 4), 4);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 4);
    /* Half closed: the other direction goes on. */
    CHECK_EQUAL(shutdown(fds[0], SHUT_WR), 0);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), 0), 0);
    CHECK((ready(fds[1], POLLIN | POLLRDHUP, 0) & (POLLIN | POLLRDHUP)) == (POLLIN | POLLRDHUP));
    CHECK_FAILS(send(fds[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQUAL(send(fds[1], "late", 4, 0), 4);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 4);
    CHECK_EQUAL(close(fds[1]), 0);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 0);
    CHECK_EQUAL(close(fds[0]), 0);
}

static volatile int pipes;

static void count_pipe(int number)
{
    pipes += number == SIGPIPE;
}

static void test_reset(int family)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    socklen_t length = sizeof(int);
    char buf[16];
    int value;
    int fds[2];

    /* Closed with something unread: the peer gets a reset. */
    make_pair(family, fds);
    CHECK_EQUAL(send(fds[0], "unread", 6, 0), 6);
    CHECK_EQUAL(ready(fds[1], POLLIN, 10000), POLLIN);
    CHECK_EQUAL(close(fds[1]), 0);
    CHECK((ready(fds[0], POLLIN, 10000) & (POLLIN | POLLERR | POLLHUP)) == (POLLIN | POLLERR | POLLHUP));
    CHECK_FAILS(recv(fds[0], buf, sizeof(buf), 0), ECONNRESET);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 0);
    signal(SIGPIPE, count_pipe);
    CHECK_FAILS(send(fds[0], "x", 1, 0), EPIPE);
    CHECK_EQUAL(pipes, family == AF_INET ? 1 : 2);
    signal(SIGPIPE, SIG_IGN);
    CHECK_EQUAL(close(fds[0]), 0);
    /* What was written before such a close arrives before the reset. */
    make_pair(family, fds);
    CHECK_EQUAL(send(fds[0], "unread", 6, 0), 6);
    CHECK_EQUAL(ready(fds[1], POLLIN, 10000), POLLIN);
    CHECK_EQUAL(send(fds[1], "answer", 6, 0), 6);
    CHECK_EQUAL(close(fds[1]), 0);
    CHECK((ready(fds[0], 0, 10000) & POLLERR) != 0);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 6);
    CHECK_FAILS(recv(fds[0], buf, sizeof(buf), 0), ECONNRESET);
    CHECK_EQUAL(close(fds[0]), 0);
    /* What came before the reset is read first. */
    make_pair(family, fds);
    CHECK_EQUAL(send(fds[0], "data", 4, 0), 4);
    CHECK_EQUAL(ready(fds[1], POLLIN, 10000), POLLIN);
    CHECK_EQUAL(setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    CHECK_EQUAL(close(fds[0]), 0);
    CHECK((ready(fds[1], 0, 10000) & POLLERR) != 0);
    CHECK_EQUAL(recv(fds[1], buf, sizeof(buf), 0), 4);
    CHECK_EQUAL(getsockopt(fds[1], SOL_SOCKET, SO_ERROR, &value, &length), 0);
    CHECK_EQUAL(value, ECONNRESET);
    CHECK_EQUAL(getsockopt(fds[1], SOL_SOCKET, SO_ERROR, &value, &length), 0);
    CHECK_EQUAL(value, 0);
    CHECK_EQUAL(close(fds[1]), 0);
}

static void test_nonblocking_connect(int family)
{
    int listener = listening(family, 5);
    struct sockaddr_storage address = loopback(family, port_of(listener));
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socklen_t length = sizeof(int);
    int value = -1;

    CHECK_FAILS(accept4(listener, NULL, NULL, SOCK_NONBLOCK | 1), EINVAL);
    CHECK_FAILS(connect(fd, (struct sockaddr *)&address, size_of(family)), EINPROGRESS);
    CHECK_EQUAL(ready(fd, POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length), 0);
    CHECK_EQUAL(value, 0);
    CHECK_EQUAL(connect(fd, (struct sockaddr *)&address, size_of(family)), 0);
    CHECK_FAILS(connect(fd, (struct sockaddr *)&address, size_of(family)), EISCONN);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(close(listener), 0);
    /* Nobody listens any more. */
    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_FAILS(connect(fd, (struct sockaddr *)&address, size_of(family)), EINPROGRESS);
    CHECK((ready(fd, POLLOUT, 10000) & (POLLERR | POLLHUP | POLLOUT)) == (POLLERR | POLLHUP | POLLOUT));
    CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length), 0);
    CHECK_EQUAL(value, ECONNREFUSED);
    CHECK_EQUAL(close(fd), 0);
}

static void test_listener(int family)
{
    int listener = listening(family, 5);
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    int value;
    int fd;

    CHECK_EQUAL(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    CHECK_FAILS(accept(listener, NULL, NULL), EAGAIN);
    CHECK_EQUAL(ready(listener, POLLIN, 0), 0);
    value = 1;
    CHECK_EQUAL(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value)), 0);
    fd = connected_to(family, listener);
    CHECK_EQUAL(ready(listener, POLLIN, 10000), POLLIN);
    value = accept4(listener, (struct sockaddr *)&name, &length, SOCK_NONBLOCK);
    CHECK(value >= 0);
    CHECK_EQUAL(length, size_of(family));
    CHECK_EQUAL(ntohs(((struct sockaddr_in *)&name)->sin_port), port_of(fd));
    CHECK((fcntl(value, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQUAL(close(fd), 0);
    fd = value;
    length = sizeof(value);
    CHECK_EQUAL(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    CHECK_EQUAL(value, 1);
    CHECK_EQUAL(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &length), 0);
    CHECK_EQUAL(value, 1);
    CHECK_EQUAL(close(fd), 0);
    /* Connections that nobody accepted go with the listener. */
    fd = connected_to(family, listener);
    CHECK_EQUAL(close(listener), 0);
    CHECK((ready(fd, POLLIN, 10000) & POLLERR) != 0);
    CHECK_EQUAL(close(fd), 0);
}

struct bulk {
    int fd;
    size_t bytes;
    bool same;
};

static unsigned char pattern(size_t at)
{
    return (unsigned char)(at * 31 + (at >> 11));
}

static void *read_bulk(void *argument)
{
    struct bulk *bulk = argument;
    static unsigned char buf[7001];
    ssize_t got;

    bulk->same = true;
    while ((got = recv(bulk->fd, buf, sizeof(buf), 0)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            bulk->same = bulk->same && buf[i] == pattern(bulk->bytes + (size_t)i);
        }
        bulk->bytes += (size_t)got;
    }
    return NULL;
}

/* Large and small writes, in parts, against a slower reader. */
static void test_bulk(int family)
{
    static unsigned char data[200001];
    struct bulk bulk = {0};
    pthread_t reader;
    size_t sent = 0;
    int fds[2];

    make_pair(family, fds);
    bulk.fd = fds[1];
    CHECK_EQUAL(pthread_create(&reader, NULL, read_bulk, &bulk), 0);
    for (unsigned int round = 0; sent < BULK_BYTES; round++) {
        size_t bytes = round % 3 == 0 ? sizeof(data) : round % 3 == 1 ? 1 + round % 97 : 5000 + round % 1000;
        struct iovec parts[3];

        for (size_t i = 0; i < bytes; i++) {
            data[i] = pattern(sent + i);
        }
        parts[0] = (struct iovec){data, bytes / 3};
        parts[1] = (struct iovec){data + bytes / 3, 0};
        parts[2] = (struct iovec){data + bytes / 3, bytes - bytes / 3};
        CHECK_EQUAL(writev(fds[0], parts, 3), bytes);
        sent += bytes;
    }
    CHECK_EQUAL(shutdown(fds[0], SHUT_WR), 0);
    CHECK_EQUAL(pthread_join(reader, NULL), 0);
    CHECK_EQUAL(bulk.bytes, sent);
    CHECK(bulk.same);
    close_pair(fds);
}

/* A nonblocking writer is stopped when buffers are full, and told when there is room. */
static void test_full(int family)
{
    static char data[65536];
    size_t sent = 0, got = 0;
    ssize_t n;
    int fds[2];

    make_pair(family, fds);
    CHECK_EQUAL(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    while ((n = send(fds[0], data, sizeof(data), 0)) > 0) {
        sent += (size_t)n;
        CHECK(sent < 16u << 20);
        if (n < (ssize_t)sizeof(data)) {
            /* What is under way may yet make room. */
            (void)ready(fds[0], POLLOUT, 50);
        }
    }
    CHECK_EQUAL(n, -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(ready(fds[0], POLLOUT, 0), 0);
    while (got < sent) {
        n = recv(fds[1], data, sizeof(data), 0);
        CHECK(n > 0);
        got += (size_t)n;
    }
    CHECK_EQUAL(ready(fds[0], POLLOUT, 10000), POLLOUT);
    close_pair(fds);
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void test_timeouts(int family)
{
    struct timeval tv = {.tv_usec = 30000}, read_back;
    socklen_t length = sizeof(read_back);
    char buf[16];
    uint64_t start;
    int fds[2];

    make_pair(family, fds);
    CHECK_EQUAL(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    CHECK_EQUAL(getsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &read_back, &length), 0);
    CHECK_EQUAL(read_back.tv_usec, 30000);
    start = now_ms();
    CHECK_FAILS(recv(fds[0], buf, sizeof(buf), 0), EAGAIN);
    CHECK(now_ms() - start >= 29);
    /* All or nothing, unless the peer ends. */
    CHECK_EQUAL(send(fds[1], "abc", 3, 0), 3);
    CHECK_EQUAL(ready(fds[0], POLLIN, 10000), POLLIN);
    CHECK_EQUAL(recv(fds[0], buf, 8, MSG_WAITALL), 3);
    tv.tv_sec = 60;
    CHECK_EQUAL(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    CHECK_EQUAL(send(fds[1], "abcd", 4, 0), 4);
    CHECK_EQUAL(send(fds[1], "efgh", 4, 0), 4);
    CHECK_EQUAL(recv(fds[0], buf, 8, MSG_WAITALL), 8);
    CHECK(memcmp(buf, "abcdefgh", 8) == 0);
    close_pair(fds);
}

static void test_options(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_storage any = {.ss_family = AF_INET6};
    struct tcp_info info;
    socklen_t length = sizeof(int);
    int value;
    int v4;

    CHECK_FAILS(setsockopt(fd, SOL_SOCKET, 9999, &length, sizeof(int)), ENOPROTOOPT);
    CHECK_FAILS(getsockopt(fd, IPPROTO_TCP, 9999, &value, &length), ENOPROTOOPT);
    CHECK_FAILS(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &length, 1), EINVAL);
    value = 20000;
    CHECK_EQUAL(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)), 0);
    CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &length), 0);
    CHECK_EQUAL(value, 40000);
    value = 77;
    CHECK_EQUAL(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof(value)), 0);
    CHECK_EQUAL(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length), 0);
    CHECK_EQUAL(value, 77);
    length = sizeof(info);
    CHECK_EQUAL(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    CHECK_EQUAL(info.tcpi_state, TCP_CLOSE);
    /* One port, two sockets, if the one for IPv6 wants no IPv4. */
    value = 1;
    CHECK_EQUAL(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof(value)), 0);
    CHECK_EQUAL(bind(fd, (struct sockaddr *)&any, sizeof(struct sockaddr_in6)), 0);
    CHECK_EQUAL(listen(fd, 5), 0);
    v4 = socket(AF_INET, SOCK_STREAM, 0);
    ((struct sockaddr_in *)&any)->sin_port = htons(port_of(fd));
    any.ss_family = AF_INET;
    CHECK_EQUAL(bind(v4, (struct sockaddr *)&any, sizeof(struct sockaddr_in)), 0);
    CHECK_EQUAL(listen(v4, 5), 0);
    CHECK_EQUAL(close(v4), 0);
    CHECK_EQUAL(close(fd), 0);
}

/* A socket for IPv6 takes connections by IPv4, and says so by mapped addresses. */
static void test_dual_stack(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6}, name;
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t length = sizeof(name);
    char text[INET6_ADDRSTRLEN];
    char buf[8];
    int fd, peer;

    CHECK_EQUAL(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
    CHECK_EQUAL(listen(listener, 5), 0);
    fd = connected_to(AF_INET, listener);
    peer = accept(listener, (struct sockaddr *)&name, &length);
    CHECK(peer >= 0);
    CHECK_EQUAL(name.sin6_family, AF_INET6);
    inet_ntop(AF_INET6, &name.sin6_addr, text, sizeof(text));
    CHECK(strcmp(text, "::ffff:127.0.0.1") == 0);
    CHECK_EQUAL(send(peer, "dual", 4, 0), 4);
    CHECK_EQUAL(recv(fd, buf, sizeof(buf), 0), 4);
    CHECK_EQUAL(close(peer), 0);
    CHECK_EQUAL(close(fd), 0);
    fd = connected_to(AF_INET6, listener);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(close(listener), 0);
}

/* Somebody else closes or shuts down what a thread is blocked in. */
static void *shut_it(void *argument)
{
    sched_yield();
    CHECK_EQUAL(shutdown(*(int *)argument, SHUT_RDWR), 0);
    return NULL;
}

static void test_shut_while_blocked(void)
{
    pthread_t thread;
    char buf[8];
    int fds[2];
    int listener = listening(AF_INET, 5);

    make_pair(AF_INET, fds);
    CHECK_EQUAL(pthread_create(&thread, NULL, shut_it, &fds[0]), 0);
    CHECK_EQUAL(recv(fds[0], buf, sizeof(buf), 0), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    close_pair(fds);
    CHECK_EQUAL(pthread_create(&thread, NULL, shut_it, &listener), 0);
    CHECK_FAILS(accept(listener, NULL, NULL), EINVAL);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(close(listener), 0);
}

static void test_many(void)
{
    static int clients[NR_CONNECTIONS], servers[NR_CONNECTIONS];
    int listener = listening(AF_INET, NR_CONNECTIONS);
    char buf[8];

    for (int i = 0; i < NR_CONNECTIONS; i++) {
        clients[i] = connected_to(AF_INET, listener);
        servers[i] = accept(listener, NULL, NULL);
        CHECK(servers[i] >= 0);
    }
    for (int i = 0; i < NR_CONNECTIONS; i++) {
        CHECK_EQUAL(send(clients[i], &i, sizeof(i), 0), sizeof(i));
    }
    for (int i = NR_CONNECTIONS - 1; i >= 0; i--) {
        int value;

        CHECK_EQUAL(recv(servers[i], &value, sizeof(value), MSG_WAITALL), sizeof(value));
        CHECK_EQUAL(value, i);
        CHECK_EQUAL(close(servers[i]), 0);
    }
    for (int i = 0; i < NR_CONNECTIONS; i++) {
        CHECK_EQUAL(recv(clients[i], buf, sizeof(buf), 0), 0);
        CHECK_EQUAL(close(clients[i]), 0);
    }
    CHECK_EQUAL(close(listener), 0);
}

int main(void)
{
    static const int families[] = {AF_INET, AF_INET6};

    test_creation();
    for (size_t i = 0; i < 2; i++) {
        test_addresses(families[i]);
        test_conversation(families[i]);
        test_reset(families[i]);
        test_nonblocking_connect(families[i]);
        test_listener(families[i]);
        test_timeouts(families[i]);
        test_full(families[i]);
        test_bulk(families[i]);
    }
    test_options();
    test_dual_stack();
    test_shut_while_blocked();
    test_many();
    test_success();
}
