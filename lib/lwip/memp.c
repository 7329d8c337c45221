// SPDX-License-Identifier: MIT
/*
 * lwIP's pools, in place of its own memp.c: blocks of the heap, a few of each kind kept at hand, and a limit for each kind
 * that peers could make us allocate, by the memory that the domain has. Also the sizes of TCP's windows, for the same reason.
 */
#include <lwip/altcp.h>
#include <lwip/dns.h>
#include <lwip/igmp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/memp.h>
#include <lwip/mld6.h>
#include <lwip/pbuf.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <netif/etharp.h>

#include <xenolith/heap.h>
#include <xenolith/page.h>

#include "port_priv.h"

#define KEEP_MAX 256U /* blocks of one kind that lie at hand, at most */

#define WINDOW_SHARE 32U /* of memory */

struct pool {
    void *free;
    unsigned int nr_free, used, limit;
    unsigned int unused; /* of the free ones so many were not needed since the last trim */
};

static struct pool pools[MEMP_MAX];

static const uint16_t sizes[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, size, desc) [MEMP_##name] = (uint16_t)(size),
#include <lwip/priv/memp_std.h>
};

uint32_t net_tcp_window = 65536;
uint32_t net_tcp_send_bytes = 65536;

static uint32_t between(uint64_t low, uint64_t value, uint64_t high)
{
    return (uint32_t)(value < low ? low : value > high ? high : value);
}

void memp_limits_init(void)
{
    struct page_stats stats;
    uint64_t bytes;

    page_get_stats(&stats);
    bytes = (uint64_t)stats.total * 4096;
    for (unsigned int i = 0; i < MEMP_MAX; i++) {
        pools[i].limit = UINT32_MAX;
    }
    /* A quarter of memory for connections, a half for what they have under way; neither is set aside. */
    pools[MEMP_TCP_PCB].limit = between(256, bytes / 4 / 1024, 1U << 20);
    pools[MEMP_TCP_SEG].limit = between(1024, bytes / 2 / 1024, 1U << 20);
    pools[MEMP_PBUF].limit = between(2048, bytes / 512, 1U << 20);
    pools[MEMP_REASSDATA].limit = 32;
    pools[MEMP_IP6_REASSDATA].limit = 32;
    pools[MEMP_ARP_QUEUE].limit = 512;
    pools[MEMP_ND6_QUEUE].limit = 512;
    pools[MEMP_IGMP_GROUP].limit = 128;
    pools[MEMP_MLD6_GROUP].limit = 128;
    /* What one connection may have under way in either direction; lib/socket bounds what all together hold. Constant from here on. */
    net_tcp_window = between(65536, bytes / WINDOW_SHARE, 1U << 20) & ~0xffffU;
    net_tcp_send_bytes = net_tcp_window;
}

void memp_init(void)
{
}

void *memp_malloc(memp_t type)
{
    struct pool *pool = &pools[type];
    void *block = pool->free;

    if (block != NULL) {
        pool->free = *(void **)block;
        pool->nr_free--;
        pool->unused = MIN(pool->unused, pool->nr_free);
    } else if (pool->used < pool->limit) {
        block = heap_alloc(sizes[type]);
    }
    pool->used += block != NULL;
    return block;
}

void memp_free(memp_t type, void *block)
{
    struct pool *pool = &pools[type];

    if (block == NULL) {
        return;
    }
    pool->used--;
    if (type != MEMP_TCP_PCB && pool->nr_free < KEEP_MAX) {
        *(void **)block = pool->free;
        pool->free = block;
        pool->nr_free++;
    } else {
        heap_free(block);
    }
}

/* Each block may be the last that keeps a slab of the heap: after thousands of connections those freed last lie in as many slabs. */
void memp_trim(void)
{
    for (unsigned int i = 0; i < MEMP_MAX; i++) {
        struct pool *pool = &pools[i];

        while (pool->unused > 0) {
            void *block = pool->free;

            pool->free = *(void **)block;
            pool->nr_free--;
            pool->unused--;
            heap_free(block);
        }
        pool->unused = pool->nr_free;
    }
}

/* Private pools of lwIP's modules. */
void memp_init_pool(const struct memp_desc *desc)
{
    (void)desc;
}

void *memp_malloc_pool(const struct memp_desc *desc)
{
    return heap_alloc(desc->size);
}

void memp_free_pool(const struct memp_desc *desc, void *block)
{
    (void)desc;
    heap_free(block);
}
