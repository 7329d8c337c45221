// SPDX-License-Identifier: MIT
/*
 * Claims about the port of lwIP: an interface gets the addresses it is told; questions are answered with sums that are right; TCP's segments
 * leave as large frames that hold exactly the bytes that were written, in order, however often the device has no room; memory is free
 * only when the driver is done; an idle machine is left alone.
 */
#include <lwip/dns.h>
#include <lwip/prot/tcp.h>
#include <lwip/stats.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <lwip/udp.h>

#include "net_fixture.h"

static uint8_t *stream; /* what is sent by TCP: 1 MiB at a page's start */
#define STREAM (1UL << 20)

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

/* ---- TCP ---- */

static struct tcp_pcb *connection;
static uint32_t peer_seq, own_seq, acked;
static uint8_t *got; /* by the peer, from the first byte on */
static size_t got_bytes;
static size_t written;

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    acked += len;
    return ERR_OK;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    connection = pcb;
    tcp_sent(pcb, on_sent);
    tcp_backlog_accepted(pcb);
    return ERR_OK;
}

/** send_segment() - From the peer: flags, what it has seen, its window. */
static void send_segment(uint8_t flags, uint32_t ack, uint16_t window, bool options)
{
    uint8_t f[100] = {0};
    size_t header = options ? 28 : 20;
    size_t at = put_ip4(f, 6, header);

    put16(f + at, 40000);
    put16(f + at + 2, 7);
    put32(f + at + 4, peer_seq);
    put32(f + at + 8, ack);
    f[at + 12] = (uint8_t)(header << 2);
    f[at + 13] = flags;
    put16(f + at + 14, window);
    if (options) {
        memcpy(f + at + 20, (const uint8_t[]){2, 4, 0x05, 0xb4, 1, 3, 3, 7}, 8); /* MSS 1460, scale 7 */
    }
    receive_one(f, at + header);
}

/** take_frames() - Look at every frame as the peer's network card and stack would, and keep the bytes. */
static void take_frames(void)
{
    for (unsigned int i = 0; i < nr_frames; i++) {
        const struct frame *f = frames[i];
        const uint8_t *ip = f->data + 14, *tcp = ip + 20;
        size_t header = 34 + (size_t)(tcp[12] >> 4) * 4, bytes = f->len - header;
        uint32_t at, pseudo;

        if (get16(f->data + 12) != 0x0800 || ip[9] != 6) {
            continue; /* neighbours and routers are asked for */
        }
        assert_int_equal(get16(ip + 2), f->len - 14);
        assert_int_equal(sum16(0, ip, 20), 0xffff);
        assert_true(f->flags & NETDEV_CSUM_BLANK);
        pseudo = sum16(6 + (uint32_t)(f->len - 34), ip + 12, 8);
        assert_int_equal(get16(tcp + 16), pseudo);
        if (bytes > 1460) {
            assert_int_equal(f->gso_type, NETDEV_GSO_TCP4);
            assert_int_equal(f->gso_size, 1460);
        } else {
            assert_int_equal(f->gso_type, NETDEV_GSO_NONE);
        }
        at = get32(tcp + 4) - own_seq - 1;
        if (bytes != 0 && at <= got_bytes) {
            assert_true(at + bytes <= STREAM);
            memcpy(got + at, f->data + header, bytes);
            got_bytes = at + bytes > got_bytes ? at + bytes : got_bytes;
        }
    }
    forget_frames();
}

static void open_connection(void)
{
    static struct tcp_pcb *listener;

    teach_arp();
    forget_frames();
    if (listener == NULL) {
        net_lock();
        listener = tcp_new();
        assert_int_equal(tcp_bind(listener, IP_ANY_TYPE, 7), ERR_OK);
        listener = tcp_listen(listener);
        tcp_accept(listener, on_accept);
        net_unlock();
    }
    peer_seq = (uint32_t)fake_random();
    acked = 0;
    written = got_bytes = 0;
    send_segment(TCP_SYN, 0, 65535, true);
    assert_int_equal(nr_frames, 1);
    own_seq = get32(frames[0]->data + 38);
    forget_frames();
    peer_seq++;
    send_segment(TCP_ACK, own_seq + 1, 65535, false);
    assert_non_null(connection);
}

static void close_connection(void)
{
    net_lock();
    tcp_abort(connection);
    net_unlock();
    connection = NULL;
    finish_sends();
    forget_frames();
}

/** write_some() - Without copying, as sockets do. */
static void write_some(size_t bytes)
{
    net_lock();
    while (bytes != 0) {
        size_t part = bytes < 60000 ? bytes : 60000;

        if (part > tcp_sndbuf(connection)) {
            part = tcp_sndbuf(connection);
        }
        if (part == 0 || tcp_write(connection, stream + written, (u16_t)part, 0) != ERR_OK) {
            break;
        }
        written += part;
        bytes -= part;
    }
    (void)tcp_output(connection);
    net_unlock();
}

static void large_frames_hold_the_stream(void **state)
{
    unsigned int large = 0, rounds = 0;

    open_connection();
    while (got_bytes < STREAM) {
        assert_true(rounds++ < 10000);
        write_some(STREAM - written < 100000 ? STREAM - written : 1 + fake_random_below(100000));
        for (unsigned int i = 0; i < nr_frames; i++) {
            large += frames[i]->gso_type == NETDEV_GSO_TCP4;
        }
        take_frames();
        finish_sends();
        send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    }
    assert_memory_equal(got, stream, STREAM);
    assert_true(large > 10);
    close_connection();
}

static void no_room_loses_nothing(void **state)
{
    unsigned int rounds = 0;

    open_connection();
    while (got_bytes < STREAM) {
        assert_true(rounds++ < 100000);
        room = (unsigned int)fake_random_below(3);
        write_some(STREAM - written < 50000 ? STREAM - written : 1 + fake_random_below(50000));
        if (fake_random_below(2) == 0) {
            room = (unsigned int)fake_random_below(4);
            netdev_tx_ready(&device);
        }
        take_frames();
        finish_sends();
        if (fake_random_below(3) == 0) {
            send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
        }
        room = UINT32_MAX;
        netdev_tx_ready(&device);
    }
    assert_memory_equal(got, stream, STREAM);
    close_connection();
}

/* Every third frame is lost; the peer acknowledges what it has, inside a large frame too. */
static void losses_are_sent_again(void **state)
{
    unsigned int rounds = 0;

    open_connection();
    while (got_bytes < STREAM / 4) {
        size_t before = got_bytes;

        assert_true(rounds++ < 20000);
        write_some(STREAM / 4 - written);
        for (unsigned int i = 0; i < nr_frames; i++) {
            if (fake_random_below(3) == 0) {
                free(frames[i]);
                memmove(&frames[i], &frames[i + 1], (--nr_frames - i) * sizeof(frames[0]));
            }
        }
        take_frames();
        finish_sends();
        if (got_bytes > before + 5000 && fake_random_below(2) == 0) {
            got_bytes = before + 3000; /* the end of it came broken */
        }
        send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
        if (got_bytes == before) {
            thread_sleep_ns(300 * NS_PER_MS);
        }
    }
    assert_memory_equal(got, stream, STREAM / 4);
    close_connection();
}

static unsigned int freed;

static void on_free(struct net_deferred *d)
{
    freed++;
}

static void memory_is_free_when_the_driver_is_done(void **state)
{
    struct net_deferred d = {.fn = on_free};

    open_connection();
    finish_sends();
    freed = 0;
    net_lock();
    net_defer(&d);
    net_unlock();
    assert_int_equal(freed, 1); /* nothing is under way */
    write_some(20000);
    take_frames();
    send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    net_lock();
    net_defer(&d);
    net_unlock();
    assert_true(nr_under_way > 0);
    assert_int_equal(freed, 1);
    finish_sends();
    assert_int_equal(freed, 2);
    close_connection();
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
    assert_int_equal(net_udp_send(pcb, p, &to, 9), ERR_OK);
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
        cmocka_unit_test_setup(large_frames_hold_the_stream, setup),
        cmocka_unit_test_setup(no_room_loses_nothing, setup),
        cmocka_unit_test_setup(losses_are_sent_again, setup),
        cmocka_unit_test_setup(memory_is_free_when_the_driver_is_done, setup),
        cmocka_unit_test_setup(without_carrier_nothing_waits, setup),
        cmocka_unit_test_setup(silence_is_kept, setup),
        cmocka_unit_test_setup(the_first_datagram_after_silence_arrives, setup),
        cmocka_unit_test_setup(a_question_without_a_carrier_ends, setup),
    };

    stream = aligned_alloc(4096, STREAM);
    got = malloc(STREAM);
    for (size_t i = 0; i < STREAM; i++) {
        stream[i] = (uint8_t)fake_random();
    }
    return cmocka_run_group_tests(tests, start_stack, NULL);
}
