// SPDX-License-Identifier: MIT
/*
 * Readiness of files as poll() and epoll tell it, and their deadlines.
 */
#include "poll_priv.h"

#include <xenolith/errno.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "../newlib/newlib_priv.h"

#define TURN_AFTER 16

unsigned int posix_file_ready(struct file *file)
{
    unsigned int ready = file_ready(file);

    if ((ready & FILE_CAN_READ) != 0) {
        ready |= POLLRDNORM;
    }
    if ((ready & FILE_CAN_WRITE) != 0) {
        ready |= POLLWRNORM;
    }
    return ready;
}

unsigned int posix_watch_mask(unsigned int events)
{
    if ((events & POLLRDNORM) != 0) {
        events |= FILE_CAN_READ;
    }
    if ((events & POLLWRNORM) != 0) {
        events |= FILE_CAN_WRITE;
    }
    return events &
           (FILE_CAN_READ | FILE_URGENT | FILE_CAN_WRITE | FILE_FAILED | FILE_HANGUP | FILE_PEER_CLOSED);
}

uint64_t posix_timeout_ms(int timeout_ms)
{
    if (timeout_ms < 0) {
        return TIME_FOREVER;
    }
    return timeout_ms == 0 ? 0 : time_deadline_ns((uint64_t)timeout_ms * NS_PER_MS);
}

int posix_timeout_ts(const struct timespec *timeout, uint64_t *deadline_ns)
{
    uint64_t ns;

    if (timeout == NULL) {
        *deadline_ns = TIME_FOREVER;
        return 0;
    }
    if (!libc_timespec_ns(timeout, &ns)) {
        return -EINVAL;
    }
    *deadline_ns = ns == 0 ? 0 : time_deadline_ns(ns);
    return 0;
}

void posix_wait_begins(void)
{
    static unsigned int waits;

    if (++waits % TURN_AFTER == 0) {
        thread_yield();
    }
}
