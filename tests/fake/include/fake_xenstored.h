// SPDX-License-Identifier: MIT
/*
 * A xenstored for host tests, behind a real ring page: a tree with permissions, transactions and watches. It sleeps until it is
 * notified, and notifies us no more than it must, so a notification forgotten on either side shows as a deadlock.
 * We are domain 7; the fake_xs_* calls act as dom0.
 *
 * Link tests/fake/xenstored.c and xenstored_tree.c into the test by UNIT_OBJS_*: they bring their own evtchn_* calls.
 */
#ifndef XENOLITH_FAKE_XENSTORED_H
#define XENOLITH_FAKE_XENSTORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#define FAKE_XS_DOMID 7
#define FAKE_XS_HOME  "/local/domain/7"
#define FAKE_XS_PORT  5

/** struct fake_xs - Knobs and counters; zeroed, but for the page, by fake_xs_start(). */
struct fake_xs {
    struct xenstore_domain_interface *page;
    size_t chunk;           /* bytes moved at a time in each direction; 0: all there is room for */
    bool eager;             /* serves within the notification, as a daemon on another processor may */
    bool mute;              /* takes requests, answers none */
    bool asleep;            /* takes nothing either */
    unsigned int conflicts; /* so many commits to come answer EAGAIN */
    unsigned int requests, kicks;
    /* Looks at, changes or (false) swallows each message on its way out; body has XENSTORE_PAYLOAD_MAX bytes. */
    bool (*mangle)(struct xsd_sockmsg *hdr, char *body);
    /* Sees each request before it is served. */
    void (*spy)(const struct xsd_sockmsg *hdr, const char *body);
};

extern struct fake_xs fake_xs;

/**
 * fake_xs_start() - An empty ring whose indices start at @index, a tree with what libxl makes for a domain, hooked into the
 * fake's idle and upcall. After fake_boot(). May be called again for a new start.
 */
void fake_xs_start(uint32_t index);

/** fake_xs_kick() - Wake the daemon without a notification. */
void fake_xs_kick(void);

/** fake_xs_emit() - Put raw bytes behind what waits to go out to us. */
void fake_xs_emit(const void *bytes, size_t len);

/** fake_xs_emit_event() - A watch event with any path and token. */
void fake_xs_emit_event(const char *path, const char *token);

/** fake_xs_raise() - The event that a daemon sends after it has touched the page. */
void fake_xs_raise(void);

/** fake_xs_port_masked() - Does our side hold the daemon's events back? */
bool fake_xs_port_masked(void);

/** fake_xs_last_token() - Token of the watch that was registered last. */
const char *fake_xs_last_token(void);

/** fake_xs_watches() - How many are registered. */
size_t fake_xs_watches(void);

/* dom0's side of the tree; paths are absolute. Writing and removing fires our watches. */
void fake_xs_write(const char *path, const char *value);
void fake_xs_rm(const char *path);
/** fake_xs_read() - NUL-terminated, until the node changes; NULL: no such node. */
const char *fake_xs_read(const char *path);
void fake_xs_chmod(const char *path, const char *perms); /* "n0 r7" */

/* ---- Between xenstored.c and xenstored_tree.c. Paths are absolute, domids ask for permission, 0 may all. ---- */

struct fake_tree;

struct fake_perm {
    char access;
    unsigned int domid;
};

#define FAKE_MAX_PERMS 8

struct fake_node {
    char *path;
    char *value;
    size_t len;
    uint64_t generation;
    unsigned int nr_perms;
    struct fake_perm perms[FAKE_MAX_PERMS];
};

struct fake_tree *fake_tree_make(void);
struct fake_tree *fake_tree_copy(const struct fake_tree *t);
void fake_tree_free(struct fake_tree *t);

/* All return 0 or a positive errno. */
int fake_tree_get(struct fake_tree *t, const char *path, unsigned int domid, struct fake_node **node);
int fake_tree_set(struct fake_tree *t, const char *path, const char *value, size_t len, unsigned int domid);
int fake_tree_mkdir(struct fake_tree *t, const char *path, unsigned int domid);
int fake_tree_rm(struct fake_tree *t, const char *path, unsigned int domid);
int fake_tree_chmod(struct fake_tree *t, const char *path, const struct fake_perm *perms, unsigned int nr,
                    unsigned int domid);

/** fake_tree_children() - Names of @path's children, NUL behind each, in malloc'ed memory. */
char *fake_tree_children(struct fake_tree *t, const char *path, size_t *len);

/** fake_tree_removed() - Was @path taken away by the rm of @gone (equal, or below)? */
bool fake_path_is_below(const char *path, const char *parent);

#endif
