// SPDX-License-Identifier: MIT
/*
 * What the two halves of the page cache share. Threads are cooperative: what is looked up stays as it is until somebody blocks,
 * and a page that is pinned stays for good.
 */
#ifndef CACHE_PRIV_H
#define CACHE_PRIV_H

#include "cache.h"

#include <stdbool.h>

#include <xenolith/page.h>
#include <xenolith/wait.h>

#define CLUSTER_PAGES 32 /* of one request */
#define NR_IO         16 /* requests under way at most */
#define NR_STREAMS    4  /* readers in order that are told apart */

/**
 * struct cache_page - @valid: holds what the disk has, or newer. @reading, @writing: a request names it. @dirty: newer than what was
 * last sent. @marker: whoever comes here reads in order, and more is to be read ahead.
 */
struct cache_page {
    struct cache_page *chain;
    struct list age; /* in the cache's list, the oldest first */
    uint64_t index;
    char *data;
    unsigned int pins;
    bool valid, reading, writing, dirty, marker;
};

/** struct cache_io - A request and what it needs, from the pool of the cache. */
struct cache_io {
    struct blkdev_req req;
    struct cache *cache;
    struct list link;
    unsigned int nr;
    struct cache_page *pages[CLUSTER_PAGES];
    struct blkdev_segment segments[CLUSTER_PAGES];
};

/** struct stream - The page that a reader in order asks for next, and how far to read ahead of it. */
struct stream {
    uint64_t next;
    unsigned int window;
    uint64_t used;
};

struct cache {
    struct blkdev *dev;
    struct cache_page **buckets;
    size_t nr_buckets;
    struct list ages;
    size_t nr_pages, nr_dirty, limit_pages;
    struct list free_io;
    unsigned int io_under_way;
    struct wait_queue changed; /* a request was answered */
    int error;                 /* of a write, until somebody was told */
    struct stream streams[NR_STREAMS];
    uint64_t clock;
    struct cache_stats stats;
    struct cache_io io[NR_IO];
};

struct cache_page *cache_find(struct cache *c, uint64_t index);

/** cache_remove() - The page is named by nobody: it goes. Its memory too, unless another domain may still look at it (@lost). */
void cache_remove(struct cache *c, struct cache_page *p, bool lost);

/** cache_page_bytes() - The disk's last page may be a part of one. */
uint32_t cache_page_bytes(const struct cache *c, uint64_t index);

/** cache_wait() - Until a request was answered. False when none is under way. */
bool cache_wait(struct cache *c);

/** cache_submit_read() - Read pages that are new and marked as reading; each ends valid, or not. Waits for a free request. */
void cache_submit_read(struct cache *c, struct cache_page **pages, unsigned int nr);

/** cache_submit_writes() - Send up to @max dirty pages, oldest first, neighbours together. How many. */
size_t cache_submit_writes(struct cache *c, size_t max);

#endif
