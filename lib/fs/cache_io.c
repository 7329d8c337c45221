// SPDX-License-Identifier: MIT
/*
 * The page cache's requests: neighbouring pages travel together, answers change pages' states. Never decides what to read or drop.
 */
#include "cache_priv.h"

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/types.h>

uint32_t cache_page_bytes(const struct cache *c, uint64_t index)
{
    uint64_t left = c->size - MIN(index * PAGE_SIZE, c->size);

    return (uint32_t)MIN(left, PAGE_SIZE);
}

bool cache_wait(struct cache *c)
{
    struct waiter waiter;

    if (c->io_under_way == 0) {
        return false;
    }
    wait_prepare(&c->changed, &waiter);
    (void)wait_block(TIME_FOREVER);
    wait_finish(&waiter);
    return true;
}

struct cache_io *cache_take_io(struct cache *c, bool may_block)
{
    struct list *link;

    while ((link = list_pop_front(&c->free_io)) == NULL) {
        if (!may_block) {
            return NULL;
        }
        /* What was submitted so far may not be on its way yet. */
        blkdev_push(c->dev);
        (void)cache_wait(c);
    }
    return list_entry(link, struct cache_io, link);
}

void cache_give_io(struct cache_io *io)
{
    list_push_front(&io->cache->free_io, &io->link);
    wait_wake_all(&io->cache->changed);
}

static void page_answered(struct cache *c, struct cache_page *p, bool was_read, int status)
{
    if (was_read) {
        p->reading = false;
        p->valid = status == 0;
    } else {
        p->writing = false;
    }
    if (status == -EBUSY && !p->gone) {
        /* What is in it is lost to us too. */
        p->reading = true;
        cache_remove(c, p);
        p->reading = false;
    }
    if (p->gone) {
        /* Memory that another domain keeps must never be used for anything else. */
        cache_free(c, p, status == -EBUSY);
    } else if (!p->dirty) {
        list_push_back(&c->clean, &p->link);
    }
}

static void answered(struct blkdev_req *req, int status)
{
    struct cache_io *io = container_of(req, struct cache_io, req);
    struct cache *c = io->cache;
    bool was_read = req->op == BLKDEV_READ;

    if (status != 0 && !was_read) {
        cache_note_error(c, status == -EBUSY ? -EIO : status);
    }
    for (unsigned int i = 0; i < io->nr; i++) {
        page_answered(c, io->pages[i], was_read, status);
    }
    list_remove(&io->link);
    list_push_back(&c->free_io, &io->link);
    c->io_under_way--;
    wait_wake_all(&c->changed);
}

/* What was meant for a disk that is not there any more reaches no other. */
static void submit(struct cache_io *io, enum blkdev_op op)
{
    struct cache *c = io->cache;
    int rc;

    for (unsigned int i = 0; i < io->nr; i++) {
        io->segments[i] =
            (struct blkdev_segment){io->pages[i]->data, cache_page_bytes(c, io->pages[i]->index)};
    }
    io->req = (struct blkdev_req){
        .op = (uint8_t)op,
        .nr_segments = io->nr,
        .segments = io->segments,
        .offset = io->pages[0]->index * PAGE_SIZE,
        .done = answered,
    };
    c->io_under_way++;
    rc = c->generation == c->dev->generation ? blkdev_submit(c->dev, &io->req, true) : -EIO;
    if (rc != 0) {
        answered(&io->req, rc);
    }
}

void cache_submit_read(struct cache_io *io)
{
    submit(io, BLKDEV_READ);
}

static bool can_be_sent(const struct cache_page *p)
{
    return p != NULL && p->dirty && !p->writing && !p->reading;
}

/* The dirty neighbours of @p too, in order. */
static void gather(struct cache_io *io, struct cache_page *p)
{
    struct cache *c = io->cache;
    uint64_t first = p->index;

    while (first > 0 && p->index - first < CLUSTER_PAGES - 1 && can_be_sent(cache_find(c, first - 1))) {
        first--;
    }
    for (io->nr = 0; io->nr < CLUSTER_PAGES; io->nr++) {
        struct cache_page *next = cache_find(c, first + io->nr);

        if (!can_be_sent(next)) {
            break;
        }
        io->pages[io->nr] = next;
    }
    for (unsigned int i = 0; i < io->nr; i++) {
        list_remove(&io->pages[i]->link);
        io->pages[i]->dirty = false;
        io->pages[i]->writing = true;
    }
    c->nr_dirty -= io->nr;
    cache_memory.dirty -= io->nr;
    c->stats.written += io->nr;
}

/* A page that is on its way while it is written to again stays in the list, and is passed over. */
static struct cache_page *oldest_to_send(struct cache *c, uint64_t until)
{
    struct list *link;

    list_for_each(link, &c->dirty) {
        struct cache_page *p = list_entry(link, struct cache_page, link);

        if (p->dirtied > until) {
            return NULL;
        }
        if (can_be_sent(p)) {
            return p;
        }
    }
    return NULL;
}

size_t cache_submit_writes(struct cache *c, size_t max, uint64_t until)
{
    size_t sent = 0;

    while (sent < max && oldest_to_send(c, until) != NULL) {
        struct cache_io *io = cache_take_io(c, true);
        struct cache_page *p = oldest_to_send(c, until);

        if (p == NULL) {
            cache_give_io(io);
            break;
        }
        gather(io, p);
        sent += io->nr;
        io->number = ++c->nr_writes;
        list_push_back(&c->writes, &io->link);
        submit(io, BLKDEV_WRITE);
    }
    blkdev_push(c->dev);
    return sent;
}
