// SPDX-License-Identifier: MIT
/*
 * timerfd: a timer as a file; read() tells how often it has expired. A periodic timer fires once and is set again when it is read: the
 * expirations between are computed, so one that nobody reads costs nothing. A deadline on CLOCK_REALTIME is taken by the clock as it
 * stands when it is set; the host's steps do not move it.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/timerfd.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/time.h>
#include <xenolith/timer.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

#include "../newlib/newlib_priv.h"

/**
 * struct timer_file - @next_ns: the first expiration that nobody has read, TIME_FOREVER: none will come. @interval_ns: 0 for one that
 * expires once. @expired: @next_ns has passed.
 */
struct timer_file {
    struct file file;
    struct timer timer;
    clockid_t clock;
    uint64_t next_ns, interval_ns;
    bool expired;
    struct wait_queue readers;
};

static struct timer_file *to_timer(struct file *file)
{
    return container_of(file, struct timer_file, file);
}

static void expire(void *arg)
{
    struct timer_file *t = arg;

    t->expired = true;
    wait_wake_all(&t->readers);
    file_notify(&t->file, FILE_CAN_READ);
}

static void set_next(struct timer_file *t, uint64_t next_ns)
{
    t->next_ns = next_ns;
    t->expired = false;
    if (next_ns != TIME_FOREVER) {
        timer_arm(&t->timer, next_ns);
    }
}

static uint64_t take_expirations(struct timer_file *t)
{
    uint64_t more, last_ns;

    if (t->interval_ns == 0) {
        set_next(t, TIME_FOREVER);
        return 1;
    }
    more = (time_monotonic_ns() - t->next_ns) / t->interval_ns;
    last_ns = t->next_ns + more * t->interval_ns;
    set_next(t, t->interval_ns > TIME_FOREVER - last_ns ? TIME_FOREVER : last_ns + t->interval_ns);
    return 1 + more;
}

static long read_timer(struct file *file, void *buf, size_t bytes)
{
    struct timer_file *t = to_timer(file);
    uint64_t nr;

    if (bytes < sizeof(nr)) {
        return -EINVAL;
    }
    if (!t->expired && (file->flags & FILE_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    wait_event(&t->readers, t->expired);
    nr = take_expirations(t);
    memcpy(buf, &nr, sizeof(nr));
    return sizeof(nr);
}

static unsigned int timer_ready(struct file *file)
{
    return to_timer(file)->expired ? FILE_CAN_READ : 0;
}

static int timer_info(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){.kind = FILE_CHARACTER, .permissions = 0600, .block_bytes = 4096};
    return 0;
}

static void timer_release(struct file *file)
{
    struct timer_file *t = to_timer(file);

    timer_cancel(&t->timer);
    heap_free(t);
}

static const struct file_ops timer_ops = {
    .read = read_timer,
    .ready = timer_ready,
    .info = timer_info,
    .release = timer_release,
};

int timerfd_create(clockid_t clock, int flags)
{
    struct timer_file *t;
    uint64_t now;
    int fd;

    if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) != 0 || !libc_clock_ns(clock, &now)) {
        return (int)libc_result(-EINVAL);
    }
    t = heap_zalloc(1, sizeof(*t));
    if (t == NULL) {
        return (int)libc_result(-ENOMEM);
    }
    file_init(&t->file, &timer_ops, FILE_READ | ((flags & TFD_NONBLOCK) != 0 ? FILE_NONBLOCK : 0));
    timer_init(&t->timer, expire, t);
    t->clock = clock;
    t->next_ns = TIME_FOREVER;
    wait_queue_init(&t->readers);
    fd = fd_install(&t->file, 0);
    if (fd < 0) {
        heap_free(t);
    }
    return (int)libc_result(fd);
}

/* The timer behind @fd, with a reference to its file. */
static int timer_of(int fd, struct timer_file **out)
{
    struct file *file = fd_file(fd);

    if (file == NULL) {
        return -EBADF;
    }
    if (file->ops != &timer_ops) {
        file_put(file);
        return -EINVAL;
    }
    *out = to_timer(file);
    return 0;
}

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC)};
}

static void tell(const struct timer_file *t, struct itimerspec *out)
{
    uint64_t now = time_monotonic_ns();
    uint64_t left = 0;

    if (t->next_ns == TIME_FOREVER) {
        left = 0;
    } else if (t->next_ns > now) {
        left = t->next_ns - now;
    } else if (t->interval_ns > 0) {
        left = t->interval_ns - (now - t->next_ns) % t->interval_ns;
    }
    out->it_value = to_timespec(left);
    out->it_interval = to_timespec(t->interval_ns);
}

static void set(struct timer_file *t, int flags, uint64_t value_ns, uint64_t interval_ns)
{
    timer_cancel(&t->timer);
    t->interval_ns = interval_ns;
    if (value_ns == 0) {
        set_next(t, TIME_FOREVER);
    } else if ((flags & TFD_TIMER_ABSTIME) != 0) {
        set_next(t, libc_clock_deadline(t->clock, value_ns));
    } else {
        set_next(t, time_deadline_ns(value_ns));
    }
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    uint64_t value_ns, interval_ns;
    struct timer_file *t;
    int rc;

    if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0 ||
        !libc_timespec_ns(&value->it_value, &value_ns) ||
        !libc_timespec_ns(&value->it_interval, &interval_ns)) {
        return (int)libc_result(-EINVAL);
    }
    rc = timer_of(fd, &t);
    if (rc != 0) {
        return (int)libc_result(rc);
    }
    if (old != NULL) {
        tell(t, old);
    }
    set(t, flags, value_ns, interval_ns);
    file_put(&t->file);
    return 0;
}

int timerfd_gettime(int fd, struct itimerspec *value)
{
    struct timer_file *t;
    int rc = timer_of(fd, &t);

    if (rc != 0) {
        return (int)libc_result(rc);
    }
    tell(t, value);
    file_put(&t->file);
    return 0;
}
