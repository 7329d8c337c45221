// SPDX-License-Identifier: MIT
/*
 * What the files of the port share.
 */
#ifndef LIB_LWIP_PORT_PRIV_H
#define LIB_LWIP_PORT_PRIV_H

#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include <xenolith/netdev.h>
#include <xenolith/wait.h>

#include "ip_words.h"
#include "net.h"

/* A frame of its own, not joined from segments, is one slot with the driver, whatever its pieces: for each page more a backend would map, unmap
 * and copy a page. */
#define TX_DRIVER_COPY_BYTES 3072U
#define TX_COPY_BYTES 256U /* frames up to this are copied: cheaper than to keep what they consist of */
#define TX_MAX_FRAGS  19U  /* a header and what the backend takes of pages */
#define TX_MAX_SLOTS  18U

/**
 * struct tx_packet - A frame from its making until the driver's done(). The headers of a TCP segment are copied, because lwIP changes
 * them when it sends the segment again; its payload is named where it is.
 * @held:     A pbuf that must stay until then, or NULL.
 * @frame:    Where the headers are: @header, or in @held.
 * @next_seq: The sequence number that a segment must have to be joined, if @open.
 * @unit:     Payload of its first segment.
 */
struct tx_packet {
    struct netdev_tx tx;
    struct net_interface *ni;
    struct tx_packet *next;
    struct list link;
    uint64_t stamp;
    struct pbuf *held;
    uint8_t *frame;
    uint32_t total, next_seq;
    uint16_t header_bytes, unit, l4;
    uint16_t slots;
    uint8_t ip_version, protocol, nr_segments;
    bool open;
    struct netdev_frag frags[TX_MAX_FRAGS];
    uint8_t header[TX_COPY_BYTES];
};

/** struct net_interface - One interface: lwIP's structure and the device behind it. */
struct net_interface {
    struct netif netif;
    struct netdev *dev;
    struct net_interface *next;
    char name[12];
    char host[IP_WORDS_HOST];
    struct ip_words words; /* what the command line says */
    ip6_addr_t gateway_v6; /* if words.has_v6_gateway */
    bool added, in_batch;
    bool sums; /* the device makes the sums of TCP and UDP */
    const char *source;
    uint32_t told_v4; /* the address that was printed last */
    uint8_t told_v6;  /* bit by address: printed */
    bool gave_up;     /* DHCP is off, and no address was given */
    /* transmit.c */
    struct tx_packet *first, *last; /* not in the ring yet */
    unsigned int queued;
    bool blocked, unshown;
    /* defer.c: struct tx_packet, struct net_deferred */
    struct list in_flight, deferred;
    /* receive.c */
    unsigned int rx_held; /* pages in the stack's hands */
    bool rx_tight;        /* memory is short: nothing large is taken in */
};

extern struct net_interface *net_interfaces;
extern struct wait_queue net_configured_wq;
extern struct net_stats net_counters;

static inline struct net_interface *net_interface_of(struct netif *netif)
{
    return netif->state;
}

/* transmit.c */
err_t net_transmit(struct netif *netif, struct pbuf *p);
/** transmit_push() - Give the device all that waits. */
void transmit_push(struct net_interface *ni);
/** transmit_drop() - The device is gone: so is what waits for it. */
void transmit_drop(struct net_interface *ni);
void transmit_ready(struct net_interface *ni);
/** transmit_trim() - Give back what was not needed since the last call. */
void transmit_trim(void);

/* defer.c */
/** defer_begin() - @pk is in flight from now on. */
void defer_begin(struct tx_packet *pk);
/** defer_run() - A frame of @ni's has ended: is somebody's memory free? */
void defer_run(struct net_interface *ni);
/** defer_lost() - The other domain still reads @pk's memory: neither it nor what it names is used again. */
void defer_lost(struct tx_packet *pk);

/* merge.c */
/** packet_parse() - Find the headers in the first @len bytes at @frame and note them in @pk. */
void packet_parse(struct tx_packet *pk, const uint8_t *frame, unsigned int len);
/** packet_join() - Make @p, which @next describes, part of @pk if it continues it. */
bool packet_join(struct tx_packet *pk, const struct tx_packet *next, const struct pbuf *p);
/** packet_finish() - Lengths, sums and offloads as the device needs them; may be called again after a join. */
void packet_finish(struct tx_packet *pk);

/* receive.c */
void net_receive(struct netdev *dev, struct netdev_buf *buf);
void net_receive_end(struct netdev *dev);

/* timeouts.c */
int timeouts_start(void);

/* memp.c */
void memp_limits_init(void);
/** memp_trim() - Give the heap back what was not needed since the last call. */
void memp_trim(void);

/* random.c */
int random_init(void);

/* mdns_name.c */
/** mdns_name_set() - The name to answer to, without ".local"; before the first interface comes up. 0; -EINVAL. */
int mdns_name_set(const char *value);
void mdns_name_start(struct net_interface *ni);

/* sntp_time.c */
/** sntp_time_prepare() - Before the first interface: DHCP may name the server. */
void sntp_time_prepare(void);
/** sntp_time_start() - Ask. What is asked before there is an address is asked again only after a quarter of a minute. */
void sntp_time_start(void);

/* interface.c */
void interface_found(struct netdev *dev);
void interface_carrier(struct netdev *dev, bool up);
/** interface_is_settled() - Is there nothing more to wait for? */
bool interface_is_settled(const struct net_interface *ni);

/** interface_text_v6() - An address as RFC 5952 writes it. */
void interface_text_v6(const ip6_addr_t *address, char *out, int bytes);

/* configure.c */
/** configure_choose() - Find the source of the interface's addresses. Context: blocks in xenstore. */
void configure_choose(struct net_interface *ni);
/** configure_start() - Set addresses, or begin to ask for them. Context: lock held; the interface is up. */
void configure_start(struct net_interface *ni);
/** configure_report() - Say what has changed. */
void configure_report(struct net_interface *ni);

#endif
