// SPDX-License-Identifier: MIT
/* The header of IPv4, by both its customary names. Linux's layout. */
#ifndef _NETINET_IP_H
#define _NETINET_IP_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

struct iphdr {
    uint8_t ihl : 4, version : 4;
    uint8_t tos;
    uint16_t tot_len;
    uint16_t id;
    uint16_t frag_off;
    uint8_t ttl;
    uint8_t protocol;
    uint16_t check;
    uint32_t saddr;
    uint32_t daddr;
};

struct ip {
    uint8_t ip_hl : 4, ip_v : 4;
    uint8_t ip_tos;
    uint16_t ip_len;
    uint16_t ip_id;
    uint16_t ip_off;
    uint8_t ip_ttl;
    uint8_t ip_p;
    uint16_t ip_sum;
    struct in_addr ip_src, ip_dst;
};

#define IP_RF      0x8000
#define IP_DF      0x4000
#define IP_MF      0x2000
#define IP_OFFMASK 0x1fff

#define IPVERSION  4
#define IP_MAXPACKET 65535
#define MAXTTL     255
#define IPDEFTTL   64

#define IPTOS_TOS_MASK    0x1e
#define IPTOS_LOWDELAY    0x10
#define IPTOS_THROUGHPUT  0x08
#define IPTOS_RELIABILITY 0x04
#define IPTOS_MINCOST     0x02
#define IPTOS_DSCP_MASK   0xfc
#define IPTOS_DSCP_EF     0xb8
#define IPTOS_DSCP_AF11   0x28
#define IPTOS_DSCP_AF21   0x48
#define IPTOS_DSCP_AF31   0x68
#define IPTOS_DSCP_AF41   0x88
#define IPTOS_CLASS_CS0   0x00
#define IPTOS_CLASS_CS1   0x20
#define IPTOS_CLASS_CS6   0xc0

#endif
