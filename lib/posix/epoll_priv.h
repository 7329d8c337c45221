// SPDX-License-Identifier: MIT
/*
 * What the two halves of epoll share: epoll.c, who waits and what is ready; epoll_items.c, which items there are.
 */
#ifndef EPOLL_PRIV_H
#define EPOLL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <xenolith/list.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

struct epoll;

/**
 * struct epoll_item - A file of interest under one descriptor; the same file under another one is another item.
 * @ready_link: In its epoll's ready list, or in none.
 * @next:       In the same bucket.
 * @file:       Without a reference: the watch is told when it goes.
 * @events:     What was asked for; with none of what an event can be, the item is disabled (EPOLLONESHOT).
 */
struct epoll_item {
    struct file_watch watch;
    struct list ready_link;
    struct epoll_item *next;
    struct epoll *epoll;
    struct file *file;
    int fd;
    uint32_t events;
    uint64_t data;
};

/**
 * struct epoll - @ready lists the items that may be ready; whoever takes one asks its file. @nr_nested: items that are epolls.
 */
struct epoll {
    struct file file;
    struct list ready;
    struct wait_queue waiters;
    struct epoll_item **buckets;
    size_t nr_buckets, nr_items, nr_nested;
};

/** epoll_of() - The epoll that @file is, or NULL. */
struct epoll *epoll_of(struct file *file);

/** epoll_items_init() - Room for the first items. -ENOMEM. */
int epoll_items_init(struct epoll *ep);

/** epoll_item_find() - NULL: none. */
struct epoll_item *epoll_item_find(const struct epoll *ep, const struct file *file, int fd);

/** epoll_item_add() - A new one, not watching yet. NULL: no memory. */
struct epoll_item *epoll_item_add(struct epoll *ep, struct file *file, int fd);

/** epoll_item_remove() - Takes it out of everything and frees it. */
void epoll_item_remove(struct epoll_item *item);

/** epoll_items_destroy() - All of them. */
void epoll_items_destroy(struct epoll *ep);

/** epoll_may_nest() - May @ep get @inner as an item? False: a circle, or too many levels. */
bool epoll_may_nest(const struct epoll *ep, const struct epoll *inner);

/** epoll_item_changed() - The watch of every item. */
void epoll_item_changed(struct file_watch *watch, unsigned int ready);

#endif
