// SPDX-License-Identifier: MIT
/*
 * What the files of the xenstore client share. Nobody outside xenbus/ includes this, except its tests.
 */
#ifndef XENBUS_XS_PRIV_H
#define XENBUS_XS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include <xenolith/compiler.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>
#include <xenolith/xenstore.h>

/* ---- Parsing: xs_parse.c. Pure functions over bytes that came from xenstored. ---------------------------- */

/** xs_parse_error() - The payload of XS_ERROR as a negative errno; -EPROTO when it names none that we know. */
int xs_parse_error(const char *body, size_t len);

/** xs_parse_ok() - The payload of a bare acknowledgement. 0 or -EPROTO. */
int xs_parse_ok(const char *body, size_t len);

/** xs_parse_string() - Exactly one NUL, at the end. 0 or -EPROTO. */
int xs_parse_string(const char *body, size_t len);

/** xs_parse_decimal() - All @len characters as an unsigned decimal up to @max. 0; -EINVAL: no number, or too large. */
int xs_parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *value);

/** xs_parse_names() - Child names: NUL-terminated each, none empty, none with a slash. Return: how many, or -EPROTO. */
long xs_parse_names(const char *body, size_t len);

/** xs_parse_perm() - One permission string of @len characters, without its NUL. 0 or -EPROTO. */
int xs_parse_perm(const char *text, size_t len, struct xs_perm *perm);

/** xs_path_is_below() - Is @path @parent, or below it? */
bool xs_path_is_below(const char *path, const char *parent);

/* ---- The connection: xs_conn.c -------------------------------------------------------------------------- */

/* Requests under way at once. xenstored itself stops reading a domain with 20 of them. */
#define XS_MAX_REQUESTS 16U

/** struct xs_part - A piece of a request's payload. */
struct xs_part {
    const void *data;
    size_t bytes;
};

/**
 * xs_request() - Send a request and block for its reply.
 * @type:        XS_*; the reply must be of the same type, or XS_ERROR.
 * @parts, @nr:  The payload in pieces.
 * @body, @len:  The reply's payload, on the heap with a NUL added; NULL: the reply must be "OK".
 * @deadline_ns: When to give up. The daemon may still carry out the request.
 * Context: threads, blocks. Return: 0; xenstored's error; -EPROTO for a reply of the wrong kind; -E2BIG; -ENOMEM;
 * -ENOTCONN without xenstore; -ETIMEDOUT; the connection's error once it is closed.
 */
int xs_request(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *parts, unsigned int nr,
               char **body, size_t *len, uint64_t deadline_ns);

/** xs_request_number() - The same for a reply that is a decimal number; -EINVAL if it is none. Needs no memory. */
int xs_request_number(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *part, uint64_t *number);

/** xs_conn_pump() - Take what has come out of the ring, bounded in work, and hand it to its owners. May yield, never blocks. */
void xs_conn_pump(void);

/**
 * xs_conn_wait() - Block on @wq, and serve the connection meanwhile, until @done holds.
 * Return: 0; -ETIMEDOUT when it still did not at @deadline_ns.
 */
int xs_conn_wait(struct wait_queue *wq, bool (*done)(const void *arg), const void *arg, uint64_t deadline_ns);

/** xs_conn_leave() - Whoever waited goes: pass the duty to read the ring on. Done by xs_conn_wait() itself. */
void xs_conn_leave(void);

/** xs_conn_has_news() - Is there something to pump? One look at the page. False once closed. */
bool xs_conn_has_news(void);

/** xs_conn_error() - 0, or why the connection is closed. Sticky. */
int xs_conn_error(void);

/** xs_conn_epoch() - Which connection this is. What an earlier one knew of us, watches above all, the daemon has forgotten. */
unsigned int xs_conn_epoch(void);

/** xs_conn_watchers() - Where those wait who want events; an upcall wakes one of them if nobody waits for a reply. */
struct wait_queue *xs_conn_watchers(void);

/**
 * xs_conn_forget() - Close: every waiter gets -ESHUTDOWN; the next request connects afresh. For a new ring page
 * after a resume. Watches stay with the old connection: they report -ESHUTDOWN and have to be removed and added again.
 * Context: threads.
 */
void xs_conn_forget(void);

/* Counted by all of xenbus/. */
extern struct xs_stats xs_stats;

/* ---- Watches: xs_watch.c -------------------------------------------------------------------------------- */

/** xs_watch_deliver() - A WATCH_EVENT's payload. Queues it, or counts it as dropped. Never blocks. */
void xs_watch_deliver(const char *body, size_t len);

#endif
