// SPDX-License-Identifier: MIT
/*
 * The bytes of files in memory. Pages hang in a tree of tables that grows at its root, so that sparse files cost what
 * was written. A page is copied from the file's origin when it is first written to; the origin itself never changes.
 */
#include "memfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/page.h>
#include <xenolith/string.h>
#include <xenolith/types.h>

#define FANOUT_SHIFT 9
#define FANOUT       (1u << FANOUT_SHIFT)

static void *new_page(struct memfs *m)
{
    void *page = m->nr_pages < m->limit_pages ? page_alloc(0) : NULL;

    if (page != NULL) {
        m->nr_pages++;
    }
    return page;
}

static void *new_table(struct memfs *m)
{
    void *table = new_page(m);

    if (table != NULL) {
        memset(table, 0, PAGE_SIZE);
    }
    return table;
}

static void free_page(struct memfs *m, void *page)
{
    m->nr_pages--;
    page_free(page, 0);
}

/* Pages that a tree of this height reaches; height 0 is one page without a table. */
static uint64_t reach_of(unsigned int height)
{
    return height * FANOUT_SHIFT >= 52 ? UINT64_MAX : UINT64_C(1) << (height * FANOUT_SHIFT);
}

static unsigned int index_at(uint64_t page, unsigned int level)
{
    return (page >> ((level - 1) * FANOUT_SHIFT)) & (FANOUT - 1);
}

static char *find_page(const struct mem_data *d, uint64_t page)
{
    void *at = d->root;

    if (page >= reach_of(d->height)) {
        return NULL;
    }
    for (unsigned int level = d->height; level > 0 && at != NULL; level--) {
        at = ((void **)at)[index_at(page, level)];
    }
    return at;
}

/* The place in the tree where @page hangs or will, tables made on the way. NULL: no memory. */
static void **place_of(struct memfs *m, struct mem_data *d, uint64_t page)
{
    void **place;

    while (page >= reach_of(d->height)) {
        if (d->root != NULL) {
            void **table = new_table(m);

            if (table == NULL) {
                return NULL;
            }
            table[0] = d->root;
            d->root = table;
        }
        d->height++;
    }
    place = &d->root;
    for (unsigned int level = d->height; level > 0; level--) {
        if (*place == NULL) {
            *place = new_table(m);
            if (*place == NULL) {
                return NULL;
            }
        }
        place = (void **)*place + index_at(page, level);
    }
    return place;
}

/* What the origin has of @page; the rest of a page is zeros. */
static size_t origin_part(const struct mem_data *d, uint64_t page, const char **from)
{
    uint64_t start = page * PAGE_SIZE;

    if (start >= d->origin_bytes) {
        return 0;
    }
    *from = d->origin + start;
    return MIN(d->origin_bytes - start, PAGE_SIZE);
}

/* A page of the file's own, which the caller will overwrite whole if @whole. */
static char *own_page(struct memfs *m, struct mem_data *d, uint64_t page, bool whole)
{
    void **place = place_of(m, d, page);
    const char *from;
    size_t part;

    if (place == NULL) {
        return NULL;
    }
    if (*place == NULL) {
        *place = new_page(m);
        if (*place == NULL) {
            return NULL;
        }
        d->nr_pages++;
        if (!whole) {
            part = origin_part(d, page, &from);
            if (part > 0) {
                memcpy(*place, from, part);
            }
            memset((char *)*place + part, 0, PAGE_SIZE - part);
        }
    }
    return *place;
}

static void copy_page_out(const struct mem_data *d, uint64_t page, size_t offset, char *to, size_t bytes)
{
    const char *from = find_page(d, page);
    size_t part = PAGE_SIZE;

    if (from == NULL) {
        part = origin_part(d, page, &from);
    }
    part = part > offset ? MIN(part - offset, bytes) : 0;
    if (part > 0) {
        memcpy(to, from + offset, part);
    }
    memset(to + part, 0, bytes - part);
}

long mem_read(struct node *node, void *buf, size_t bytes, uint64_t offset)
{
    struct mem_node *n = mem_of(node);
    char *to = buf;
    size_t left;

    if (offset >= n->size_bytes) {
        return 0;
    }
    bytes = MIN(bytes, n->size_bytes - offset);
    if (n->data.root == NULL && offset + bytes <= n->data.origin_bytes) {
        memcpy(buf, n->data.origin + offset, bytes);
        return (long)bytes;
    }
    for (left = bytes; left > 0;) {
        size_t in_page = offset % PAGE_SIZE;
        size_t part = MIN(left, PAGE_SIZE - in_page);

        copy_page_out(&n->data, offset / PAGE_SIZE, in_page, to, part);
        to += part;
        offset += part;
        left -= part;
    }
    return (long)bytes;
}

long mem_write(struct node *node, const void *buf, size_t bytes, uint64_t offset)
{
    struct mem_node *n = mem_of(node);
    const char *from = buf;
    size_t left;

    for (left = bytes; left > 0;) {
        size_t in_page = offset % PAGE_SIZE;
        size_t part = MIN(left, PAGE_SIZE - in_page);
        char *page = own_page(memfs_of(n), &n->data, offset / PAGE_SIZE, part == PAGE_SIZE);

        if (page == NULL) {
            break;
        }
        memcpy(page + in_page, from, part);
        from += part;
        offset += part;
        left -= part;
    }
    if (bytes > 0 && left == bytes) {
        return -ENOSPC;
    }
    n->size_bytes = MAX(n->size_bytes, offset);
    mem_touch(n);
    return (long)(bytes - left);
}

/* Frees the pages from number @first on below @place; true when nothing is left there. */
static bool cut(struct memfs *m, struct mem_data *d, void **place, unsigned int level, uint64_t first)
{
    void **table = *place;
    bool empty = true;

    if (table == NULL) {
        return true;
    }
    if (level == 0) {
        d->nr_pages--;
    } else {
        unsigned int from = index_at(first, level);

        for (unsigned int i = 0; i < FANOUT; i++) {
            if (i < from) {
                empty = empty && table[i] == NULL;
            } else {
                uint64_t below = i == from ? first & (reach_of(level - 1) - 1) : 0;

                empty = cut(m, d, &table[i], level - 1, below) && empty;
            }
        }
    }
    if (empty) {
        free_page(m, table);
        *place = NULL;
    }
    return empty;
}

void mem_data_clear(struct mem_node *n)
{
    (void)cut(memfs_of(n), &n->data, &n->data.root, n->data.height, 0);
    n->data.height = 0;
    n->data.origin_bytes = 0;
}

/* What a later growth would bring back into sight must be zeros. */
static void clear_tail(struct mem_node *n, uint64_t bytes)
{
    char *page = bytes % PAGE_SIZE != 0 ? find_page(&n->data, bytes / PAGE_SIZE) : NULL;

    if (page != NULL) {
        memset(page + bytes % PAGE_SIZE, 0, PAGE_SIZE - bytes % PAGE_SIZE);
    }
}

int mem_resize(struct node *node, uint64_t bytes)
{
    struct mem_node *n = mem_of(node);
    uint64_t first = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);

    if (bytes > INT64_MAX) {
        return -EFBIG;
    }
    if (bytes < n->size_bytes) {
        if (bytes == 0) {
            mem_data_clear(n);
        } else if (first < reach_of(n->data.height)) {
            (void)cut(memfs_of(n), &n->data, &n->data.root, n->data.height, first);
        }
        n->data.origin_bytes = MIN(n->data.origin_bytes, bytes);
        clear_tail(n, bytes);
    }
    n->size_bytes = bytes;
    mem_touch(n);
    return 0;
}

/* Only what lies in the origin: pages of our own may be written to again, or freed. */
int mem_map(struct node *node, uint64_t offset, const void **address, size_t *bytes)
{
    struct mem_node *n = mem_of(node);
    uint64_t end;

    if (offset >= n->data.origin_bytes) {
        return -ENODEV;
    }
    end = MIN(n->data.origin_bytes, n->size_bytes);
    if (n->data.root != NULL) {
        if (find_page(&n->data, offset / PAGE_SIZE) != NULL) {
            return -ENODEV;
        }
        end = MIN(end, (offset / PAGE_SIZE + 1) * PAGE_SIZE);
    }
    *address = n->data.origin + offset;
    *bytes = end - offset;
    return 0;
}
