// SPDX-License-Identifier: MIT
/*
 * Finding the devices, and the thread that serves them all. The watches' callbacks only say which device to look at again. What
 * a look leads to is frontend_step.c's.
 */
#include <xenolith/frontend.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/wait.h>

#include "frontend_priv.h"
#include "xs_priv.h"

#define FRONTEND_STACK_BYTES (28UL << 10)
#define FRONTEND_MAX_DEVICES 64U /* a driver's; the toolstack's mistakes must not eat our memory */
#define FRONTEND_MAX_ID      UINT32_C(0xffffff)

/* Only threads touch these, and no thread blocks between a look and what it does about it. */
static struct list drivers = LIST_INIT(drivers);
static struct list devices = LIST_INIT(devices);
static struct wait_queue work_queue = WAIT_QUEUE_INIT(work_queue);
static struct wait_queue settled_queue = WAIT_QUEUE_INIT(settled_queue);
static struct thread *worker;
static bool work;

static void kick(void)
{
    work = true;
    wait_wake_all(&work_queue);
}

static struct frontend *find(const struct frontend_driver *driver, unsigned int id)
{
    struct list *pos;

    list_for_each(pos, &devices) {
        struct frontend *f = list_entry(pos, struct frontend, link);

        if (f->driver == driver && f->id == id) {
            return f;
        }
    }
    return NULL;
}

/** on_home() - Something below device/TYPE changed: which device's, and is it the toolstack's affair or our own writing? */
static void on_home(struct xs_watch *watch, const char *path)
{
    struct frontend_driver *driver = watch->arg;
    const char *name = path + strlen("device/") + strlen(driver->type);
    struct frontend *f;
    uint64_t id;
    size_t len = 0;

    if (watch->overflow || *name != '/') {
        driver->scan = true;
        kick();
        return;
    }
    name++;
    while (name[len] != '\0' && name[len] != '/') {
        len++;
    }
    if (xs_parse_decimal(name, len, FRONTEND_MAX_ID, &id) != 0) {
        return;
    }
    f = find(driver, (unsigned int)id);
    if (f != NULL && f->refused) {
        return;
    }
    if (f == NULL || f->phase == FRONTEND_GONE) {
        driver->scan = true;
    } else if (name[len] == '\0' || strcmp(name + len, "/backend") == 0) {
        f->home_changed = f->dirty = true;
    } else {
        return;
    }
    kick();
}

void frontend_on_backend(struct xs_watch *watch, const char *path)
{
    struct frontend *f = watch->arg;

    if (watch->overflow || strcmp(path + MIN(strlen(path), strlen(f->backend)), "/state") != 0) {
        f->backend_changed = true;
    }
    f->dirty = true;
    kick();
}

void frontend_fail(struct frontend *f, int error, const char *why)
{
    if (f->failing || f->dead) {
        return;
    }
    pr_err("%s: given up: %s (%d)\n", f->path, why, error);
    f->error = error;
    f->failing = f->dirty = true;
    kick();
}

/** add() - Device @id is there. */
static void add(struct frontend_driver *driver, unsigned int id, unsigned int *nr)
{
    struct frontend *f = find(driver, id);
    int rc;

    if (f == NULL) {
        if (*nr >= FRONTEND_MAX_DEVICES) {
            return;
        }
        f = heap_zalloc(1, sizeof(*f));
        if (f == NULL) {
            pr_err("device/%s/%u: no memory\n", driver->type, id);
            return;
        }
        f->driver = driver;
        f->id = id;
        f->phase = FRONTEND_GONE;
        (void)ksnprintf(f->path, sizeof(f->path), "device/%s/%u", driver->type, id);
        rc = driver->probe(f);
        if (rc != 0) {
            pr_err("%s: not taken (%d)\n", f->path, rc);
            f->refused = true;
        }
        list_push_back(&devices, &f->link);
    }
    ++*nr;
    if (f->refused) {
        return;
    }
    f->home_changed = f->dirty = true;
}

static void scan(struct frontend_driver *driver)
{
    char path[32], **names;
    struct list *pos;
    size_t nr_names;
    unsigned int nr = 0;
    int rc;

    (void)ksnprintf(path, sizeof(path), "device/%s", driver->type);
    rc = xs_directory(XS_TX_NONE, path, &names, &nr_names);
    if (rc == 0) {
        for (size_t i = 0; i < nr_names; i++) {
            uint64_t id;

            if (xs_parse_decimal(names[i], strlen(names[i]), FRONTEND_MAX_ID, &id) == 0) {
                add(driver, (unsigned int)id, &nr);
            }
        }
        heap_free(names);
    } else if (rc != -ENOENT) {
        pr_err("%s: not read (%d)\n", path, rc);
    }
    /* Those that are not there any more find out by themselves. */
    list_for_each(pos, &devices) {
        struct frontend *f = list_entry(pos, struct frontend, link);

        if (f->driver == driver && !f->refused) {
            f->home_changed = f->dirty = true;
        }
    }
    driver->scanned = true;
}

static void worker_main(void *arg)
{
    struct list *pos;

    (void)arg;
    for (;;) {
        wait_event(&work_queue, work);
        work = false;
        list_for_each(pos, &drivers) {
            struct frontend_driver *driver = list_entry(pos, struct frontend_driver, link);

            if (driver->scan) {
                driver->scan = false;
                scan(driver);
            }
        }
        list_for_each(pos, &devices) {
            struct frontend *f = list_entry(pos, struct frontend, link);

            if (f->dirty) {
                f->dirty = false;
                f->busy = true;
                frontend_step(f);
                f->busy = false;
            }
        }
        wait_wake_all(&settled_queue);
    }
}

int frontend_register(struct frontend_driver *driver)
{
    char path[32];
    int rc;

    if (driver->registered) {
        return 0;
    }
    if (worker == NULL) {
        rc = thread_create(&worker, "frontends", worker_main, NULL, FRONTEND_STACK_BYTES);
        if (rc != 0) {
            return rc;
        }
    }
    driver->registered = driver->scan = true;
    driver->watch = (struct xs_watch){.fn = on_home, .arg = driver};
    list_push_back(&drivers, &driver->link);
    (void)ksnprintf(path, sizeof(path), "device/%s", driver->type);
    rc = xs_watch_add(&driver->watch, path);
    if (rc != 0) {
        list_remove(&driver->link);
        driver->registered = false;
        return rc;
    }
    kick();
    return 0;
}

/** is_moving() - Will it be connected or lost soon? Who waits for that may look in the middle of a step, which blocks here and there. */
static bool is_moving(const struct frontend *f)
{
    return f->phase == FRONTEND_WAITING || f->phase == FRONTEND_PUBLISHED || f->again || f->home_changed ||
           (f->busy && f->phase == FRONTEND_GONE);
}

static unsigned int count(const struct frontend_driver *driver, bool connected)
{
    struct list *pos;
    unsigned int nr = 0;

    list_for_each(pos, &devices) {
        struct frontend *f = list_entry(pos, struct frontend, link);

        if (f->driver == driver && (connected ? f->phase == FRONTEND_CONNECTED : is_moving(f))) {
            nr++;
        }
    }
    return nr;
}

unsigned int frontend_settle(struct frontend_driver *driver, uint64_t deadline_ns)
{
    (void)wait_event_until(&settled_queue, driver->scanned && !driver->scan && count(driver, false) == 0,
                           deadline_ns);
    return count(driver, true);
}
