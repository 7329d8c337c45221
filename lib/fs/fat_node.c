// SPDX-License-Identifier: MIT
/*
 * Entries of directories as nodes: found by their place on the disk, kept while somebody refers to them. A node outlives its entry as long as it
 * is open. Times are UTC.
 */
#include "fat_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/compiler.h>
#include <xenolith/time.h>

#define FIRST_YEAR   1980
#define LAST_YEAR    2107
#define SECS_PER_DAY 86400

/* Of the Gregorian calendar, months counted from March: the odd day comes last then. */
static void day_to_date(uint64_t days, unsigned int *year, unsigned int *month, unsigned int *day)
{
    uint64_t since = days + 719468; /* 1 March of year 0 */
    unsigned int era = (unsigned int)(since / 146097), in_era = (unsigned int)(since % 146097);
    unsigned int y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned int in_year = in_era - (365 * y + y / 4 - y / 100);
    unsigned int m = (5 * in_year + 2) / 153;

    *day = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

static uint64_t date_to_day(unsigned int year, unsigned int month, unsigned int day)
{
    unsigned int y = year - (month <= 2), m = month > 2 ? month - 3 : month + 9;
    unsigned int in_year = (153 * m + 2) / 5 + day - 1;

    return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static void put_time(uint64_t ns, uint16_t *day, uint16_t *time)
{
    uint64_t seconds = ns / NS_PER_SEC;
    unsigned int year, month, date, rest = (unsigned int)(seconds % SECS_PER_DAY);

    day_to_date(seconds / SECS_PER_DAY, &year, &month, &date);
    if (year < FIRST_YEAR) {
        *day = 1 << 5 | 1;
        *time = 0;
    } else if (year > LAST_YEAR) {
        *day = (LAST_YEAR - FIRST_YEAR) << 9 | 12 << 5 | 31;
        *time = 23 << 11 | 59 << 5 | 29;
    } else {
        *day = (uint16_t)((year - FIRST_YEAR) << 9 | month << 5 | date);
        *time = (uint16_t)(rest / 3600 << 11 | rest / 60 % 60 << 5 | rest % 60 / 2);
    }
}

/* Anything may stand there. */
static uint64_t take_time(uint16_t day, uint16_t time)
{
    unsigned int month = MIN(MAX(day >> 5 & 15, 1), 12), date = MAX(day & 31, 1);
    uint64_t days = date_to_day(FIRST_YEAR + (day >> 9), month, date);

    return (days * SECS_PER_DAY + (uint64_t)(time >> 11) * 3600 + (uint64_t)(time >> 5 & 63) * 60 +
            (uint64_t)(time & 31) * 2) *
           NS_PER_SEC;
}

void fat_now(struct fat_stamps *out)
{
    put_time(time_wall_ns(), &out->modified_day, &out->modified_time);
    out->accessed_day = out->created_day = out->modified_day;
    out->created_time = out->modified_time;
}

int fat_touch(struct fat_node *n)
{
    struct fat_stamps before = n->stamps;

    put_time(time_wall_ns(), &n->stamps.modified_day, &n->stamps.modified_time);
    if (n->stamps.modified_day == before.modified_day && n->stamps.modified_time == before.modified_time) {
        return 0;
    }
    return fat_node_put(n);
}

void fat_node_entry(const struct fat_node *n, struct fat_entry *out)
{
    out->cluster = n->cluster;
    out->size = n->node.kind == FILE_DIRECTORY ? 0 : n->size;
    out->attributes = n->attributes;
    out->stamps = n->stamps;
}

int fat_node_put(struct fat_node *n)
{
    struct fat_entry entry;

    if (n->removed || n->position == 0) {
        return 0;
    }
    fat_node_entry(n, &entry);
    return fat_put_entry(fat_of(n->node.fs), n->position, &entry);
}

static void describe(struct node *node, struct file_info *out)
{
    struct fat_node *n = fat_node_of(node);
    struct fat_fs *x = fat_of(node->fs);
    uint64_t size = node->kind == FILE_DIRECTORY ? x->cluster_bytes : n->size;

    *out = (struct file_info){
        .kind = node->kind,
        .permissions = node->kind == FILE_REGULAR && (n->attributes & FAT_READ_ONLY) != 0 ? 0555 : 0755,
        .links = n->removed ? 0 : 1,
        .block_bytes = x->cluster_bytes,
        .size_bytes = size,
        .held_bytes = (size + x->cluster_bytes - 1) / x->cluster_bytes * x->cluster_bytes,
        .serial = n->serial,
        .file_system = node->fs->id,
        .modified_ns = take_time(n->stamps.modified_day, n->stamps.modified_time),
        .changed_ns = take_time(n->stamps.modified_day, n->stamps.modified_time),
        .accessed_ns = take_time(n->stamps.accessed_day, 0),
    };
}

int fat_begin(struct fat_fs *x)
{
    int rc;

    mutex_lock(&x->lock);
    rc = x->failed != 0 ? x->failed : x->fs.read_only ? -EROFS : fat_reserve(x);
    if (rc != 0) {
        mutex_unlock(&x->lock);
        return rc;
    }
    fat_reap(x);
    return 0;
}

int fat_end(struct fat_fs *x, int rc)
{
    fat_commit_if_large(x);
    mutex_unlock(&x->lock);
    return rc;
}

/* There is one bit for permissions, and no owner but the one there is. */
static int change(struct node *node, const struct node_change *what)
{
    struct fat_node *n = fat_node_of(node);
    struct fat_fs *x = fat_of(node->fs);
    uint16_t unused;
    int rc = fat_begin(x);

    if (rc != 0) {
        return rc;
    }
    if (((what->what & CHANGE_OWNER) != 0 && what->owner != 0) ||
        ((what->what & CHANGE_GROUP) != 0 && what->group != 0)) {
        return fat_end(x, -EPERM);
    }
    if ((what->what & CHANGE_PERMISSIONS) != 0 && node->kind == FILE_REGULAR) {
        n->attributes &= (uint8_t)~FAT_READ_ONLY;
        n->attributes |= (what->permissions & 0200) == 0 ? FAT_READ_ONLY : 0;
    }
    if ((what->what & CHANGE_MODIFIED) != 0) {
        put_time(what->modified_ns, &n->stamps.modified_day, &n->stamps.modified_time);
    }
    if ((what->what & CHANGE_ACCESSED) != 0) {
        put_time(what->accessed_ns, &n->stamps.accessed_day, &unused);
    }
    return fat_end(x, fat_node_put(n));
}

static struct fat_node **bucket_of(struct fat_fs *x, uint64_t position)
{
    return &x->nodes[position % FAT_BUCKETS];
}

static void unhash(struct fat_node *n)
{
    struct fat_node **link = bucket_of(fat_of(n->node.fs), n->position);

    while (*link != NULL && *link != n) {
        link = &(*link)->chain;
    }
    if (*link == n) {
        *link = n->chain;
    }
}

static void hash(struct fat_node *n)
{
    struct fat_node **bucket = bucket_of(fat_of(n->node.fs), n->position);

    n->chain = *bucket;
    *bucket = n;
}

static void free_node(struct fat_node *n)
{
    list_remove(&n->displaced);
    free(n->runs);
    free(n);
}

/* Without blocking: what has to be given up waits for the next who holds the lock. */
static void release(struct node *node)
{
    struct fat_node *n = fat_node_of(node), *parent = n->parent;
    struct fat_fs *x = fat_of(node->fs);

    n->parent = NULL;
    if (n->removed && n->cluster != 0 && !x->fs.read_only) {
        list_push_back(&x->doomed, &n->doom);
    } else {
        if (!n->removed) {
            unhash(n);
        }
        free_node(n);
    }
    if (parent != NULL) {
        node_put(&parent->node);
    }
}

void fat_reap(struct fat_fs *x)
{
    struct list *link, *next;

    list_for_each_safe(link, next, &x->doomed) {
        struct fat_node *n = list_entry(link, struct fat_node, doom);

        if (!x->fs.read_only && (fat_reserve(x) != 0 || fat_lose(x, n->cluster, 0) != 0)) {
            return;
        }
        list_remove(&n->doom);
        free_node(n);
    }
}

/* A place that was left may have been taken by another while the first is in use still. */
static uint64_t serial_for(struct fat_fs *x, uint64_t position)
{
    struct list *link;

    list_for_each(link, &x->displaced) {
        if (list_entry(link, struct fat_node, displaced)->serial == position) {
            return position | ++x->renewals << 40;
        }
    }
    return position;
}

/* A directory's chain must be one, and no directory may be found within itself. */
static int check_dir(struct fat_fs *x, const struct fat_node *parent, uint32_t cluster)
{
    if (!fat_is_cluster(x, cluster) || (x->ff.fs_type == FS_FAT32 && cluster == x->ff.dirbase)) {
        return fat_damaged(x, "a directory without a place");
    }
    for (; parent != NULL; parent = parent->parent) {
        if (parent->cluster == cluster) {
            return fat_damaged(x, "a directory within itself");
        }
    }
    return 0;
}

int fat_node_get(struct fat_fs *x, struct fat_node *parent, const struct fat_entry *entry, struct node **out)
{
    bool is_dir = (entry->attributes & FAT_DIRECTORY) != 0;
    struct fat_node *n = *bucket_of(x, entry->position);
    int rc;

    while (n != NULL && n->position != entry->position) {
        n = n->chain;
    }
    if (n != NULL) {
        node_get(&n->node);
        *out = &n->node;
        return 0;
    }
    rc = is_dir && parent != NULL ? check_dir(x, parent, entry->cluster) : 0;
    n = rc == 0 ? calloc(1, sizeof(*n)) : NULL;
    if (n == NULL) {
        return rc != 0 ? rc : -ENOMEM;
    }
    node_init(&n->node, &x->fs, is_dir ? &fat_dir_ops : &fat_file_ops,
              is_dir ? FILE_DIRECTORY : FILE_REGULAR);
    list_init(&n->displaced);
    list_init(&n->doom);
    n->position = entry->position;
    n->serial = serial_for(x, entry->position);
    n->cluster = entry->cluster;
    n->size = entry->size;
    n->attributes = entry->attributes;
    n->stamps = entry->stamps;
    n->parent = parent;
    if (parent != NULL) {
        node_get(&parent->node);
    }
    hash(n);
    *out = &n->node;
    return 0;
}

static void displace(struct fat_node *n)
{
    list_remove(&n->displaced);
    list_push_back(&fat_of(n->node.fs)->displaced, &n->displaced);
}

void fat_node_remove(struct fat_node *n)
{
    unhash(n);
    n->removed = true;
    displace(n);
}

void fat_node_move(struct fat_node *n, struct fat_node *parent, uint64_t position)
{
    struct fat_node *before = n->parent;

    unhash(n);
    n->position = position;
    hash(n);
    displace(n);
    node_get(&parent->node);
    n->parent = parent;
    node_put(&before->node);
}

const struct node_ops fat_file_ops = {
    .read = fat_read,
    .write = fat_write,
    .resize = fat_resize,
    .sync = fat_sync_node,
    .info = describe,
    .change = change,
    .release = release,
};

const struct node_ops fat_dir_ops = {
    .lookup = fat_lookup,
    .create = fat_create,
    .unlink = fat_unlink,
    .rename = fat_rename,
    .list = fat_list,
    .sync = fat_sync_node,
    .info = describe,
    .change = change,
    .release = release,
};
