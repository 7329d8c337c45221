// SPDX-License-Identifier: MIT
/*
 * poll(): puts a watch on each file for as long as the call blocks. Owns nothing between calls. The signal mask of ppoll() has
 * nothing to do: signals are raised by the program itself, never while it waits.
 */
#define _GNU_SOURCE
#include "poll_priv.h"

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>

#include "../newlib/newlib_priv.h"

#define ALWAYS (POLLERR | POLLHUP | POLLNVAL)

/* So many descriptors need no memory from the heap. */
#define FEW 16

struct poll_call {
    struct wait_queue waiters;
    bool changed;
};

/** struct poll_entry - One descriptor of a call that blocks. @file is NULL where there is nothing to wait for. */
struct poll_entry {
    struct file_watch watch;
    struct file *file;
    unsigned int mask;
    struct poll_call *call;
};

static void entry_changed(struct file_watch *watch, unsigned int ready)
{
    struct poll_entry *entry = container_of(watch, struct poll_entry, watch);

    if ((ready & entry->mask) != 0) {
        entry->call->changed = true;
        wait_wake_all(&entry->call->waiters);
    }
}

static bool look(struct pollfd *p, struct file *file)
{
    p->revents = (short)(posix_file_ready(file) & ((unsigned short)p->events | ALWAYS));
    return p->revents != 0;
}

static int look_at_all(struct pollfd *fds, nfds_t nr)
{
    int found = 0;

    for (nfds_t i = 0; i < nr; i++) {
        struct file *file;

        fds[i].revents = 0;
        if (fds[i].fd < 0) {
            continue;
        }
        file = fd_file(fds[i].fd);
        if (file == NULL) {
            fds[i].revents = POLLNVAL;
            found++;
            continue;
        }
        found += look(&fds[i], file);
        file_put(file);
    }
    return found;
}

static int look_again(struct pollfd *fds, const struct poll_entry *entries, nfds_t nr)
{
    int found = 0;

    for (nfds_t i = 0; i < nr; i++) {
        if (entries[i].file != NULL) {
            found += look(&fds[i], entries[i].file);
        }
    }
    return found;
}

/* The files are watched from before the look on, so no change is missed. */
static int wait_for_any(struct pollfd *fds, struct poll_entry *entries, nfds_t nr, struct poll_call *call,
                        uint64_t deadline_ns)
{
    int found, rc = 0;

    for (;;) {
        call->changed = false;
        found = look_again(fds, entries, nr);
        if (found > 0 || rc != 0) {
            return found;
        }
        rc = wait_event_until(&call->waiters, call->changed, deadline_ns);
    }
}

static int block(struct pollfd *fds, struct poll_entry *entries, nfds_t nr, uint64_t deadline_ns)
{
    struct poll_call call = {.changed = false};
    int found;

    wait_queue_init(&call.waiters);
    for (nfds_t i = 0; i < nr; i++) {
        struct poll_entry *entry = &entries[i];

        entry->file = fds[i].fd >= 0 ? fd_file(fds[i].fd) : NULL;
        if (entry->file != NULL) {
            entry->mask = posix_watch_mask((unsigned short)fds[i].events | ALWAYS);
            entry->call = &call;
            entry->watch.changed = entry_changed;
            file_watch(entry->file, &entry->watch);
        }
    }
    found = wait_for_any(fds, entries, nr, &call, deadline_ns);
    for (nfds_t i = 0; i < nr; i++) {
        if (entries[i].file != NULL) {
            file_unwatch(&entries[i].watch);
            file_put(entries[i].file);
        }
    }
    return found;
}

int posix_poll(struct pollfd *fds, nfds_t nr, uint64_t deadline_ns)
{
    struct poll_entry few[FEW];
    struct poll_entry *entries = few;
    int found;

    posix_wait_begins();
    found = look_at_all(fds, nr);
    if (found > 0) {
        return found;
    }
    /* Who asks without waiting asks for others' work, which they must get the time for. */
    if (deadline_ns <= time_monotonic_ns()) {
        thread_yield();
        return look_at_all(fds, nr);
    }
    if (nr > FEW) {
        entries = heap_zalloc(nr, sizeof(*entries));
        if (entries == NULL) {
            return -ENOMEM;
        }
    }
    found = block(fds, entries, nr, deadline_ns);
    if (entries != few) {
        heap_free(entries);
    }
    return found;
}

static int poll_until(struct pollfd *fds, nfds_t nr, uint64_t deadline_ns)
{
    return (int)libc_result(nr > FD_LIMIT ? -EINVAL : posix_poll(fds, nr, deadline_ns));
}

int poll(struct pollfd *fds, nfds_t nr, int timeout_ms)
{
    return poll_until(fds, nr, posix_timeout_ms(timeout_ms));
}

int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask)
{
    uint64_t deadline_ns;
    int rc = posix_timeout_ts(timeout, &deadline_ns);

    (void)mask;
    return rc != 0 ? (int)libc_result(rc) : poll_until(fds, nr, deadline_ns);
}
