// SPDX-License-Identifier: MIT
/*
 * epoll: files that change tell their items, items line up in a ready list, and a wait looks at that list only. So the price of a
 * wait is that of the ready files, however many others there are. Owns the order and the modes: level (an item that was told goes
 * to the end of the list again), edge, one shot.
 */
#define _GNU_SOURCE
#include "epoll_priv.h"

#include <limits.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "../newlib/newlib_priv.h"
#include "poll_priv.h"

#define MODES         ((uint32_t)EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)
#define ALWAYS        ((uint32_t)EPOLLERR | EPOLLHUP)
#define EXCLUSIVE_MAY ((uint32_t)EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static struct epoll *to_epoll(struct file *file)
{
    return container_of(file, struct epoll, file);
}

static void line_up(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;

    if (list_is_empty(&item->ready_link)) {
        list_push_back(&ep->ready, &item->ready_link);
    }
    if (!list_is_empty(&ep->waiters.waiters)) {
        (void)wait_wake_one(&ep->waiters);
    }
    if (!list_is_empty(&ep->file.watches)) {
        file_notify(&ep->file, FILE_CAN_READ);
    }
}

void epoll_item_changed(struct file_watch *watch, unsigned int ready)
{
    struct epoll_item *item = container_of(watch, struct epoll_item, watch);

    if ((ready & FILE_RELEASED) != 0) {
        epoll_item_remove(item);
    } else if ((ready & posix_watch_mask(item->events)) != 0) {
        line_up(item);
    }
}

static unsigned int ready_of(const struct epoll_item *item)
{
    return posix_file_ready(item->file) & item->events & ~MODES;
}

/* As one who waits outside sees it: takes nothing but what turns out not to be ready. */
static unsigned int epoll_ready(struct file *file)
{
    struct epoll *ep = to_epoll(file);
    struct list *pos, *tmp;

    list_for_each_safe(pos, tmp, &ep->ready) {
        if (ready_of(list_entry(pos, struct epoll_item, ready_link)) != 0) {
            return FILE_CAN_READ;
        }
        list_remove(pos);
    }
    return 0;
}

static int epoll_info(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){.kind = FILE_CHARACTER, .permissions = 0600, .block_bytes = 4096};
    return 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *ep = to_epoll(file);

    epoll_items_destroy(ep);
    heap_free(ep);
}

static const struct file_ops epoll_ops = {
    .ready = epoll_ready,
    .info = epoll_info,
    .release = epoll_release,
};

struct epoll *epoll_of(struct file *file)
{
    return file->ops == &epoll_ops ? to_epoll(file) : NULL;
}

static long create(int flags)
{
    struct epoll *ep;
    int fd;

    if ((flags & ~EPOLL_CLOEXEC) != 0) {
        return -EINVAL;
    }
    ep = heap_zalloc(1, sizeof(*ep));
    if (ep == NULL) {
        return -ENOMEM;
    }
    file_init(&ep->file, &epoll_ops, FILE_READ | FILE_WRITE);
    list_init(&ep->ready);
    wait_queue_init(&ep->waiters);
    fd = epoll_items_init(ep);
    if (fd == 0) {
        fd = fd_install(&ep->file, 0);
    }
    if (fd < 0) {
        heap_free(ep->buckets);
        heap_free(ep);
    }
    return fd;
}

/* What of @file an item tells from the start is lined up at once. */
static void set_events(struct epoll_item *item, const struct epoll_event *event)
{
    item->events = event->events | ALWAYS;
    item->data = event->data.u64;
    if (list_is_empty(&item->ready_link) && ready_of(item) != 0) {
        line_up(item);
    }
}

static int add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *event)
{
    struct epoll *inner = epoll_of(file);
    struct epoll_item *item;

    if (inner != NULL && !epoll_may_nest(ep, inner)) {
        return -ELOOP;
    }
    if (epoll_item_find(ep, file, fd) != NULL) {
        return -EEXIST;
    }
    item = epoll_item_add(ep, file, fd);
    if (item == NULL) {
        return -ENOMEM;
    }
    file_watch(file, &item->watch);
    set_events(item, event);
    return 0;
}

static int control(struct epoll *ep, int operation, struct file *file, int fd,
                   const struct epoll_event *event)
{
    struct epoll_item *item;

    if (operation == EPOLL_CTL_ADD) {
        return add(ep, file, fd, event);
    }
    item = epoll_item_find(ep, file, fd);
    if (operation == EPOLL_CTL_DEL) {
        if (item == NULL) {
            return -ENOENT;
        }
        epoll_item_remove(item);
        return 0;
    }
    if (item == NULL) {
        return -ENOENT;
    }
    if ((item->events & EPOLLEXCLUSIVE) != 0) {
        return -EINVAL;
    }
    set_events(item, event);
    return 0;
}

static int check_control(struct file *epfile, int operation, struct file *file,
                         const struct epoll_event *event)
{
    if (file->ops->ready == NULL) {
        return -EPERM;
    }
    if (epoll_of(epfile) == NULL || epfile == file) {
        return -EINVAL;
    }
    if (operation == EPOLL_CTL_DEL) {
        return 0;
    }
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD) {
        return -EINVAL;
    }
    if (event == NULL) {
        return -EFAULT;
    }
    if ((event->events & EPOLLEXCLUSIVE) != 0 &&
        (operation == EPOLL_CTL_MOD || epoll_of(file) != NULL || (event->events & ~EXCLUSIVE_MAY) != 0)) {
        return -EINVAL;
    }
    return 0;
}

/* Up to @max events. Those told by level go to the end, so that the next call begins with others. */
static int collect(struct epoll *ep, struct epoll_event *events, int max)
{
    struct list again = LIST_INIT(again);
    struct list *link;
    int nr = 0;

    while (nr < max && (link = list_pop_front(&ep->ready)) != NULL) {
        struct epoll_item *item = list_entry(link, struct epoll_item, ready_link);
        unsigned int ready = ready_of(item);

        if (ready == 0) {
            continue;
        }
        events[nr].events = ready;
        events[nr].data.u64 = item->data;
        nr++;
        if ((item->events & EPOLLONESHOT) != 0) {
            item->events &= MODES;
        } else if ((item->events & EPOLLET) == 0) {
            list_push_back(&again, link);
        }
    }
    while ((link = list_pop_front(&again)) != NULL) {
        list_push_back(&ep->ready, link);
    }
    if (!list_is_empty(&ep->ready) && !list_is_empty(&ep->waiters.waiters)) {
        (void)wait_wake_one(&ep->waiters);
    }
    return nr;
}

static int wait_until(struct epoll *ep, struct epoll_event *events, int max, uint64_t deadline_ns)
{
    int nr, rc = 0;

    posix_wait_begins();
    nr = collect(ep, events, max);
    /* Who asks without waiting asks for others' work, which they must get the time for. */
    if (nr == 0 && deadline_ns <= time_monotonic_ns()) {
        thread_yield();
        return collect(ep, events, max);
    }
    while (nr == 0 && rc == 0) {
        rc = wait_event_until(&ep->waiters, !list_is_empty(&ep->ready), deadline_ns);
        nr = collect(ep, events, max);
    }
    return nr;
}

int epoll_create1(int flags)
{
    return (int)libc_result(create(flags));
}

int epoll_create(int size)
{
    return (int)libc_result(size > 0 ? create(0) : -EINVAL);
}

int epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
    struct file *epfile = fd_file(epfd);
    struct file *file;
    int rc = -EBADF;

    if (epfile == NULL) {
        return (int)libc_result(rc);
    }
    file = fd_file(fd);
    if (file != NULL) {
        rc = check_control(epfile, operation, file, event);
        if (rc == 0) {
            rc = control(to_epoll(epfile), operation, file, fd, event);
        }
        file_put(file);
    }
    file_put(epfile);
    return (int)libc_result(rc);
}

static int wait_on_fd(int epfd, struct epoll_event *events, int max, uint64_t deadline_ns)
{
    struct file *epfile;
    int rc = -EINVAL;

    if (max <= 0 || (size_t)max > INT_MAX / sizeof(*events)) {
        return (int)libc_result(-EINVAL);
    }
    epfile = fd_file(epfd);
    if (epfile == NULL) {
        return (int)libc_result(-EBADF);
    }
    if (epoll_of(epfile) != NULL) {
        rc = wait_until(to_epoll(epfile), events, max, deadline_ns);
    }
    file_put(epfile);
    return (int)libc_result(rc);
}

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
    return wait_on_fd(epfd, events, max, posix_timeout_ms(timeout_ms));
}

/* Signals are raised by the program itself, never while it waits: the mask has nothing to do. */
int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout_ms, const sigset_t *mask)
{
    (void)mask;
    return epoll_wait(epfd, events, max, timeout_ms);
}

int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
                 const sigset_t *mask)
{
    uint64_t deadline_ns;
    int rc = posix_timeout_ts(timeout, &deadline_ns);

    (void)mask;
    return rc != 0 ? (int)libc_result(rc) : wait_on_fd(epfd, events, max, deadline_ns);
}
