// SPDX-License-Identifier: MIT
/*
 * Writing through the page cache: what is dirty, who has to wait for the disk, and how errors reach those who ask. Errors are
 * counted; each who syncs knows how many he has been told of.
 */
#include "cache_priv.h"

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

#define DIRTY_SHARE 4 /* of the bound of all caches */

/* Who writes faster than the disk waits here. */
static void throttle(struct cache *c)
{
    size_t limit = cache_memory.limit / DIRTY_SHARE;

    if (cache_memory.dirty > limit / 2 && c->nr_dirty >= CLUSTER_PAGES) {
        (void)cache_submit_writes(c, CLUSTER_PAGES, UINT64_MAX);
    }
    while (cache_memory.dirty > limit && cache_wait_for_room(c)) {
    }
}

static void set_dirty(struct cache *c, struct cache_page *p)
{
    if (!p->dirty) {
        p->dirty = true;
        p->dirtied = ++c->nr_dirtied;
        list_remove(&p->link);
        list_push_back(&c->dirty, &p->link);
        c->nr_dirty++;
        cache_memory.dirty++;
    }
}

int cache_write(struct cache *c, uint64_t offset, const void *buf, size_t bytes)
{
    const char *from = buf;

    cache_check(c);
    while (bytes > 0) {
        size_t in_page = offset % PAGE_SIZE, part = MIN(bytes, PAGE_SIZE - in_page);
        struct cache_page *p;
        int rc = cache_get(c, offset / PAGE_SIZE, part == PAGE_SIZE, 1, &p);

        if (rc != 0) {
            return rc;
        }
        if (p->gone) {
            cache_unpin(p);
            return -EIO;
        }
        memcpy(p->data + in_page, from, part);
        set_dirty(c, p);
        cache_unpin(p);
        throttle(c);
        from += part;
        offset += part;
        bytes -= part;
    }
    return 0;
}

/* What became dirty before is sent, and what was sent before is answered. Whatever comes meanwhile is not waited for. */
static void write_all(struct cache *c)
{
    uint64_t until = c->nr_dirtied, last;

    cache_check(c);
    while (!list_is_empty(&c->dirty) &&
           list_entry(c->dirty.next, struct cache_page, link)->dirtied <= until) {
        /* None to send: they are all on their way with what they held before. */
        if (cache_submit_writes(c, SIZE_MAX, until) == 0 && !cache_wait(c)) {
            break;
        }
    }
    last = c->nr_writes;
    while (!list_is_empty(&c->writes) && list_entry(c->writes.next, struct cache_io, link)->number <= last) {
        (void)cache_wait(c);
    }
}

int cache_write_back(struct cache *c)
{
    write_all(c);
    return c->errors != c->fs_seen ? c->last_error : 0;
}

uint32_t cache_errors(struct cache *c)
{
    /* What a disk that is gone did not take is no affair of who begins with the one in its place. */
    cache_check(c);
    return c->errors;
}

int cache_sync_since(struct cache *c, uint32_t *seen)
{
    int rc;

    write_all(c);
    if (c->dev->state == BLKDEV_ABSENT) {
        rc = -ENXIO;
    } else {
        rc = blkdev_flush(c->dev);
        if (rc != 0) {
            /* Some of what was answered may be lost, whoever wrote it. */
            cache_note_error(c, rc);
        }
    }
    if (c->errors != *seen) {
        *seen = c->errors;
        return c->last_error;
    }
    return rc;
}

int cache_sync(struct cache *c)
{
    return cache_sync_since(c, &c->fs_seen);
}
