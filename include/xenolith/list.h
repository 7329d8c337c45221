// SPDX-License-Identifier: MIT
/*
 * The intrusive doubly linked list. Links only; locking is the owner's affair.
 */
#ifndef XENOLITH_LIST_H
#define XENOLITH_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <xenolith/compiler.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/** list_insert_between() - The one place that links a node in. */
static inline void list_insert_between(struct list *node, struct list *prev, struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_between(node, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_between(node, head->prev, head);
}

/** list_remove() - Unlink; the node is left linked to itself, so a second removal is harmless. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/** list_pop_front() - The first node, unlinked, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *node = head->next;

    if (node == head) {
        return NULL;
    }
    list_remove(node);
    return node;
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

/* The body may remove @pos. */
#define list_for_each_safe(pos, tmp, head)                                       \
    for ((pos) = (head)->next, (tmp) = (pos)->next; (pos) != (head); (pos) = (tmp), (tmp) = (pos)->next)

#endif
