// SPDX-License-Identifier: MIT
/*
 * Claims about sockets on lwIP, by random steps: over the loopback every byte arrives, in order, whatever else happens; an end is an end
 * only when all was read; a watch is told whenever a call that had to wait would go on, and poll's answer agrees with what the
 * call does; allocations that fail cost no byte that was accepted. In the end everything is given back. NET_SOCKETS_STEPS for more.
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
        if (!(e->read_shut || e->reset || failing || (e->peer->write_shut && e->received == e->peer->sent))) {
            explain(e, "an end without a cause", rc);
        }
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
    make_pattern();
    for (unsigned int i = 0; i < PAIRS; i++) {
        ends[i][0].peer = &ends[i][1];
        ends[i][1].peer = &ends[i][0];
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_in_order_and_watches_are_told),
        cmocka_unit_test(failing_allocations_lose_nothing),
    };

    return cmocka_run_group_tests(tests, start_stack, NULL);
}
