// SPDX-License-Identifier: MIT
/* Ethernet's header. Linux's layout. */
#ifndef _NET_ETHERNET_H
#define _NET_ETHERNET_H

#include <stdint.h>
#include <sys/types.h>

#define ETHER_ADDR_LEN 6
#define ETHER_HDR_LEN  14
#define ETHER_TYPE_LEN 2
#define ETHERMTU       1500

#define ETHERTYPE_IP   0x0800
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV6 0x86dd

struct ether_addr {
    uint8_t ether_addr_octet[ETHER_ADDR_LEN];
} __attribute__((packed));

struct ether_header {
    uint8_t ether_dhost[ETHER_ADDR_LEN];
    uint8_t ether_shost[ETHER_ADDR_LEN];
    uint16_t ether_type;
} __attribute__((packed));

#endif
