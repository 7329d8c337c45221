// SPDX-License-Identifier: MIT
/*
 * The page cache: which pages there are, and which go. All caches share one bound. Reading is cache_read.c's, writing cache_write.c's,
 * requests are cache_io.c's.
 */
#include "cache_priv.h"

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

/* Half of the memory for all caches together; whoever needs memory gets it from them, down to what keeps them going. */
#define MEMORY_SHARE  2
#define LEAST_PAGES   64
#define RESERVE_PAGES 16

struct cache_memory cache_memory;

static struct cache *caches;            /* by @next */
static struct cache_page *free_records; /* by @chain */

static struct cache_page **bucket_of(struct cache *c, uint64_t index)
{
    return &c->buckets[(index ^ index >> 17) & (c->nr_buckets - 1)];
}

struct cache_page *cache_find(struct cache *c, uint64_t index)
{
    struct cache_page *p = *bucket_of(c, index);

    while (p != NULL && p->index != index) {
        p = p->chain;
    }
    return p;
}

static void free_record(struct cache_page *p)
{
    p->chain = free_records;
    free_records = p;
}

/* Records are made by the page and stay: a cache of that size may come again. */
static struct cache_page *take_record(void)
{
    struct cache_page *p = free_records;

    if (p == NULL) {
        struct cache_page *made = page_alloc(0);

        for (size_t i = 0; made != NULL && i < PAGE_SIZE / sizeof(*made); i++) {
            free_record(&made[i]);
        }
        p = free_records;
    }
    if (p != NULL) {
        free_records = p->chain;
        *p = (struct cache_page){0};
        list_init(&p->link);
    }
    return p;
}

void cache_unpin(struct cache_page *p)
{
    if (--p->pins == 0 && p->data == NULL) {
        free_record(p);
    }
}

void cache_free(struct cache *c, struct cache_page *p, bool lost)
{
    if (lost) {
        page_quarantine(p->data);
    } else {
        page_free(p->data, 0);
    }
    p->data = NULL;
    c->nr_pages--;
    cache_memory.held--;
    if (p->pins == 0) {
        free_record(p);
    }
}

void cache_remove(struct cache *c, struct cache_page *p)
{
    struct cache_page **link = bucket_of(c, p->index);

    while (*link != p) {
        link = &(*link)->chain;
    }
    *link = p->chain;
    list_remove(&p->link);
    if (p->dirty) {
        p->dirty = false;
        c->nr_dirty--;
        cache_memory.dirty--;
    }
    p->valid = false;
    p->gone = true;
    if (!p->reading && !p->writing) {
        cache_free(c, p, false);
    }
}

/* Drops the oldest page that nobody needs. */
static bool drop_one(struct cache *c)
{
    struct list *link;

    list_for_each(link, &c->clean) {
        struct cache_page *p = list_entry(link, struct cache_page, link);

        if (p->pins == 0) {
            cache_remove(c, p);
            return true;
        }
    }
    return false;
}

/* Of the largest cache; that is how they share. */
static bool drop_any(void)
{
    struct cache *largest = caches;

    for (struct cache *c = caches; c != NULL; c = c->next) {
        largest = c->nr_pages > largest->nr_pages ? c : largest;
    }
    if (drop_one(largest)) {
        return true;
    }
    for (struct cache *c = caches; c != NULL; c = c->next) {
        if (drop_one(c)) {
            return true;
        }
    }
    return false;
}

static bool reclaim(void)
{
    bool freed = false;

    for (unsigned int n = 0; n < CLUSTER_PAGES && cache_memory.held > RESERVE_PAGES && drop_any(); n++) {
        freed = true;
    }
    return freed;
}

static struct page_reclaimer reclaimer = {.fn = reclaim};

struct cache *cache_of(struct blkdev *dev)
{
    struct cache *c;

    for (c = caches; c != NULL; c = c->next) {
        if (c->dev == dev) {
            return c;
        }
    }
    c = heap_zalloc(1, sizeof(*c));
    if (c == NULL) {
        return NULL;
    }
    cache_memory.limit = MAX(boot_info.nr_pages / MEMORY_SHARE, LEAST_PAGES);
    c->dev = dev;
    c->generation = dev->generation;
    c->size = dev->size_bytes;
    for (c->nr_buckets = LEAST_PAGES; c->nr_buckets < cache_memory.limit; c->nr_buckets *= 2) {
    }
    c->buckets = heap_zalloc(c->nr_buckets, sizeof(*c->buckets));
    if (c->buckets == NULL) {
        heap_free(c);
        return NULL;
    }
    list_init(&c->clean);
    list_init(&c->dirty);
    list_init(&c->free_io);
    list_init(&c->writes);
    wait_queue_init(&c->changed);
    for (unsigned int i = 0; i < NR_IO; i++) {
        c->io[i].cache = c;
        list_push_back(&c->free_io, &c->io[i].link);
    }
    page_reclaimer_add(&reclaimer);
    c->next = caches;
    caches = c;
    return c;
}

struct cache_page *cache_new_page(struct cache *c, uint64_t index)
{
    struct cache_page *p, **bucket;

    while (cache_memory.held >= cache_memory.limit) {
        if (!drop_any()) {
            return NULL;
        }
    }
    p = take_record();
    if (p == NULL) {
        return NULL;
    }
    p->data = page_alloc(0);
    if (p->data == NULL && drop_any()) {
        /* The rest that others do not get. */
        p->data = page_alloc(0);
    }
    if (p->data == NULL) {
        free_record(p);
        return NULL;
    }
    p->index = index;
    bucket = bucket_of(c, index);
    p->chain = *bucket;
    *bucket = p;
    c->nr_pages++;
    cache_memory.held++;
    return p;
}

bool cache_wait_for_room(struct cache *c)
{
    /* What is dirty becomes clean; if it is another disk's, that one's turn comes too. */
    (void)cache_submit_writes(c, CLUSTER_PAGES, UINT64_MAX);
    if (cache_wait(c)) {
        return true;
    }
    for (struct cache *other = caches; other != NULL; other = other->next) {
        (void)cache_submit_writes(other, CLUSTER_PAGES, UINT64_MAX);
        if (cache_wait(other)) {
            return true;
        }
    }
    return false;
}

void cache_note_error(struct cache *c, int status)
{
    c->errors++;
    c->last_error = status;
}

void cache_forget(struct cache *c)
{
    while (drop_one(c)) {
    }
}

void cache_abandon(struct cache *c)
{
    if (c->nr_dirty > 0) {
        cache_note_error(c, -EIO);
    }
    for (size_t i = 0; i < c->nr_buckets; i++) {
        while (c->buckets[i] != NULL) {
            cache_remove(c, c->buckets[i]);
        }
    }
}

/* A disk whose end was within a page has grown: behind the old end that page holds nothing of the disk's. It is sent as it was, and read anew. */
static void forget_old_end(struct cache *c)
{
    uint64_t index = c->size / PAGE_SIZE;
    struct cache_page *p;

    while ((p = cache_find(c, index)) != NULL && (p->dirty || p->reading || p->writing || p->pins > 0)) {
        if (cache_submit_writes(c, CLUSTER_PAGES, UINT64_MAX) == 0 && !cache_wait(c)) {
            thread_yield(); /* to whoever has it in his hands */
        }
    }
    if (p != NULL) {
        cache_remove(c, p);
    }
}

void cache_check(struct cache *c)
{
    uint64_t size = c->dev->size_bytes;

    if (UNLIKELY(c->generation != c->dev->generation)) {
        c->generation = c->dev->generation;
        cache_abandon(c);
    } else if (UNLIKELY(c->size != size) && c->size % PAGE_SIZE != 0) {
        forget_old_end(c);
    }
    c->size = size;
}

void cache_get_stats(const struct cache *c, struct cache_stats *out)
{
    *out = c->stats;
    out->pages = c->nr_pages;
    out->dirty = c->nr_dirty;
    out->limit = cache_memory.limit;
}

struct blkdev *cache_device(const struct cache *c)
{
    return c->dev;
}
