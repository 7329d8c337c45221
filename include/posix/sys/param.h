// SPDX-License-Identifier: MIT
/*
 * newlib's own, and what it leaves out.
 */
#ifndef _XENOLITH_SYS_PARAM_H
#define _XENOLITH_SYS_PARAM_H

#include <limits.h>

#include_next <sys/param.h>

#ifndef MAXHOSTNAMELEN
#define MAXHOSTNAMELEN HOST_NAME_MAX
#endif
#ifndef MAXSYMLINKS
#define MAXSYMLINKS 40
#endif
#ifndef roundup
#define roundup(x, y) ((((x) + ((y) - 1)) / (y)) * (y))
#endif
#ifndef powerof2
#define powerof2(x) ((((x) - 1) & (x)) == 0)
#endif

#undef NOFILE
#define NOFILE 65536

#endif
