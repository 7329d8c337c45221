// SPDX-License-Identifier: MIT
/*
 * Locks that open files hold on what is behind them: flock() on the whole, F_OFD_SETLK on ranges of bytes. The two know nothing of
 * each other, as on Linux. Owns the list of locks; all are advisory, nothing here keeps a read or write from happening.
 */
#include <xenolith/file_lock.h>

#include <xenolith/errno.h>
#include <xenolith/fs.h>
#include <xenolith/heap.h>
#include <xenolith/wait.h>

/** struct lock - @owner: no reference; its release takes the lock away. @fs, @serial: which file, whatever opened it. */
struct lock {
    struct list link;
    const struct file *owner;
    uint64_t fs, serial;
    struct file_lock is;
};

static struct list locks = LIST_INIT(locks);
static struct wait_queue waiting = WAIT_QUEUE_INIT(waiting);

static bool is_of(const struct lock *held, const struct file *owner, const struct file_info *info,
                  enum file_lock_kind kind)
{
    return held->owner == owner && held->fs == info->file_system && held->serial == info->serial &&
           held->is.kind == kind;
}

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Pipes, sockets and devices: each is its own file, so there is nobody to conflict with, and nothing is kept. */
static bool is_lockable(const struct file *file)
{
    return file_node(file) != NULL;
}

static void identify(struct file *file, struct file_info *info)
{
    *info = (struct file_info){0};
    (void)file->ops->info(file, info);
}

/* Somebody else's lock that @wanted cannot stand beside. */
static const struct lock *find_conflict(const struct file *owner, const struct file_info *info,
                                        const struct file_lock *wanted)
{
    struct list *link;

    list_for_each(link, &locks) {
        const struct lock *held = list_entry(link, struct lock, link);

        if (held->owner != owner && is_of(held, held->owner, info, wanted->kind) &&
            overlaps(&held->is, wanted) && (held->is.exclusive || wanted->exclusive)) {
            return held;
        }
    }
    return NULL;
}

static void drop(struct lock *held)
{
    list_remove(&held->link);
    heap_free(held);
}

/*
 * Takes what @owner holds within @range away. A lock that reaches beyond it on both sides becomes two: *spare is used for the second
 * then.
 */
static void cut_range(const struct file *owner, const struct file_info *info, const struct file_lock *range,
                      struct lock **spare)
{
    struct list *link, *next;

    list_for_each_safe(link, next, &locks) {
        struct lock *held = list_entry(link, struct lock, link);

        if (!is_of(held, owner, info, range->kind) || !overlaps(&held->is, range)) {
            continue;
        }
        if (held->is.first < range->first && held->is.last > range->last) {
            struct lock *upper = *spare;

            *spare = NULL;
            *upper = *held;
            upper->is.first = range->last + 1;
            list_push_back(&locks, &upper->link);
            held->is.last = range->first - 1;
            /* What one holds does not overlap: there is nothing else in the range. */
            return;
        }
        if (held->is.first < range->first) {
            held->is.last = range->first - 1;
        } else if (held->is.last > range->last) {
            held->is.first = range->last + 1;
        } else {
            drop(held);
        }
    }
}

/* flock() with another mode gives the old lock up first, also when it then fails: Linux does. */
static void give_up_other_mode(const struct file *owner, const struct file_info *info,
                               const struct file_lock *wanted)
{
    struct list *link, *next;

    list_for_each_safe(link, next, &locks) {
        struct lock *held = list_entry(link, struct lock, link);

        if (is_of(held, owner, info, FILE_LOCK_WHOLE) && held->is.exclusive != wanted->exclusive) {
            drop(held);
            wait_wake_all(&waiting);
        }
    }
}

/* Makes one lock of @fresh and what touches it on either side. */
static void join_neighbours(struct lock *fresh, const struct file_info *info)
{
    struct list *link, *next;

    list_for_each_safe(link, next, &locks) {
        struct lock *held = list_entry(link, struct lock, link);

        if (!is_of(held, fresh->owner, info, fresh->is.kind) || held->is.exclusive != fresh->is.exclusive) {
            continue;
        }
        if (held->is.last + 1 == fresh->is.first) {
            fresh->is.first = held->is.first;
            drop(held);
        } else if (fresh->is.last + 1 == held->is.first) {
            fresh->is.last = held->is.last;
            drop(held);
        }
    }
}

int file_lock_set(struct file *file, const struct file_lock *wanted, bool may_wait)
{
    struct lock *fresh, *spare;
    struct file_info info;

    if (!is_lockable(file)) {
        return 0;
    }
    identify(file, &info);
    if (wanted->kind == FILE_LOCK_WHOLE) {
        give_up_other_mode(file, &info, wanted);
    }
    if (find_conflict(file, &info, wanted) != NULL && !may_wait) {
        return -EAGAIN;
    }
    wait_event(&waiting, find_conflict(file, &info, wanted) == NULL);
    fresh = heap_alloc(sizeof(*fresh));
    spare = heap_alloc(sizeof(*spare));
    if (fresh == NULL || spare == NULL) {
        heap_free(fresh);
        heap_free(spare);
        return -ENOLCK;
    }
    cut_range(file, &info, wanted, &spare);
    *fresh = (struct lock){.owner = file, .fs = info.file_system, .serial = info.serial, .is = *wanted};
    join_neighbours(fresh, &info);
    list_push_back(&locks, &fresh->link);
    heap_free(spare);
    /* A weaker lock in place of a stronger one lets others in. */
    wait_wake_all(&waiting);
    return 0;
}

int file_lock_clear(struct file *file, const struct file_lock *range)
{
    struct file_info info;
    struct lock *spare;

    if (!is_lockable(file)) {
        return 0;
    }
    spare = heap_alloc(sizeof(*spare));
    if (spare == NULL) {
        return -ENOLCK;
    }
    identify(file, &info);
    cut_range(file, &info, range, &spare);
    wait_wake_all(&waiting);
    heap_free(spare);
    return 0;
}

int file_lock_test(struct file *file, const struct file_lock *wanted, struct file_lock *out)
{
    struct file_info info;
    const struct lock *held;

    if (!is_lockable(file)) {
        return 0;
    }
    identify(file, &info);
    held = find_conflict(file, &info, wanted);
    if (held == NULL) {
        return 0;
    }
    *out = held->is;
    return 1;
}

/* node.c calls it where it is linked. */
void file_lock_release(struct file *file)
{
    struct list *link, *next;
    bool any = false;

    list_for_each_safe(link, next, &locks) {
        struct lock *held = list_entry(link, struct lock, link);

        if (held->owner == file) {
            drop(held);
            any = true;
        }
    }
    if (any) {
        wait_wake_all(&waiting);
    }
}
