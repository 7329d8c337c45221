// SPDX-License-Identifier: MIT
/*
 * The calls of lib/posix under the names that they have on the host, and what they stand on there: descriptors of lib/vfs, a console that
 * the test types on, signals that are counted.
 */
#ifndef OWN_POSIX_H
#define OWN_POSIX_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>

#include <xenolith/vfs.h>

int own_poll(struct pollfd *fds, nfds_t nr, int timeout_ms);
int own_ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask);
int own_select(int nr, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout);
int own_pselect(int nr, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
                const sigset_t *mask);
int own_epoll_create(int size);
int own_epoll_create1(int flags);
int own_epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event);
int own_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms);
int own_epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout_ms, const sigset_t *mask);
int own_epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
                     const sigset_t *mask);
int own_eventfd(unsigned int count, int flags);
int own_eventfd_read(int fd, eventfd_t *value);
int own_eventfd_write(int fd, eventfd_t value);
int own_timerfd_create(clockid_t clock, int flags);
int own_timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int own_timerfd_gettime(int fd, struct itimerspec *value);
int own_pipe(int fds[2]);
int own_pipe2(int fds[2], int flags);

ssize_t own_read(int fd, void *buf, size_t bytes);
ssize_t own_write(int fd, const void *buf, size_t bytes);
int own_close(int fd);
int own_dup(int fd);
void own_set_nonblock(int fd);

/** own_raise() - Counts in own_signals. */
int own_raise(int number);
extern unsigned int own_signals[NSIG];

/** own_console_type() - One more byte of input, as an upcall brings it; own_console_unread: how many there are. */
void own_console_type(void *ignored);
extern size_t own_console_unread;

/** struct probe_file - A file whose readiness the test sets; @looks counts who asked for it. */
struct probe_file {
    struct file file;
    unsigned int ready;
    unsigned int looks;
    unsigned int releases;
};

/** probe_open() - Its descriptor. */
int probe_open(struct probe_file *probe, unsigned int ready);

/** probe_set() - Readiness changes, and the watches hear of what has become true. */
void probe_set(struct probe_file *probe, unsigned int ready);

#endif
