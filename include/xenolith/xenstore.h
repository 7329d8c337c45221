// SPDX-License-Identifier: MIT
/*
 * The xenstore client. Any number of threads may have requests under way at once; replies find their
 * request by req_id. All functions block (threads only) unless said otherwise and return 0 or a negative errno:
 * xenstored's own (ENOENT, EACCES, EAGAIN, ...), or -EPROTO for a reply that makes no sense, -ENOTCONN without xenstore,
 * -E2BIG for a request above XENSTORE_PAYLOAD_MAX. A daemon that breaks the protocol of the ring itself loses us: the
 * connection is closed and every call, waiting or later, returns -EPROTO (-ECONNRESET if the daemon gave up).
 * Paths are absolute, or relative to /local/domain/<us>. What is returned by pointer lies on the heap and is freed by heap_free().
 * ABI: xen/io/xs_wire.h.
 */
#ifndef XENOLITH_XENSTORE_H
#define XENOLITH_XENSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>

#define XS_TX_NONE 0U

/** xs_init() - Adopt the ring found at boot. Called at first use of any function here; never blocks. */
int xs_init(void);

/** xs_read() - A node's value, with a NUL added behind it. @len: its length without that, or NULL. */
int xs_read(uint32_t tx, const char *path, char **value, size_t *len);

/** xs_read_u64() - Read and parse an unsigned decimal number in full; -EINVAL when it is none or out of range. Needs no memory. */
int xs_read_u64(uint32_t tx, const char *path, uint64_t *value);

int xs_write(uint32_t tx, const char *path, const void *value, size_t len);

/** xs_write_until() - As xs_write(), but -ETIMEDOUT at @deadline_ns; the daemon may still carry it out. */
int xs_write_until(uint32_t tx, const char *path, const void *value, size_t len, uint64_t deadline_ns);

/** xs_printf() - Write a formatted string, without its NUL. Conversions of kvsnprintf(). */
int xs_printf(uint32_t tx, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** xs_mkdir() - Make the node and its parents; 0 also when it is there. */
int xs_mkdir(uint32_t tx, const char *path);

/** xs_rm() - Remove a node and all below it. */
int xs_rm(uint32_t tx, const char *path);

#define XS_DIRECTORY_TRIES     16U
#define XS_DIRECTORY_MAX_BYTES (1UL << 20)

/**
 * xs_directory() - A node's children, also of directories above 4096 bytes (XS_DIRECTORY_PART).
 * @names: *nr pointers and the strings behind them in one block; one heap_free() frees all.
 * Return: 0; -EAGAIN when a large directory changed each of XS_DIRECTORY_TRIES times while it was read; -E2BIG above
 * XS_DIRECTORY_MAX_BYTES.
 */
int xs_directory(uint32_t tx, const char *path, char ***names, size_t *nr);

/** struct xs_perm - The first entry names the owner, and what everybody not listed may do. */
struct xs_perm {
    char access; /* 'n', 'r', 'w' or 'b', as on the wire */
    domid_t domid;
};

/** xs_get_permissions() - @perms: *nr entries in one block. */
int xs_get_permissions(uint32_t tx, const char *path, struct xs_perm **perms, size_t *nr);
int xs_set_permissions(uint32_t tx, const char *path, const struct xs_perm *perms, size_t nr);

/** xs_transaction_start() - @tx: for the calls that belong to it. Each start needs its end. */
int xs_transaction_start(uint32_t *tx);

/** xs_transaction_end() - @commit false aborts. -EAGAIN: somebody else changed what was read, do it all again. */
int xs_transaction_end(uint32_t tx, bool commit);

#define XS_TRANSACTION_TRIES 100U

/**
 * xs_transaction() - Run @body in a transaction, again from the start as long as its end answers EAGAIN.
 * @body: Returns 0 to commit; anything else aborts and is returned.
 * Return: 0; -EAGAIN after XS_TRANSACTION_TRIES conflicts in a row.
 */
int xs_transaction(int (*body)(uint32_t tx, void *arg), void *arg);

/** struct xs_event - One event in a queue; xenbus/'s own. @path: NULL for the one that stands for lost events. */
struct xs_event {
    struct list link;
    struct xs_watch *watch;
    char *path;
};

/**
 * struct xs_watch - One registered watch. Its events come in the order in which xenstored sent them, to @fn in the
 * watch thread (it may block and use xenstore), or, with fn NULL, queued for xs_watch_next(). All watches with a
 * callback share one queue, so their events keep their order across watches too.
 *
 * Memory is bounded: when more than XS_WATCH_QUEUE_BYTES wait, or there is no memory, events are dropped, and one event
 * with the watch's own path comes behind those that are queued, @overflow set while it is handled: read everything again.
 * Every event's path is the watch's path or below it. xenstored may send events for no visible reason.
 */
struct xs_watch {
    void (*fn)(struct xs_watch *watch, const char *path);
    void *arg;
    bool overflow; /* written by xenbus/ */
    /* owned by xenbus/ from here on */
    bool registered, removing, resync_queued;
    unsigned int readers, epoch;
    uint32_t id;
    size_t queued_bytes;
    char *path;
    struct list link, events;
    struct xs_event resync;
};

#define XS_WATCH_QUEUE_BYTES 8192U

/**
 * xs_watch_add() - Register; the first event comes at once (xenstored's way), possibly before this returns.
 * @watch: fn and arg are set by the caller; the rest is written here.
 * Return: 0; -ENOMEM; xenstored's error, or the connection's.
 */
int xs_watch_add(struct xs_watch *watch, const char *path);

/**
 * xs_watch_next() - Next event of a watch without fn.
 * @path: freed by heap_free().
 * Return: 0; -ETIMEDOUT at @deadline_ns; -ECANCELED when the watch is being removed; -ENOMEM (the event is kept); the
 * connection's error, once the queue is empty.
 */
int xs_watch_next(struct xs_watch *watch, char **path, uint64_t deadline_ns);

/**
 * xs_watch_remove() - Unregister; afterwards no callback runs or will, no xs_watch_next() is inside, and the memory is
 * the caller's. Callable from the watch's own callback; from elsewhere it waits for a callback under way.
 * Return: 0; an error of the connection, in which case too the watch is gone. Without effect on one not registered.
 */
int xs_watch_remove(struct xs_watch *watch);

/** xs_get_domain_path() - Where @domid's nodes live. xenstored answers for any number. */
int xs_get_domain_path(domid_t domid, char **path);

/** xs_introduce() - Have xenstored serve a domain; for those allowed, -EACCES for the others. */
int xs_introduce(domid_t domid, uint64_t gfn, uint32_t port);

/** xs_release() - Undo xs_introduce(). */
int xs_release(domid_t domid);

/** xs_is_introduced() - 1, 0, or a negative errno. */
int xs_is_introduced(domid_t domid);

/** xs_domid() - Our own domain id, read from xenstore once ("domid"). Negative errno on failure. */
int xs_domid(void);

/** struct xs_stats - Counted since boot. Refused: not what was asked for; its request failed with -EPROTO. */
struct xs_stats {
    uint64_t requests, replies, replies_refused, replies_stale;
    uint64_t events, events_unknown, events_malformed, events_lost;
    uint64_t notifications;
};

void xs_get_stats(struct xs_stats *out);

#endif
