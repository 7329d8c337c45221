// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/posix's files when they are compiled for the host, whose own calls of these names must stay.
 */
#ifndef LIBC_POLL_NAMES_H
#define LIBC_POLL_NAMES_H

#define poll            own_poll
#define ppoll           own_ppoll
#define select          own_select
#define pselect         own_pselect
#define epoll_create    own_epoll_create
#define epoll_create1   own_epoll_create1
#define epoll_ctl       own_epoll_ctl
#define epoll_wait      own_epoll_wait
#define epoll_pwait     own_epoll_pwait
#define epoll_pwait2    own_epoll_pwait2
#define eventfd         own_eventfd
#define eventfd_read    own_eventfd_read
#define eventfd_write   own_eventfd_write
#define timerfd_create  own_timerfd_create
#define timerfd_settime own_timerfd_settime
#define timerfd_gettime own_timerfd_gettime
#define pipe            own_pipe
#define pipe2           own_pipe2
#define read            own_read
#define write           own_write
#define raise           own_raise

#endif
