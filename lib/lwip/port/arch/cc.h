/* SPDX-License-Identifier: MIT */
/*
 * What lwIP asks about compiler and platform. Only lwIP's headers include this.
 */
#ifndef LWIP_PORT_CC_H
#define LWIP_PORT_CC_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include <xenolith/heap.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>

/* Without it lwIP makes ssize_t an int. */
#ifndef SSIZE_MAX
#define SSIZE_MAX INT64_MAX
#endif

#define LWIP_ERRNO_STDINCLUDE 1

/* <arpa/inet.h> has them. */
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1

/* One instruction each. */
#define lwip_htons(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define lwip_htonl(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))

#define LWIP_PLATFORM_DIAG(x) printk_lwip x
#define printk_lwip(...)      printk(LOG_DEBUG, __VA_ARGS__)

/* A failed assertion is a bug of lwIP's or ours. */
#define LWIP_PLATFORM_ASSERT(x) panic("lwip: %s", x)

uint32_t net_random32(void);
#define LWIP_RAND() net_random32()

/* Sums of 16-bit words, see lib/lwip/checksum.c. */
uint16_t net_checksum(const void *data, int bytes);
#define LWIP_CHKSUM net_checksum

#define mem_clib_malloc heap_alloc
#define mem_clib_free   heap_free
#define mem_clib_calloc heap_zalloc

#endif
