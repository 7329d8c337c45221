// SPDX-License-Identifier: MIT
/*
 * The one state machine of all frontends: it finds a driver's devices in xenstore, follows their backends' XenbusState, publishes
 * what the driver has made in one transaction, closes and connects again. One thread does it for all devices of all drivers, so
 * their backends work side by side. A driver is a struct of callbacks and knows nothing of states.
 * ABI: xen/io/xenbus.h; nodes device/TYPE/N and what they name as backend.
 */
#ifndef XENOLITH_FRONTEND_H
#define XENOLITH_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>
#include <xenolith/xenstore.h>

struct frontend;

/**
 * struct frontend_driver - All callbacks run in the frontends' thread, may block and use xenstore, and are called in this order.
 * @type: The folder below device/: "vif".
 */
struct frontend_driver {
    const char *type;
    /* A device that was never seen before. 0, or -errno: it is left alone. */
    int (*probe)(struct frontend *f);
    /* The backend waits for us: read what it offers, make rings and ports. On error release() follows. */
    int (*prepare)(struct frontend *f);
    /* Write one's nodes below f->path in transaction @tx; called again when it conflicts. */
    int (*publish)(struct frontend *f, uint32_t tx);
    /* Both sides are connected. -EAGAIN: not with each other (the backend took up what an earlier connection left): close and begin anew. */
    int (*connected)(struct frontend *f);
    /* Some node of the backend changed while connected. May be NULL. */
    void (*changed)(struct frontend *f);
    /* Use the rings no more; the backend may still have everything mapped. */
    void (*quiesce)(struct frontend *f);
    /* The backend has let go, or is not to be waited for: end the grants; what does not end goes to quarantine. */
    void (*release)(struct frontend *f);
    /* The toolstack has removed the device; should it come back, all begins anew with prepare(). May be NULL. */
    void (*gone)(struct frontend *f);
    /* owned by xenbus/ */
    struct xs_watch watch;
    struct list link;
    bool registered, scan, scanned;
};

enum frontend_phase {
    FRONTEND_WAITING,   /* for the backend to be ready for us */
    FRONTEND_PUBLISHED, /* for the backend to connect, or for our driver's connected() to return */
    FRONTEND_CONNECTED,
    FRONTEND_CLOSING, /* quiesced; the backend has not let go yet */
    FRONTEND_CLOSED,  /* released; may connect again unless dead */
    FRONTEND_GONE,    /* the toolstack took it away; may come back */
};

#define FRONTEND_PATH_BYTES 256U

/** struct frontend - One device. It is never freed: what refers to it may do so for ever. Fields are read only to drivers. */
struct frontend {
    struct frontend_driver *driver;
    void *priv; /* the driver's own */
    unsigned int id;
    domid_t backend_id;
    enum frontend_phase phase;
    bool dead; /* given up; not connected again before the toolstack has removed it */
    char path[32];
    char backend[FRONTEND_PATH_BYTES];
    /* owned by xenbus/ */
    bool dirty, home_changed, backend_changed, failing, held, refused;
    bool busy;          /* a step of it is under way */
    bool again;         /* closing only to connect anew */
    unsigned int state; /* the XenbusState that we wrote last */
    int error;
    struct xs_watch watch;
    struct list link;
};

/**
 * frontend_register() - Look for devices of the driver's type from now on. Again is harmless.
 * Context: threads. Return: 0; -ENOMEM; -ENOTCONN without xenstore; xenstored's error.
 */
int frontend_register(struct frontend_driver *driver) MUST_CHECK;

/**
 * frontend_settle() - Block until each device that was there has connected, or was lost.
 * Return: how many are connected; they may be fewer than there are at @deadline_ns.
 */
unsigned int frontend_settle(struct frontend_driver *driver, uint64_t deadline_ns);

/**
 * frontend_fail() - Give the device up: its backend lied, or we have no means. quiesce() and release() follow in the
 * frontends' thread.
 * @error: Negative errno, told to the toolstack. @why: Static text for the log and the node error/device/TYPE/N/error.
 * Context: threads, never blocks.
 */
void frontend_fail(struct frontend *f, int error, const char *why);

/** frontend_read_backend() - A number of the backend's; @fallback where there is none. */
uint64_t frontend_read_backend(struct frontend *f, const char *node, uint64_t fallback);

/** frontend_read_own() - The same below f->path. */
uint64_t frontend_read_own(struct frontend *f, const char *node, uint64_t fallback);

/** frontend_write() - Write a number below f->path: from publish(), or with XS_TX_NONE. */
int frontend_write(struct frontend *f, uint32_t tx, const char *node, uint64_t value);

#endif
