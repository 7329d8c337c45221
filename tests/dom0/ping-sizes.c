// SPDX-License-Identifier: MIT
/*
 * ping-sizes: pings of many sizes, each answered once and byte by byte right.
 *
 *   ping-sizes ADDRESS FIRST LAST STEP [FIRST LAST STEP ...]
 *
 * A few are under way at a time. One without an answer is sent again, a few times; how often that was is told.
 */
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <unistd.h>

#include "peer.h"

#define HEADER   8
#define MOST     65507
#define WINDOW   4
#define AGAIN_MS 3000
#define TRIES    4

struct ping {
    bool used;
    unsigned int size, tries;
    uint16_t seq;
    int64_t sent_ms;
};

static struct address to;
static bool v6;
static int sock;
static struct ping pings[WINDOW];
static uint16_t next_seq, id;
static unsigned long answered, again, bytes;
static uint8_t out[HEADER + MOST], in[HEADER + MOST + 100];

static uint16_t checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void put16(uint8_t *p, unsigned int v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static unsigned int get16(const uint8_t *p)
{
    return (unsigned int)p[0] << 8 | p[1];
}

static void send_ping(struct ping *p)
{
    size_t len = HEADER + p->size;

    memset(out, 0, HEADER);
    out[0] = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    put16(out + 4, id);
    put16(out + 6, p->seq);
    fill_pattern(out + HEADER, p->size, 0, p->size);
    if (!v6) { /* over IPv6 the kernel does it */
        put16(out + 2, checksum(out, len));
    }
    p->sent_ms = now_ms();
    p->tries++;
    if (sendto(sock, out, len, 0, (struct sockaddr *)&to.sa, to.len) != (ssize_t)len && errno != ENOBUFS) {
        die("cannot send %u bytes", p->size);
    }
}

static void start(unsigned int size)
{
    struct ping *p = pings;

    while (p->used) {
        p++;
    }
    *p = (struct ping){.used = true, .size = size, .seq = next_seq++};
    send_ping(p);
}

static void take_answer(void)
{
    ssize_t got = recv(sock, in, sizeof(in), MSG_DONTWAIT);
    const uint8_t *icmp = in;
    size_t len, right;

    if (got < 0) {
        return;
    }
    if (!v6) {
        size_t header = (size_t)(in[0] & 15) * 4;

        icmp += header;
        got -= (ssize_t)header;
    }
    if (got < HEADER || icmp[0] != (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) || get16(icmp + 4) != id) {
        return;
    }
    len = (size_t)got - HEADER;
    for (struct ping *p = pings; p < pings + WINDOW; p++) {
        if (p->used && p->seq == get16(icmp + 6)) {
            errno = 0;
            if (len != p->size) {
                die("%zu bytes came back of %u", len, p->size);
            }
            right = check_pattern(icmp + HEADER, len, 0, p->size);
            if (right != len || (!v6 && checksum(icmp, (size_t)got) != 0)) {
                die("the answer to %u bytes is wrong from byte %zu on", p->size, right);
            }
            p->used = false;
            answered++;
            bytes += len;
        }
    }
}

/** wait_room() - Until fewer than @limit are under way. */
static void wait_room(unsigned int limit)
{
    for (;;) {
        struct pollfd fd = {.fd = sock, .events = POLLIN};
        unsigned int used = 0;

        for (struct ping *p = pings; p < pings + WINDOW; p++) {
            if (p->used && now_ms() - p->sent_ms >= AGAIN_MS) {
                errno = 0;
                if (p->tries == TRIES) {
                    die("no answer to %u bytes, asked %u times, after %lu others", p->size, TRIES, answered);
                }
                again++;
                send_ping(p);
            }
            used += p->used;
        }
        if (used < limit) {
            return;
        }
        if (poll(&fd, 1, 100) > 0) {
            take_answer();
        }
    }
}

int main(int argc, char **argv)
{
    int room = 1 << 20;
    int64_t began = now_ms();

    if (argc < 5 || argc % 3 != 2) {
        die("usage: ping-sizes ADDRESS FIRST LAST STEP ...");
    }
    to = address(argv[1], 0);
    v6 = to.sa.ss_family == AF_INET6;
    id = (uint16_t)getpid();
    sock = socket(to.sa.ss_family, SOCK_RAW, v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP);
    if (sock < 0) {
        die("no socket");
    }
    (void)setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    (void)setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    for (int i = 2; i + 2 < argc; i += 3) {
        for (unsigned long size = number(argv[i]); size <= number(argv[i + 1]); size += number(argv[i + 2])) {
            if (size > MOST) {
                die("%lu bytes are too many", size);
            }
            wait_room(WINDOW);
            start((unsigned int)size);
        }
    }
    wait_room(1);
    printf("%lu sizes answered, %lu bytes, %lu asked again, %lld ms\n", answered, bytes, again,
           (long long)(now_ms() - began));
    return 0;
}
