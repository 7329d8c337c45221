// SPDX-License-Identifier: MIT
/*
 * Watches: who is told of which event, in which order, within bounded memory.
 *
 * A token is a number that is never used twice, so an event that comes late for a watch that is gone finds
 * nobody. Events of watches with a callback wait in one queue and are handed out by one thread, which is made when the
 * first such watch is; the others have a queue each.
 */
#include "xs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>

/* Eight hexadecimal digits and the NUL. */
#define TOKEN_BYTES 9

static struct list watches = LIST_INIT(watches);
static struct list callback_events = LIST_INIT(callback_events);
static uint32_t next_id;
static struct thread *watch_thread;
static struct xs_watch *delivering; /* whose callback runs; NULL again when it removes itself */
static char *orphan_path;           /* of one that did: its callback may still read it */
static struct wait_queue delivered = WAIT_QUEUE_INIT(delivered);

/* ---- Queueing: from the pump, never blocks --------------------------------------------------------------- */

static struct list *watch_queue(struct xs_watch *watch)
{
    return watch->fn != NULL ? &callback_events : &watch->events;
}

static size_t event_bytes(const struct xs_event *event)
{
    return sizeof(*event) + strlen(event->path) + 1;
}

/* The event's path lies in the event's own block. */
static struct xs_event *event_make(struct xs_watch *watch, const char *path)
{
    size_t bytes = strlen(path) + 1;
    struct xs_event *event = heap_alloc(sizeof(*event) + bytes);

    if (event != NULL) {
        event->watch = watch;
        event->path = (char *)(event + 1);
        memcpy(event->path, path, bytes);
    }
    return event;
}

static void watch_enqueue(struct xs_watch *watch, const char *path)
{
    size_t bytes = sizeof(struct xs_event) + strlen(path) + 1;
    struct xs_event *event = NULL;

    /* Once something is lost, the event that says so covers all that comes until it is handled. */
    if (watch->resync_queued) {
        xs_stats.events_lost++;
        return;
    }
    if (bytes <= XS_WATCH_QUEUE_BYTES - watch->queued_bytes) {
        event = event_make(watch, path);
    }
    if (event == NULL) {
        xs_stats.events_lost++;
        watch->resync_queued = true;
        event = &watch->resync;
    } else {
        watch->queued_bytes += bytes;
    }
    list_push_back(watch_queue(watch), &event->link);
    wait_wake_all(xs_conn_watchers());
}

/* The token as we write it: exactly eight digits, lower case. */
static bool token_parse(const char *text, size_t len, uint32_t *id)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t value = 0;

    if (len != TOKEN_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char *digit = memchr(digits, text[i], sizeof(digits) - 1);

        if (digit == NULL) {
            return false;
        }
        value = value << 4 | (uint32_t)(digit - digits);
    }
    *id = value;
    return true;
}

static struct xs_watch *watch_find(uint32_t id)
{
    struct list *pos;

    list_for_each(pos, &watches) {
        struct xs_watch *watch = list_entry(pos, struct xs_watch, link);

        if (watch->id == id) {
            return watch;
        }
    }
    return NULL;
}

void xs_watch_deliver(const char *body, size_t len)
{
    size_t path = strnlen(body, len);
    struct xs_watch *watch;
    const char *token;
    uint32_t id;

    /* Two strings, no more: path, token. */
    if (path == 0 || path == len || xs_parse_string(body + path + 1, len - path - 1) != 0) {
        xs_stats.events_malformed++;
        return;
    }
    token = body + path + 1;
    watch = token_parse(token, len - path - 2, &id) ? watch_find(id) : NULL;
    if (watch == NULL) {
        xs_stats.events_unknown++;
        return;
    }
    if (!xs_path_is_below(body, watch->path)) {
        xs_stats.events_malformed++;
        return;
    }
    watch_enqueue(watch, body);
}

/* ---- Handing out ---------------------------------------------------------------------------------------- */

/* Take the event out of its queue; the path is the event's own memory, or the watch's for the one that says "lost". */
static const char *event_begin(struct xs_event *event)
{
    struct xs_watch *watch = event->watch;

    list_remove(&event->link);
    if (event == &watch->resync) {
        watch->resync_queued = false;
        watch->overflow = true;
        return watch->path;
    }
    watch->queued_bytes -= event_bytes(event);
    return event->path;
}

static bool callback_is_due(const void *arg)
{
    (void)arg;
    return !list_is_empty(&callback_events);
}

static void watch_main(void *arg)
{
    (void)arg;
    for (;;) {
        struct xs_event *event;
        struct xs_watch *watch;
        const char *path;
        bool resync;

        (void)xs_conn_wait(xs_conn_watchers(), callback_is_due, NULL, TIME_FOREVER);
        event = list_entry(callback_events.next, struct xs_event, link);
        watch = event->watch;
        resync = event == &watch->resync;
        path = event_begin(event);
        delivering = watch;
        watch->fn(watch, path);
        /* The callback may have removed the watch: then nothing of it is ours any more. */
        if (delivering == watch) {
            watch->overflow = false;
        }
        if (!resync) {
            heap_free(event);
        }
        heap_free(orphan_path);
        orphan_path = NULL;
        delivering = NULL;
        wait_wake_all(&delivered);
    }
}

/* Why no event will come any more, or 0. */
static int watch_error(const struct xs_watch *watch)
{
    return watch->epoch != xs_conn_epoch() ? -ESHUTDOWN : xs_conn_error();
}

static bool next_is_due(const void *arg)
{
    const struct xs_watch *watch = arg;

    return !list_is_empty(&watch->events) || watch->removing || watch_error(watch) != 0;
}

int xs_watch_next(struct xs_watch *watch, char **path, uint64_t deadline_ns)
{
    struct xs_event *event;
    char *copy;
    int rc;

    if (!watch->registered || watch->fn != NULL) {
        return -EINVAL;
    }
    watch->overflow = false;
    watch->readers++;
    rc = xs_conn_wait(xs_conn_watchers(), next_is_due, watch, deadline_ns);
    watch->readers--;
    if (watch->removing) {
        wait_wake_all(&delivered);
        return -ECANCELED;
    }
    if (rc != 0) {
        return rc;
    }
    if (list_is_empty(&watch->events)) {
        return watch_error(watch);
    }
    event = list_entry(watch->events.next, struct xs_event, link);
    rc = (int)strlen(event == &watch->resync ? watch->path : event->path) + 1;
    copy = heap_alloc((size_t)rc);
    if (copy == NULL) {
        return -ENOMEM;
    }
    memcpy(copy, event_begin(event), (size_t)rc);
    if (event != &watch->resync) {
        heap_free(event);
    }
    *path = copy;
    return 0;
}

/* ---- Adding and removing -------------------------------------------------------------------------------- */

static int watch_request(enum xsd_sockmsg_type type, uint32_t id, const char *path)
{
    char token[TOKEN_BYTES];
    const struct xs_part parts[] = {{path, strlen(path) + 1}, {token, sizeof(token)}};

    ksnprintf(token, sizeof(token), "%08x", id);
    return xs_request(type, XS_TX_NONE, parts, ARRAY_SIZE(parts), NULL, NULL, TIME_FOREVER);
}

static bool watch_is_left(const struct xs_watch *watch)
{
    return watch->readers == 0 && (delivering != watch || thread_current() == watch_thread);
}

/* Local end of a watch: no event finds it, none of its events waits, nobody is inside. */
static void watch_detach(struct xs_watch *watch)
{
    struct list *pos, *tmp;

    watch->removing = true;
    list_remove(&watch->link);
    list_for_each_safe(pos, tmp, watch_queue(watch)) {
        struct xs_event *event = list_entry(pos, struct xs_event, link);

        if (event->watch == watch) {
            list_remove(&event->link);
            if (event != &watch->resync) {
                heap_free(event);
            }
        }
    }
    wait_wake_all(xs_conn_watchers());
    wait_event(&delivered, watch_is_left(watch));
    watch->registered = false;
}

static int watch_thread_start(void)
{
    if (watch_thread != NULL) {
        return 0;
    }
    return thread_create(&watch_thread, "xenwatch", watch_main, NULL, 0);
}

int xs_watch_add(struct xs_watch *watch, const char *path)
{
    size_t bytes = strlen(path) + 1;
    int rc;

    if (watch->fn != NULL) {
        rc = watch_thread_start();
        if (rc != 0) {
            return rc;
        }
    }
    watch->path = heap_alloc(bytes);
    if (watch->path == NULL) {
        return -ENOMEM;
    }
    memcpy(watch->path, path, bytes);
    watch->id = ++next_id;
    watch->epoch = xs_conn_epoch();
    watch->overflow = watch->removing = watch->resync_queued = false;
    watch->readers = 0;
    watch->queued_bytes = 0;
    list_init(&watch->events);
    watch->resync = (struct xs_event){.watch = watch, .path = NULL};
    list_init(&watch->resync.link);
    watch->registered = true;
    list_push_back(&watches, &watch->link);

    rc = watch_request(XS_WATCH, watch->id, watch->path);
    if (rc != 0) {
        watch_detach(watch);
        heap_free(watch->path);
    }
    return rc;
}

int xs_watch_remove(struct xs_watch *watch)
{
    uint32_t id = watch->id;
    char *path = watch->path;
    int rc;

    if (!watch->registered || watch->removing) {
        return 0;
    }
    watch_detach(watch);
    rc = watch->epoch != xs_conn_epoch() ? -ESHUTDOWN : watch_request(XS_UNWATCH, id, path);
    if (delivering == watch) {
        /* From its own callback. */
        delivering = NULL;
        orphan_path = path;
    } else {
        heap_free(path);
    }
    return rc;
}
