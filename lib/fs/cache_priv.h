// SPDX-License-Identifier: MIT
/*
 * What the parts of the page cache share. Threads are cooperative: what is looked up stays as it is until somebody blocks,
 * and a page that is pinned keeps its record. Nobody blocks while he has pages marked as read whose request is not submitted: others wait
 * for them.
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
 * last sent. @marker: whoever comes here reads in order, and more is to be read ahead. @gone: not to be found any more; its memory goes
 * with the last request, its record with the last pin.
 */
struct cache_page {
    struct cache_page *chain;
    struct list link; /* of the dirty, or of those that can go; the oldest first. Else in neither */
    uint64_t index;
    uint64_t dirtied; /* when it became dirty, by the cache's count */
    char *data;
    unsigned int pins;
    bool valid, reading, writing, dirty, marker, gone;
};

/** struct cache_io - A request and what it needs, from the pool of the cache. @link: among the free, or the writes under way, oldest first. */
struct cache_io {
    struct blkdev_req req;
    struct cache *cache;
    struct list link;
    uint64_t number;
    unsigned int nr;
    struct cache_page *pages[CLUSTER_PAGES];
    struct blkdev_segment segments[CLUSTER_PAGES];
};

/** struct stream - The page that a reader in order misses next, the one that shows that he has come to what was read ahead, and how far to go. */
struct stream {
    uint64_t next, marker;
    unsigned int window;
    uint64_t used;
};

struct cache {
    struct cache *next;
    struct blkdev *dev;
    unsigned int generation; /* of the disk that the pages are of */
    uint64_t size;           /* its bytes, as the pages know it */
    struct cache_page **buckets;
    size_t nr_buckets;
    struct list clean, dirty;
    size_t nr_pages, nr_dirty;
    uint64_t nr_dirtied;
    struct list free_io, writes;
    unsigned int io_under_way;
    uint64_t nr_writes;
    struct wait_queue changed; /* a request was answered */
    uint32_t errors;           /* of writes, counted */
    int last_error;
    uint32_t fs_seen; /* how many of them the file system knows of */
    struct stream streams[NR_STREAMS];
    uint64_t clock;
    struct cache_stats stats;
    struct cache_io io[NR_IO];
};

/** struct cache_memory - All caches together, in pages. */
struct cache_memory {
    size_t held, dirty, limit;
};

extern struct cache_memory cache_memory;

/* ---- cache.c ---- */

struct cache_page *cache_find(struct cache *c, uint64_t index);

/** cache_new_page() - A page that is not there yet, in no list. Never blocks; clean ones go for it. NULL: no room. */
struct cache_page *cache_new_page(struct cache *c, uint64_t index);

/** cache_wait_for_room() - When there was none: block until something may have changed. False: there will be none. */
bool cache_wait_for_room(struct cache *c);

/** cache_remove() - Nobody finds it any more. */
void cache_remove(struct cache *c, struct cache_page *p);

/** cache_free() - Of a page that is gone, and that no request names: its memory, unless another domain may still look at it (@lost). */
void cache_free(struct cache *c, struct cache_page *p, bool lost);

void cache_unpin(struct cache_page *p);

/** cache_check() - Whether it is still the same disk, of the same size; if not, nothing of the old one is left. First in each call. May block. */
void cache_check(struct cache *c);

/** cache_note_error() - A write failed. */
void cache_note_error(struct cache *c, int status);

/* ---- cache_read.c ---- */

/**
 * cache_get() - The page, valid and pinned. @whole: it will be overwritten, so need not be read. @wanted: how many in a row the caller
 * is after. May block.
 */
int cache_get(struct cache *c, uint64_t index, bool whole, uint64_t wanted, struct cache_page **out);

/* ---- cache_io.c ---- */

/** cache_page_bytes() - The disk's last page may be a part of one. */
uint32_t cache_page_bytes(const struct cache *c, uint64_t index);

/** cache_wait() - Until a request was answered. False when none is under way. */
bool cache_wait(struct cache *c);

/** cache_take_io() - A free request; with @may_block it waits for one, else NULL. cache_give_io(): it was not needed. */
struct cache_io *cache_take_io(struct cache *c, bool may_block);
void cache_give_io(struct cache_io *io);

/** cache_submit_read() - Read io->pages, which are marked as reading; each ends valid, or not. */
void cache_submit_read(struct cache_io *io);

/** cache_submit_writes() - Send up to @max pages that became dirty before @until, oldest first, neighbours together. How many. May block. */
size_t cache_submit_writes(struct cache *c, size_t max, uint64_t until);

#endif
