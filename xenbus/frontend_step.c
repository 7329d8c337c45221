// SPDX-License-Identifier: MIT
/*
 * One device's steps. Each starts from what xenstore says now, not from what an event told, so events may be lost, doubled or late.
 * States as xen/io/xenbus.h has them; who answers whom with what is in docs/netfront.md.
 */
#include <xenolith/frontend.h>

#include <xen/io/xenbus.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

#include "frontend_priv.h"

static int node_path(char *path, const char *folder, const char *node)
{
    int len = ksnprintf(path, FRONTEND_PATH_BYTES, "%s/%s", folder, node);

    return len < (int)FRONTEND_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

static uint64_t read_number(const char *folder, const char *node, uint64_t fallback)
{
    char path[FRONTEND_PATH_BYTES];
    uint64_t value;

    if (node_path(path, folder, node) != 0 || xs_read_u64(XS_TX_NONE, path, &value) != 0) {
        return fallback;
    }
    return value;
}

uint64_t frontend_read_backend(struct frontend *f, const char *node, uint64_t fallback)
{
    return read_number(f->backend, node, fallback);
}

uint64_t frontend_read_own(struct frontend *f, const char *node, uint64_t fallback)
{
    return read_number(f->path, node, fallback);
}

int frontend_write(struct frontend *f, uint32_t tx, const char *node, uint64_t value)
{
    char path[FRONTEND_PATH_BYTES];
    int rc = node_path(path, f->path, node);

    return rc != 0 ? rc : xs_printf(tx, path, "%lu", (unsigned long)value);
}

/** struct update - What a transaction writes. */
struct update {
    struct frontend *f;
    unsigned int state;
    bool publish;
};

/** update_body() - Never makes a node of a device that the toolstack has removed meanwhile. */
static int update_body(uint32_t tx, void *arg)
{
    struct update *u = arg;
    char path[FRONTEND_PATH_BYTES];
    uint64_t value;
    int rc = node_path(path, u->f->path, "state");

    if (rc == 0) {
        rc = xs_read_u64(tx, path, &value);
    }
    if (rc != 0 && rc != -EINVAL) { /* EINVAL: it is there, whatever it says */
        return rc;
    }
    rc = 0;
    if (u->publish) {
        rc = u->f->driver->publish(u->f, tx);
    }
    return rc != 0 ? rc : frontend_write(u->f, tx, "state", u->state);
}

static int set_state(struct frontend *f, unsigned int state, bool publish)
{
    struct update u = {.f = f, .state = state, .publish = publish};
    int rc;

    if (f->state == state && !publish) {
        return 0;
    }
    rc = xs_transaction(update_body, &u);
    if (rc == 0) {
        f->state = state;
    }
    return rc;
}

static void release(struct frontend *f)
{
    if (f->held) {
        f->held = false;
        f->driver->release(f);
    }
}

static void quiesce(struct frontend *f)
{
    if (f->phase == FRONTEND_PUBLISHED || f->phase == FRONTEND_CONNECTED) {
        f->driver->quiesce(f);
    }
    f->phase = FRONTEND_CLOSING;
}

/** give_up() - For good: the backend is not to be trusted with anything that it does not give back at once. */
static void give_up(struct frontend *f)
{
    static const char error[] = "/error";
    char path[FRONTEND_PATH_BYTES];

    f->failing = f->again = false;
    f->dead = true;
    quiesce(f);
    release(f);
    (void)set_state(f, XenbusStateClosing, false);
    if (node_path(path, "error", f->path) == 0) {
        /* Who reads it is a person; where the toolstack has given no such folder nothing is lost. */
        memcpy(path + strlen(path), error, sizeof(error)); /* f->path is short */
        (void)xs_printf(XS_TX_NONE, path, "%d", f->error);
    }
}

static void connect(struct frontend *f)
{
    int rc;

    f->held = true;
    rc = f->driver->prepare(f);
    if (rc == 0) {
        rc = set_state(f, XenbusStateConnected, true);
    }
    if (rc == 0) {
        f->phase = FRONTEND_PUBLISHED;
        return;
    }
    frontend_fail(f, rc, "it could not be set up");
    give_up(f);
}

/** reopen() - Closed on both sides, and the backend is there again. Return: whether to look at once more. */
static bool reopen(struct frontend *f)
{
    if (f->dead || set_state(f, XenbusStateInitialising, false) != 0) {
        return false;
    }
    f->phase = FRONTEND_WAITING;
    return true;
}

/** follow_closing() - Return: whether to look at once more. */
static bool follow_closing(struct frontend *f, unsigned int theirs)
{
    if (theirs == XenbusStateConnected && f->state == XenbusStateClosing) {
        return false; /* it will answer */
    }
    (void)set_state(f, XenbusStateClosed, false);
    if (theirs == XenbusStateClosing || theirs == XenbusStateConnected) {
        return false;
    }
    release(f);
    f->phase = FRONTEND_CLOSED;
    return true;
}

/** begin_anew() - The backend is connected, but not to us: have it close, and then connect. */
static void begin_anew(struct frontend *f)
{
    f->again = true;
    quiesce(f);
    (void)set_state(f, XenbusStateClosing, false);
}

/** start() - Both sides are connected. What changes from here on is seen: by this look, or by the next. */
static void start(struct frontend *f)
{
    int rc;

    f->backend_changed = false;
    rc = f->driver->connected(f);
    if (rc == 0) {
        f->phase = FRONTEND_CONNECTED;
        f->again = false;
    } else if (rc == -EAGAIN) {
        begin_anew(f);
    } else {
        frontend_fail(f, rc, "it could not be started");
        give_up(f);
    }
}

/** follow_open() - In touch with the backend. Return: whether to look at once more. */
static bool follow_open(struct frontend *f, unsigned int theirs)
{
    bool was = f->phase == FRONTEND_CONNECTED;

    switch (theirs) {
    case XenbusStateConnected:
        if (!was) {
            start(f);
        } else if (f->backend_changed) {
            f->backend_changed = false;
            if (f->driver->changed != NULL) {
                f->driver->changed(f);
            }
        }
        return false;
    case XenbusStateInitialising:
    case XenbusStateInitWait:
    case XenbusStateInitialised:
        if (!was) {
            return false; /* it has not read what we published yet */
        }
        break; /* it has been started anew behind our back */
    case XenbusStateReconfiguring:
    case XenbusStateReconfigured:
        return false;
    default:
        break;
    }
    quiesce(f);
    return true;
}

/** follow() - Return: whether to look at once more. */
static bool follow(struct frontend *f, unsigned int theirs)
{
    switch (f->phase) {
    case FRONTEND_WAITING:
        if (theirs == XenbusStateConnected) {
            begin_anew(f); /* to somebody who was here before us */
            return false;
        }
        (void)set_state(f, XenbusStateInitialising, false);
        if (theirs == XenbusStateInitWait || theirs == XenbusStateInitialised) {
            connect(f);
        }
        return false;
    case FRONTEND_PUBLISHED:
    case FRONTEND_CONNECTED:
        return follow_open(f, theirs);
    case FRONTEND_CLOSING:
        return follow_closing(f, theirs);
    case FRONTEND_CLOSED:
        if (theirs == XenbusStateInitialising || theirs == XenbusStateInitWait ||
            (theirs == XenbusStateClosed && frontend_read_backend(f, "online", 0) == 1)) {
            return reopen(f);
        }
        f->again = false;
        return false;
    case FRONTEND_GONE:
    default:
        return false;
    }
}

static void go(struct frontend *f)
{
    if (f->phase == FRONTEND_GONE) {
        return;
    }
    (void)xs_watch_remove(&f->watch);
    f->again = false;
    quiesce(f);
    release(f);
    f->phase = FRONTEND_GONE;
}

/** go_for_good() - What comes next under this number is another device. */
static void go_for_good(struct frontend *f)
{
    go(f);
    if (f->driver->gone != NULL) {
        f->driver->gone(f);
    }
}

/** is_same() - Only we write our state: another one shows that the toolstack has made the device anew while we did not look. */
static bool is_same(struct frontend *f, const char *backend, uint64_t domid)
{
    return strcmp(backend, f->backend) == 0 && domid == f->backend_id &&
           frontend_read_own(f, "state", f->state) == f->state;
}

/** look_home() - Who is our backend? False: nobody. */
static bool look_home(struct frontend *f)
{
    char path[FRONTEND_PATH_BYTES], *backend;
    uint64_t domid = frontend_read_own(f, "backend-id", UINT64_MAX);
    bool same;
    int rc = node_path(path, f->path, "backend");

    if (rc == 0) {
        rc = xs_read(XS_TX_NONE, path, &backend, NULL);
    }
    if (rc != 0) {
        /* Without memory nothing is known: what there is goes on. */
        return rc == -ENOMEM && f->phase != FRONTEND_GONE;
    }
    same = f->phase != FRONTEND_GONE && is_same(f, backend, domid);
    if (!same) {
        if (f->phase != FRONTEND_GONE) {
            go_for_good(f);
        }
        rc = domid < DOMID_FIRST_RESERVED && strlen(backend) < sizeof(f->backend) ? 0 : -EINVAL;
        if (rc == 0) {
            memcpy(f->backend, backend, strlen(backend) + 1);
            f->backend_id = (domid_t)domid;
            f->dead = f->failing = f->backend_changed = false;
            f->state = (unsigned int)frontend_read_own(f, "state", XenbusStateUnknown);
            f->watch = (struct xs_watch){.fn = frontend_on_backend, .arg = f};
            rc = xs_watch_add(&f->watch, f->backend);
        }
        if (rc == 0) {
            f->phase = FRONTEND_WAITING;
        } else {
            pr_err("%s: no backend to watch (%d)\n", f->path, rc);
        }
    }
    heap_free(backend);
    return rc == 0;
}

void frontend_step(struct frontend *f)
{
    unsigned int theirs;

    if (f->home_changed) {
        f->home_changed = false;
        if (!look_home(f)) {
            go_for_good(f);
            return;
        }
    }
    if (f->phase == FRONTEND_GONE) {
        return;
    }
    if (f->failing) {
        give_up(f);
    }
    theirs = (unsigned int)frontend_read_backend(f, "state", XenbusStateUnknown);
    while (follow(f, theirs)) {
    }
}
