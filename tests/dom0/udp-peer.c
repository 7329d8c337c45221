// SPDX-License-Identifier: MIT
/*
 * udp-peer: datagrams to a guest.
 *
 *   udp-peer echo ADDRESS PORT COUNT LARGEST    COUNT datagrams of 1 to LARGEST bytes to an echo server, a few at a time; each must
 *                                               come back as it was; says how many were lost
 *   udp-peer flood ADDRESS PORT COUNT BYTES     COUNT datagrams as fast as they go, nothing read
 */
#define _GNU_SOURCE
#include <poll.h>
#include <unistd.h>

#include "peer.h"

#define WINDOW  16u
#define LOST_MS 1000
#define BATCH   64u
#define HEADER  4u /* the datagram's number */

static int sock;
static uint8_t buf[65536];

static size_t size_of(unsigned long number, unsigned long largest)
{
    return HEADER + (number * 7919) % (largest - HEADER + 1);
}

static void send_one(uint32_t number, unsigned long largest)
{
    size_t len = size_of(number, largest);

    memcpy(buf, &number, HEADER);
    fill_pattern(buf + HEADER, len - HEADER, 0, number);
    if (send(sock, buf, len, 0) < 0 && errno != ECONNREFUSED && errno != ENOBUFS) {
        die("cannot send %zu bytes", len);
    }
}

/** take_one() - Return: whether it was one of those sent, @number. */
static bool take_one(uint32_t *number, unsigned long largest)
{
    ssize_t got = recv(sock, buf, sizeof(buf), 0);
    size_t right;

    if (got < 0) {
        if (errno == ECONNREFUSED) {
            return false;
        }
        die("cannot receive");
    }
    errno = 0;
    if (got < (ssize_t)HEADER) {
        die("an answer of %zd bytes", got);
    }
    memcpy(number, buf, HEADER);
    if ((size_t)got != size_of(*number, largest)) {
        die("datagram %u came back with %zd bytes", *number, got);
    }
    right = check_pattern(buf + HEADER, (size_t)got - HEADER, 0, *number);
    if (right != (size_t)got - HEADER) {
        die("datagram %u of %zd bytes is wrong from byte %zu on", *number, got, right + HEADER);
    }
    return true;
}

static int echo(unsigned long count, unsigned long largest)
{
    uint8_t *back = calloc(count, 1);
    unsigned long sent = 0, came = 0, lost = 0, twice = 0, first = 0;
    int64_t last = now_ms();

    if (largest < HEADER || largest > 65507) {
        die("LARGEST is %lu", largest);
    }
    while (came + lost < count) {
        struct pollfd fd = {.fd = sock, .events = POLLIN};
        uint32_t number;

        while (sent < count && sent - came - lost < WINDOW) {
            send_one((uint32_t)sent++, largest);
        }
        if (poll(&fd, 1, LOST_MS) > 0) {
            if (take_one(&number, largest) && number < sent) {
                twice += back[number] == 1;
                came += back[number] == 0;
                lost -= back[number] == 2;
                came += back[number] == 2;
                back[number] = 1;
                last = now_ms();
            }
        } else if (now_ms() - last >= LOST_MS) {
            for (; first < sent; first++) {
                lost += back[first] == 0;
                back[first] = back[first] == 0 ? 2 : back[first];
            }
            last = now_ms();
        }
    }
    printf("%lu of %lu came back, %lu lost, %lu twice\n", came, count, lost, twice);
    return twice != 0;
}

static int flood(unsigned long count, unsigned long bytes)
{
    static struct mmsghdr messages[BATCH];
    struct iovec part = {buf, bytes};
    unsigned long sent = 0;
    int64_t began = now_ms();

    for (unsigned int i = 0; i < BATCH; i++) {
        messages[i].msg_hdr.msg_iov = &part;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (sent < count) {
        int n = sendmmsg(sock, messages, count - sent < BATCH ? (unsigned int)(count - sent) : BATCH, 0);

        if (n < 0 && errno != ENOBUFS && errno != ECONNREFUSED) {
            die("cannot send");
        }
        sent += n > 0 ? (unsigned long)n : 0;
    }
    printf("%lu datagrams of %lu bytes in %lld ms\n", sent, bytes, (long long)(now_ms() - began));
    return 0;
}

int main(int argc, char **argv)
{
    struct address to;
    int room = 4 << 20;

    if (argc != 6) {
        die("usage: udp-peer echo|flood ADDRESS PORT COUNT BYTES");
    }
    to = address(argv[2], (unsigned int)number(argv[3]));
    sock = socket(to.sa.ss_family, SOCK_DGRAM, 0);
    if (sock < 0 || connect(sock, (struct sockaddr *)&to.sa, to.len) != 0) {
        die("no socket to %s", argv[2]);
    }
    (void)setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    (void)setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    errno = 0;
    if (strcmp(argv[1], "echo") == 0) {
        return echo(number(argv[4]), number(argv[5]));
    }
    return flood(number(argv[4]), number(argv[5]));
}
