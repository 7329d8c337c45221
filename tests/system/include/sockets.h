// SPDX-License-Identifier: MIT
/* What the tests of sockets over the loopback share. */
#ifndef SYSTEM_TEST_SOCKETS_H
#define SYSTEM_TEST_SOCKETS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "system_test.h"

#define CHECK_FAILS(call, number)    \
    do {                             \
        errno = 0;                   \
        CHECK_EQUAL((call), -1);     \
        CHECK_EQUAL(errno, number);  \
    } while (0)

static inline struct sockaddr_storage loopback(int family, uint16_t port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *sin = (void *)&out;
    struct sockaddr_in6 *sin6 = (void *)&out;

    if (family == AF_INET) {
        sin->sin_family = AF_INET;
        sin->sin_port = htons(port);
        sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons(port);
        sin6->sin6_addr = in6addr_loopback;
    }
    return out;
}

static inline socklen_t size_of(int family)
{
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static inline uint16_t port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);

    CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

/* A socket bound to a free port of the loopback. */
static inline int bound(int family, int type)
{
    struct sockaddr_storage address = loopback(family, 0);
    int fd = socket(family, type, 0);

    CHECK(fd >= 0);
    CHECK_EQUAL(bind(fd, (struct sockaddr *)&address, size_of(family)), 0);
    CHECK(port_of(fd) != 0);
    return fd;
}

static inline short ready(int fd, short events, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    int rc = poll(&p, 1, timeout_ms);

    CHECK(rc >= 0);
    return p.revents;
}

#endif
