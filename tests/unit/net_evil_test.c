// SPDX-License-Identifier: MIT
/*
 * Whatever arrives: the stack neither reads nor writes outside a frame, fails no assertion of its own, keeps no page for ever, and afterwards still
 * answers. Frames are right ones of every protocol there is, with some of their bytes and lengths changed, in pieces of any size.
 * NET_EVIL_STEPS for more.
 */
#include <lwip/dns.h>
#include <lwip/prot/tcp.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>

#include <arpa/inet.h>

#include "net_fixture.h"

static struct tcp_pcb *connections[4];
static uint32_t own_next[4], peer_next[4];
static uint8_t data[70000] __attribute__((aligned(4096)));

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    if (p != NULL) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    }
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    connections[(uintptr_t)arg] = NULL;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    unsigned int slot = (pcb->remote_port - 40000u) % 4;

    tcp_backlog_accepted(pcb);
    if (connections[slot] != NULL) {
        tcp_arg(connections[slot], (void *)(uintptr_t)slot);
        tcp_abort(connections[slot]);
    }
    connections[slot] = pcb;
    tcp_arg(pcb, (void *)(uintptr_t)slot);
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    if (fake_random_below(2) == 0) {
        (void)net_udp_send(pcb, p, from, port, NULL, NULL);
    }
    pbuf_free(p);
}

static void on_name(const char *name, const ip_addr_t *address, void *arg)
{
}

static uint8_t rnd8(void)
{
    return (uint8_t)fake_random();
}

/* ---- Right frames ---- */

static size_t put_ip6(uint8_t *f, uint8_t next, size_t payload, bool multicast)
{
    static const uint8_t peer[16] = {0xfd, [15] = 9}, own[16] = {0xfd, [15] = 1},
                         all[16] = {0xff, 2, [15] = 1};
    static const uint8_t link[16] = {0xfe, 0x80, [15] = 9};

    memcpy(f, multicast ? (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1} : own_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    put16(f + 12, 0x86dd);
    memset(f + 14, 0, 8);
    f[14] = 0x60;
    put16(f + 18, (unsigned int)payload);
    f[20] = next;
    f[21] = 255;
    memcpy(f + 22, multicast || fake_random_below(2) ? link : peer, 16);
    memcpy(f + 38, multicast ? all : own, 16);
    return 54;
}

static void sum_icmp6(uint8_t *f, size_t len)
{
    put16(f + 56, 0);
    put16(f + 56, ~sum16(sum16(58 + (uint32_t)len, f + 22, 32), f + 54, len) & 0xffff);
}

static size_t make_icmp6(uint8_t *f)
{
    static const uint8_t types[] = {1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137};
    size_t len = 8 + fake_random_below(120);
    size_t at;

    at = put_ip6(f, 58, len, fake_random_below(2));
    for (size_t i = 0; i < len; i++) {
        f[at + i] = rnd8();
    }
    f[at] = types[fake_random_below(sizeof(types))];
    f[at + 1] = 0;
    /* Options of neighbour discovery: kinds and lengths that are mostly right. */
    for (size_t o = at + (f[at] == 134 ? 16 : 24); o + 8 < at + len; o += 8u * (f[o + 1] ? f[o + 1] : 1)) {
        f[o] = (uint8_t)(1 + fake_random_below(5));
        f[o] = fake_random_below(4) == 0 ? 25 : f[o];
        f[o + 1] = (uint8_t)(fake_random_below(12) == 0 ? rnd8() : f[o] == 3 ? 4 : f[o] == 25 ? 3 : 1);
    }
    sum_icmp6(f, len);
    return at + len;
}

static size_t make_tcp(uint8_t *f)
{
    unsigned int slot = (unsigned int)fake_random_below(4);
    size_t options = fake_random_below(3) == 0 ? 4 * fake_random_below(11) : 0;
    size_t bytes = fake_random_below(3) == 0 ? fake_random_below(3000) : fake_random_below(20);
    size_t at = put_ip4(f, 6, 20 + options + bytes);
    const struct tcp_pcb *pcb = connections[slot];

    put16(f + at, 40000 + slot);
    put16(f + at + 2, 7);
    put32(f + at + 4, (pcb != NULL ? pcb->rcv_nxt : 1000) +
                          (fake_random_below(4) == 0 ? (uint32_t)fake_random_below(9000) - 3000 : 0));
    put32(f + at + 8, (pcb != NULL ? (fake_random_below(2) ? pcb->lastack : pcb->snd_nxt) : 0) +
                          (fake_random_below(8) == 0 ? (uint32_t)fake_random_below(9000) - 3000 : 0));
    f[at + 12] = (uint8_t)((20 + options) << 2);
    f[at + 13] = pcb == NULL                  ? TCP_SYN
                 : fake_random_below(16) == 0 ? (uint8_t)(rnd8() & 0x3f)
                                              : (uint8_t)TCP_ACK;
    put16(f + at + 14, fake_random_below(4) == 0 ? 0 : (unsigned int)fake_random_below(65536));
    put16(f + at + 16, 0);
    put16(f + at + 18, 0);
    for (size_t i = 0; i < options + bytes; i++) {
        f[at + 20 + i] = rnd8();
    }
    for (size_t o = 0; o + 4 <= options; o += 4) {
        f[at + 20 + o] = (uint8_t)fake_random_below(10);
        f[at + 21 + o] = (uint8_t)fake_random_below(12);
    }
    own_next[slot] = peer_next[slot] = 0;
    return at + 20 + options + bytes;
}

static size_t make_udp(uint8_t *f)
{
    static const unsigned int ports[] = {67, 53, 547, 123, 5353, 9, 9, 9};
    static const unsigned int to[] = {68, 53000, 546, 123, 5353, 9, 9, 9};
    unsigned int which = (unsigned int)fake_random_below(8);
    size_t bytes = fake_random_below(600);
    bool six = fake_random_below(3) == 0;
    size_t at = six ? put_ip6(f, 17, 8 + bytes, fake_random_below(2)) : put_ip4(f, 17, 8 + bytes);

    put16(f + at, ports[which]);
    put16(f + at + 2, to[which]);
    put16(f + at + 4, (unsigned int)(8 + bytes));
    put16(f + at + 6, 0);
    for (size_t i = 0; i < bytes; i++) {
        f[at + 8 + i] = fake_random_below(3) == 0 ? (uint8_t)fake_random_below(8) : rnd8();
    }
    return at + 8 + bytes;
}

static size_t make_fragment(uint8_t *f)
{
    size_t bytes = 8 * (1 + fake_random_below(100)) + (fake_random_below(4) == 0 ? fake_random_below(8) : 0);
    unsigned int id = (unsigned int)fake_random_below(4),
                 offset = (unsigned int)fake_random_below(fake_random_below(4) == 0 ? 8192 : 60) * 8;
    bool more = fake_random_below(4) != 0;
    size_t at;

    if (fake_random_below(2) == 0) {
        at = put_ip4(f, fake_random_below(2) ? 1 : 17, bytes);
        put16(f + 18, id);
        put16(f + 20, (more ? 0x2000u : 0) | offset / 8);
        put16(f + 24, 0);
        put16(f + 24, ~sum16(0, f + 14, 20) & 0xffff);
    } else {
        at = put_ip6(f, 44, 8 + bytes, false);
        f[at] = fake_random_below(4) == 0 ? rnd8() : 58;
        f[at + 1] = 0;
        put16(f + at + 2, offset | more);
        put32(f + at + 4, id);
        at += 8;
    }
    for (size_t i = 0; i < bytes; i++) {
        f[at + i] = rnd8();
    }
    return at + bytes;
}

static size_t make_other(uint8_t *f)
{
    size_t bytes = 8 + fake_random_below(200);
    bool six = fake_random_below(2) == 0;
    static const uint8_t protocols[] = {0, 1, 2, 4, 6, 17, 43, 44, 50, 58, 59, 60, 136, 255};
    uint8_t protocol = protocols[fake_random_below(sizeof(protocols))];
    size_t at = six ? put_ip6(f, protocol, bytes, fake_random_below(2)) : put_ip4(f, protocol, bytes);

    for (size_t i = 0; i < bytes; i++) {
        f[at + i] = fake_random_below(2) ? (uint8_t)fake_random_below(64) : rnd8();
    }
    if (!six && protocol <= 2) {
        put16(f + at + 2, 0);
        put16(f + at + 2, ~sum16(0, f + at, bytes) & 0xffff);
    }
    return at + bytes;
}

static size_t make_arp(uint8_t *f)
{
    memset(f, 0, 42);
    memcpy(f, own_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    put16(f + 12, 0x0806);
    put16(f + 14, 1);
    put16(f + 16, 0x0800);
    put16(f + 18, 0x0604);
    put16(f + 20, 1 + (unsigned int)fake_random_below(2));
    memcpy(f + 22, peer_mac, 6);
    memcpy(f + 28, (const uint8_t[]){10, 0, 0, rnd8()}, 4);
    memcpy(f + 38, (const uint8_t[]){10, 0, 0, 1}, 4);
    return 42;
}

static size_t (*const makers[])(uint8_t *f) = {make_icmp6, make_tcp,      make_tcp,   make_tcp,
                                               make_udp,   make_fragment, make_other, make_arp};

static void evil_frame(void)
{
    static uint8_t f[8192];
    const char *only = getenv("NET_EVIL_MAKER"); /* to find what a failure is about */
    size_t len =
        makers[only != NULL ? (size_t)atoi(only) : fake_random_below(sizeof(makers) / sizeof(makers[0]))](f);

    for (unsigned int n = fake_random_below(3) == 0 ? (unsigned int)fake_random_below(6) : 0; n != 0; n--) {
        f[fake_random_below(MIN(len, 90))] = fake_random_below(3) ? rnd8() : 0xff;
    }
    if (fake_random_below(4) == 0) { /* IPv4's own sum right again, so that it is looked at further */
        put16(f + 24, 0);
        put16(f + 24, ~sum16(0, f + 14, 20) & 0xffff);
    }
    if (fake_random_below(10) == 0) {
        len = 14 + fake_random_below(len - 13);
    } else if (fake_random_below(10) == 0) {
        len += fake_random_below(50);
    }
    receive(f, len, fake_random_below(6) ? NETDEV_CSUM_OK : 0,
            fake_random_below(3) == 0 ? 14 + fake_random_below(100) : 4096);
    if (fake_random_below(4) == 0) {
        netdev_rx_batch_end(&device);
    }
}

static void own_action(void)
{
    unsigned int slot = (unsigned int)fake_random_below(4);
    ip_addr_t found;

    net_lock();
    switch (fake_random_below(6)) {
    case 0:
        if (connections[slot] != NULL && tcp_sndbuf(connections[slot]) > 0) {
            (void)tcp_write(connections[slot], data,
                            (u16_t)MIN(fake_random_below(30000), tcp_sndbuf(connections[slot])),
                            (u8_t)fake_random_below(2));
            (void)tcp_output(connections[slot]);
        }
        break;
    case 1:
        (void)dns_gethostbyname(fake_random_below(2) ? "host.example" : "other.example", &found, on_name,
                                NULL);
        break;
    case 2:
        if (connections[slot] != NULL && fake_random_below(20) == 0) {
            struct tcp_pcb *pcb = connections[slot];

            connections[slot] = NULL;
            tcp_arg(pcb, NULL);
            tcp_err(pcb, NULL);
            tcp_recv(pcb, NULL);
            if (tcp_close(pcb) != ERR_OK) {
                tcp_abort(pcb);
            }
        }
        break;
    default:
        break;
    }
    net_unlock();
    room = fake_random_below(20) == 0 ? (unsigned int)fake_random_below(3) : UINT32_MAX;
    if (room != 0) {
        netdev_tx_ready(&device);
    }
    if (fake_random_below(3) == 0) {
        finish_sends();
    }
    if (fake_random_below(20) == 0) {
        netdev_rx_batch_end(&device);
        thread_sleep_ns(fake_random_below(2000) * NS_PER_MS);
    }
    if (nr_under_way > 1000) {
        finish_sends();
    }
}

static void listen_to_all(void)
{
    struct tcp_pcb *listener;
    struct udp_pcb *echo;
    ip_addr_t server;

    net_lock();
    listener = tcp_new();
    assert_int_equal(tcp_bind(listener, IP_ANY_TYPE, 7), ERR_OK);
    listener = tcp_listen(listener);
    tcp_accept(listener, on_accept);
    echo = udp_new_ip_type(IPADDR_TYPE_ANY);
    assert_int_equal(udp_bind(echo, IP_ANY_TYPE, 9), ERR_OK);
    udp_recv(echo, on_datagram, NULL);
    ip_addr_set_ip4_u32_val(server, inet_addr("10.0.0.9"));
    dns_setserver(0, &server);
    net_unlock();
}

static void it_stays_whole(void **state)
{
    const char *asked = getenv("NET_EVIL_STEPS");
    unsigned long steps = asked != NULL ? strtoul(asked, NULL, 10) : 200000;
    struct net_stats stats;

    listen_to_all();
    teach_arp();
    verify_only = true;
    take_copies = true;
    for (unsigned long n = 0; n < steps; n++) {
        evil_frame();
        if (fake_random_below(4) == 0) {
            own_action();
        }
        assert_true(rx_out < 4000);
    }
    netdev_rx_batch_end(&device);
    room = UINT32_MAX;
    netdev_tx_ready(&device);
    finish_sends();
    net_get_stats(&stats);
    assert_true(getenv("NET_EVIL_MAKER") != NULL || stats.tcp_in > steps / 20);
    /* Everything that waits for something is over some day. */
    for (unsigned int slot = 0; slot < 4; slot++) {
        if (connections[slot] != NULL) {
            struct tcp_pcb *pcb = connections[slot];

            net_lock();
            tcp_abort(pcb);
            net_unlock();
        }
    }
    for (unsigned int n = 0; n < 300; n++) {
        thread_sleep_ns(2 * NS_PER_SEC);
        finish_sends();
    }
    show_left();
    assert_int_equal(rx_out, 0);
    /* And it still answers. */
    verify_only = false;
    forget_frames();
    teach_arp();
    assert_int_equal(nr_frames, 1);
    forget_frames();
    finish_sends();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_whole),
    };

    return cmocka_run_group_tests(tests, start_stack, NULL);
}
