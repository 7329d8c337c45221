// SPDX-License-Identifier: MIT
/*
 * Reading through the page cache, and how far is read ahead. A reader in order is one that misses where his last request ended, or comes to a
 * marked page; anything else is read as it is asked for.
 */
#include "cache_priv.h"

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

#define READ_SHARE     4 /* of the bound, read at once */
#define FIRST_WINDOW   4
#define LARGEST_WINDOW 64

/* Up to the first page that is there already, or that there is no room for. */
static unsigned int gather(struct cache_io *io, uint64_t index, uint64_t end)
{
    struct cache *c = io->cache;

    for (io->nr = 0; io->nr < CLUSTER_PAGES && index < end && cache_find(c, index) == NULL; index++) {
        struct cache_page *p = cache_new_page(c, index);

        if (p == NULL) {
            break;
        }
        p->reading = true;
        io->pages[io->nr++] = p;
    }
    return io->nr;
}

/*
 * Starts reading up to @nr pages from @index on, as far as they are not there. Only for the first request it may wait; what follows is a guess,
 * and not worth it. False if @index itself is not coming for want of memory.
 */
static bool read_some(struct cache *c, uint64_t index, uint64_t nr)
{
    uint64_t most = MIN(nr, cache_memory.limit / READ_SHARE);
    uint64_t end = MIN(index + most, (c->dev->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE), at = index;

    while (at < end) {
        struct cache_io *io;

        if (cache_find(c, at) != NULL) {
            at++;
            continue;
        }
        io = cache_take_io(c, at == index);
        if (io == NULL) {
            break;
        }
        if (gather(io, at, end) == 0) {
            cache_give_io(io);
            break;
        }
        c->stats.read_ahead += io->nr;
        at += io->nr;
        cache_submit_read(io);
    }
    blkdev_push(c->dev);
    return at > index || cache_find(c, index) != NULL;
}

static void mark(struct cache *c, struct stream *s, uint64_t index)
{
    struct cache_page *p = cache_find(c, index);

    if (p != NULL) {
        p->marker = true;
        s->marker = index;
    }
}

static void widen(struct stream *s)
{
    s->window = MIN(s->window * 2, (unsigned int)LARGEST_WINDOW);
}

/*
 * Somebody misses @index and wants @wanted pages. A first look somewhere reads no more than that; who goes on where he was gets a window
 * ahead, twice as large each time.
 */
static bool miss(struct cache *c, uint64_t index, uint64_t wanted)
{
    struct stream *s = &c->streams[0];
    uint64_t nr = wanted;

    c->stats.misses++;
    for (unsigned int i = 0; i < NR_STREAMS; i++) {
        struct stream *other = &c->streams[i];

        if (other->window > 0 && other->next == index) {
            s = other;
            break;
        }
        s = other->used < s->used ? other : s;
    }
    if (s->window > 0 && s->next == index) {
        nr = MAX(wanted, s->window);
        widen(s);
    } else {
        s->window = FIRST_WINDOW;
    }
    s->used = ++c->clock;
    s->next = index + nr;
    s->marker = UINT64_MAX;
    if (!read_some(c, index, nr)) {
        return false;
    }
    if (nr > wanted) {
        mark(c, s, index + nr / 2);
    }
    return true;
}

/* A reader in order has come to what was read ahead: more of it, while he goes on. */
static void go_on(struct cache *c, struct cache_page *p)
{
    p->marker = false;
    for (unsigned int i = 0; i < NR_STREAMS; i++) {
        struct stream *s = &c->streams[i];
        uint64_t from = s->next;

        if (s->window > 0 && s->marker == p->index) {
            s->used = ++c->clock;
            s->next += s->window;
            (void)read_some(c, from, s->window);
            mark(c, s, from);
            widen(s);
            return;
        }
    }
}

/* A page to be overwritten is as good as read. */
static bool add_blank(struct cache *c, uint64_t index)
{
    struct cache_page *p = cache_new_page(c, index);

    if (p == NULL) {
        return false;
    }
    p->valid = true;
    list_push_back(&c->clean, &p->link);
    return true;
}

/* Until the page's request is answered. True: it holds what the disk has. */
static bool wait_valid(struct cache *c, struct cache_page *p)
{
    wait_event(&c->changed, !p->reading);
    return p->valid && !p->gone;
}

int cache_get(struct cache *c, uint64_t index, bool whole, uint64_t wanted, struct cache_page **out)
{
    unsigned int failures = 0;

    for (;;) {
        struct cache_page *p = cache_find(c, index);
        bool coming = p != NULL;

        if (p == NULL) {
            coming = whole           ? add_blank(c, index)
                     : failures == 0 ? miss(c, index, wanted)
                                     : read_some(c, index, 1);
            p = cache_find(c, index);
        }
        if (p == NULL) {
            if (!coming && !cache_wait_for_room(c)) {
                return -ENOMEM;
            }
            continue;
        }
        p->pins++;
        if (wait_valid(c, p)) {
            if (!p->dirty && !p->writing) {
                list_remove(&p->link);
                list_push_back(&c->clean, &p->link);
            }
            *out = p;
            if (p->marker) {
                go_on(c, p);
            }
            return 0;
        }
        /* It could not be read. Once more, alone: perhaps a neighbour was to blame. */
        if (!p->gone) {
            cache_remove(c, p);
        }
        cache_unpin(p);
        if (++failures > 1) {
            return c->dev->state == BLKDEV_ABSENT ? -ENXIO : -EIO;
        }
    }
}

int cache_read(struct cache *c, uint64_t offset, void *buf, size_t bytes)
{
    char *to = buf;

    cache_check(c);
    while (bytes > 0) {
        size_t in_page = offset % PAGE_SIZE, part = MIN(bytes, PAGE_SIZE - in_page);
        struct cache_page *p;
        uint64_t wanted = MIN((bytes + in_page + PAGE_SIZE - 1) / PAGE_SIZE, (uint64_t)LARGEST_WINDOW);
        int rc = cache_get(c, offset / PAGE_SIZE, false, wanted, &p);

        if (rc != 0) {
            return rc;
        }
        if (p->gone) {
            cache_unpin(p);
            return -EIO;
        }
        c->stats.hits++;
        memcpy(to, p->data + in_page, part);
        cache_unpin(p);
        to += part;
        offset += part;
        bytes -= part;
    }
    return 0;
}
