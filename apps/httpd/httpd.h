// SPDX-License-Identifier: MIT
/*
 * The server's own structures: who owns what, and what the modules offer each other.
 *
 *   main.c     options                       server.c   event loop, accepting, connections, time-outs
 *   conn.c     bytes in, requests in turn    request.c  one request, parsed by http-parser
 *   respond.c  which answer                  bodies.c   ranges of files      pages.c  /status and /metrics
 *   files.c    table of open files           entry.c    one file and its ready answer
 *   memo.c     requests that were answered before
 *   output.c   bytes out                     uri.c fields.c text.c crc32.c   pure functions
 *   platform_*.c  figures of the system below
 *
 * One thread. Nothing blocks but epoll_wait().
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <http_parser.h>

#include "fields.h"
#include "text.h"

#define HTTPD_PATH_MAX 1024 /* of a decoded path */
#define HTTPD_TAG_MAX  48

/* ---- Options ---- */

struct options {
    const char *root;
    uint64_t port;
    uint64_t max_connections; /* 0: as memory allows */
    uint64_t max_head;        /* bytes of request line and header fields */
    uint64_t max_upload;      /* bytes */
    uint64_t cache_bytes;     /* files and headers kept in memory; 0: as memory allows */
    uint64_t small_file;      /* bodies up to so many bytes are kept in memory with their header */
    uint64_t head_timeout, idle_timeout, body_timeout, write_timeout; /* seconds */
    bool log, no_status;
};
extern struct options options;

/* ---- Counters, for /status and /metrics ---- */

struct counters {
    uint64_t accepted, closed, refused, evicted, timed_out;
    uint64_t requests, memo_hits, bytes_out, bytes_in, upload_bytes;
    uint64_t by_status[6][64]; /* [hundreds][the rest] */
    uint64_t cache_hits, cache_misses;
    unsigned int open, open_max;
};
extern struct counters counters;

/* ---- request.c ---- */

enum header {
    HEADER_HOST,
    HEADER_RANGE,
    HEADER_IF_RANGE,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_IF_MODIFIED_SINCE,
    HEADER_IF_UNMODIFIED_SINCE,
    HEADER_ACCEPT_ENCODING,
    HEADER_EXPECT,
    HEADER_COUNT,
};

/** struct slice - A part of the head, by its distance from the head's start, so that the head may move. */
struct slice {
    uint32_t at, length;
};

enum request_state {
    REQUEST_HEAD, /* the head has not ended */
    REQUEST_BODY, /* the head has, the body has not; slices are no longer valid */
    REQUEST_DONE,
    REQUEST_BAD, /* @status says why */
};

enum route {
    ROUTE_FILE,
    ROUTE_STATUS,
    ROUTE_METRICS,
    ROUTE_UPLOAD,
    ROUTE_OPTIONS,
    ROUTE_NOT_ALLOWED,
};

struct request {
    http_parser parser;
    const char *
        base; /* where the head starts now; valid during request_feed() and, if all of it was in one piece, after it */
    uint32_t consumed; /* bytes of this request so far, up to the end of the head */
    struct slice target, field, value, headers[HEADER_COUNT];
    uint16_t seen; /* bits of enum header */
    uint8_t state, route, method;
    int8_t current; /* enum header, or -1: of no interest */
    bool value_started, keep_alive, old /* HTTP/1.0 */, wants_continue, repeated;
    bool head_here;    /* all of the head was in the last request_feed(): slices are valid */
    uint16_t status;   /* of REQUEST_BAD */
    uint16_t too_much; /* the status that a body beyond body_limit gets */
    uint32_t crc;
    uint64_t body_bytes, body_limit;
};

void request_start(struct request *rq);

/**
 * request_feed() - Parse @length more bytes.
 * @base: Where the head starts, while rq->state is REQUEST_HEAD.
 * Return: bytes taken: all, but behind the end of the request, or after an error.
 */
size_t request_feed(struct request *rq, const char *base, const char *data, size_t length);

/** request_header() - The value of a header field; NULL if it is not there. */
const char *request_header(const struct request *rq, enum header header, size_t *length);

/** request_route() - Defined by respond.c: called at the head's end; sets @route, @body_limit and @too_much. 0, or a status to refuse with. */
int request_route(struct request *rq);

/* ---- files.c, entry.c ---- */

/**
 * struct entry - A file that has been asked for, with the header of its answer, and with its body if that is small.
 * @blob: "HTTP/1.1 200 OK\r\nDate: ...\r\n ... \r\n\r\n" and the body.
 */
struct entry {
    struct entry *next_in_bucket;
    struct entry *newer, *older; /* by last use */
    struct entry *gzip;          /* the packed sibling, with a reference */
    char *blob;
    uint32_t head_length, kept_body; /* kept_body: 0 or all of the file */
    uint64_t size;
    int64_t modified;
    uint64_t identity[3];
    uint64_t date_second, checked_second;
    const char *type, *charset;
    char tag[HTTPD_TAG_MAX];
    int fd;
    unsigned int refs;
    uint32_t hash;
    bool packed, listed;
    char path[];
};

/** files_init() - @bytes and @count bound what is kept. */
void files_init(uint64_t bytes, unsigned int count);

/**
 * files_find() - The file behind a decoded path, with a reference for the caller.
 * Return: 0; else a status: 301 (a directory without its slash), 403, 404, 500, 503.
 */
int files_find(const char *path, struct entry **out);

/** entry_make() - For files.c: open the file, make its answer. As files_find(). @packed: the sibling "...gz". */
int entry_make(const char *path, uint32_t hash, bool packed, struct entry **out);

/** entry_unchanged() - For files.c: whether the file system still has the same file, and the same packed sibling or none. */
bool entry_unchanged(struct entry *e);

/** files_fresh() - Whether @e was compared with the file system within the last second and is still what is found there. */
bool files_fresh(const struct entry *e);

/** files_dated() - @e's blob, with the date of now. */
const char *files_dated(struct entry *e);

void files_put(struct entry *e);
uint64_t files_bytes(void);
unsigned int files_count(void);

/** builtin_page - What "/" shows when the root has no index.html. */
extern const char builtin_page[], builtin_page_end[];

/* ---- memo.c ---- */

/** struct memo - The bytes of a request's head, and the answer that they had: the parser need not see them again. */
struct memo {
    struct entry *entry;
    uint32_t length;
    bool head_only, keep_alive, old;
    char bytes[];
};

const struct memo *memo_find(const char *data, size_t length);
void memo_add(const struct request *rq, struct entry *e, bool head_only);

/* ---- Connections (server.c, conn.c) ---- */

enum wait_for { WAIT_HEAD, WAIT_IDLE, WAIT_BODY, WAIT_WRITE, WAIT_LINGER, WAIT_KINDS };

/** struct parts - The rest of a multipart/byteranges answer. */
struct parts {
    struct range ranges[FIELDS_MAX_RANGES];
    int count, next;
    char boundary[24];
};

/**
 * struct pending - Input of a connection that could not be finished at once.
 * @parsed: Of @bytes; what is behind has not been seen by the parser.
 */
struct pending {
    struct request rq;
    uint32_t length, parsed, size;
    char bytes[];
};

struct conn {
    struct conn *later, *earlier; /* in the list of what it waits for, by deadline */
    struct conn *next;            /* in the list of those to go on with, of the dead, or of the free */
    uint64_t deadline_ms;
    int fd;
    uint8_t waits; /* enum wait_for */
    bool readable, write_armed, close_after, linger, again, dead;
    bool served;      /* has had an answer */
    bool renew;       /* the next head has its full time */
    bool peer_closed; /* it was said that no more will come */
    bool lingering;   /* our side is closed, the rest of the input is thrown away */
    struct pending *in;
    /* output, in this order */
    char *own;
    uint32_t own_at, own_length, own_size;
    struct entry *entry; /* behind @memory and @file_at */
    const char *memory;
    uint64_t memory_left, file_at, file_left;
    struct parts *parts;
    uint64_t lingered, moved; /* moved: bytes since the time-out was last put off */
};

/** conn_run() - Go on until input or output would block, or the connection is done with. */
void conn_run(struct conn *c);

/* ---- server.c ---- */

extern uint64_t server_ms, server_start_ms; /* monotonic */
extern uint64_t server_second;              /* since 1970 */
extern char server_date[FIELDS_DATE_LENGTH];
extern uint64_t server_boot_id;

/** server_start() - Listen. 0, or -1 with errno. */
int server_start(void);

/** server_run() - Serve for ever. */
void server_run(void);

/** server_wait() - @c now waits for @what, until its time-out from now on. */
void server_wait(struct conn *c, enum wait_for what);

/** server_again() - Call conn_run() in the next round, also without an event. */
void server_again(struct conn *c);

/** server_watch_write() - Whether to be woken when @c can be written to. */
void server_watch_write(struct conn *c, bool on);

void server_close(struct conn *c);

/* ---- output.c ---- */

enum out_result { OUT_DONE, OUT_BLOCKED, OUT_BUSY, OUT_DEAD };

static inline bool out_pending(const struct conn *c)
{
    return c->own_length != 0 || c->memory_left != 0 || c->file_left != 0 || c->parts != NULL;
}

/** out_put() - Send, or keep a copy of, a few pieces. @more: there will be more soon: wait for it. */
void out_put(struct conn *c, const struct iovec *pieces, int count, bool more);

/** out_whole() - The short way of out_put(), for one piece with nothing before or behind it. Return: false: nothing was done. */
bool out_whole(struct conn *c, const char *bytes, size_t length);

/** out_flush() - Send what out_put() has kept back. */
void out_flush(struct conn *c, bool more);

/** out_push() - Go on with a blocked or long answer. */
enum out_result out_push(struct conn *c);

/** out_drop() - Forget all output. */
void out_drop(struct conn *c);

/* ---- respond.c, bodies.c, pages.c ---- */

/** respond() - Answer @rq. @more: other requests stand behind it in the input. */
void respond(struct conn *c, struct request *rq, bool more);

/** respond_error() - Answer with a short page. @rq may be NULL. Headers of the status' own follow from it. */
void respond_error(struct conn *c, const struct request *rq, int status, const char *location, bool more);

void respond_memo(struct conn *c, const struct memo *memo, bool more);

/** respond_entry() - The whole file, or its header alone. */
void respond_entry(struct conn *c, struct entry *e, bool head_only, bool old, bool more);

/** respond_text() - A page made just now. */
void respond_text(struct conn *c, const struct request *rq, int status, const char *type, const char *headers,
                  const char *body, size_t length, bool more);

/** respond_head() - Status line and the fields that every answer has. */
void respond_head(struct text *t, const struct conn *c, int status, bool old);
void respond_count(int status);

/** bodies_respond() - The ranges of @e that @rq asks for. Return: false: there are none to be heeded. */
bool bodies_respond(struct conn *c, const struct request *rq, struct entry *e, bool more);

/** bodies_next_part() - The next part's header becomes c->own, its body c->memory or c->file_at. */
void bodies_next_part(struct conn *c);

void pages_status(struct conn *c, const struct request *rq, bool more);
void pages_metrics(struct conn *c, const struct request *rq, bool more);

/* ---- crc32.c ---- */

/** crc32_update() - The CRC-32 of Ethernet, zip and PNG. Starts with 0. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t length);

/* ---- platform_*.c ---- */

/**
 * struct figure - A number of the system below.
 * @name:  Prometheus', without the prefix "xenolith_"; ends in _total for a counter.
 * @label: A label pair such as dev="eth0", or NULL.
 * @text:  For people.
 */
struct figure {
    const char *name, *label, *text;
    uint64_t value;
};

/** platform_figures() - Call @show for each. Those of one name come together. */
void platform_figures(void (*show)(void *cookie, const struct figure *figure), void *cookie);

/** platform_free_memory() - Bytes that may be used for connections and files. */
uint64_t platform_free_memory(void);

/** platform_name() - "Xenolith, PVH" */
const char *platform_name(void);

#endif
