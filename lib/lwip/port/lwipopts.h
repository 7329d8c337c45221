/* SPDX-License-Identifier: MIT */
/*
 * lwIP's configuration. Where a line differs from lwIP's default the reason is given unless the word says it.
 */
#ifndef LWIP_PORT_OPTS_H
#define LWIP_PORT_OPTS_H

#include <stdint.h>

/* ---- Threads and time: no thread of its own; whoever calls holds the core (lib/lwip/net.h). ---- */
#define NO_SYS                   1
#define SYS_LIGHTWEIGHT_PROT     0
#define LWIP_NETCONN             0
#define LWIP_SOCKET              0
#define LWIP_TIMERS_CUSTOM       1 /* lib/lwip/timeouts.c: sleeps when there is nothing to time */
extern unsigned int net_depth;
void net_not_locked(void);
#define LWIP_ASSERT_CORE_LOCKED() (__builtin_expect(net_depth == 0, 0) ? net_not_locked() : (void)0)

/* ---- Memory: the heap, bounded by lib/lwip/memp.c ---- */
#define MEM_ALIGNMENT         8
#define MEM_CUSTOM_ALLOCATOR  1
#define MEM_CUSTOM_MALLOC     mem_clib_malloc
#define MEM_CUSTOM_FREE       mem_clib_free
#define MEM_CUSTOM_CALLOC     mem_clib_calloc
#define MEMP_MEM_MALLOC       1
#define MEMP_STATS            0
#define MEM_STATS             0

/* ---- Interfaces ---- */
#define ETH_PAD_SIZE                    0
#define LWIP_ARP                        1
#define ARP_TABLE_SIZE                  127
#define ARP_QUEUEING                    1 /* packets, not only the last, wait for an address */
#define ARP_QUEUE_LEN                   8
#define ETHARP_SUPPORT_STATIC_ENTRIES   1
#define LWIP_NETIF_HWADDRHINT           1 /* a connection remembers its entry of the ARP table */
#define LWIP_NETIF_HOSTNAME             1
#define LWIP_NETIF_STATUS_CALLBACK      0
#define LWIP_NETIF_EXT_STATUS_CALLBACK  1
#define LWIP_NETIF_LOOPBACK             1
#define LWIP_HAVE_LOOPIF                1
#define LWIP_LOOPIF_MULTICAST           1
#define LWIP_LOOPBACK_MAX_PBUFS         512
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_NUM_NETIF_CLIENT_DATA      1
#define LWIP_CHECKSUM_CTRL_PER_NETIF    1
#define LWIP_CHECKSUM_ON_COPY           0
#define LWIP_PBUF_REF_T                 u16_t
/* What waits for a neighbour's address is copied if it names memory of others': its owner may have it back before the answer comes, and the
 * driver does not know of it yet. Only TCP's and UDP's data by reference is not contiguous with its pbuf. */
#define PBUF_NEEDS_COPY(p) (!((p)->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS))

/* ---- IPv4 ---- */
#define IP_REASSEMBLY           1
#define IP_REASS_MAX_PBUFS      256 /* a datagram of 64 KB at 1,500 bytes has 45 fragments of one or two pieces */
#define IP_FRAG                 1
#define IP_DEFAULT_TTL          64
#define IP_SOF_BROADCAST        1
#define LWIP_ICMP               1
#define LWIP_IGMP               1
#define LWIP_MULTICAST_TX_OPTIONS 1
#define LWIP_RAW                1
#define LWIP_DHCP               1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* seconds at boot */
#define LWIP_ACD                0
#define LWIP_AUTOIP             0
#define LWIP_DHCP_GET_NTP_SRV   1
#define LWIP_DHCP_MAX_NTP_SERVERS 2

struct netif;
struct ip4_addr;
struct netif *net_route_by_source(const struct ip4_addr *from, const struct ip4_addr *to);
#define LWIP_HOOK_IP4_ROUTE_SRC(from, to) net_route_by_source(from, to)

/* ---- IPv6 ---- */
#define LWIP_IPV6                    1
#define LWIP_IPV6_NUM_ADDRESSES      6
#define LWIP_IPV6_AUTOCONFIG         1
#define LWIP_IPV6_REASS              1
#define LWIP_IPV6_FRAG               1
#define IPV6_FRAG_COPYHEADER         1 /* its note of a fragment is larger than the header it overwrites */
#define LWIP_IPV6_MLD                1
#define MEMP_NUM_MLD6_GROUP          64
#define LWIP_IPV6_SCOPES             1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 1
#define LWIP_IPV6_DHCP6              1
#define LWIP_IPV6_DHCP6_STATELESS    1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_ND6_NUM_NEIGHBORS       64
#define LWIP_ND6_NUM_DESTINATIONS    64
#define LWIP_ND6_QUEUEING            1
#define LWIP_ICMP6_DATASIZE          0

struct ip6_addr;
const struct ip6_addr *net_gateway_v6(const struct netif *netif);
#define LWIP_HOOK_ND6_GET_GW(netif, dest) net_gateway_v6(netif)

/* ---- Names and time ---- */
#define LWIP_DNS                1
#define DNS_TABLE_SIZE          16
#define DNS_MAX_SERVERS         4 /* two by DHCP, two by IPv6 */
#define LWIP_DHCP_MAX_DNS_SERVERS 2
#define LWIP_DHCP6_MAX_DNS_SERVERS 2
#define DNS_MAX_NAME_LENGTH     256
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 1
#define LWIP_MDNS_RESPONDER     1
#define MDNS_MAX_SERVICES       2
#define MDNS_MAX_STORED_PKTS    4
#define SNTP_SERVER_DNS         1
#define SNTP_MAX_SERVERS        2
#define SNTP_GET_SERVERS_FROM_DHCP 1
#define SNTP_CHECK_RESPONSE     2 /* an answer must name our request */
#define SNTP_STARTUP_DELAY      0
void net_sntp_time(uint32_t seconds, uint32_t fraction);
void net_sntp_now(uint32_t *seconds, uint32_t *fraction);
#define SNTP_SET_SYSTEM_TIME_NTP(s, f) net_sntp_time((uint32_t)(s), (f))
#define SNTP_GET_SYSTEM_TIME_NTP(s, f) net_sntp_now_to(&(s), &(f))
#define net_sntp_now_to(s, f) net_sntp_now((uint32_t *)(s), (f))

/* ---- UDP, TCP ---- */
#define LWIP_UDP                1
#define LWIP_TCP                1
#define LWIP_CALLBACK_API       1
#define SO_REUSE                1
#define LWIP_TCP_KEEPALIVE      1
#define TCP_LISTEN_BACKLOG      1
#define LWIP_WND_SCALE          1
#define TCP_RCV_SCALE           7
#define LWIP_TCP_SACK_OUT       1
#define TCP_MSS                 8960 /* an upper limit: the interface's MTU decides */
#define TCP_OVERSIZE            TCP_MSS /* small writes share a segment; what is large goes by reference */
#define TCP_MSL                 30000UL /* TIME_WAIT lasts 60 s, as in Linux */
#define LWIP_TCP_RTO_TIME       1000
#define TCP_MAXRTX              12
#define TCP_SYNMAXRTX           6
/* Half of it is the grain of retransmission timers, itself the delay of an ACK. */
#define TCP_TMR_INTERVAL        100
#define LWIP_TCP_CALC_INITIAL_CWND(mss) ((tcpwnd_size_t)(10U * (mss))) /* RFC 6928 */

/* Decided at start by the memory there is (lib/lwip/memp.c), so lwIP's checks by the preprocessor cannot work. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
extern uint32_t net_tcp_window, net_tcp_send_bytes;
#define TCP_WND                 net_tcp_window
#define TCP_SND_BUF             net_tcp_send_bytes
#define TCP_SND_QUEUELEN        0xfff0
#define TCP_SNDLOWAT            32768
#define TCP_SNDQUEUELOWAT       16384
#define TCP_WND_UPDATE_THRESHOLD (net_tcp_window / 4)
#define TCP_OOSEQ_MAX_BYTES     net_tcp_window
#define TCP_OOSEQ_MAX_PBUFS     1024

/* ---- Statistics ---- */
#define LWIP_STATS              1
#define LWIP_STATS_LARGE        1
#define ETHARP_STATS            1
#define SYS_STATS               0

#define LWIP_HOOK_FILENAME "arch/hooks.h"

#endif
