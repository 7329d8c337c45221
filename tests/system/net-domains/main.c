// SPDX-License-Identifier: MIT
/*
 * Claim: two domains talk with each other over the bridge, by TCP and UDP, IPv4 and IPv6, every byte right, where checksums stay blank and segments
 * uncut from the one to the other. A domain with two interfaces serves both networks. iperf is driven in both directions, and what it
 * carries is looked at on either side. This is the client; the other domains are apps/echo and apps/iperf.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system_test.h"

#define STREAM_BYTES 2000000u
#define DATAGRAMS    200u

static unsigned char out[8192], in[16384];

static unsigned char pattern(unsigned long at)
{
    return (unsigned char)((at * 2654435761u) >> 13);
}

static int open_to(int family, int type)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
    int fd = socket(family, type, 0);
    int rc;

    CHECK(fd >= 0);
    CHECK_EQUAL(inet_pton(AF_INET, "10.0.2.15", &v4.sin_addr), 1);
    CHECK_EQUAL(inet_pton(AF_INET6, "fd00:1::15", &v6.sin6_addr), 1);
    rc = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
                           : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
    if (rc != 0) {
        test_failure("connect, family %d, type %d: %s", family, type, strerror(errno));
    }
    return fd;
}

static unsigned long send_some(int fd, unsigned long sent)
{
    size_t len = STREAM_BYTES - sent < sizeof(out) ? STREAM_BYTES - sent : sizeof(out);
    ssize_t n;

    for (size_t i = 0; i < len; i++) {
        out[i] = pattern(sent + i);
    }
    n = send(fd, out, len, MSG_DONTWAIT);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    return sent + (n > 0 ? (unsigned long)n : 0);
}

static void stream(int family)
{
    int fd = open_to(family, SOCK_STREAM);
    unsigned long sent = 0, got = 0;

    while (got < STREAM_BYTES) {
        struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (sent < STREAM_BYTES ? POLLOUT : 0))};

        CHECK_EQUAL(poll(&p, 1, 30000), 1);
        if (p.revents & POLLOUT) {
            sent = send_some(fd, sent);
        }
        if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);

            CHECK(n > 0 || (n < 0 && errno == EAGAIN));
            for (ssize_t i = 0; i < n; i++, got++) {
                CHECK_EQUAL(in[i], pattern(got));
            }
        }
    }
    CHECK_EQUAL(close(fd), 0);
}

/* One at a time; one that is lost is sent again. */
static void datagrams(int family)
{
    int fd = open_to(family, SOCK_DGRAM);
    unsigned int again = 0;

    for (unsigned int i = 0; i < DATAGRAMS;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        size_t len = 1 + i * 37 % sizeof(out);
        ssize_t n;

        for (size_t k = 0; k < len; k++) {
            out[k] = pattern(i + k);
        }
        CHECK_EQUAL(send(fd, out, len, 0), (ssize_t)len);
        if (poll(&p, 1, 2000) == 0) {
            CHECK(++again < 5);
            continue;
        }
        n = recv(fd, in, sizeof(in), 0);
        CHECK_EQUAL(n, (ssize_t)len);
        CHECK(memcmp(in, out, len) == 0);
        i++;
    }
    CHECK_EQUAL(close(fd), 0);
}

int main(void)
{
    stream(AF_INET);
    datagrams(AF_INET);
    stream(AF_INET6);
    datagrams(AF_INET6);
    test_success();
}
