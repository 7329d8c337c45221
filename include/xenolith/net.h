// SPDX-License-Identifier: MIT
/*
 * The network as a program sees it that wants more than sockets: when it starts, and what its interfaces have got. No word of the
 * IP stack is here. Naming net_start() links the stack and the network driver.
 */
#ifndef XENOLITH_NET_H
#define XENOLITH_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/netdev.h>

#define NET_ADDRESS_TEXT 56 /* "fe80::…%eth0/64" and its NUL */
#define NET_MAX_ADDRESSES 8

/** struct net_interface_info - An interface as of now. Texts are empty where there is nothing. */
struct net_interface_info {
    const char *name;
    uint8_t mac[NETDEV_MAC_BYTES];
    uint32_t mtu;
    bool carrier, configured;
    const char *source; /* of the IPv4 address: "ip=", "xenstore", "dhcp", "" */
    unsigned int nr_addresses;
    char addresses[NET_MAX_ADDRESSES][NET_ADDRESS_TEXT]; /* with their prefix lengths */
    char gateway[NET_ADDRESS_TEXT];
    struct netdev_stats stats;
};

/** struct net_stats - The stack's own counters, since start. */
struct net_stats {
    uint64_t tcp_in, tcp_out, tcp_retransmitted, tcp_dropped, tcp_checksum_errors;
    uint64_t udp_in, udp_out, udp_dropped, udp_checksum_errors;
    uint64_t frames_merged;  /* segments that left within a larger frame */
    uint64_t rx_copied;      /* frames copied because the stack held too many pages */
    uint64_t rx_no_memory;   /* frames dropped because memory is short */
    uint64_t tx_queued;      /* frames that waited for room in a ring */
    uint64_t tx_memory_lost; /* bytes that another domain did not let go of */
    uint64_t tx_dropped;
    unsigned int tcp_connections, tcp_time_wait;
};

/**
 * net_start() - Start the stack and its interfaces, and wait until each interface that has a carrier is configured, at most as long as
 * `netwait=` says. Called by the first socket(); again is harmless.
 * Context: blocks. Return: 0, also when there is no device or nothing could be configured (that is on the console); -ENOMEM.
 */
int net_start(void);

/** net_interface_next() - Fill @out with the interface after number *@at (start with 0) and step it. Return: false at the end. */
bool net_interface_next(unsigned int *at, struct net_interface_info *out);

void net_get_stats(struct net_stats *out);

/** net_hostname() - What `hostname=`, ip= or DHCP gave; never NULL, "" if nothing did. */
const char *net_hostname(void);

#endif
