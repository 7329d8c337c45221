// SPDX-License-Identifier: MIT
/*
 * The IP stack's edge for the socket layer: who may call lwIP, and when memory that was sent is free again.
 *
 * Threads are cooperative and nothing in the stack blocks, so the lock is a counter. It is also a batch: what lwIP sends while it is held is
 * collected, neighbouring TCP segments become one large frame, and the last net_unlock() hands all to the driver with one notification.
 * lwIP's callbacks run with the lock held. Nobody may block while holding it.
 */
#ifndef LIB_LWIP_NET_H
#define LIB_LWIP_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwip/ip_addr.h>
#include <lwip/netif.h>
#include <lwip/udp.h>

#include <xenolith/list.h>
#include <xenolith/net.h>

extern unsigned int net_depth;
extern bool net_dirty; /* something waits for the last net_unlock() */

/** net_flush() - For net_unlock(): hand over what waits. */
void net_flush(void);

extern bool timeouts_asleep, timeouts_packet;

/** timeouts_wake() - Timers that stopped in silence go on, after making up for the seconds missed. Only while lwIP is at rest. */
void timeouts_wake(void);

/** timeouts_note_packet() - Something is going on: timers do not stop for a while. */
static inline void timeouts_note_packet(void)
{
    timeouts_packet = true;
}

/** net_lock() - Enter the stack; nests. Context: threads. */
static inline void net_lock(void)
{
    if (net_depth++ == 0 && timeouts_asleep) {
        timeouts_wake();
    }
}

/** net_has_looped() - Has lwIP sent something to ourselves, which nobody else tells? */
static inline bool net_has_looped(void)
{
    for (const struct netif *n = netif_list; n != NULL; n = n->next) {
        if (n->loop_first != NULL) {
            return true;
        }
    }
    return false;
}

/** net_unlock() - Leave it. */
static inline void net_unlock(void)
{
    if (net_depth == 1 && (net_dirty || net_has_looped())) {
        net_flush();
    }
    net_depth--;
}

/** struct net_deferred - @bytes of memory at @from that wait until the driver is done with them. Owned by the stack until @fn is called. */
struct net_deferred {
    void (*fn)(struct net_deferred *self);
    const void *from;
    size_t bytes;
    struct list link;
    uint64_t stamp;
};

/**
 * net_defer() - Call @d->fn, with the lock held, once no frame that names the memory is in the driver's hands; at once if there is none. If the
 * other domain is caught reading on, @d->fn is never called: the memory is lost. @d->bytes SIZE_MAX: once all frames that were sent before have ended.
 * What tcp_write() was given by reference may be used for something else only when it is acknowledged and, after that, deferred.
 * Context: lock held.
 */
void net_defer(struct net_deferred *d);

/**
 * net_udp_send() - As udp_sendto(), but right also for datagrams that will be cut into fragments, whose checksum no device makes.
 * @netif:  Where it leaves, or NULL: as the route says.
 * @source: Its source address, with @netif only; NULL: the one of @netif.
 * Context: lock held.
 */
err_t net_udp_send(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, uint16_t port,
                   struct netif *netif, const ip_addr_t *source);

#endif
