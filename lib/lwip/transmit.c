// SPDX-License-Identifier: MIT
/*
 * From the stack to the device. Frames are collected while the stack is locked, joined where they can be (merge.c), and handed over at the last
 * unlock. What the device has no room for waits here, in order. A frame is in flight from its making until the driver's done(); when memory
 * that frames name is free (net_defer) is defer.c's affair.
 */
#include <string.h>

#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>

#include "port_priv.h"

#define QUEUE_MAX 1024U /* frames that wait for one device */
#define PUSH_AT   32U   /* so many are given to the ring even in the midst of a batch */
#define POOL_MAX  256U /* descriptions of frames that lie at hand, at most */

static struct tx_packet *pool;
static unsigned int pool_len, pool_unused; /* so many of them were not needed since the last trim */

static struct tx_packet *packet_take(struct net_interface *ni)
{
    struct tx_packet *pk = pool;

    if (pk != NULL) {
        pool = pk->next;
        pool_len--;
        pool_unused = MIN(pool_unused, pool_len);
    } else {
        pk = heap_alloc(sizeof(*pk));
        if (pk == NULL) {
            return NULL;
        }
    }
    memset(pk, 0, offsetof(struct tx_packet, frags));
    pk->ni = ni;
    defer_begin(pk);
    return pk;
}

/** packet_end() - The driver is done with it, or never had it. */
static void packet_end(struct tx_packet *pk)
{
    struct net_interface *ni = pk->ni;
    struct pbuf *held = pk->held;

    list_remove(&pk->link);
    if (pool_len < POOL_MAX) {
        pk->next = pool;
        pool = pk;
        pool_len++;
    } else {
        heap_free(pk);
    }
    if (held != NULL) {
        (void)pbuf_free(held);
    }
    defer_run(ni);
}

void transmit_trim(void)
{
    while (pool_unused > 0) {
        struct tx_packet *pk = pool;

        pool = pk->next;
        pool_len--;
        pool_unused--;
        heap_free(pk);
    }
    pool_unused = pool_len;
}

static void packet_done(struct netdev_tx *tx, int status)
{
    struct tx_packet *pk = container_of(tx, struct tx_packet, tx);

    net_lock();
    if (status == -EBUSY) {
        defer_lost(pk);
    } else {
        packet_end(pk);
    }
    net_unlock();
}

/** add_frag() - A further piece. False: there are too many. */
static bool add_frag(struct tx_packet *pk, const void *addr, uint32_t len)
{
    if (pk->tx.nr_frags == TX_MAX_FRAGS) {
        return false;
    }
    pk->frags[pk->tx.nr_frags++] = (struct netdev_frag){.addr = addr, .len = len};
    pk->slots += (uint16_t)((((uintptr_t)addr & 4095) + len + 4095) >> 12);
    return true;
}

/** is_reference() - Memory that tcp_write() was given: whoever owns it waits for net_defer(). */
static bool is_reference(const struct pbuf *p)
{
    return !(p->type_internal & (PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS | PBUF_TYPE_FLAG_DATA_VOLATILE));
}

/** hold() - Name @p's memory, and keep what would go away. */
static bool hold(struct tx_packet *pk, struct pbuf *p)
{
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        if (!is_reference(q) && pk->held == NULL) {
            pk->held = q;
            pbuf_ref(q); /* and, through it, all behind */
        }
        if (q->len != 0 && !add_frag(pk, q->payload, q->len)) {
            return false;
        }
    }
    return true;
}

/** fill() - Describe @p in @pk. False: no memory. */
static bool fill(struct tx_packet *pk, struct pbuf *p)
{
    unsigned int in_header = pk->header_bytes;

    pk->total = p->tot_len;
    pk->frame = pk->header;
    if (p->tot_len <= TX_COPY_BYTES) {
        (void)pbuf_copy_partial(p, pk->header, p->tot_len, 0);
        pk->open = false;
        return add_frag(pk, pk->header, p->tot_len);
    }
    if (in_header != 0 && in_header == p->len && p->next != NULL) {
        memcpy(pk->header, p->payload, in_header);
        (void)add_frag(pk, pk->header, in_header);
        if (hold(pk, p->next)) {
            return true;
        }
    } else {
        pk->frame = p->payload;
        if (hold(pk, p)) {
            return true;
        }
    }
    /* Too many pieces: as one. */
    if (pk->held != NULL) {
        (void)pbuf_free(pk->held);
    }
    pk->held = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (pk->held == NULL) {
        return false;
    }
    pk->open = false;
    pk->tx.nr_frags = 0;
    pk->slots = 0;
    pk->frame = pk->held->payload;
    return add_frag(pk, pk->held->payload, pk->held->len);
}

err_t net_transmit(struct netif *netif, struct pbuf *p)
{
    struct net_interface *ni = net_interface_of(netif);
    struct tx_packet seen;
    struct tx_packet *pk;

    timeouts_note_packet();
    seen.ni = ni;
    packet_parse(&seen, p->payload, p->len);
    net_dirty = true;
    if (ni->last != NULL && ni->last->open && seen.protocol != 0 && packet_join(ni->last, &seen, p)) {
        net_counters.frames_merged++;
        return ERR_OK;
    }
    if (ni->queued >= QUEUE_MAX) {
        net_counters.tx_dropped++;
        return ERR_MEM;
    }
    pk = packet_take(ni);
    if (pk == NULL) {
        net_counters.tx_dropped++;
        return ERR_MEM;
    }
    pk->header_bytes = seen.header_bytes;
    pk->l4 = seen.l4;
    pk->ip_version = seen.ip_version;
    pk->protocol = seen.protocol;
    pk->next_seq = seen.next_seq;
    pk->open = seen.open && p->len == seen.header_bytes && p->next != NULL && is_reference(p->next);
    pk->nr_segments = 1;
    pk->unit = (uint16_t)(p->tot_len - seen.header_bytes);
    if (!fill(pk, p)) {
        packet_end(pk);
        net_counters.tx_dropped++;
        return ERR_MEM;
    }
    pk->next_seq += pk->unit;
    pk->tx.frags = pk->frags;
    pk->tx.done = packet_done;
    if (ni->last != NULL) {
        ni->last->next = pk;
    } else {
        ni->first = pk;
    }
    ni->last = pk;
    if (++ni->queued >= PUSH_AT && !ni->blocked) {
        transmit_push(ni);
    }
    return ERR_OK;
}

void transmit_push(struct net_interface *ni)
{
    while (ni->first != NULL && !ni->blocked) {
        struct tx_packet *pk = ni->first;
        int rc;

        packet_finish(pk);
        if (pk->nr_segments == 1 && pk->total <= TX_DRIVER_COPY_BYTES) {
            pk->tx.flags |= NETDEV_COPY;
        }
        rc = netdev_tx(ni->dev, &pk->tx, true);
        if (rc == -EAGAIN) {
            ni->blocked = true;
            net_counters.tx_queued++;
            break;
        }
        ni->first = pk->next;
        ni->queued--;
        if (ni->first == NULL) {
            ni->last = NULL;
        }
        ni->unshown |= rc >= 0;
        if (rc == 1) {
            packet_end(pk);
        } else if (rc == 0) {
            continue; /* packet_done() ends it */
        } else if (rc == -EBUSY) {
            defer_lost(pk);
        } else {
            net_counters.tx_dropped++;
            packet_end(pk);
        }
    }
    net_dirty |= ni->unshown;
}

void transmit_drop(struct net_interface *ni)
{
    struct tx_packet *pk = ni->first;

    ni->first = ni->last = NULL;
    ni->queued = 0;
    ni->blocked = ni->unshown = false;
    while (pk != NULL) {
        struct tx_packet *next = pk->next;

        net_counters.tx_dropped++;
        packet_end(pk);
        pk = next;
    }
}

void transmit_ready(struct net_interface *ni)
{
    net_lock();
    ni->blocked = false;
    transmit_push(ni);
    if (!ni->blocked) {
        tcp_txnow(); /* connections that were refused */
    }
    net_unlock();
}

void net_flush(void)
{
    do {
        for (struct netif *n = netif_list; n != NULL; n = n->next) {
            if (n->loop_first != NULL) {
                netif_poll(n);
            }
        }
        for (struct net_interface *ni = net_interfaces; ni != NULL; ni = ni->next) {
            if (ni->first != NULL) {
                transmit_push(ni);
            }
            if (ni->unshown) {
                ni->unshown = false;
                netdev_flush(ni->dev);
            }
        }
        net_dirty = false;
        for (struct netif *n = netif_list; n != NULL; n = n->next) {
            net_dirty |= n->loop_first != NULL;
        }
    } while (net_dirty);
}
