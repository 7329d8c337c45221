// SPDX-License-Identifier: MIT
/*
 * The page cache: which pages are there, which go, how far is read ahead, how much may be dirty. Requests are cache_io.c's.
 */
#include "cache_priv.h"

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

/* A quarter of the memory for all that a disk's cache holds, a quarter of that for what is not yet on the disk. */
#define MEMORY_SHARE  4
#define DIRTY_SHARE   4
#define READ_SHARE    4 /* of the cache, read at once */
#define LEAST_PAGES   64
#define FIRST_WINDOW  4
#define LARGEST_WINDOW 64

#define MAX_CACHES 16

static struct cache *caches[MAX_CACHES];

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

void cache_remove(struct cache *c, struct cache_page *p, bool lost)
{
    struct cache_page **link = bucket_of(c, p->index);

    while (*link != p) {
        link = &(*link)->chain;
    }
    *link = p->chain;
    list_remove(&p->age);
    c->nr_pages--;
    if (lost) {
        page_quarantine(p->data);
    } else {
        page_free(p->data, 0);
    }
    /* Whoever pinned it frees the record. */
    p->data = NULL;
    p->valid = false;
    if (p->pins == 0) {
        heap_free(p);
    }
}

static bool is_idle(const struct cache_page *p)
{
    return p->pins == 0 && !p->dirty && !p->reading && !p->writing;
}

/* Drops the oldest page that nobody needs. */
static bool drop_one(struct cache *c)
{
    struct list *link;

    list_for_each(link, &c->ages) {
        struct cache_page *p = list_entry(link, struct cache_page, age);

        if (is_idle(p)) {
            cache_remove(c, p, false);
            return true;
        }
    }
    return false;
}

static bool reclaim(void)
{
    bool freed = false;

    for (unsigned int i = 0; i < MAX_CACHES && caches[i] != NULL; i++) {
        for (unsigned int n = 0; n < CLUSTER_PAGES && drop_one(caches[i]); n++) {
            freed = true;
        }
    }
    return freed;
}

static struct page_reclaimer reclaimer = {.fn = reclaim};

struct cache *cache_of(struct blkdev *dev)
{
    struct cache *c;
    unsigned int slot = 0;

    for (; slot < MAX_CACHES && caches[slot] != NULL; slot++) {
        if (caches[slot]->dev == dev) {
            return caches[slot];
        }
    }
    c = slot < MAX_CACHES ? heap_zalloc(1, sizeof(*c)) : NULL;
    if (c == NULL) {
        return NULL;
    }
    c->dev = dev;
    c->limit_pages = MAX(boot_info.nr_pages / MEMORY_SHARE, LEAST_PAGES);
    for (c->nr_buckets = LEAST_PAGES; c->nr_buckets < c->limit_pages; c->nr_buckets *= 2) {
    }
    c->buckets = heap_zalloc(c->nr_buckets, sizeof(*c->buckets));
    if (c->buckets == NULL) {
        heap_free(c);
        return NULL;
    }
    list_init(&c->ages);
    list_init(&c->free_io);
    wait_queue_init(&c->changed);
    for (unsigned int i = 0; i < NR_IO; i++) {
        c->io[i].cache = c;
        list_push_back(&c->free_io, &c->io[i].link);
    }
    page_reclaimer_add(&reclaimer);
    caches[slot] = c;
    return c;
}

/* Room for one more page: what is clean goes, else what is dirty is written first. */
static int make_room(struct cache *c)
{
    while (c->nr_pages >= c->limit_pages && !drop_one(c)) {
        (void)cache_submit_writes(c, CLUSTER_PAGES);
        if (!cache_wait(c)) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* A page that is not there yet. NULL: no memory. It may block, so look again whether it is there by now. */
static struct cache_page *new_page(struct cache *c, uint64_t index)
{
    struct cache_page *p = heap_zalloc(1, sizeof(*p));
    struct cache_page **bucket;

    if (p == NULL) {
        return NULL;
    }
    p->data = page_alloc(0);
    if (p->data == NULL) {
        heap_free(p);
        return NULL;
    }
    p->index = index;
    bucket = bucket_of(c, index);
    p->chain = *bucket;
    *bucket = p;
    list_push_back(&c->ages, &p->age);
    c->nr_pages++;
    return p;
}

/* Starts reading up to @nr pages from @index on, as far as they are not there. False if @index itself is not coming for want of memory. */
static bool read_some(struct cache *c, uint64_t index, uint64_t nr)
{
    uint64_t most = MIN(nr, c->limit_pages / READ_SHARE);
    uint64_t end = MIN(index + most, (c->dev->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE);

    for (uint64_t at = index; at < end;) {
        struct cache_page *pages[CLUSTER_PAGES];
        unsigned int n = 0;

        if (cache_find(c, at) != NULL) {
            at++;
            continue;
        }
        while (n < CLUSTER_PAGES && at + n < end && make_room(c) == 0 && cache_find(c, at + n) == NULL) {
            struct cache_page *p = new_page(c, at + n);

            if (p == NULL) {
                break;
            }
            p->reading = true;
            pages[n++] = p;
        }
        if (n == 0) {
            break;
        }
        c->stats.read_ahead += n;
        cache_submit_read(c, pages, n);
        at += n;
    }
    return cache_find(c, index) != NULL;
}

/* Whoever comes to page @index reads in order. */
static void mark(struct cache *c, uint64_t index)
{
    struct cache_page *p = cache_find(c, index);

    if (p != NULL) {
        p->marker = true;
    }
}

/* The reader that this page belongs to, or the one that has been quiet for longest, started anew. */
static struct stream *stream_of(struct cache *c, uint64_t index)
{
    struct stream *oldest = &c->streams[0];

    for (unsigned int i = 0; i < NR_STREAMS; i++) {
        struct stream *s = &c->streams[i];

        if (index >= s->next - MIN(s->next, (uint64_t)s->window) && index <= s->next && s->window > 0) {
            s->used = ++c->clock;
            return s;
        }
        oldest = s->used < oldest->used ? s : oldest;
    }
    *oldest = (struct stream){.next = index, .used = ++c->clock};
    return oldest;
}

/*
 * Somebody misses @index and wants @wanted pages. A first look somewhere reads no more than that; who goes on where he was gets a window
 * ahead, twice as large each time.
 */
static bool miss(struct cache *c, uint64_t index, uint64_t wanted)
{
    struct stream *s = stream_of(c, index);
    uint64_t nr = wanted;
    bool coming;

    c->stats.misses++;
    if (s->window > 0) {
        nr = MAX(wanted, s->window);
        s->window = MIN(s->window * 2, (unsigned int)LARGEST_WINDOW);
    } else {
        s->window = FIRST_WINDOW;
    }
    s->next = index + nr;
    coming = read_some(c, index, nr);
    if (nr > wanted) {
        mark(c, index + nr / 2);
    }
    return coming;
}

/* A reader in order has come to what was read ahead: more of it, while he goes on. */
static void go_on(struct cache *c, struct cache_page *p)
{
    struct stream *s = stream_of(c, p->index);
    uint64_t from = s->next;

    p->marker = false;
    if (s->window == 0) {
        return;
    }
    s->next += s->window;
    (void)read_some(c, from, s->window);
    mark(c, from);
    s->window = MIN(s->window * 2, (unsigned int)LARGEST_WINDOW);
}

/*
 * The page, valid and pinned. @whole: it will be overwritten, so need not be read. @wanted: how many in a row the caller is after.
 */
static int get_page(struct cache *c, uint64_t index, bool whole, uint64_t wanted, struct cache_page **out)
{
    unsigned int failures = 0;

    for (;;) {
        struct cache_page *p = cache_find(c, index);

        if (p == NULL && whole) {
            int rc = make_room(c);

            if (rc != 0) {
                return rc;
            }
            if (cache_find(c, index) != NULL) {
                continue;
            }
            p = new_page(c, index);
            if (p == NULL) {
                return -ENOMEM;
            }
            p->valid = true;
        } else if (p == NULL) {
            /* In a small cache it may have been read and dropped again already. */
            if (!miss(c, index, wanted) && ++failures > 2) {
                return -ENOMEM;
            }
            continue;
        }
        if (p->reading) {
            (void)cache_wait(c);
            continue;
        }
        if (!p->valid) {
            /* It could not be read. Once more, alone: perhaps a neighbour was to blame. */
            cache_remove(c, p, false);
            if (++failures > 1) {
                return c->dev->state == BLKDEV_ABSENT ? -ENXIO : -EIO;
            }
            wanted = 1;
            continue;
        }
        p->pins++;
        list_remove(&p->age);
        list_push_back(&c->ages, &p->age);
        *out = p;
        if (p->marker) {
            go_on(c, p);
        }
        return 0;
    }
}

static void put_page(struct cache_page *p)
{
    if (--p->pins == 0 && p->data == NULL) {
        heap_free(p);
    }
}

int cache_read(struct cache *c, uint64_t offset, void *buf, size_t bytes)
{
    char *to = buf;

    while (bytes > 0) {
        size_t in_page = offset % PAGE_SIZE, part = MIN(bytes, PAGE_SIZE - in_page);
        struct cache_page *p;
        uint64_t wanted = MIN((bytes + in_page + PAGE_SIZE - 1) / PAGE_SIZE, (uint64_t)LARGEST_WINDOW);
        int rc = get_page(c, offset / PAGE_SIZE, false, wanted, &p);

        if (rc != 0) {
            return rc;
        }
        if (p->data == NULL) {
            put_page(p);
            return -EIO;
        }
        c->stats.hits++;
        memcpy(to, p->data + in_page, part);
        put_page(p);
        to += part;
        offset += part;
        bytes -= part;
    }
    return 0;
}

/* Who writes faster than the disk waits here. */
static void throttle(struct cache *c)
{
    size_t limit = c->limit_pages / DIRTY_SHARE;

    if (c->nr_dirty > limit / 2) {
        (void)cache_submit_writes(c, CLUSTER_PAGES);
    }
    while (c->nr_dirty > limit && cache_submit_writes(c, CLUSTER_PAGES) + c->io_under_way > 0) {
        if (!cache_wait(c)) {
            break;
        }
    }
}

int cache_write(struct cache *c, uint64_t offset, const void *buf, size_t bytes)
{
    const char *from = buf;

    while (bytes > 0) {
        size_t in_page = offset % PAGE_SIZE, part = MIN(bytes, PAGE_SIZE - in_page);
        struct cache_page *p;
        int rc = get_page(c, offset / PAGE_SIZE, part == PAGE_SIZE, 1, &p);

        if (rc != 0) {
            return rc;
        }
        if (p->data == NULL) {
            put_page(p);
            return -EIO;
        }
        memcpy(p->data + in_page, from, part);
        if (!p->dirty) {
            p->dirty = true;
            c->nr_dirty++;
        }
        put_page(p);
        throttle(c);
        from += part;
        offset += part;
        bytes -= part;
    }
    return 0;
}

static int take_error(struct cache *c)
{
    int rc = c->error;

    c->error = 0;
    return rc;
}

static void write_all(struct cache *c)
{
    while (c->nr_dirty > 0 || c->io_under_way > 0) {
        (void)cache_submit_writes(c, SIZE_MAX);
        (void)cache_wait(c);
    }
}

int cache_write_back(struct cache *c)
{
    write_all(c);
    return c->error;
}

int cache_sync(struct cache *c)
{
    int rc;

    write_all(c);
    rc = c->dev->state == BLKDEV_ABSENT ? -ENXIO : blkdev_flush(c->dev);
    return c->error != 0 ? take_error(c) : rc;
}

void cache_forget(struct cache *c)
{
    while (drop_one(c)) {
    }
}

void cache_get_stats(const struct cache *c, struct cache_stats *out)
{
    *out = c->stats;
    out->pages = c->nr_pages;
    out->dirty = c->nr_dirty;
    out->limit = c->limit_pages;
}

struct blkdev *cache_device(const struct cache *c)
{
    return c->dev;
}
