// SPDX-License-Identifier: MIT
/*
 * The order in which a commit reaches the disk, each step flushed before the next:
 * bytes of files, and the zeros of new directories; new chains; what joins them to chains that were there; the entries that lead there, wave by
 * wave; the ends of chains that were cut; what is free now. So a cut leaves clusters that nobody names, or a chain longer than its file.
 */
#include "fat_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/compiler.h>
#include <xenolith/printk.h>

#define LARGE_BYTES (2u << 20)

/* FAT12 has the most entries in a sector, and one more that begins in the sector before. */
#define MOST_ENTRIES (FF_MAX_SS * 8 / 12 + 3)

/* struct joins - Chains that end on the disk at @last and are to go on with @next. */
struct joins {
    struct join {
        uint32_t last, next;
    } * list;
    size_t nr, room;
    uint32_t old[MOST_ENTRIES];
};

static int add_join(struct joins *j, uint32_t last, uint32_t next)
{
    if (j->nr == j->room) {
        size_t room = j->room * 2 + 16;
        struct join *more = realloc(j->list, room * sizeof(*more));

        if (more == NULL) {
            return -ENOMEM;
        }
        j->list = more;
        j->room = room;
    }
    j->list[j->nr++] = (struct join){last, next};
    return 0;
}

/* Entries from @first to @last of the FAT: which were ends, and are not any more? */
static int find_joins(struct fat_fs *x, uint32_t first, uint32_t last, void *arg)
{
    struct joins *j = arg;
    uint32_t now;
    int rc = 0;

    first = MAX(first, 2);
    last = MIN(last, x->ff.n_fatent - 1);
    fat_lib_view(x, true);
    for (uint32_t c = first; rc == 0 && c <= last && c - first < MOST_ENTRIES; c++) {
        rc = fat_entry_of(x, c, &j->old[c - first]);
    }
    fat_lib_view(x, false);
    for (uint32_t c = first; rc == 0 && c <= last && c - first < MOST_ENTRIES; c++) {
        if (j->old[c - first] < x->ff.n_fatent) {
            continue;
        }
        rc = fat_entry_of(x, c, &now);
        if (rc == 0 && fat_is_cluster(x, now)) {
            rc = add_join(j, c, now);
        }
    }
    return rc;
}

/* All of the FAT but the joins, then the joins: the other way round a chain might lead to clusters that are free still. */
static int write_fat(struct fat_fs *x)
{
    struct joins *j = calloc(1, sizeof(*j));
    int rc = j != NULL ? fat_changed_fat(x, find_joins, j) : -ENOMEM, again;
    bool any = j != NULL && j->nr > 0;

    for (size_t i = 0; rc == 0 && i < j->nr; i++) {
        rc = fat_set_entry(x, j->list[i].last, UINT32_MAX);
    }
    rc = rc != 0 ? rc : fat_lib_flush(x);
    rc = rc != 0 ? rc : fat_write_blocks(x, true, 0);
    for (size_t i = 0; any && i < j->nr; i++) {
        again = fat_set_entry(x, j->list[i].last, j->list[i].next);
        rc = rc != 0 ? rc : again;
    }
    if (any) {
        again = fat_lib_flush(x);
        rc = rc != 0 ? rc : again;
        rc = rc != 0 ? rc : fat_write_blocks(x, true, 0);
    }
    if (j != NULL) {
        free(j->list);
        free(j);
    }
    return rc;
}

/* Chains that stay end where they are to end before what followed is free. */
static int end_chains(struct fat_fs *x)
{
    bool any = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < x->nr_losses; i++) {
        if (x->losses[i].previous != 0) {
            any = true;
            rc = fat_set_entry(x, x->losses[i].previous, UINT32_MAX);
        }
    }
    rc = rc != 0 ? rc : fat_lib_flush(x);
    return rc == 0 && any ? fat_flush(x) : rc;
}

/* No entry on the disk leads to them any more. */
static int free_losses(struct fat_fs *x)
{
    int rc;

    x->straight = true;
    rc = end_chains(x);
    for (size_t i = 0; rc == 0 && i < x->nr_losses; i++) {
        rc = fat_free_chain(x, x->losses[i].start);
        x->freed = true;
    }
    x->nr_losses = 0;
    if (rc == 0) {
        rc = fat_lib_write_info(x);
    }
    x->straight = false;
    return rc;
}

static int commit(struct fat_fs *x)
{
    int rc = fat_lib_flush(x);

    if (rc == 0 && x->nr_blocks == 0 && x->nr_losses == 0) {
        return fat_flush(x);
    }
    if (rc == 0 && (x->zeroed || x->freed)) {
        rc = fat_flush(x);
    }
    rc = rc != 0 ? rc : write_fat(x);
    for (unsigned int wave = 0; rc == 0 && wave <= x->wave; wave++) {
        rc = fat_write_blocks(x, false, wave);
    }
    if (rc != 0) {
        return rc;
    }
    fat_drop_blocks(x);
    x->wave = 0;
    x->zeroed = x->freed = false;
    return free_losses(x);
}

int fat_stop(struct fat_fs *x, int error)
{
    if (!x->stopped) {
        pr_err("fat: %s: cannot be changed (%d): what was not synced is lost", cache_device(x->cache)->name,
               error);
        x->stopped = true;
        x->failed = error == -ENOMEM ? -EIO : error;
        x->fs.read_only = true;
    }
    return error;
}

int fat_commit(struct fat_fs *x)
{
    int rc;

    if (x->stopped) {
        return x->failed;
    }
    rc = commit(x);
    if (rc != 0 && rc != -ENOMEM) {
        pr_err("fat: %s: cannot be written to (%d): no changes from now on", cache_device(x->cache)->name,
               rc);
        x->stopped = true;
        x->failed = rc;
        x->fs.read_only = true;
    }
    return rc;
}

void fat_commit_if_large(struct fat_fs *x)
{
    if ((uint64_t)x->nr_blocks * x->sector_bytes >= LARGE_BYTES) {
        (void)fat_commit(x);
    }
}

int fat_make_room(struct fat_fs *x)
{
    int rc;

    fat_reap(x);
    if (x->nr_losses > 0) {
        rc = fat_commit(x);
        return rc != 0 ? rc : fat_reserve(x);
    }
    if (!x->counted) {
        rc = fat_lib_count(x);
        return rc != 0 ? rc : x->ff.free_clst > 0 ? 0 : -ENOSPC;
    }
    return -ENOSPC;
}
