// SPDX-License-Identifier: MIT
/*
 * What the tests of netfront share: one device against the fake backend, a client that looks at what comes, memory to send from.
 */
#ifndef XENOLITH_NETFRONT_FIXTURE_H
#define XENOLITH_NETFRONT_FIXTURE_H

#include <xenolith/netdev.h>

#include <xen/io/xenbus.h>

#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>

#include <fake_netback.h>
#include <fake_xenstored.h>

#include "../../netfront/netfront_priv.h"
#include "unit.h"

#define MAX_TX  512
#define MEMORY  (1UL << 19)

static struct netdev *dev;
static unsigned int ups, downs, readies, rx_frames, tx_done, tx_busy, nr_blocked;
static int last_status;
static struct fake_nb_frame got; /* by the backend */
static uint8_t received[70000];
static size_t received_len;
static struct netdev_buf last_rx;
static bool check_rx, keep_rx;
static struct netdev_buf *kept[64];
static unsigned int nr_kept;
static uint8_t *memory;
static struct fake_nb_frame outgoing;
static unsigned int got_frames;

struct sent {
    struct netdev_tx tx;
    struct netdev_frag frags[24];
    bool used;
};

static struct sent sent[MAX_TX];

static void on_found(struct netdev *d)
{
    dev = d;
}

static void on_carrier(struct netdev *d, bool up)
{
    (void)d;
    ups += up;
    downs += !up;
}

static void on_rx(struct netdev *d, struct netdev_buf *buf)
{
    size_t n = 0;
    unsigned int pieces = 0;

    (void)d;
    rx_frames++;
    last_rx = *buf;
    for (struct netdev_buf *b = buf; b != NULL; b = b->next) {
        assert_true(n + b->len <= sizeof(received));
        memcpy(received + n, b->data, b->len);
        memset(b->data, 0x5a, b->len); /* it is ours: no other domain may write or read here */
        n += b->len;
        pieces++;
    }
    assert_int_equal(n, buf->total);
    assert_int_equal(pieces, buf->nr);
    received_len = n;
    if (check_rx) {
        assert_int_equal(n, outgoing.len);
        assert_memory_equal(received, outgoing.data, n);
    }
    if (keep_rx && nr_kept < 64) {
        kept[nr_kept++] = buf;
    } else {
        netdev_rx_free(buf);
    }
}

static void on_ready(struct netdev *d)
{
    (void)d;
    readies++;
}

static const struct netdev_client client = {
    .found = on_found, .carrier = on_carrier, .rx = on_rx, .tx_ready = on_ready};

static void on_frame(const struct fake_nb_frame *frame)
{
    got = *frame;
    got_frames++;
}

static void settle(void)
{
    fake_xs_kick();
    thread_sleep_ns(1000);
}

/* Let the device's threads run. */
static void breathe(void)
{
    thread_sleep_ns(2 * NETFRONT_TX_LAZY_NS);
    thread_yield();
}

static void connect_up(void)
{
    settle();
    assert_int_equal(fake_nb_front_state(0), XenbusStateConnected);
    assert_true(fake_nb_attach(0));
    fake_nb_state(0, XenbusStateConnected);
    settle();
    assert_true(dev->carrier);
}

static void start(void)
{
    memset(&fake_nb, 0, sizeof(fake_nb));
    fake_nb.on_frame = on_frame;
    fake_nb_device(0);
}

static void stop(void)
{
    while (nr_kept != 0) {
        netdev_rx_free(kept[--nr_kept]);
    }
    fake_nb_remove(0);
    fake_nb_detach();
    settle();
    fake_grants_let_go();
    assert_true(dev == NULL || !dev->carrier);
    assert_int_equal(fake_grants(), 0);
    for (unsigned int i = 0; i < MAX_TX; i++) {
        assert_false(sent[i].used);
    }
}

static int group_setup(void **state)
{
    (void)state;
    fake_boot(32768);
    fake_xs_start(0);
    fake_xs_write(FAKE_XS_HOME "/device", "");
    fake_xs_chmod(FAKE_XS_HOME "/device", "n0 r7");
    memory = page_alloc_exact(MEMORY / PAGE_SIZE);
    for (size_t i = 0; i < MEMORY; i++) {
        memory[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    return netdev_start(&client);
}

static int setup(void **state)
{
    (void)state;
    ups = downs = readies = rx_frames = tx_done = got_frames = 0;
    check_rx = keep_rx = false;
    nr_kept = 0;
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stop();
    return 0;
}

static void done(struct netdev_tx *tx, int status)
{
    struct sent *s = (struct sent *)tx;

    assert_true(s->used);
    s->used = false;
    tx_done++;
    tx_busy += status == -EBUSY;
    last_status = status;
}

static struct sent *new_sent(void)
{
    for (unsigned int i = 0; i < MAX_TX; i++) {
        if (!sent[i].used) {
            memset(&sent[i], 0, sizeof(sent[i]));
            sent[i].tx.frags = sent[i].frags;
            sent[i].tx.done = done;
            return &sent[i];
        }
    }
    return NULL;
}

static int send(struct sent *s)
{
    int rc;

    s->used = true;
    rc = netdev_tx(dev, &s->tx, false);
    if (rc != 0) {
        s->used = false;
    }
    nr_blocked += rc == -EAGAIN;
    return rc;
}

/* A frame of one piece. */
static int send_at(size_t at, uint32_t len)
{
    struct sent *s = new_sent();

    s->frags[0] = (struct netdev_frag){memory + at, len};
    s->tx.nr_frags = 1;
    return send(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
