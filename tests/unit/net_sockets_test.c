// SPDX-License-Identifier: MIT
/*
 * Claims about sockets on lwIP, by random steps: over the loopback every byte arrives, in order, whatever else happens; an end is an end
 * only when all was read; a watch is told whenever a call that had to wait would go on, and poll's answer agrees with what the
 * call does; allocations that fail cost no byte that was accepted. From the network: any order of any segments, datagrams and
 * ICMP errors harms nobody. In the end everything is given back. NET_SOCKETS_STEPS for more.
 */
#include "net_sockets_fixture.h"

static void open_pair(struct end *pair)
{
    struct socket *from = new_stream(), *to;
    int rc;

    if (from == NULL) {
        return;
    }
    from->file.flags |= FILE_NONBLOCK;
    rc = from->ops->connect(from, (struct sockaddr *)&where, sizeof(where));
    assert_true(rc == -EINPROGRESS || failing);
    thread_yield();
    for (;;) {
        rc = listener->ops->accept(listener, &to);
        if (rc != 0) {
            assert_true(failing);
            file_put(&from->file);
            return;
        }
        if (stream_of(to)->remote_port == stream_of(from)->local_port) {
            break;
        }
        /* One that was given up, because memory failed, came late. */
        assert_true(failing);
        file_put(&to->file);
    }
    to->file.flags |= FILE_NONBLOCK;
    attach(&pair[0], from);
    attach(&pair[1], to);
}

static void explain(const struct end *e, const char *what, long rc)
{
    printf(
        "%s: rc %ld, sent %lu received %lu of %lu, shut r%d w%d, reset %d, peer shut r%d w%d reset %d open %d; phase %d peer %d error %d\n",
        what, rc, e->sent, e->received, e->peer->sent, e->read_shut, e->write_shut, e->reset,
        e->peer->read_shut, e->peer->write_shut, e->peer->reset, e->peer->s != NULL,
        (int)stream_of(e->s)->phase, e->peer->s != NULL ? (int)stream_of(e->peer->s)->phase : -1,
        e->peer->s != NULL ? e->peer->s->error : -1);
}

static void check_watch(const struct end *e, long rc, bool *wants, bool *told, bool goes_on)
{
    if (*wants && !*told && goes_on) {
        explain(e, wants == &e->wants_read ? "read without a word" : "write without a word", rc);
    }
    assert_false(*wants && !*told && goes_on);
    *wants = !goes_on;
    *told = false;
}

static void do_send(struct end *e)
{
    bool ready = (file_ready(&e->s->file) & FILE_CAN_WRITE) != 0;
    size_t bytes = fake_random_below(4) == 0 ? 1 + fake_random_below(120000) : 1 + fake_random_below(3000);
    struct iovec parts[4] = {{0}};
    struct msghdr message = {.msg_iov = parts};
    bool under_way = stream_of(e->s)->written != stream_of(e->s)->acked;
    uint64_t at = e->sent;
    long rc;

    bytes = bytes < PERIOD ? bytes : PERIOD;
    if (fake_random_below(3) == 0) {
        rc = e->s->ops->sendfile(e->s, &mapped, at, bytes);
    } else {
        size_t left = bytes;

        while (left > 0) {
            struct iovec *part = &parts[message.msg_iovlen++];

            part->iov_base = pattern + (at + bytes - left) % PERIOD;
            part->iov_len = message.msg_iovlen == 4 ? left : 1 + fake_random_below(left);
            left -= part->iov_len;
        }
        rc = e->s->ops->send(e->s, &message, MSG_NOSIGNAL | (fake_random_below(4) == 0 ? MSG_MORE : 0));
    }
    /* What others give back may make room without a word, as long as an acknowledgement of its own is to come. */
    check_watch(e, rc, &e->wants_write, &e->told_write, rc != -EAGAIN && !under_way);
    e->wants_write = rc == -EAGAIN;
    assert_true(failing || ready == (rc != -EAGAIN) || (!ready && rc > 0));
    if (rc < 0) {
        assert_true(rc == -EAGAIN || rc == -EPIPE || rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -ENOBUFS);
        if (rc != -EAGAIN && rc != -EPIPE && !e->reset) {
            explain(e, "send", rc);
        }
        assert_true(rc == -EAGAIN || (rc == -EPIPE && e->write_shut) || e->reset || failing);
        return;
    }
    assert_false(e->write_shut);
    e->sent += (uint64_t)rc;
}

static void do_receive(struct end *e)
{
    static uint8_t buf[50000];
    bool ready = (file_ready(&e->s->file) & FILE_CAN_READ) != 0;
    struct iovec parts[2] = {{buf, fake_random_below(2000)}, {0}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    bool peeks = fake_random_below(5) == 0;
    long rc;

    parts[1] = (struct iovec){buf + parts[0].iov_len, 1 + fake_random_below(40000)};
    rc = e->s->ops->receive(e->s, &message, peeks ? MSG_PEEK : 0);
    if (ready != (rc != -EAGAIN)) {
        explain(e, ready ? "ready but must wait" : "not ready but goes on", rc);
    }
    assert_int_equal(ready, rc != -EAGAIN);
    check_watch(e, rc, &e->wants_read, &e->told_read, rc != -EAGAIN);
    if (rc < 0) {
        if (rc != -EAGAIN && !e->reset) {
            explain(e, "receive", rc);
        }
        assert_true(rc == -EAGAIN || e->reset || failing);
        return;
    }
    if (rc == 0) {
        /* The end: of what the other wrote, of our own will, or after an error that was told. */
        assert_true(e->read_shut || e->reset || failing ||
                    (e->peer->write_shut && e->received == e->peer->sent));
        return;
    }
    assert_memory_equal(buf, pattern + e->received % PERIOD, (size_t)rc < PERIOD ? (size_t)rc : PERIOD);
    if (!peeks) {
        e->received += (uint64_t)rc;
    }
    assert_true(e->received <= e->peer->sent);
}

static void do_shutdown(struct end *e)
{
    int how = (int)fake_random_below(3);
    int rc = e->s->ops->shutdown(e->s, how);

    if (rc != 0) {
        assert_int_equal(rc, -ENOTCONN);
        return;
    }
    e->write_shut |= how != SHUT_RD;
    e->read_shut |= how != SHUT_WR;
}

static void do_close(struct end *e)
{
    struct end *peer = e->peer;

    /* With anything unread, or to come, the peer is reset. */
    if (!e->write_shut || e->received != peer->sent || !peer->write_shut) {
        peer->reset |= e->received != peer->sent || !peer->write_shut;
    }
    e->write_shut = true;
    file_unwatch(&e->watch);
    file_put(&e->s->file);
    e->s = NULL;
}

static void set_some_option(struct end *e)
{
    int value = (int)fake_random_below(2);
    int bytes = 1000 + (int)fake_random_below(100000);

    switch (fake_random_below(4)) {
    case 0:
        assert_int_equal(e->s->ops->set_option(e->s, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value)), 0);
        break;
    case 1:
        assert_int_equal(e->s->ops->set_option(e->s, IPPROTO_TCP, TCP_CORK, &value, sizeof(value)), 0);
        break;
    case 2:
        assert_int_equal(e->s->ops->set_option(e->s, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
        break;
    default:
        assert_int_equal(e->s->ops->set_option(e->s, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
        break;
    }
}

static void step(struct end *pair)
{
    struct end *e = &pair[fake_random_below(2)];

    if (pair[0].s == NULL && pair[1].s == NULL) {
        open_pair(pair);
        return;
    }
    if (e->s == NULL) {
        e = e->peer;
    }
    switch (fake_random_below(60)) {
    case 0:
        do_shutdown(e);
        break;
    case 1:
        do_close(e);
        break;
    case 2:
    case 3:
        set_some_option(e);
        break;
    default:
        if (fake_random_below(2) == 0) {
            do_send(e);
        } else {
            do_receive(e);
        }
        break;
    }
    if (fake_random_below(3) == 0) {
        thread_yield();
    } else if (fake_random_below(10) == 0) {
        thread_sleep_ns(fake_random_below(300) * NS_PER_MS);
    }
}

static unsigned long steps(unsigned long otherwise)
{
    const char *text = getenv("NET_SOCKETS_STEPS");

    return text != NULL ? strtoul(text, NULL, 0) : otherwise;
}

/* Everything is closed and the time of all timers over. */
static void check_all_given_back(void)
{
    thread_sleep_ns(1200 * NS_PER_SEC);
    finish_sends();
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        printf(
            "left: port %u, state %d, flags %x, unsent %d, unacked %d, window %u, nrtx %u, persist %u %u, known %d\n",
            pcb->remote_port, pcb->state, pcb->flags, pcb->unsent != NULL, pcb->unacked != NULL, pcb->snd_wnd,
            pcb->nrtx, pcb->persist_backoff, pcb->persist_probe, pcb->callback_arg != NULL);
    }
    assert_int_equal(stream_sending.used, 0);
    assert_int_equal(stream_receiving.used, 0);
    assert_int_equal(rx_out, 0);
    assert_int_equal(mapped.refs, 1);
}

static void listen_anew(void)
{
    struct sockaddr_storage name;
    socklen_t length;

    listener = new_stream();
    where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(listener->ops->bind(listener, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(listener->ops->listen(listener, 64), 0);
    listener->file.flags |= FILE_NONBLOCK;
    assert_int_equal(listener->ops->name(listener, &name, &length, false), 0);
    where.sin_port = ((struct sockaddr_in *)&name)->sin_port;
}

/* What was accepted arrives in the end, however small windows and buffers were made. */
static void check_all_arrives(void)
{
    for (unsigned int round = 0; round < 3000; round++) {
        bool missing = false;

        for (unsigned int i = 0; i < PAIRS; i++) {
            for (unsigned int k = 0; k < 2; k++) {
                struct end *e = &ends[i][k];

                if (e->s != NULL && !e->reset && !e->read_shut && e->received < e->peer->sent) {
                    missing = true;
                    do_receive(e);
                }
            }
        }
        if (!missing) {
            return;
        }
        finish_sends();
        thread_sleep_ns(20 * NS_PER_MS);
    }
    for (unsigned int i = 0; i < PAIRS; i++) {
        for (unsigned int k = 0; k < 2; k++) {
            if (ends[i][k].s != NULL && ends[i][k].received < ends[i][k].peer->sent) {
                explain(&ends[i][k], "missing", 0);
            }
        }
    }
    fail();
}

static void close_all(void)
{
    for (unsigned int i = 0; i < PAIRS; i++) {
        for (unsigned int k = 0; k < 2; k++) {
            if (ends[i][k].s != NULL) {
                do_close(&ends[i][k]);
            }
        }
    }
}

static void prepare(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)((i % PERIOD) * 131 + (i % PERIOD >> 8));
    }
    for (unsigned int i = 0; i < PAIRS; i++) {
        ends[i][0].peer = &ends[i][1];
        ends[i][1].peer = &ends[i][0];
    }
    file_init(&mapped, &mapped_ops, FILE_READ);
    listen_anew();
}

static void bytes_arrive_in_order_and_watches_are_told(void **state)
{
    (void)state;
    failing = false;
    prepare();
    for (unsigned long n = steps(20000); n > 0; n--) {
        step(ends[fake_random_below(PAIRS)]);
        finish_sends();
    }
    check_all_arrives();
    close_all();
    file_put(&listener->file);
    check_all_given_back();
}

static void failing_allocations_lose_nothing(void **state)
{
    (void)state;
    failing = true;
    prepare();
    for (unsigned long n = steps(20000); n > 0; n--) {
        if (fake_random_below(50) == 0) {
            fake_fail_after(1 + (unsigned int)fake_random_below(30));
        } else if (fake_random_below(20) == 0) {
            fake_fail_after(0);
        }
        step(ends[fake_random_below(PAIRS)]);
        finish_sends();
    }
    fake_fail_after(0);
    close_all();
    file_put(&listener->file);
    check_all_given_back();
}

/* ---- From the network ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_in_order_and_watches_are_told),
        cmocka_unit_test(failing_allocations_lose_nothing),
        cmocka_unit_test(nothing_from_the_network_does_harm),
        cmocka_unit_test(shut_windows_do_not_keep_what_nobody_wants),
    };

    return cmocka_run_group_tests(tests, start_stack, NULL);
}
