// SPDX-License-Identifier: MIT
/*
 * newlib's own, and limits that it leaves out.
 */
#ifndef _XENOLITH_LIMITS_H
#define _XENOLITH_LIMITS_H

#include_next <limits.h>

#ifndef HOST_NAME_MAX
#define HOST_NAME_MAX 64
#endif
#ifndef LOGIN_NAME_MAX
#define LOGIN_NAME_MAX 32
#endif
#ifndef TTY_NAME_MAX
#define TTY_NAME_MAX 32
#endif
#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#undef PIPE_BUF
#define PIPE_BUF 4096

#endif
