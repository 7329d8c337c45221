// SPDX-License-Identifier: MIT
/*
 * The files that were asked for lately: a table of limited size; who was not used for longest goes. What an entry is made of is
 * entry.c's. Never touches the file system.
 *
 * An entry is compared with the file system at most once a second, and made anew when it differs; who is still sending the
 * old one keeps it by its reference.
 */
#include "httpd.h"
#include "uri.h"

#define BUCKETS     256

static struct {
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    uint64_t bytes, max_bytes;
    unsigned int count, max_count;
} cache;

void files_init(uint64_t bytes, unsigned int count)
{
    cache.max_bytes = bytes;
    cache.max_count = count;
}

uint64_t files_bytes(void)
{
    return cache.bytes;
}

unsigned int files_count(void)
{
    return cache.count;
}

static uint32_t hash_of(const char *path)
{
    uint32_t hash = 2166136261U;

    for (; *path != '\0'; path++) {
        hash = (hash ^ (unsigned char)*path) * 16777619U;
    }
    return hash;
}

static uint64_t cost_of(const struct entry *e)
{
    uint64_t own = sizeof(*e) + HTTPD_PATH_MAX / 8 + e->head_length + e->kept_body;

    return own + (e->gzip != NULL ? cost_of(e->gzip) : 0);
}

static void unlink_use(struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &cache.newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &cache.oldest) = e->newer;
}

static void link_use(struct entry *e)
{
    e->newer = NULL;
    e->older = cache.newest;
    *(cache.newest != NULL ? &cache.newest->newer : &cache.oldest) = e;
    cache.newest = e;
}

static void set_listed(struct entry *e, bool listed)
{
    e->listed = listed;
    if (e->gzip != NULL) {
        e->gzip->listed = listed;
    }
}

/* Out of the table; it lives on as long as somebody sends it. */
static void forget(struct entry *e)
{
    struct entry **link = &cache.buckets[e->hash % BUCKETS];

    while (*link != e) {
        link = &(*link)->next_in_bucket;
    }
    *link = e->next_in_bucket;
    unlink_use(e);
    cache.bytes -= cost_of(e);
    cache.count--;
    set_listed(e, false);
    files_put(e);
}

static void remember(struct entry *e)
{
    e->next_in_bucket = cache.buckets[e->hash % BUCKETS];
    cache.buckets[e->hash % BUCKETS] = e;
    link_use(e);
    cache.bytes += cost_of(e);
    cache.count++;
    set_listed(e, true);
    e->refs++;
    while (cache.oldest != e && (cache.bytes > cache.max_bytes || cache.count > cache.max_count)) {
        forget(cache.oldest);
    }
}

bool files_fresh(const struct entry *e)
{
    return e->listed && e->checked_second == server_second;
}

int files_find(const char *path, struct entry **out)
{
    uint32_t hash = hash_of(path);
    struct entry *e = cache.buckets[hash % BUCKETS];

    while (e != NULL && (e->hash != hash || strcmp(e->path, path) != 0)) {
        e = e->next_in_bucket;
    }
    if (e != NULL && e->checked_second != server_second) {
        if (entry_unchanged(e)) {
            e->checked_second = server_second;
            if (e->gzip != NULL) {
                e->gzip->checked_second = server_second;
            }
        } else {
            forget(e);
            e = NULL;
        }
    }
    if (e == NULL) {
        counters.cache_misses++;
        int status = uri_hidden(path) ? 404 : entry_make(path, hash, false, &e);

        if (status != 0) {
            return status;
        }
        remember(e);
    } else {
        counters.cache_hits++;
        unlink_use(e);
        link_use(e);
        e->refs++;
    }
    *out = e;
    return 0;
}
