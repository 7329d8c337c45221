// SPDX-License-Identifier: MIT
/*
 * From the device into the stack without a copy: each piece of a frame is a pbuf whose memory is the driver's page, given back when the last
 * reference ends. When the stack holds too many pages, because sockets are not read, frames are copied to the heap instead, so that a
 * slow reader never keeps the ring empty.
 */
#include <string.h>

#include <lwip/etharp.h>
#include <netif/ethernet.h>

#include <xenolith/page.h>

#include "port_priv.h"

/* Pages in the stack's hands above which frames are copied: below what the driver lends at most, which depends on memory in the same way. */
#define HELD_MAX   192U
#define HELD_SHARE 8U

/* With less than this share of memory free, frames that carry much are dropped: peers send again, and what sockets hold unread does not take
 * the program's last memory. What is short (acknowledgements, questions) still comes in. */
#define TIGHT_SHARE 16U
#define SHORT_BYTES 256U

/* lwIP looks at an IPv4 header or an ARP packet before it asks how long a frame is, and at all headers where the first piece lies. No honest
 * backend splits headers. */
#define SHORTEST_BYTES 34U
#define ARP_BYTES      42U
#define TOGETHER_BYTES 192U

struct rx_pbuf {
    struct pbuf_custom custom; /* first: lwIP's pointer is ours */
};

_Static_assert(sizeof(struct rx_pbuf) <= sizeof(((struct netdev_buf *)0)->scratch),
               "a pbuf fits in the scratch space");

static void give_back(struct pbuf *p)
{
    struct netdev_buf *buf = container_of((void *)p, struct netdev_buf, scratch);

    ((struct net_interface *)buf->dev->user)->rx_held--;
    netdev_rx_free(buf);
}

/** wrap() - The pieces of a frame as a chain of pbufs. */
static struct pbuf *wrap(struct net_interface *ni, struct netdev_buf *buf)
{
    struct pbuf *first = NULL, **end = &first;
    uint32_t left = buf->total;

    while (buf != NULL) {
        struct netdev_buf *next = buf->next;
        struct rx_pbuf *rx = (struct rx_pbuf *)buf->scratch;
        struct pbuf *p;

        rx->custom.custom_free_function = give_back;
        p = pbuf_alloced_custom(PBUF_RAW, (u16_t)buf->len, PBUF_REF, &rx->custom, buf->data, (u16_t)buf->len);
        p->tot_len = left;
        left -= buf->len;
        buf->next = NULL; /* each is given back by itself */
        ni->rx_held++;
        *end = p;
        end = &p->next;
        buf = next;
    }
    return first;
}

/** copy() - The frame on the heap; the pages go back at once. */
static struct pbuf *copy(struct netdev_buf *buf)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)buf->total, PBUF_RAM);

    if (p != NULL) {
        uint8_t *to = p->payload;

        for (const struct netdev_buf *b = buf; b != NULL; b = b->next) {
            memcpy(to, b->data, b->len);
            to += b->len;
        }
        net_counters.rx_copied++;
    }
    netdev_rx_free(buf);
    return p;
}

static bool is_long_enough(const struct pbuf *p)
{
    const uint8_t *frame = p->payload;

    return p->len >= ARP_BYTES || (p->len >= SHORTEST_BYTES && !(frame[12] == 0x08 && frame[13] == 0x06));
}

static unsigned int held_max = HELD_MAX;

static bool is_ours_v4(const uint8_t *address)
{
    uint32_t word;
    struct netif *n;

    memcpy(&word, address, sizeof(word));
    if (address[0] == 127) {
        return true;
    }
    NETIF_FOREACH(n)
    {
        if (word != 0 && ip4_addr_get_u32(netif_ip4_addr(n)) == word) {
            return true;
        }
    }
    return false;
}

/* Not those that are only tried: who has one already says so in its name. */
static bool is_ours_v6(const uint8_t *address)
{
    struct netif *n;

    NETIF_FOREACH(n)
    {
        for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
            if (ip6_addr_isvalid(netif_ip6_addr_state(n, i)) &&
                memcmp(netif_ip6_addr(n, i)->addr, address, 16) == 0) {
                return true;
            }
        }
    }
    return false;
}

/** claims_to_be_us() - What we send ourselves never comes from a device: answers to such a packet would go round in here for ever. */
static bool claims_to_be_us(const struct pbuf *p)
{
    const uint8_t *frame = p->payload;

    if (frame[12] == 0x08 && frame[13] == 0x00) {
        return is_ours_v4(frame + 26);
    }
    return frame[12] == 0x86 && frame[13] == 0xdd && p->len >= 54 && is_ours_v6(frame + 22);
}

static bool memory_is_tight(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    held_max = (unsigned int)MIN(stats.total / HELD_SHARE, HELD_MAX);
    return stats.free < stats.total / TIGHT_SHARE;
}

void net_receive(struct netdev *dev, struct netdev_buf *buf)
{
    struct net_interface *ni = dev->user;
    u16_t checks;
    struct pbuf *p;

    if (ni == NULL || !ni->added) {
        netdev_rx_free(buf);
        return;
    }
    if (!ni->in_batch) {
        ni->in_batch = true;
        net_lock();
        ni->rx_tight = memory_is_tight();
    }
    if (ni->rx_tight && buf->total > SHORT_BYTES) {
        net_counters.rx_no_memory++;
        netdev_rx_free(buf);
        return;
    }
    timeouts_note_packet();
    checks = (u16_t)(ni->netif.chksum_flags & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP));
    if (!(buf->flags & NETDEV_CSUM_OK)) {
        checks |= NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
    }
    ni->netif.chksum_flags = checks;
    p = ni->rx_held < held_max && buf->len >= MIN(buf->total, TOGETHER_BYTES) ? wrap(ni, buf) : copy(buf);
    if (p != NULL && is_long_enough(p) && !claims_to_be_us(p)) {
        (void)ethernet_input(p, &ni->netif);
    } else if (p != NULL) {
        (void)pbuf_free(p);
    }
}

void net_receive_end(struct netdev *dev)
{
    struct net_interface *ni = dev->user;

    if (ni != NULL && ni->in_batch) {
        ni->in_batch = false;
        net_dirty = true;
        net_unlock();
    }
}
