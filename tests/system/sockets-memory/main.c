// SPDX-License-Identifier: MIT
/*
 * Claim: connections whose readers do not read may take all memory there is: calls fail then, with errors that say so, but no byte
 * that was accepted is lost or changed, and everything is given back. Nor do a thousand connections that come and go leave anything.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xenolith/heap.h>

#include "system_test.h"

#define MOST_PAIRS 300
#define ROUNDS     3

static struct pair {
    int from, to;
    size_t sent;
} pairs[MOST_PAIRS];

static unsigned char data[16384];

static void fill(size_t at, unsigned int seed)
{
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char)((at + i) * 7 + seed);
    }
}

static int listening(struct sockaddr_in *address)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK_EQUAL(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
    CHECK_EQUAL(getsockname(fd, (struct sockaddr *)address, &length), 0);
    CHECK_EQUAL(listen(fd, 16), 0);
    return fd;
}

/* False: something that is memory is out. */
static bool open_pair(int listener, const struct sockaddr_in *address, struct pair *pair)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    struct sockaddr_in mine, peer;
    socklen_t length = sizeof(mine);

    pair->sent = 0;
    pair->from = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (pair->from < 0) {
        CHECK(errno == ENOMEM || errno == ENOBUFS);
        return false;
    }
    if (connect(pair->from, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno != EINPROGRESS) {
        CHECK(errno == EADDRNOTAVAIL || errno == ENOBUFS || errno == ENOMEM);
        CHECK_EQUAL(close(pair->from), 0);
        return false;
    }
    CHECK_EQUAL(getsockname(pair->from, (struct sockaddr *)&mine, &length), 0);
    do {
        pair->to =
            poll(&p, 1, 1000) == 1 ? accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK) : -1;
        if (pair->to < 0) {
            CHECK_EQUAL(close(pair->from), 0);
            return false;
        }
        /* One that was given up earlier may still come. */
        if (peer.sin_port != mine.sin_port) {
            CHECK_EQUAL(close(pair->to), 0);
        }
    } while (peer.sin_port != mine.sin_port);
    return true;
}

/* Until the socket takes no more, for whatever reason. */
static void write_much(struct pair *pair, unsigned int seed)
{
    for (;;) {
        ssize_t n;

        fill(pair->sent, seed);
        n = send(pair->from, data, sizeof(data), 0);
        if (n < 0) {
            CHECK_EQUAL(errno, EAGAIN);
            return;
        }
        pair->sent += (size_t)n;
    }
}

static void read_all(struct pair *pair, unsigned int seed)
{
    static unsigned char buf[sizeof(data)];
    struct pollfd p = {.fd = pair->to, .events = POLLIN};
    size_t got = 0;

    while (got < pair->sent) {
        ssize_t n;

        CHECK_EQUAL(poll(&p, 1, 150000), 1);
        n = recv(pair->to, buf, sizeof(buf), 0);
        if (n < 0) {
            printf("%zu of %zu bytes: %s\n", got, pair->sent, strerror(errno));
        }
        CHECK(n > 0);
        fill(got, seed);
        CHECK(memcmp(buf, data, (size_t)n) == 0);
        got += (size_t)n;
    }
    CHECK_EQUAL(recv(pair->to, buf, sizeof(buf), 0), -1);
    CHECK_EQUAL(errno, EAGAIN);
}

static void close_hard(struct pair *pair)
{
    struct linger hard = {.l_onoff = 1};

    /* A reset leaves nothing in TIME_WAIT. */
    CHECK_EQUAL(setsockopt(pair->from, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    CHECK_EQUAL(close(pair->from), 0);
    CHECK_EQUAL(close(pair->to), 0);
}

static size_t used(void)
{
    struct heap_stats stats;

    heap_get_stats(&stats);
    return stats.used_bytes;
}

static void use_all_memory(int listener, const struct sockaddr_in *address, unsigned int round)
{
    unsigned int nr = 0;
    size_t sent = 0;

    while (nr < MOST_PAIRS && open_pair(listener, address, &pairs[nr])) {
        write_much(&pairs[nr], nr + round);
        sent += pairs[nr].sent;
        nr++;
    }
    printf("round %u: %u pairs, %zu bytes under way, %zu used\n", round, nr, sent, used());
    CHECK(nr >= 8);
    for (unsigned int i = 0; i < nr; i++) {
        read_all(&pairs[i], i + round);
        close_hard(&pairs[i]);
    }
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listening(&address);
    size_t before = 0;

    for (unsigned int round = 0; round < ROUNDS; round++) {
        use_all_memory(listener, &address, round);
        if (round == 0) {
            before = used();
        }
    }
    CHECK(used() <= before + 65536);
    before = used();
    for (unsigned int i = 0; i < 1000; i++) {
        CHECK(open_pair(listener, &address, &pairs[0]));
        close_hard(&pairs[0]);
    }
    CHECK(used() <= before + 16384);
    test_success();
}
