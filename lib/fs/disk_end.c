// SPDX-License-Identifier: MIT
/*
 * The end of the domain as disks see it: everything is written, and who waits for a backend that has gone does so for a limited time. Owns
 * the patience, `diskwait=`.
 */
#include "disk.h"

#include <errno.h>
#include <stdlib.h>

#include <xenolith/boot.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>

/* A driver domain that is started anew is back within this time; xl shutdown itself waits for ever. */
#define DEFAULT_WAIT_S 30
#define LONGEST_WAIT_S 86400

static unsigned long wait_s = DEFAULT_WAIT_S;

static int set_wait(const char *value)
{
    char *end;
    unsigned long seconds = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || seconds == 0 || seconds > LONGEST_WAIT_S) {
        return -EINVAL;
    }
    wait_s = seconds;
    return 0;
}

BOOT_OPTION(diskwait, "diskwait", set_wait);

static struct wait_queue changes = WAIT_QUEUE_INIT(changes);

static void note_change(struct blkdev_watch *watch, struct blkdev *dev, enum blkdev_event event)
{
    (void)watch;
    (void)dev;
    (void)event;
    wait_wake_all(&changes);
}

static bool is_lost(const struct blkdev *dev)
{
    return dev->state == BLKDEV_HELD;
}

static bool any_lost(void)
{
    for (struct blkdev *dev = blkdev_next(NULL); dev != NULL; dev = blkdev_next(dev)) {
        if (is_lost(dev)) {
            return true;
        }
    }
    return false;
}

static void abandon_lost(void)
{
    for (struct blkdev *dev = blkdev_next(NULL); dev != NULL; dev = blkdev_next(dev)) {
        if (is_lost(dev)) {
            pr_err("%s: its backend does not come back: what was not written is lost", dev->name);
            blkdev_abandon(dev);
        }
    }
}

/*
 * Runs beside the last writes, which take as long as a slow disk needs; only a disk without a backend is not waited for. One that has gone
 * without a word wakes nobody, so there is a look at it each time the patience is over.
 */
static void limit_patience(void *unused)
{
    (void)unused;
    for (;;) {
        bool lost = any_lost();

        if (wait_event_until(&changes, any_lost() != lost, time_deadline_ns(wait_s * NS_PER_SEC)) != 0 &&
            lost) {
            abandon_lost();
        }
    }
}

void disk_end_prepare(void)
{
    static struct blkdev_watch watch = {.changed = note_change, .link = LIST_INIT(watch.link)};

    if (list_is_empty(&watch.link)) {
        blkdev_watch(&watch);
    }
}

void disk_end_begin(void)
{
    static struct thread *thread;

    if (thread == NULL && thread_create(&thread, "disk-end", limit_patience, NULL, 0) != 0) {
        pr_warn("no memory to watch the disks at the end");
    }
}

void disk_end_all(void)
{
    disk_end_begin();
    fs_finish_all();
    disk_sync_devices();
}
