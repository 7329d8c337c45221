// SPDX-License-Identifier: MIT
/*
 * newlib's own, and POSIX' names of its errors.
 */
#ifndef _XENOLITH_GLOB_H
#define _XENOLITH_GLOB_H

#include_next <glob.h>

#ifndef GLOB_ABORTED
#define GLOB_ABORTED GLOB_ABEND
#endif
#ifndef GLOB_NOMATCH
#define GLOB_NOMATCH (-3)
#endif
#ifndef GLOB_NOSYS
#define GLOB_NOSYS (-4)
#endif

#endif
