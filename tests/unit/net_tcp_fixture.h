// SPDX-License-Identifier: MIT
/*
 * A TCP connection between the stack and a peer that the test is: the peer keeps the bytes it gets, looking at every frame as a network card and a
 * stack would.
 */
#ifndef NET_TCP_FIXTURE_H
#define NET_TCP_FIXTURE_H

#include <lwip/prot/tcp.h>
#include <lwip/tcp.h>

#include "net_fixture.h"

static uint8_t *stream; /* what is sent: 1 MiB at a page's start */
#define STREAM (1UL << 20)

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

static int connection_setup(void **state)
{
    (void)state;
    room = UINT32_MAX;
    finish_sends();
    forget_frames();
    return 0;
}

static void make_stream(void)
{
    stream = aligned_alloc(4096, STREAM);
    got = malloc(STREAM);
    for (size_t i = 0; i < STREAM; i++) {
        stream[i] = (uint8_t)fake_random();
    }
}

#endif
