// SPDX-License-Identifier: MIT
/*
 * Pages that data is copied through, and pages of segment lists: granted when made, until the connection ends. The one used last is used
 * next, so that a backend which keeps only some of them mapped keeps the right ones. Nothing the backend does changes how many there are.
 */
#include <xenolith/heap.h>
#include <xenolith/page.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "blkfront_priv.h"

/** end_page() - Take a page of ours back. Return: whether the backend had let go of it. */
static bool end_page(grant_ref_t ref, void *page)
{
    if (gnttab_end(ref) == 0) {
        page_free_exact(page, 1);
        return true;
    }
    stuck_add(ref, page);
    return false;
}

/**
 * grant_page() - A zeroed page: whatever lay there before is none of the backend's business. A backend that keeps grants maps all of them
 * for writing, lists of segments too; we never read those.
 * Return: NULL: no memory, or no grant.
 */
static void *grant_page(struct queue *q, grant_ref_t *ref)
{
    void *page = page_alloc_exact(1);

    if (page == NULL) {
        return NULL;
    }
    memset(page, 0, PAGE_SIZE);
    if (gnttab_grant(q->bf->f->backend_id, page, false, ref) != 0) {
        page_free_exact(page, 1);
        return NULL;
    }
    return page;
}

static bool make_kept(struct queue *q)
{
    struct kept *k;

    if (q->nr_kept >= q->max_kept) {
        return false;
    }
    k = heap_alloc(sizeof(*k));
    if (k == NULL) {
        return false;
    }
    k->page = grant_page(q, &k->ref);
    if (k->page == NULL) {
        heap_free(k);
        return false;
    }
    q->nr_kept++;
    kept_give(q, k);
    return true;
}

int pool_open(struct queue *q)
{
    struct page_stats stats;
    unsigned long share;

    page_get_stats(&stats);
    share = stats.total / 8 / q->bf->nr_queues;
    q->max_kept = (unsigned int)MIN(MAX(share, BLKFRONT_INLINE), BLKFRONT_KEPT_MAX);
    return q->nr_kept != 0 || make_kept(q) ? 0 : -ENOMEM;
}

unsigned int pool_room(struct queue *q, unsigned int wanted)
{
    while (q->free_kept < wanted && make_kept(q)) {
    }
    return MIN(q->free_kept, wanted);
}

struct kept *kept_take(struct queue *q)
{
    struct kept *k = q->kept;

    if (k != NULL) {
        q->kept = k->next;
        q->free_kept--;
    }
    return k;
}

void kept_give(struct queue *q, struct kept *k)
{
    k->next = q->kept;
    q->kept = k;
    q->free_kept++;
}

struct indirect *indirect_take(struct queue *q)
{
    struct indirect *i = q->indirects;

    if (i != NULL) {
        q->indirects = i->next;
        return i;
    }
    if (q->nr_indirects >= MIN(BLKFRONT_INDIRECT_MAX, 1 + q->max_kept / BLKFRONT_INLINE)) {
        return NULL;
    }
    i = heap_alloc(sizeof(*i));
    if (i == NULL) {
        return NULL;
    }
    i->table = grant_page(q, &i->ref);
    if (i->table == NULL) {
        heap_free(i);
        return NULL;
    }
    q->nr_indirects++;
    return i;
}

void indirect_give(struct queue *q, struct indirect *i)
{
    i->next = q->indirects;
    q->indirects = i;
}

void pool_release(struct queue *q)
{
    unsigned int lost = 0;

    while (q->kept != NULL) {
        struct kept *k = kept_take(q);

        lost += !end_page(k->ref, k->page);
        heap_free(k);
        q->nr_kept--;
    }
    while (q->indirects != NULL) {
        struct indirect *i = q->indirects;

        q->indirects = i->next;
        lost += !end_page(i->ref, i->table);
        heap_free(i);
        q->nr_indirects--;
    }
    if (lost != 0) {
        pr_warn("%s: its backend still uses %u pages\n", q->bf->dev.name, lost);
    }
}
