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
    uint64_t left = c->dev->size_bytes - MIN(index * PAGE_SIZE, c->dev->size_bytes);

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

static struct cache_io *take_io(struct cache *c)
{
    struct list *link;

    while ((link = list_pop_front(&c->free_io)) == NULL) {
        /* What was submitted so far may not be on its way yet. */
        blkdev_push(c->dev);
        (void)cache_wait(c);
    }
    return list_entry(link, struct cache_io, link);
}

static void page_answered(struct cache *c, struct cache_page *p, bool was_read, int status)
{
    if (was_read) {
        p->reading = false;
        p->valid = status == 0;
    } else {
        p->writing = false;
    }
    if (status == -EBUSY) {
        /* Its memory must never be used for anything else; what was in it is lost to us too. */
        if (p->dirty) {
            p->dirty = false;
            c->nr_dirty--;
        }
        cache_remove(c, p, true);
    }
}

static void answered(struct blkdev_req *req, int status)
{
    struct cache_io *io = container_of(req, struct cache_io, req);
    struct cache *c = io->cache;
    bool was_read = req->op == BLKDEV_READ;

    if (status != 0 && !was_read) {
        c->error = status == -EBUSY ? -EIO : status;
    }
    for (unsigned int i = 0; i < io->nr; i++) {
        page_answered(c, io->pages[i], was_read, status);
    }
    list_push_back(&c->free_io, &io->link);
    c->io_under_way--;
    wait_wake_all(&c->changed);
}

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
    rc = blkdev_submit(c->dev, &io->req, true);
    if (rc != 0) {
        answered(&io->req, rc);
    }
}

void cache_submit_read(struct cache *c, struct cache_page **pages, unsigned int nr)
{
    struct cache_io *io = take_io(c);

    io->nr = nr;
    for (unsigned int i = 0; i < nr; i++) {
        io->pages[i] = pages[i];
    }
    submit(io, BLKDEV_READ);
    blkdev_push(c->dev);
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
        io->pages[i]->dirty = false;
        io->pages[i]->writing = true;
    }
    c->nr_dirty -= io->nr;
    c->stats.written += io->nr;
}

static struct cache_page *oldest_to_send(struct cache *c)
{
    struct list *link;

    list_for_each(link, &c->ages) {
        struct cache_page *p = list_entry(link, struct cache_page, age);

        if (can_be_sent(p)) {
            return p;
        }
    }
    return NULL;
}

size_t cache_submit_writes(struct cache *c, size_t max)
{
    size_t sent = 0;

    while (sent < max && c->nr_dirty > 0) {
        struct cache_io *io = take_io(c);
        struct cache_page *p = oldest_to_send(c);

        if (p == NULL) {
            list_push_front(&c->free_io, &io->link);
            break;
        }
        gather(io, p);
        sent += io->nr;
        submit(io, BLKDEV_WRITE);
    }
    blkdev_push(c->dev);
    return sent;
}
