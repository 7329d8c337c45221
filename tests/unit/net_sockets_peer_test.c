// SPDX-License-Identifier: MIT
/*
 * Claims about sockets and peers on the wire: any order of any segments, datagrams and ICMP errors harms nobody, and in the end everything is
 * given back; a peer that acknowledges nothing is given up when the program says so, or when nobody is left to say so; a connection that
 * found no descriptor is not lost. NET_SOCKETS_STEPS for more.
 */
#include "net_sockets_fixture.h"

#define PEERS 8
#define FIN   1U
#define SYN   2U
#define RST   4U
#define PSH   8U
#define ACK   16U

/** struct peer - A client that keeps to nothing: @seq is what we expect next of it, @ack what it has of ours. */
struct peer {
    uint32_t seq, ack;
    bool open;
    struct socket *s;
};

static struct peer peers[PEERS];
static struct socket *udp;

static void send_segment(unsigned int i, unsigned int flags, uint32_t seq, unsigned int window, size_t bytes)
{
    static uint8_t f[66000];
    size_t at = put_ip4(f, 6, 20 + bytes);
    uint32_t sum;

    put16(f + at, 40000 + i);
    put16(f + at + 2, 80);
    put32(f + at + 4, seq);
    put32(f + at + 8, peers[i].ack);
    f[at + 12] = 0x50;
    f[at + 13] = (uint8_t)flags;
    put16(f + at + 14, window);
    put32(f + at + 16, 0);
    memset(f + at + 20, 'x', bytes);
    put16(f + 24, 0);
    sum = sum16(0, f + 14, 20);
    put16(f + 24, ~sum & 0xffff);
    receive(f, at + 20 + bytes, NETDEV_CSUM_OK, 192 + fake_random_below(4000));
    netdev_rx_batch_end(&device);
}

/* What left for the peers is what they know of us. */
static void read_frames(void)
{
    for (unsigned int n = 0; n < nr_frames; n++) {
        const uint8_t *d = frames[n]->data;
        unsigned int port = get16(d + 36) - 40000;

        if (frames[n]->len >= 54 && get16(d + 12) == 0x0800 && d[23] == 6 && port < PEERS) {
            uint32_t end = get32(d + 38) + (uint32_t)(frames[n]->len - 34 - (d[46] >> 4) * 4U);

            end += (d[47] & (SYN | FIN)) != 0;
            peers[port].ack = (int32_t)(end - peers[port].ack) > 0 || (d[47] & SYN) != 0 ? end
                                                                                         : peers[port].ack;
        }
    }
    forget_frames();
}

static void peer_step(unsigned int i)
{
    struct peer *p = &peers[i];
    size_t bytes = 1 + fake_random_below(fake_random_below(8) == 0 ? 30000 : 1400);
    unsigned int window = fake_random_below(4) == 0 ? (unsigned int)fake_random_below(3) * 700 : 65535;

    switch (fake_random_below(p->open ? 14 : 2)) {
    case 0:
        /* From the beginning, wherever the old connection is. */
        p->seq += (uint32_t)fake_random_below(100000);
        send_segment(i, SYN, p->seq, window, 0);
        read_frames();
        send_segment(i, ACK, ++p->seq, window, 0);
        p->open = true;
        break;
    case 1:
        send_segment(i, (unsigned int)fake_random_below(64), (uint32_t)fake_random(), window, bytes);
        break;
    case 2:
        send_segment(i, ACK | FIN, p->seq++, window, 0);
        break;
    case 3:
        send_segment(i, RST | ACK, p->seq + (uint32_t)fake_random_below(2), window, 0);
        break;
    case 4:
        send_segment(i, ACK, p->seq + (uint32_t)fake_random_below(5000), window, bytes);
        break;
    case 5:
        send_segment(i, ACK, p->seq - (uint32_t)fake_random_below(5000), window, bytes);
        break;
    case 6:
    case 7:
    case 8:
        send_segment(i, ACK, p->seq, window, 0);
        break;
    default:
        send_segment(i, ACK | PSH, p->seq, window, bytes);
        p->seq += (uint32_t)bytes;
        break;
    }
}

static void socket_step(struct peer *p)
{
    static uint8_t buf[70000];
    struct iovec part = {buf, 1 + fake_random_below(sizeof(buf) - 1)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (p->s == NULL) {
        if (listener->ops->accept(listener, &p->s) == 0) {
            p->s->file.flags |= FILE_NONBLOCK;
        }
        return;
    }
    (void)file_ready(&p->s->file);
    switch (fake_random_below(12)) {
    case 0:
        (void)p->s->ops->shutdown(p->s, (int)fake_random_below(3));
        break;
    case 1:
        file_put(&p->s->file);
        p->s = NULL;
        break;
    case 2:
    case 3:
        (void)p->s->ops->sendfile(p->s, &mapped, fake_random(), part.iov_len);
        break;
    case 4:
    case 5:
    case 6:
        (void)p->s->ops->send(p->s, &message, MSG_NOSIGNAL);
        break;
    default:
        (void)p->s->ops->receive(p->s, &message, 0);
        break;
    }
}

/* Datagrams, and what ICMP says of ours. */
static void datagram_step(void)
{
    uint8_t f[2000] = {0};
    uint8_t data[64] = {0};
    struct iovec part = {data, sizeof(data)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    size_t bytes = fake_random_below(1400);
    size_t at;

    (void)udp->ops->send(udp, &message, 0);
    if (fake_random_below(3) == 0) {
        size_t quoted = fake_random_below(40);

        at = put_ip4(f, 1, 8 + quoted);
        f[at] = 3;
        f[at + 1] = (uint8_t)fake_random_below(8);
        for (size_t i = 0; i < quoted; i++) {
            f[at + 8 + i] = (uint8_t)fake_random();
        }
        f[at + 8] = 0x45;
        f[at + 8 + 9] = 17;
        receive_one(f, at + 8 + quoted);
    } else {
        at = put_ip4(f, 17, 8 + bytes);
        put16(f + at, 9);
        put16(f + at + 2, 7);
        put16(f + at + 4, (unsigned int)(8 + bytes));
        receive_one(f, at + 8 + bytes);
    }
    if (fake_random_below(2) == 0) {
        (void)udp->ops->receive(udp, &message, fake_random_below(2) == 0 ? MSG_PEEK | MSG_TRUNC : 0);
    }
}

static void nothing_from_the_network_does_harm(void **state)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in far = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0x0a000009)}};

    (void)state;
    teach_arp();
    listener = new_stream();
    assert_int_equal(listener->ops->bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listener->ops->listen(listener, 64), 0);
    listener->file.flags |= FILE_NONBLOCK;
    assert_int_equal(udp_create(AF_INET, &udp), 0);
    udp->file.flags |= FILE_NONBLOCK;
    any.sin_port = htons(7);
    assert_int_equal(udp->ops->bind(udp, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(udp->ops->connect(udp, (struct sockaddr *)&far, sizeof(far)), 0);
    for (unsigned long n = steps(20000); n > 0; n--) {
        unsigned int i = (unsigned int)fake_random_below(PEERS);

        if (fake_random_below(2) == 0) {
            peer_step(i);
        } else if (fake_random_below(8) == 0) {
            datagram_step();
        } else {
            socket_step(&peers[i]);
        }
        if (fake_random_below(4) == 0) {
            thread_yield();
        } else if (fake_random_below(20) == 0) {
            thread_sleep_ns(fake_random_below(3000) * NS_PER_MS);
        }
        if (fake_random_below(2) == 0) {
            finish_sends();
        }
        read_frames();
    }
    for (unsigned int i = 0; i < PEERS; i++) {
        if (peers[i].s != NULL) {
            file_put(&peers[i].s->file);
        }
    }
    file_put(&listener->file);
    file_put(&udp->file);
    verify_only = true;
    for (unsigned int i = 0; i < 100; i++) {
        thread_sleep_ns(600 * NS_PER_SEC);
        finish_sends();
    }
    check_all_given_back();
}

/* A peer that opens no window but answers each probe, and nobody to give it up. */
static void shut_windows_do_not_keep_what_nobody_wants(void **state)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct iovec part = {pattern, 30000};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct socket *s = NULL;
    struct net_stats stats;

    (void)state;
    verify_only = false;
    forget_frames();
    memset(peers, 0, sizeof(peers));
    teach_arp();
    listener = new_stream();
    assert_int_equal(listener->ops->bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listener->ops->listen(listener, 64), 0);
    send_segment(0, SYN, 1000, 0, 0);
    read_frames();
    send_segment(0, ACK, 1001, 0, 0);
    assert_int_equal(listener->ops->accept(listener, &s), 0);
    assert_int_equal(s->ops->send(s, &message, 0), 30000);
    file_put(&s->file);
    for (unsigned int i = 0; i < 150; i++) {
        thread_sleep_ns(NS_PER_SEC);
        finish_sends();
        forget_frames();
        send_segment(0, ACK, 1001, 0, 0);
    }
    net_get_stats(&stats);
    assert_int_equal(stats.tcp_connections, 0);
    file_put(&listener->file);
    forget_frames();
    finish_sends();
    check_all_given_back();
}

static struct socket *open_from_peer(struct socket *from, unsigned int i)
{
    struct socket *s = NULL;

    forget_frames();
    memset(peers, 0, sizeof(peers));
    teach_arp();
    send_segment(i, SYN, 1000, 0, 0);
    read_frames();
    send_segment(i, ACK, 1001, 65535, 0);
    assert_int_equal(from->ops->accept(from, &s), 0);
    return s;
}

static struct socket *listen_for_peers(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct socket *s = new_stream();

    verify_only = false;
    assert_int_equal(s->ops->bind(s, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(s->ops->listen(s, 64), 0);
    return s;
}

static void wait_in_silence(unsigned int seconds)
{
    for (unsigned int i = 0; i < 4 * seconds; i++) {
        thread_sleep_ns(NS_PER_SEC / 4);
        finish_sends();
    }
}

static void a_user_timeout_ends_who_hears_nothing(void **state)
{
    int timeout_ms = 5000;
    socklen_t length = sizeof(timeout_ms);
    struct iovec part = {pattern, 3000};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct socket *s;

    (void)state;
    listener = listen_for_peers();
    s = open_from_peer(listener, 0);
    assert_int_equal(s->ops->set_option(s, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, length), 0);
    wait_in_silence(60); /* nothing is owed to us */
    assert_int_equal(s->error, 0);
    assert_int_equal(s->ops->send(s, &message, 0), 3000);
    for (unsigned int i = 0; i < 3; i++) {
        wait_in_silence(4);
        assert_int_equal(s->error, 0);
        peers[0].ack += 500; /* a little at a time is enough */
        send_segment(0, ACK, 1001, 65535, 0);
    }
    wait_in_silence(4);
    assert_int_equal(s->error, 0);
    wait_in_silence(2);
    assert_int_equal(s->error, ETIMEDOUT);
    file_put(&s->file);
    file_put(&listener->file);
    forget_frames();
    finish_sends();
    check_all_given_back();
}

/* A client that asks and closes its direction; the answer, its end and the acknowledgement of both come as one. */
static void what_comes_with_the_last_acknowledgement_is_read(void **state)
{
    uint8_t buf[200];
    struct iovec part = {pattern, 10}, into = {buf, sizeof(buf)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1}, back = {.msg_iov = &into, .msg_iovlen = 1};
    struct socket *s;

    (void)state;
    listener = listen_for_peers();
    s = open_from_peer(listener, 0);
    s->file.flags |= FILE_NONBLOCK;
    assert_int_equal(s->ops->send(s, &message, 0), 10);
    assert_int_equal(s->ops->shutdown(s, SHUT_WR), 0);
    thread_yield();
    read_frames();
    send_segment(0, FIN | PSH | ACK, 1001, 65535, 100);
    assert_int_equal(s->ops->receive(s, &back, 0), 100);
    assert_int_equal(s->ops->receive(s, &back, 0), 0);
    file_put(&s->file);
    file_put(&listener->file);
    forget_frames();
    wait_in_silence(200);
    check_all_given_back();
}

static size_t read_all(struct socket *s)
{
    static uint8_t buf[70000];
    struct iovec part = {buf, sizeof(buf)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    size_t bytes = 0;
    long rc;

    while ((rc = s->ops->receive(s, &message, MSG_DONTWAIT)) > 0) {
        bytes += (size_t)rc;
    }
    assert_int_equal(rc, -EAGAIN);
    return bytes;
}

/* A peer that sends more than it may, out of order, and an end in the midst of data. */
static void nothing_is_taken_beyond_the_window(void **state)
{
    struct socket *s;
    uint32_t window;

    (void)state;
    listener = listen_for_peers();
    s = open_from_peer(listener, 0);
    window = stream_of(s)->pcb->rcv_wnd;
    send_segment(0, ACK, 1001 + 100, 65535, window < 65495 ? window : 65495);
    send_segment(0, ACK, 1001, 65535, 100);
    assert_int_equal(read_all(s), window);
    file_put(&s->file);
    s = open_from_peer(listener, 1);
    send_segment(1, ACK, 1001, 65535, 2000);
    window = stream_of(s)->pcb->rcv_wnd;
    send_segment(1, FIN | ACK, 3001 + 50, 65535, 10);
    send_segment(1, ACK, 3001, 65535, window);
    assert_int_equal(read_all(s), 2000 + window);
    file_put(&s->file);
    s = open_from_peer(listener, 2);
    send_segment(2, ACK, 1001, 65535, 2000);
    window = stream_of(s)->pcb->rcv_wnd;
    send_segment(2, FIN | ACK, 3001 + 50, 65535, 10);
    send_segment(2, ACK, 3001 + 20, 65535, window - 20);
    send_segment(2, ACK, 3001, 65535, 20);
    assert_int_equal(read_all(s), 2000 + window);
    file_put(&s->file);
    file_put(&listener->file);
    forget_frames();
    wait_in_silence(200);
    check_all_given_back();
}

static void what_found_no_descriptor_is_accepted_again(void **state)
{
    struct socket *s, *again = NULL;

    (void)state;
    listener = listen_for_peers();
    listener->file.flags |= FILE_NONBLOCK;
    s = open_from_peer(listener, 0);
    assert_int_equal(file_ready(&listener->file) & FILE_CAN_READ, 0);
    listener->ops->unaccept(listener, s);
    assert_int_not_equal(file_ready(&listener->file) & FILE_CAN_READ, 0);
    send_segment(0, PSH | ACK, 1001, 65535, 5);
    assert_int_equal(listener->ops->accept(listener, &again), 0);
    assert_ptr_equal(again, s);
    assert_int_not_equal(file_ready(&s->file) & FILE_CAN_READ, 0);
    assert_int_equal(listener->ops->accept(listener, &again), -EAGAIN);
    /* One that goes away meanwhile is not handed out. */
    listener->ops->unaccept(listener, s);
    send_segment(0, RST, 1006, 0, 0);
    assert_int_equal(listener->ops->accept(listener, &again), -EAGAIN);
    file_put(&listener->file);
    forget_frames();
    finish_sends();
    check_all_given_back();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_from_the_network_does_harm),
        cmocka_unit_test(shut_windows_do_not_keep_what_nobody_wants),
        cmocka_unit_test(a_user_timeout_ends_who_hears_nothing),
        cmocka_unit_test(what_comes_with_the_last_acknowledgement_is_read),
        cmocka_unit_test(nothing_is_taken_beyond_the_window),
        cmocka_unit_test(what_found_no_descriptor_is_accepted_again),
    };

    make_pattern();
    return cmocka_run_group_tests(tests, start_stack, NULL);
}
