// SPDX-License-Identifier: MIT
/*
 * The bytes of files. Where they lie is known in runs, found by following the chain; of a very scattered file only every so many runs are
 * remembered. FAT has no holes: what lies between the end and a write beyond it is written as zeros.
 */
#include "fat_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/compiler.h>

#define LARGE_PART (1u << 20)

static const char zeros[4096];

/* The last run that is known and begins at or before @index. */
static unsigned int known_run(const struct fat_node *n, uint32_t index)
{
    unsigned int low = 0, high = n->nr_runs;

    while (high - low > 1) {
        unsigned int middle = (low + high) / 2;

        if (n->runs[middle].at <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Every second one is forgotten when there are too many; without memory the chain is followed again. */
static void remember(struct fat_node *n, const struct fat_run *run)
{
    if (n->nr_runs > 0 && n->runs[n->nr_runs - 1].at >= run->at) {
        return;
    }
    if (n->nr_runs == FAT_RUNS) {
        for (unsigned int i = 0; i < FAT_RUNS / 2; i++) {
            n->runs[i] = n->runs[2 * i];
        }
        n->nr_runs = FAT_RUNS / 2;
    }
    if (n->nr_runs == n->room_for_runs) {
        unsigned int room = MIN(n->room_for_runs * 2 + 4, FAT_RUNS);
        struct fat_run *more = realloc(n->runs, room * sizeof(*more));

        if (more == NULL) {
            return;
        }
        n->runs = more;
        n->room_for_runs = room;
    }
    n->runs[n->nr_runs++] = *run;
}

static void forget_runs(struct fat_node *n)
{
    n->nr_runs = 0;
}

/*
 * The run that cluster @index of the file lies in, from its beginning, known for up to @most clusters from @index on. 1; 0 when the chain ends
 * before, with its last run (nr is 0 when there is no chain).
 */
static int find_run(struct fat_node *n, uint32_t index, uint32_t most, struct fat_run *run)
{
    struct fat_fs *x = fat_of(n->node.fs);
    uint32_t next;
    unsigned int i;

    *run = (struct fat_run){0};
    if (n->cluster == 0) {
        return 0;
    }
    if (!fat_is_cluster(x, n->cluster)) {
        return fat_damaged(x, "a file's first cluster does not exist");
    }
    if (n->nr_runs == 0) {
        remember(n, &(struct fat_run){0, n->cluster, 1});
    }
    i = known_run(n, index);
    *run = n->nr_runs > 0 ? n->runs[i] : (struct fat_run){0, n->cluster, 1};
    while (index >= run->at + run->nr || run->at + run->nr - index < most) {
        int rc = fat_next(x, run->cluster + run->nr - 1, &next);

        if (rc != 0) {
            return rc;
        }
        if (run->at + run->nr > x->ff.n_fatent) {
            return fat_damaged(x, "a file's chain has no end");
        }
        if (next == run->cluster + run->nr) {
            run->nr++;
        } else if (next == 0 || index < run->at + run->nr) {
            break;
        } else {
            *run = (struct fat_run){run->at + run->nr, next, 1};
            remember(n, run);
        }
        i = n->nr_runs > 0 && n->runs[n->nr_runs - 1].at == run->at ? n->nr_runs - 1 : i;
        if (n->nr_runs > 0 && n->runs[i].at == run->at) {
            n->runs[i].nr = MAX(n->runs[i].nr, run->nr);
        }
    }
    return index < run->at + run->nr;
}

static uint32_t clusters_of(const struct fat_fs *x, uint64_t bytes)
{
    return (uint32_t)((bytes + x->cluster_bytes - 1) / x->cluster_bytes);
}

static long read_locked(struct fat_node *n, char *to, size_t bytes, uint64_t offset)
{
    struct fat_fs *x = fat_of(n->node.fs);
    size_t done = 0;

    while (done < bytes) {
        uint32_t index = (uint32_t)(offset / x->cluster_bytes),
                 in_cluster = (uint32_t)(offset % x->cluster_bytes);
        struct fat_run run;
        int rc = find_run(n, index, clusters_of(x, in_cluster + bytes - done), &run);
        size_t part = 0;

        if (rc == 0) {
            rc = fat_damaged(x, "a file's chain is shorter than the file");
        } else if (rc == 1) {
            part = MIN(bytes - done, (uint64_t)(run.at + run.nr - index) * x->cluster_bytes - in_cluster);
            rc = fat_get(x, fat_place(x, run.cluster + (index - run.at)) + in_cluster, to + done, part);
        }
        if (rc != 0) {
            return done > 0 ? (long)done : rc;
        }
        done += part;
        offset += part;
    }
    return (long)done;
}

long fat_read(struct node *node, void *buf, size_t bytes, uint64_t offset)
{
    struct fat_node *n = fat_node_of(node);
    struct fat_fs *x = fat_of(node->fs);
    long rc = 0;

    mutex_lock(&x->lock);
    if (offset < n->size) {
        rc = read_locked(n, buf, MIN(bytes, n->size - offset), offset);
    }
    mutex_unlock(&x->lock);
    return rc;
}

/* One more cluster behind @run, the end of the chain. */
static int grow(struct fat_node *n, const struct fat_run *run, uint32_t *cluster)
{
    struct fat_fs *x = fat_of(n->node.fs);
    uint32_t last = run->nr > 0 ? run->cluster + run->nr - 1 : 0;
    int rc = fat_append(x, last, cluster);

    if (rc == -ENOSPC) {
        rc = fat_make_room(x);
        rc = rc != 0 ? rc : fat_append(x, last, cluster);
    }
    if (rc == 0 && n->cluster == 0) {
        n->cluster = *cluster;
    }
    return rc;
}

/* As find_run(), but the chain grows if it ends before @index: by @nr clusters at most, and no further than they follow each other. */
static int prepare_run(struct fat_node *n, uint32_t index, uint32_t nr, struct fat_run *run)
{
    uint32_t cluster, i;
    int rc = find_run(n, index, nr, run);

    if (rc != 0) {
        return rc;
    }
    if (run->at + run->nr != index) {
        return fat_damaged(fat_of(n->node.fs), "a file's chain is shorter than the file");
    }
    for (i = 0; i < nr && rc == 0; i++) {
        rc = grow(n, run, &cluster);
        if (rc != 0) {
            break;
        }
        if (run->nr > 0 && cluster == run->cluster + run->nr) {
            run->nr++;
        } else if (i > 0) {
            break;
        } else {
            *run = (struct fat_run){index, cluster, 1};
        }
    }
    return i == 0 ? rc : find_run(n, index, nr, run);
}

/* @from is NULL for zeros. */
static long write_locked(struct fat_node *n, const char *from, uint64_t bytes, uint64_t offset)
{
    struct fat_fs *x = fat_of(n->node.fs);
    uint64_t done = 0;

    while (done < bytes) {
        uint32_t index = (uint32_t)(offset / x->cluster_bytes),
                 in_cluster = (uint32_t)(offset % x->cluster_bytes);
        uint64_t part = MIN(bytes - done, from != NULL ? LARGE_PART : sizeof(zeros));
        struct fat_run run;
        int rc = prepare_run(n, index, clusters_of(x, in_cluster + part), &run);

        if (rc == 1) {
            part = MIN(part, (uint64_t)(run.at + run.nr - index) * x->cluster_bytes - in_cluster);
            rc = fat_put(x, fat_place(x, run.cluster + (index - run.at)) + in_cluster,
                         from != NULL ? from + done : zeros, part);
        }
        if (rc != 0) {
            return done > 0 ? (long)done : rc;
        }
        done += part;
        offset += part;
        fat_commit_if_large(x);
    }
    return (long)done;
}

/* Only the first @bytes bytes' clusters stay. What follows them is free after a commit, which must be before the chain grows again. */
static int cut_chain(struct fat_node *n, uint64_t bytes)
{
    struct fat_fs *x = fat_of(n->node.fs);
    uint32_t keep = clusters_of(x, bytes), last, next;
    struct fat_run run;
    int rc = keep > 0 ? find_run(n, keep - 1, 1, &run) : 1;

    if (rc < 0 || n->cluster == 0) {
        return rc < 0 ? rc : 0;
    }
    if (keep == 0) {
        rc = fat_lose(x, n->cluster, 0);
        n->cluster = rc == 0 ? 0 : n->cluster;
        forget_runs(n);
        return rc;
    }
    if (rc == 0) {
        return fat_damaged(x, "a file's chain is shorter than the file");
    }
    last = run.cluster + (keep - 1 - run.at);
    rc = fat_next(x, last, &next);
    if (rc == 0 && next != 0) {
        rc = fat_lose(x, next, last);
        rc = rc != 0 ? rc : fat_node_put(n);
        rc = rc != 0 ? rc : fat_commit(x);
        if (rc == -ENOMEM && x->nr_losses > 0) {
            /* It stays the file's: longer than it must be is no harm. */
            x->nr_losses--;
        }
        forget_runs(n);
    }
    return rc;
}

/* Zeros up to @offset, all or nothing. */
static int fill(struct fat_node *n, uint64_t offset)
{
    uint64_t size = n->size;
    long rc;

    if (offset <= size) {
        return 0;
    }
    rc = write_locked(n, NULL, offset - size, size);
    if (rc == (long)(offset - size)) {
        n->size = (uint32_t)offset;
        return 0;
    }
    (void)cut_chain(n, size);
    return rc < 0 ? (int)rc : -ENOSPC;
}

static long write_file(struct fat_node *n, const char *from, size_t bytes, uint64_t offset)
{
    uint32_t size = n->size, cluster = n->cluster;
    long written = fill(n, offset);
    int rc;

    if (written == 0) {
        written = write_locked(n, from, bytes, offset);
    }
    if (written > 0) {
        n->size = (uint32_t)MAX(n->size, offset + (uint64_t)written);
    } else if (n->size > size) {
        n->size = size;
    }
    if (written < (long)bytes) {
        (void)cut_chain(n, n->size);
    }
    n->attributes |= written > 0 ? FAT_ARCHIVE : 0;
    rc = fat_touch(n);
    if (rc == 0 && (n->size != size || n->cluster != cluster)) {
        rc = fat_node_put(n);
    }
    return rc != 0 ? rc : written;
}

long fat_write(struct node *node, const void *buf, size_t bytes, uint64_t offset)
{
    struct fat_fs *x = fat_of(node->fs);
    int rc = fat_begin(x);
    long written = -EFBIG;

    if (rc != 0) {
        return rc;
    }
    if (offset < FAT_MOST_BYTES) {
        written = write_file(fat_node_of(node), buf, MIN(bytes, FAT_MOST_BYTES - offset), offset);
    }
    (void)fat_end(x, 0);
    return written;
}

int fat_resize(struct node *node, uint64_t bytes)
{
    struct fat_node *n = fat_node_of(node);
    struct fat_fs *x = fat_of(node->fs);
    uint32_t size;
    int rc = fat_begin(x);

    if (rc != 0) {
        return rc;
    }
    size = n->size;
    if (bytes > FAT_MOST_BYTES) {
        rc = -EFBIG;
    } else if (bytes > size) {
        rc = fill(n, bytes);
    } else {
        n->size = (uint32_t)bytes;
        rc = cut_chain(n, bytes);
    }
    n->attributes |= FAT_ARCHIVE;
    if (rc == 0) {
        rc = fat_touch(n);
        rc = rc != 0 ? rc : fat_node_put(n);
    }
    return fat_end(x, rc);
}

int fat_sync_node(struct node *node, bool data_only)
{
    struct fat_fs *x = fat_of(node->fs);
    int rc;

    (void)data_only;
    mutex_lock(&x->lock);
    rc = x->fs.read_only && x->failed == 0 ? 0 : fat_commit(x);
    mutex_unlock(&x->lock);
    return rc;
}
