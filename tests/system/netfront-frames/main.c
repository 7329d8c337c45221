// SPDX-License-Identifier: MIT
/*
 * Claim: Linux' netback and netfront carry frames both ways: ARP, ICMP of all sizes up to jumbo frames, UDP with blank checksums, and TCP
 * in merged segments in and GSO frames out; on all queues; of multicast only what is asked for. A few lines of each protocol, no IP stack: what is tested is what travels.
 * Received pages are sent back as they are (echo), so both directions are seen without a copy.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <xenolith/netdev.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>

#include "system_test.h"

#define PATTERN_PORT 19   /* we send GSO_FRAMES * GSO_BYTES bytes by TCP */
#define SINK_PORT    9    /* we take TCP data and answer with their sum at the end */
#define ECHO_PORT    7
#define QUIT_PORT    4444 /* a connection there ends the test */
#define GSO_BYTES    32000
#define GSO_FRAMES   40
#define NR_UDP       200

/* Offsets in an Ethernet frame with an IPv4 header of 20 bytes. */
enum { ETH_TYPE = 12, IP = 14, IP_PROTO = 23, IP_SUM = 24, IP_SRC = 26, IP_DST = 30, L4 = 34 };

static struct netdev *dev;
static const uint8_t our_ip[4] = {10, 0, 2, 15}, their_ip[4] = {10, 0, 2, 4};
static uint8_t their_mac[6];
static bool have_mac, quit, is_up;
static struct wait_queue wq = WAIT_QUEUE_INIT(wq);
static unsigned int echoes, bad_sums, merged, chained, largest, blank_in, udp_done, tx_errors;
static unsigned int group_frames, other_groups, nr_threads;
static struct thread *threads[8]; /* those that brought frames: one a queue */
static const uint8_t group[6] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};

/* The one TCP connection. */
static struct {
    uint16_t port, peer_port;
    uint32_t snd_nxt, snd_una, rcv_nxt, sum;
    uint64_t received;
    unsigned int frames_sent, window;
    bool open, fin_sent;
} tcp;
static uint8_t pattern[GSO_BYTES];

struct out {
    struct netdev_tx tx; /* first */
    struct netdev_frag frags[20];
    struct netdev_buf *rx;
    uint8_t head[128];
};

static unsigned int outstanding;

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned int v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* One's complement sum; @at is the offset of the first byte in the whole. */
static uint32_t sum(const uint8_t *p, size_t len, size_t at, uint32_t start)
{
    uint64_t s = start;

    for (size_t i = 0; i < len; i++) {
        s += (at + i) & 1 ? p[i] : (uint32_t)p[i] << 8;
    }
    while (s >> 16) {
        s = (s & 0xffff) + (s >> 16);
    }
    return (uint32_t)s;
}

static uint32_t sum_frame(const struct netdev_buf *buf, size_t skip, size_t len, uint32_t start)
{
    size_t at = 0;

    for (; buf != NULL && len != 0; buf = buf->next) {
        size_t from = skip < buf->len ? skip : buf->len, n = buf->len - from;

        n = n < len ? n : len;
        start = sum(buf->data + from, n, at, start);
        skip -= from;
        len -= n;
        at += n;
    }
    return start;
}

static uint32_t pseudo_sum(const uint8_t *frame, unsigned int len)
{
    return sum(frame + IP_SRC, 8, 0, frame[IP_PROTO] + len);
}

static void done(struct netdev_tx *tx, int status)
{
    struct out *o = (struct out *)tx;

    tx_errors += status != 0;
    outstanding--;
    if (o->rx != NULL) {
        netdev_rx_free(o->rx);
    }
    free(o);
    wait_wake_all(&wq);
}

static struct out *new_out(void)
{
    struct out *o = calloc(1, sizeof(*o));

    CHECK(o != NULL);
    o->tx.frags = o->frags;
    o->tx.done = done;
    return o;
}

static void send(struct out *o)
{
    int rc = netdev_tx(dev, &o->tx, false);

    CHECK_EQUAL(rc, 0);
    outstanding++;
}

static uint8_t *ip_header(struct out *o, unsigned int proto, unsigned int payload)
{
    uint8_t *h = o->head;

    memcpy(h, their_mac, 6);
    memcpy(h + 6, dev->mac, 6);
    put16(h + ETH_TYPE, 0x0800);
    h[IP] = 0x45;
    put16(h + IP + 2, 20 + payload);
    h[IP + 8] = 64;
    h[IP_PROTO] = (uint8_t)proto;
    memcpy(h + IP_SRC, our_ip, 4);
    memcpy(h + IP_DST, their_ip, 4);
    put16(h + IP_SUM, ~sum(h + IP, 20, 0, 0));
    return h;
}

static void send_arp(unsigned int op, const uint8_t *mac)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
    struct out *o = new_out();
    uint8_t *h = o->head;

    memcpy(h, mac == NULL ? all : mac, 6);
    memcpy(h + 6, dev->mac, 6);
    put16(h + ETH_TYPE, 0x0806);
    put16(h + 14, 1);
    put16(h + 16, 0x0800);
    h[18] = 6;
    h[19] = 4;
    put16(h + 20, op);
    memcpy(h + 22, dev->mac, 6);
    memcpy(h + 28, our_ip, 4);
    if (mac != NULL) {
        memcpy(h + 32, mac, 6);
    }
    memcpy(h + 38, their_ip, 4);
    o->frags[0] = (struct netdev_frag){h, 42};
    o->tx.nr_frags = 1;
    send(o);
}

static void send_udp(unsigned int port, unsigned int len)
{
    struct out *o = new_out();
    uint8_t *h = ip_header(o, 17, 8 + len);

    put16(h + L4, 5000);
    put16(h + L4 + 2, port);
    put16(h + L4 + 4, 8 + len);
    put16(h + L4 + 6, pseudo_sum(h, 8 + len)); /* the rest is left to the other side */
    o->frags[0] = (struct netdev_frag){h, L4 + 8};
    o->frags[1] = (struct netdev_frag){pattern + port % 64, len};
    o->tx.nr_frags = 2;
    o->tx.flags = NETDEV_CSUM_BLANK;
    send(o);
}

static void send_tcp(unsigned int flags, const uint8_t *data, unsigned int len)
{
    struct out *o = new_out();
    uint8_t *h = ip_header(o, 6, 20 + len);

    put16(h + L4, tcp.port);
    put16(h + L4 + 2, tcp.peer_port);
    put32(h + L4 + 4, tcp.snd_nxt);
    put32(h + L4 + 8, tcp.rcv_nxt);
    h[L4 + 12] = 5 << 4;
    h[L4 + 13] = (uint8_t)flags;
    put16(h + L4 + 14, 65535);
    put16(h + L4 + 16, pseudo_sum(h, 20 + len));
    o->frags[0] = (struct netdev_frag){h, L4 + 20};
    o->frags[1] = (struct netdev_frag){data, len};
    o->tx.nr_frags = len != 0 ? 2 : 1;
    o->tx.flags = NETDEV_CSUM_BLANK;
    if (len > 1460) {
        o->tx.gso_type = NETDEV_GSO_TCP4;
        o->tx.gso_size = 1460;
    }
    tcp.snd_nxt += len + ((flags & 3) != 0);
    send(o);
}

static void tcp_go_on(void)
{
    if (tcp.port == PATTERN_PORT && tcp.snd_una == tcp.snd_nxt && !tcp.fin_sent) {
        if (tcp.frames_sent < GSO_FRAMES) {
            if (tcp.window < GSO_BYTES) {
                return; /* it tells us when it has read */
            }
            tcp.frames_sent++;
            send_tcp(0x18, pattern, GSO_BYTES);
        } else {
            tcp.fin_sent = true;
            send_tcp(0x11, NULL, 0);
        }
    }
}

static void on_tcp(struct netdev_buf *buf)
{
    const uint8_t *h = buf->data;
    unsigned int ip_len = get16(h + IP + 2), data_off = (h[L4 + 12] >> 4) * 4, flags = h[L4 + 13];
    unsigned int len = ip_len - 20 - data_off;
    uint32_t seq = get32(h + L4 + 4);

    if ((flags & 2) && tcp.open && tcp.peer_port == get16(h + L4) && tcp.rcv_nxt == seq + 1) {
        return; /* again: our answer is on its way */
    }
    if (flags & 2) {
        memset(&tcp, 0, sizeof(tcp));
        tcp.port = get16(h + L4 + 2);
        tcp.peer_port = get16(h + L4);
        tcp.rcv_nxt = seq + 1;
        tcp.snd_nxt = tcp.snd_una = 1000;
        tcp.open = true;
        send_tcp(0x12, NULL, 0);
        return;
    }
    if (!tcp.open || get16(h + L4) != tcp.peer_port || (flags & 4)) {
        return;
    }
    if (flags & 16) {
        tcp.snd_una = get32(h + L4 + 8);
        tcp.window = get16(h + L4 + 14);
    }
    if (seq == tcp.rcv_nxt && len != 0) {
        tcp.sum = sum_frame(buf, L4 + data_off, len, 0) + tcp.sum;
        tcp.received += len;
        tcp.rcv_nxt += len;
    }
    if ((flags & 1) && seq + len == tcp.rcv_nxt) {
        tcp.rcv_nxt++;
        if (tcp.port == QUIT_PORT) {
            quit = true;
        }
        if (!tcp.fin_sent && tcp.port != PATTERN_PORT) {
            char text[64];
            static uint8_t answer[64];

            snprintf(text, sizeof(text), "%llu bytes\n", (unsigned long long)tcp.received);
            memcpy(answer, text, strlen(text));
            send_tcp(0x18, answer, (unsigned int)strlen(text));
            tcp.fin_sent = true;
            send_tcp(0x11, NULL, 0);
            return;
        }
    }
    if (len != 0 || (flags & 1)) {
        send_tcp(0x10, NULL, 0);
    }
    tcp_go_on();
}

/* Send what we received back as it lies there. */
static void send_back(struct netdev_buf *buf, uint32_t flags, uint32_t hash)
{
    struct out *o = new_out();
    uint8_t *h = buf->data, ip[4];
    unsigned int n = 0;

    memcpy(h, h + 6, 6);
    memcpy(h + 6, dev->mac, 6);
    memcpy(ip, h + IP_SRC, 4);
    memcpy(h + IP_SRC, h + IP_DST, 4);
    memcpy(h + IP_DST, ip, 4);
    for (struct netdev_buf *b = buf; b != NULL; b = b->next) {
        o->frags[n++] = (struct netdev_frag){b->data, b->len};
    }
    o->tx.nr_frags = n;
    o->tx.flags = flags;
    o->tx.hash = hash;
    o->rx = buf;
    send(o);
}

/* Does the whole TCP or UDP checksum hold? */
static bool sum_holds(const struct netdev_buf *buf)
{
    const uint8_t *h = buf->data;
    unsigned int len = get16(h + IP + 2) - 20U;

    if (buf->flags & NETDEV_CSUM_OK) {
        return true;
    }
    return sum_frame(buf, L4, len, pseudo_sum(h, len)) == 0xffff;
}

static bool on_ip(struct netdev_buf *buf)
{
    uint8_t *h = buf->data;
    unsigned int len = get16(h + IP + 2) - 20U;

    if (buf->len < L4 + 8 || h[IP] != 0x45 || memcmp(h + IP_DST, our_ip, 4) != 0) {
        return false;
    }
    bad_sums += sum(h + IP, 20, 0, 0) != 0xffff;
    blank_in += (buf->flags & NETDEV_CSUM_BLANK) != 0;
    merged += buf->gso_type == NETDEV_GSO_TCP4;
    chained += buf->next != NULL;
    largest = buf->total > largest ? buf->total : largest;
    if (h[IP_PROTO] == 1 && h[L4] == 8) {
        uint32_t s;

        bad_sums += sum_frame(buf, L4, len, 0) != 0xffff;
        h[L4] = 0;
        s = get16(h + L4 + 2) + 0x0800U;
        put16(h + L4 + 2, (s & 0xffff) + (s >> 16));
        echoes++;
        send_back(buf, 0, 0);
        return true;
    }
    if (h[IP_PROTO] == 6 || h[IP_PROTO] == 17) {
        bad_sums += !sum_holds(buf);
    }
    if (h[IP_PROTO] == 6) {
        on_tcp(buf);
    } else if (h[IP_PROTO] == 17 && get16(h + L4 + 2) == ECHO_PORT) {
        uint8_t port[2];

        memcpy(port, h + L4, 2);
        memcpy(h + L4, h + L4 + 2, 2);
        memcpy(h + L4 + 2, port, 2);
        put16(h + L4 + 6, pseudo_sum(h, len));
        udp_done++;
        send_back(buf, NETDEV_CSUM_BLANK, get16(h + L4 + 2));
        return true;
    }
    return false;
}

/* Which queue's thread are we, and was this frame for a group? */
static void note(const uint8_t *h)
{
    unsigned int i = 0;

    while (i < nr_threads && threads[i] != thread_current()) {
        i++;
    }
    if (i == nr_threads && i < 8) {
        threads[nr_threads++] = thread_current();
    }
    if (memcmp(h, group, 3) == 0) {
        if (memcmp(h, group, 6) == 0) {
            group_frames++;
        } else {
            other_groups++;
        }
    }
}

static void on_rx(struct netdev *d, struct netdev_buf *buf)
{
    const uint8_t *h = buf->data;
    bool kept = false;
    uint32_t total = 0;

    (void)d;
    for (struct netdev_buf *b = buf; b != NULL; b = b->next) {
        total += b->len;
    }
    CHECK_EQUAL(total, buf->total);
    note(h);
    if (buf->len >= 42 && get16(h + ETH_TYPE) == 0x0806 && memcmp(h + 38, our_ip, 4) == 0) {
        if (memcmp(h + 28, their_ip, 4) == 0) {
            memcpy(their_mac, h + 22, 6);
            have_mac = true;
        }
        if (get16(h + 20) == 1) {
            send_arp(2, h + 22);
        }
    } else if (buf->len >= 34 && get16(h + ETH_TYPE) == 0x0800) {
        kept = on_ip(buf);
    }
    if (!kept) {
        netdev_rx_free(buf);
    }
    wait_wake_all(&wq);
}

static void on_found(struct netdev *d)
{
    dev = d;
}

static void on_carrier(struct netdev *d, bool up)
{
    printf("carrier of %s: %s\n", d->name, up ? "up" : "down");
    is_up = up;
    wait_wake_all(&wq);
}

static const struct netdev_client client = {.found = on_found, .carrier = on_carrier, .rx = on_rx};

int main(void)
{
    uint64_t deadline = time_deadline_ns(20 * NS_PER_SEC);
    int rc;

    for (unsigned int i = 0; i < GSO_BYTES; i++) {
        pattern[i] = (uint8_t)("0123456789abcdefghijklmnopqrstuvwxyz\n"[i % 37]);
    }
    CHECK_EQUAL(netdev_start(&client), 0);
    CHECK_EQUAL(netdev_settle(deadline), 1);
    CHECK(dev->features & NETDEV_MCAST);
    CHECK_EQUAL(netdev_multicast(dev, group, true), 0);
    rc = netdev_multicast_filter(dev, true);
    CHECK(rc == 0 || rc == -EINPROGRESS);
    CHECK_EQUAL(wait_event_until(&wq, is_up, deadline), 0);
    printf("%s: mtu %u, features %x, %u queue\n", dev->name, dev->mtu, dev->features, dev->nr_queues);
    for (unsigned int i = 0; !have_mac; i++) {
        CHECK(i < 20); /* the bridge's port may not forward yet */
        send_arp(1, NULL);
        (void)wait_event_until(&wq, have_mac, time_deadline_ns(500 * NS_PER_MS));
    }
    for (unsigned int i = 0; i < NR_UDP; i++) {
        send_udp(30000 + i, (i * 37) % 1472 + 1);
        CHECK_EQUAL(wait_event_until(&wq, outstanding < 100, deadline), 0);
    }
    CHECK_EQUAL(wait_event_until(&wq, outstanding == 0, deadline), 0);
    printf("ready\n");
    (void)wait_event_until(&wq, quit, time_deadline_ns(120 * NS_PER_SEC));
    CHECK(quit);
    CHECK_EQUAL(wait_event_until(&wq, outstanding == 0, time_deadline_ns(5 * NS_PER_SEC)), 0);

    struct netdev_stats *s = &dev->stats;
    printf(
        "rx %llu frames in %llu slots, tx %llu in %llu, bounced %llu, upcalls %llu, notifies %llu, batches %llu\n",
        (unsigned long long)s->rx_packets, (unsigned long long)s->rx_slots, (unsigned long long)s->tx_packets,
        (unsigned long long)s->tx_slots, (unsigned long long)s->tx_bounced, (unsigned long long)s->upcalls,
        (unsigned long long)s->notifies, (unsigned long long)s->batches);
    printf("echoes %u, merged %u, chained %u, largest %u, blank %u, udp %u, bad sums %u\n", echoes, merged,
           chained, largest, blank_in, udp_done, bad_sums);
    printf("multicast: %u of ours, %u of others\nqueues: %u\n", group_frames, other_groups, nr_threads);
    CHECK_EQUAL(bad_sums, 0);
    CHECK_EQUAL(tx_errors, 0);
    CHECK_EQUAL(s->rx_errors + s->tx_lost + s->failures, 0);
    CHECK(echoes >= 250 && merged > 0 && chained > 0 && largest > 8000 && blank_in > 0 && udp_done > 0);
    test_success();
}
