// SPDX-License-Identifier: MIT
/*
 * The items of an epoll: a hash table by descriptor that doubles when it is full, and how epolls stand inside each other. Never asks
 * a file anything.
 */
#include "epoll_priv.h"

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>

#define FIRST_BUCKETS 8

/* As on Linux: an epoll in an epoll in ..., so many at most above the innermost. */
#define MAX_LEVELS 4

static struct epoll_item **bucket_of(const struct epoll *ep, int fd)
{
    return &ep->buckets[(size_t)fd & (ep->nr_buckets - 1)];
}

int epoll_items_init(struct epoll *ep)
{
    ep->buckets = heap_zalloc(FIRST_BUCKETS, sizeof(*ep->buckets));
    ep->nr_buckets = FIRST_BUCKETS;
    return ep->buckets != NULL ? 0 : -ENOMEM;
}

struct epoll_item *epoll_item_find(const struct epoll *ep, const struct file *file, int fd)
{
    struct epoll_item *item = *bucket_of(ep, fd);

    while (item != NULL && (item->fd != fd || item->file != file)) {
        item = item->next;
    }
    return item;
}

/* Without memory the buckets just hold more. */
static void grow(struct epoll *ep)
{
    struct epoll_item **old = ep->buckets;
    size_t nr_old = ep->nr_buckets;
    struct epoll_item **larger = heap_zalloc(2 * nr_old, sizeof(*larger));

    if (larger == NULL) {
        return;
    }
    ep->buckets = larger;
    ep->nr_buckets = 2 * nr_old;
    for (size_t i = 0; i < nr_old; i++) {
        struct epoll_item *item = old[i];

        while (item != NULL) {
            struct epoll_item *next = item->next;
            struct epoll_item **bucket = bucket_of(ep, item->fd);

            item->next = *bucket;
            *bucket = item;
            item = next;
        }
    }
    heap_free(old);
}

struct epoll_item *epoll_item_add(struct epoll *ep, struct file *file, int fd)
{
    struct epoll_item *item = heap_zalloc(1, sizeof(*item));
    struct epoll_item **bucket;

    if (item == NULL) {
        return NULL;
    }
    if (ep->nr_items >= ep->nr_buckets) {
        grow(ep);
    }
    bucket = bucket_of(ep, fd);
    item->epoll = ep;
    item->file = file;
    item->fd = fd;
    item->next = *bucket;
    *bucket = item;
    item->watch.changed = epoll_item_changed;
    list_init(&item->watch.link);
    list_init(&item->ready_link);
    ep->nr_items++;
    ep->nr_nested += epoll_of(file) != NULL;
    return item;
}

void epoll_item_remove(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    struct epoll_item **at = bucket_of(ep, item->fd);

    while (*at != item) {
        at = &(*at)->next;
    }
    *at = item->next;
    file_unwatch(&item->watch);
    list_remove(&item->ready_link);
    ep->nr_items--;
    ep->nr_nested -= epoll_of(item->file) != NULL;
    heap_free(item);
}

void epoll_items_destroy(struct epoll *ep)
{
    for (size_t i = 0; i < ep->nr_buckets; i++) {
        while (ep->buckets[i] != NULL) {
            epoll_item_remove(ep->buckets[i]);
        }
    }
    heap_free(ep->buckets);
}

/* Levels of epolls below @ep, or -1 if @sought is among them. What there is has MAX_LEVELS at most. */
static int levels_below(const struct epoll *ep, const struct epoll *sought)
{
    int levels = 0;

    for (size_t i = 0; ep->nr_nested > 0 && i < ep->nr_buckets; i++) {
        for (const struct epoll_item *item = ep->buckets[i]; item != NULL; item = item->next) {
            const struct epoll *inner = epoll_of(item->file);
            int below;

            if (inner == NULL) {
                continue;
            }
            below = inner == sought ? -1 : levels_below(inner, sought);
            if (below < 0) {
                return -1;
            }
            levels = MAX(levels, below + 1);
        }
    }
    return levels;
}

/* Levels of epolls above @ep. */
static int levels_above(const struct epoll *ep)
{
    struct list *pos;
    int levels = 0;

    list_for_each(pos, &ep->file.watches) {
        const struct file_watch *watch = list_entry(pos, struct file_watch, link);

        if (watch->changed == epoll_item_changed) {
            levels = MAX(levels, 1 + levels_above(container_of(watch, struct epoll_item, watch)->epoll));
        }
    }
    return levels;
}

bool epoll_may_nest(const struct epoll *ep, const struct epoll *inner)
{
    int below = levels_below(inner, ep);

    return below >= 0 && below + 1 + levels_above(ep) <= MAX_LEVELS;
}
