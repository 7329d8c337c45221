// SPDX-License-Identifier: MIT
/*
 * lwIP and the port on a network device that the test is: what is sent is kept, what is to be received is made here. For one test program each.
 */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/net.h>
#include <xenolith/netdev.h>
#include <xenolith/sched.h>
#include <xenolith/xenstore.h>

#include <lwip/netif.h>

#include "../../lib/lwip/port_priv.h"
#include "unit.h"

#define MAX_FRAMES 4096U

/** struct frame - One that left, put together. */
struct frame {
    uint32_t len, flags;
    uint16_t gso_size;
    uint8_t gso_type;
    unsigned int nr_frags;
    uint8_t data[65536];
};

static struct netdev device;
static struct frame *frames[MAX_FRAMES];
static unsigned int nr_frames, flushes, room, max_under_way;
static struct netdev_tx *under_way[MAX_FRAMES]; /* accepted, not done */
static unsigned int nr_under_way;
static unsigned int rx_out; /* buffers in the stack's hands */
static bool take_copies, verify_only;
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};
static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 1};

static int device_tx(struct netdev *dev, struct netdev_tx *tx, bool more)
{
    struct frame *f;
    bool copied = take_copies && (tx->flags & NETDEV_COPY);

    if (room == 0) {
        return -EAGAIN;
    }
    room--;
    assert_true(tx->nr_frags >= 1 && tx->nr_frags <= TX_MAX_FRAGS);
    f = malloc(sizeof(*f));
    f->len = 0;
    f->flags = tx->flags;
    f->gso_size = tx->gso_size;
    f->gso_type = tx->gso_type;
    f->nr_frags = tx->nr_frags;
    for (unsigned int i = 0; i < tx->nr_frags; i++) {
        assert_true(f->len + tx->frags[i].len <= NETDEV_MAX_FRAME);
        memcpy(f->data + f->len, tx->frags[i].addr, tx->frags[i].len);
        f->len += tx->frags[i].len;
    }
    if (verify_only || nr_frames == MAX_FRAMES) {
        free(f);
    } else {
        frames[nr_frames++] = realloc(f, offsetof(struct frame, data) + f->len);
    }
    if (copied) {
        return 1;
    }
    assert_true(nr_under_way < MAX_FRAMES);
    under_way[nr_under_way++] = tx;
    return 0;
}

static void device_flush(struct netdev *dev)
{
    flushes++;
}

static struct netdev_buf *rx_bufs[16384]; /* the same, each */

static void device_rx_free(struct netdev_buf *buf)
{
    while (buf != NULL) {
        struct netdev_buf *next = buf->next;

        for (unsigned int i = rx_out; i-- != 0;) {
            if (rx_bufs[i] == buf) {
                rx_bufs[i] = rx_bufs[rx_out - 1];
                break;
            }
        }

        rx_out--;
        free(buf->data);
        free(buf);
        buf = next;
    }
}

static int device_multicast(struct netdev *dev, const uint8_t mac[6], bool add)
{
    return 0;
}

static int device_filter(struct netdev *dev, bool on)
{
    return 0;
}

static const struct netdev_ops device_ops = {device_tx, device_flush, device_rx_free, device_multicast,
                                             device_filter};

int netdev_driver_start(void)
{
    memcpy(device.name, "eth0", 5);
    memcpy(device.mac, own_mac, 6);
    device.mtu = 1500;
    device.features = NETDEV_CSUM_V4 | NETDEV_CSUM_V6 | NETDEV_GSO_V4 | NETDEV_GSO_V6 | NETDEV_SG;
    device.nr_queues = 1;
    device.ops = &device_ops;
    netdev_add(&device);
    netdev_set_carrier(&device, true);
    return 0;
}

unsigned int netdev_driver_settle(uint64_t deadline_ns)
{
    return 1;
}

/* What the port asks of the rest of the system. */
static const char *vif_ip = "10.0.0.1/24 10.0.0.254, fd00::1/64";

int xs_read(uint32_t tx, const char *path, char **value, size_t *len)
{
    const char *text = strstr(path, "/ip") != NULL       ? vif_ip
                       : strstr(path, "backend") != NULL ? "/local/domain/0/backend/vif/1/0"
                                                         : NULL;

    if (text == NULL) {
        return -ENOENT;
    }
    *value = heap_alloc(strlen(text) + 1);
    strcpy(*value, text);
    return 0;
}

static char console[65536];
static size_t console_len;

void console_write_atomic(const void *buf, size_t len)
{
    if (console_len + len < sizeof(console)) {
        memcpy(console + console_len, buf, len);
        console_len += len;
    }
}

/** finish_sends() - The driver is done with all it has. */
static inline void finish_sends(void)
{
    while (nr_under_way != 0) {
        struct netdev_tx *tx = under_way[0];

        memmove(under_way, under_way + 1, --nr_under_way * sizeof(*under_way));
        tx->done(tx, 0);
    }
}

static void forget_frames(void)
{
    while (nr_frames != 0) {
        free(frames[--nr_frames]);
    }
}

/** receive() - A frame in pieces of at most @piece bytes; each is exactly as large as it must be. */
static void receive(const uint8_t *data, size_t len, uint32_t flags, size_t piece)
{
    struct netdev_buf *first = NULL, **end = &first;

    for (size_t at = 0; at < len || at == 0;) {
        size_t part = len - at < piece ? len - at : piece;
        struct netdev_buf *buf = calloc(1, sizeof(*buf));

        buf->data = malloc(part + (part == 0));
        memcpy(buf->data, data + at, part);
        buf->len = (uint32_t)part;
        buf->dev = &device;
        *end = buf;
        end = &buf->next;
        assert_true(rx_out < ARRAY_SIZE(rx_bufs));
        rx_bufs[rx_out++] = buf;
        at += part;
        if (part == 0) {
            break;
        }
    }
    first->total = (uint32_t)len;
    first->flags = flags;
    netdev_rx(&device, first);
}

/** show_left() - What nobody has given back. */
static inline void show_left(void)
{
    for (unsigned int i = 0; i < rx_out; i++) {
        const struct pbuf *p = (const struct pbuf *)rx_bufs[i]->scratch;

        printf("left: %u bytes, %u references:", rx_bufs[i]->len, p->ref);
        for (uint32_t n = 0; n < MIN(rx_bufs[i]->len, 80U); n++) {
            printf(" %02x", rx_bufs[i]->data[n]);
        }
        printf("\n");
    }
}

static void receive_one(const uint8_t *data, size_t len)
{
    receive(data, len, NETDEV_CSUM_OK, 4096);
    netdev_rx_batch_end(&device);
}

static int start_stack(void **state)
{
    fake_boot(4096);
    room = UINT32_MAX;
    assert_int_equal(mdns_name_set("stone"), 0);
    assert_int_equal(net_start(), 0);
    thread_sleep_ns(3 * NS_PER_SEC); /* duplicate address detection */
    finish_sends();
    forget_frames();
    return 0;
}

static void put16(uint8_t *at, unsigned int v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static inline void put32(uint8_t *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
}

static inline unsigned int get16(const uint8_t *at)
{
    return (unsigned int)at[0] << 8 | at[1];
}

static inline uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/** sum16() - The Internet's sum of @bytes, not inverted, starting from @sum. By the book, byte by byte. */
static uint32_t sum16(uint32_t sum, const uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/** put_ip4() - Ethernet's and IPv4's header from the peer to us; the length of both. */
static inline size_t put_ip4(uint8_t *frame, uint8_t protocol, size_t payload)
{
    static const uint8_t from[4] = {10, 0, 0, 9}, to[4] = {10, 0, 0, 1};

    memcpy(frame, own_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x0800);
    memset(frame + 14, 0, 20);
    frame[14] = 0x45;
    put16(frame + 16, (unsigned int)(20 + payload));
    frame[22] = 64;
    frame[23] = protocol;
    memcpy(frame + 26, from, 4);
    memcpy(frame + 30, to, 4);
    put16(frame + 24, ~sum16(0, frame + 14, 20) & 0xffff);
    return 34;
}

/** teach_arp() - The peer's question tells us its address. */
static inline void teach_arp(void)
{
    uint8_t f[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    memcpy(f + 6, peer_mac, 6);
    put16(f + 12, 0x0806);
    put16(f + 14, 1);
    put16(f + 16, 0x0800);
    put16(f + 18, 0x0604);
    put16(f + 20, 1);
    memcpy(f + 22, peer_mac, 6);
    memcpy(f + 28, (const uint8_t[]){10, 0, 0, 9}, 4);
    memcpy(f + 38, (const uint8_t[]){10, 0, 0, 1}, 4);
    receive_one(f, sizeof(f));
}

#endif
