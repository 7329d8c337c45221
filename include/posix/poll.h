// SPDX-License-Identifier: MIT
/*
 * poll(): waiting for any of several descriptors. The numbers are Linux's.
 */
#ifndef _POLL_H
#define _POLL_H

#include <sys/cdefs.h>

#include <sys/_sigset.h>
#include <sys/_timespec.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008 /* told unasked, as the next two */
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLMSG    0x0400
#define POLLRDHUP  0x2000

typedef unsigned long nfds_t;

struct pollfd {
    int fd;
    short events;
    short revents;
};

__BEGIN_DECLS
int poll(struct pollfd *fds, nfds_t nr, int timeout_ms);
int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask);
__END_DECLS

#endif
