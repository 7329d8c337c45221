// SPDX-License-Identifier: MIT
/*
 * Claims about the port of lwIP: an interface gets the addresses it is told; questions are answered with sums that are right, and datagrams in
 * pieces carry theirs; what waits for a neighbour is the stack's own; an idle machine is left alone. TCP is net_tcp_test.c's.
 */
#include <lwip/dns.h>
#include <lwip/stats.h>
#include <lwip/udp.h>

#include "net_fixture.h"

static void has_its_addresses(void **state)
{
    struct net_interface_info info;
    unsigned int at = 0;

    assert_true(net_interface_next(&at, &info));
    assert_true(info.configured);
    assert_string_equal(info.name, "eth0");
    assert_string_equal(info.addresses[0], "10.0.0.1/24");
    assert_string_equal(info.gateway, "10.0.0.254");
    assert_string_equal(info.source, "xenstore");
    assert_false(net_interface_next(&at, &info));
    assert_non_null(strstr(
        console, "eth0: 10.0.0.1/24 gateway 10.0.0.254 by xenstore, mac 02:00:00:00:00:01, mtu 1500\n"));
    assert_non_null(strstr(console, "eth0: fd00::1/64"));
}

static void answers_arp(void **state)
{
    teach_arp();
    assert_int_equal(nr_frames, 1);
    assert_int_equal(get16(frames[0]->data + 12), 0x0806);
    assert_int_equal(get16(frames[0]->data + 20), 2);
    assert_memory_equal(frames[0]->data, peer_mac, 6);
    assert_memory_equal(frames[0]->data + 22, own_mac, 6);
}

static size_t make_ping(uint8_t *f, size_t bytes)
{
    size_t at = put_ip4(f, 1, 8 + bytes);

    memset(f + at, 0, 8);
    f[at] = 8;
    for (size_t i = 0; i < bytes; i++) {
        f[at + 8 + i] = (uint8_t)(i * 7 + bytes);
    }
    put16(f + at + 2, ~sum16(0, f + at, 8 + bytes) & 0xffff);
    return at + 8 + bytes;
}

static void answers_pings(void **state)
{
    uint8_t f[1514];

    teach_arp();
    for (size_t bytes = 0; bytes <= 1472; bytes += 1 + fake_random_below(40)) {
        size_t len = make_ping(f, bytes);
        const struct frame *reply;

        forget_frames();
        receive(f, len, 0, 100 + fake_random_below(1500));
        netdev_rx_batch_end(&device);
        assert_int_equal(nr_frames, 1);
        reply = frames[0];
        assert_int_equal(reply->len, len);
        assert_int_equal(sum16(0, reply->data + 14, 20), 0xffff);
        assert_int_equal(reply->data[34], 0);
        assert_int_equal(sum16(0, reply->data + 34, len - 34), 0xffff);
        assert_memory_equal(reply->data + 42, f + 42, bytes);
        finish_sends();
    }
    assert_int_equal(rx_out, 0);
}

static void answers_to_its_name(void **state)
{
    static const uint8_t question[] = {0,   7,   0,   0, 0,   1,   0,   0,   0,   0, 0, 0, 5, 's', 't',
                                       'o', 'n', 'e', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 1, 0, 1};
    uint8_t f[200];
    size_t at = put_ip4(f, 17, 8 + sizeof(question));
    bool answered = false;

    thread_sleep_ns(10 * NS_PER_SEC); /* the name is probed for first */
    teach_arp();
    finish_sends();
    forget_frames();
    put16(f + at, 40000); /* not from 5353: asked by one who is no responder, and answered directly */
    put16(f + at + 2, 5353);
    put16(f + at + 4, (unsigned int)(8 + sizeof(question)));
    put16(f + at + 6, 0);
    memcpy(f + at + 8, question, sizeof(question));
    receive_one(f, at + 8 + sizeof(question));
    thread_sleep_ns(2 * NS_PER_SEC);
    for (unsigned int i = 0; i < nr_frames; i++) {
        const uint8_t *d = frames[i]->data;

        for (uint32_t n = 42; get16(d + 12) == 0x0800 && d[23] == 17 && n + 4 <= frames[i]->len; n++) {
            answered |= memcmp(d + n, (const uint8_t[]){10, 0, 0, 1}, 4) == 0;
        }
    }
    assert_true(answered);
    finish_sends();
}

/* A neighbour that does not answer keeps what is sent to it waiting; the sender's memory is another's by then. */
static void what_waits_for_an_address_is_the_stacks_own(void **state)
{
    static uint8_t bytes[1000];
    uint8_t f[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct udp_pcb *pcb;
    struct pbuf *p;
    ip_addr_t to;

    forget_frames();
    memset(bytes, 0x11, sizeof(bytes));
    net_lock();
    IP_ADDR4(&to, 10, 0, 0, 77);
    pcb = udp_new();
    p = pbuf_alloc(PBUF_RAW, sizeof(bytes), PBUF_ROM);
    ((struct pbuf_rom *)p)->payload = bytes;
    assert_int_equal(udp_sendto(pcb, p, &to, 9), ERR_OK);
    pbuf_free(p);
    udp_remove(pcb);
    net_unlock();
    finish_sends();
    memset(bytes, 0x22, sizeof(bytes));
    forget_frames();
    memcpy(f + 6, peer_mac, 6);
    put16(f + 12, 0x0806);
    put16(f + 14, 1);
    put16(f + 16, 0x0800);
    put16(f + 18, 0x0604);
    put16(f + 20, 2);
    memcpy(f + 22, peer_mac, 6);
    memcpy(f + 28, (const uint8_t[]){10, 0, 0, 77}, 4);
    memcpy(f + 32, own_mac, 6);
    memcpy(f + 38, (const uint8_t[]){10, 0, 0, 1}, 4);
    receive_one(f, sizeof(f));
    assert_int_equal(nr_frames, 1);
    assert_int_equal(frames[0]->len, 42 + sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(frames[0]->data[42 + i], 0x11);
    }
    forget_frames();
    finish_sends();
}

/* Else one such datagram to a service that answers would go round between us and ourselves for ever. */
static void nobody_else_is_us(void **state)
{
    static const uint8_t names[][4] = {{10, 0, 0, 1}, {127, 0, 0, 1}, {127, 9, 9, 9}};
    static const uint8_t own_v6[16] = {0xfd, [15] = 1};
    uint8_t f[200];
    size_t len = make_ping(f, 50);
    uint32_t seen;

    teach_arp();
    forget_frames();
    finish_sends();
    seen = lwip_stats.ip.recv;
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
        memcpy(f + 26, names[i], 4);
        put16(f + 24, 0);
        put16(f + 24, ~sum16(0, f + 14, 20) & 0xffff);
        receive_one(f, len);
    }
    assert_int_equal(lwip_stats.ip.recv, seen);
    memset(f, 0, sizeof(f));
    memcpy(f, own_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    put16(f + 12, 0x86dd);
    f[14] = 0x60;
    put16(f + 18, 8);
    f[20] = 17;
    f[21] = 64;
    memcpy(f + 22, own_v6, 16);
    memcpy(f + 38, own_v6, 16);
    seen = lwip_stats.ip6.recv;
    receive_one(f, 62);
    assert_int_equal(lwip_stats.ip6.recv, seen);
    f[37] = 9;
    receive_one(f, 62);
    assert_int_equal(lwip_stats.ip6.recv, seen + 1);
    assert_int_equal(rx_out, 0);
    forget_frames();
    finish_sends();
}

static void batches_are_shown_once(void **state)
{
    uint8_t f[1514];
    size_t len;

    teach_arp();
    len = make_ping(f, 100);
    flushes = 0;
    for (unsigned int i = 0; i < 50; i++) {
        receive(f, len, 0, 4096);
    }
    netdev_rx_batch_end(&device);
    assert_int_equal(flushes, 1);
    assert_int_equal(nr_frames, 51);
    forget_frames();
    finish_sends();
}

static void silence_is_kept(void **state)
{
    uint64_t idles;

    finish_sends();
    thread_sleep_ns(120 * NS_PER_SEC); /* what was still connected or asking */
    idles = fake_idles;
    thread_sleep_ns(3600 * NS_PER_SEC);
    assert_true(fake_idles - idles < 10);
    /* And after an hour the neighbours are as old as they are: forgotten. */
    forget_frames();
    teach_arp();
    assert_int_equal(nr_frames, 1);
    forget_frames();
}

static unsigned int answers;

static void on_name(const char *name, const ip_addr_t *address, void *arg)
{
    assert_null(address);
    answers++;
}

/* No packet can leave, so none wakes the timers; the question ends all the same. */
static void a_question_without_a_carrier_ends(void **state)
{
    ip_addr_t server, found;

    netdev_set_carrier(&device, false);
    thread_sleep_ns(200 * NS_PER_SEC);
    ip_addr_set_ip4_u32_val(server, PP_HTONL(0x0a000009));
    answers = 0;
    net_lock();
    dns_setserver(0, &server);
    timeouts_note_packet();
    assert_int_equal(dns_gethostbyname("stone.example", &found, on_name, NULL), ERR_INPROGRESS);
    net_unlock();
    thread_sleep_ns(70 * NS_PER_SEC);
    assert_int_equal(answers, 1);
    netdev_set_carrier(&device, true);
    forget_frames();
}

/* A neighbour forgotten in silence is asked for, and what was to be sent is not forgotten with it. */
static void the_first_datagram_after_silence_arrives(void **state)
{
    struct udp_pcb *pcb;
    struct pbuf *p;
    ip_addr_t to;
    unsigned int datagrams = 0;

    teach_arp();
    finish_sends();
    thread_sleep_ns(2000 * NS_PER_SEC);
    forget_frames();
    ip_addr_set_ip4_u32_val(to, PP_HTONL(0x0a000009));
    net_lock();
    pcb = udp_new();
    p = pbuf_alloc(PBUF_TRANSPORT, 100, PBUF_RAM);
    memset(p->payload, 0x5a, 100);
    assert_int_equal(net_udp_send(pcb, p, &to, 9, NULL, NULL), ERR_OK);
    pbuf_free(p);
    udp_remove(pcb);
    net_unlock();
    thread_sleep_ns(NS_PER_SEC / 10);
    teach_arp();
    for (unsigned int i = 0; i < nr_frames; i++) {
        datagrams += frames[i]->len == 142 && frames[i]->data[100] == 0x5a;
    }
    assert_int_equal(datagrams, 1);
    forget_frames();
    finish_sends();
}

/* Sent from a chosen address by a chosen interface, as with IP_PKTINFO. */
static void a_datagram_in_pieces_carries_its_sum(void **state)
{
    static uint8_t whole[3008];
    ip_addr_t to = IPADDR4_INIT_BYTES(10, 0, 0, 9);
    struct net_interface *ni = device.user;
    size_t bytes = 0;
    struct pbuf *p;
    struct udp_pcb *pcb;

    teach_arp();
    forget_frames();
    net_lock();
    pcb = udp_new();
    assert_int_equal(udp_bind(pcb, IP_ANY_TYPE, 5000), ERR_OK);
    p = pbuf_alloc(PBUF_TRANSPORT, 3000, PBUF_RAM);
    for (unsigned int i = 0; i < 3000; i++) {
        ((uint8_t *)p->payload)[i] = (uint8_t)fake_random();
    }
    assert_int_equal(net_udp_send(pcb, p, &to, 9, &ni->netif, &ni->netif.ip_addr), ERR_OK);
    pbuf_free(p);
    udp_remove(pcb);
    net_unlock();
    for (unsigned int i = 0; i < nr_frames; i++) {
        const uint8_t *ip = frames[i]->data + 14;
        size_t here = get16(ip + 2) - 20;

        assert_int_equal(ip[9], 17);
        assert_false(frames[i]->flags & NETDEV_CSUM_BLANK);
        assert_int_equal((get16(ip + 6) & 0x1fff) * 8, bytes);
        assert_true(bytes + here <= sizeof(whole));
        memcpy(whole + bytes, ip + 20, here);
        bytes += here;
    }
    assert_int_equal(bytes, sizeof(whole));
    assert_int_equal(sum16(sum16(17 + 3008, (const uint8_t[]){10, 0, 0, 1, 10, 0, 0, 9}, 8), whole, bytes),
                     0xffff);
    finish_sends();
    forget_frames();
}

static void what_lies_at_hand_goes_back(void **state)
{
    struct pbuf *p[100];
    size_t before;

    teach_arp(); /* timers run */
    finish_sends();
    thread_sleep_ns(5 * NS_PER_SEC);
    before = fake_heap_blocks;
    net_lock();
    for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
        p[i] = pbuf_alloc(PBUF_RAW, 0, PBUF_ROM);
        assert_non_null(p[i]);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
        (void)pbuf_free(p[i]);
    }
    net_unlock();
    assert_int_equal(fake_heap_blocks, before + ARRAY_SIZE(p));
    thread_sleep_ns(5 * NS_PER_SEC);
    assert_int_equal(fake_heap_blocks, before);
}

static void without_carrier_nothing_waits(void **state)
{
    uint8_t f[200];
    size_t len = make_ping(f, 50);

    teach_arp();
    forget_frames();
    room = 0;
    receive_one(f, len);
    assert_int_equal(nr_frames, 0);
    netdev_set_carrier(&device, false);
    room = UINT32_MAX;
    netdev_set_carrier(&device, true);
    teach_arp();
    forget_frames();
    receive_one(f, len);
    assert_true(nr_frames >= 1);
    finish_sends();
    forget_frames();
    assert_int_equal(rx_out, 0);
}

static int setup(void **state)
{
    room = UINT32_MAX;
    finish_sends();
    forget_frames();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_addresses),
        cmocka_unit_test_setup(answers_arp, setup),
        cmocka_unit_test_setup(answers_pings, setup),
        cmocka_unit_test_setup(answers_to_its_name, setup),
        cmocka_unit_test_setup(what_waits_for_an_address_is_the_stacks_own, setup),
        cmocka_unit_test_setup(nobody_else_is_us, setup),
        cmocka_unit_test_setup(batches_are_shown_once, setup),
        cmocka_unit_test_setup(a_datagram_in_pieces_carries_its_sum, setup),
        cmocka_unit_test_setup(what_lies_at_hand_goes_back, setup),
        cmocka_unit_test_setup(without_carrier_nothing_waits, setup),
        cmocka_unit_test_setup(silence_is_kept, setup),
        cmocka_unit_test_setup(the_first_datagram_after_silence_arrives, setup),
        cmocka_unit_test_setup(a_question_without_a_carrier_ends, setup),
    };

    return cmocka_run_group_tests(tests, start_stack, NULL);
}
