// SPDX-License-Identifier: MIT
/*
 * What poll(), select() and epoll share: readiness in the words of poll(), deadlines, and the turn that they leave to
 * others. Functions return negative errors, as the kernel's do.
 */
#ifndef POLL_PRIV_H
#define POLL_PRIV_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <xenolith/vfs.h>

/** posix_file_ready() - file_ready() with poll()'s second names of the same things. */
unsigned int posix_file_ready(struct file *file);

/** posix_watch_mask() - Which of enum file_ready can make any of poll()'s @events true. */
unsigned int posix_watch_mask(unsigned int events);

/** posix_timeout_ms() - The deadline of a time-out in ms; negative: none. 0 is a deadline in the past. */
uint64_t posix_timeout_ms(int timeout_ms);

/** posix_timeout_ts() - The same of a struct timespec; NULL: none. -EINVAL. */
int posix_timeout_ts(const struct timespec *timeout, uint64_t *deadline_ns);

/**
 * posix_wait_begins() - Called by every wait before it looks. Threads are cooperative: a program that always finds something would
 * keep those from running whose work it asks for, so they get a turn now and then.
 */
void posix_wait_begins(void);

/** posix_poll() - poll() until @deadline_ns. How many are ready. -ENOMEM. */
int posix_poll(struct pollfd *fds, nfds_t nr, uint64_t deadline_ns);

#endif
