// SPDX-License-Identifier: MIT
/* newlib's own, but that paths may be as long as on Linux: realpath() fills a buffer of that size. */
#ifndef _XENOLITH_SYS_SYSLIMITS_H
#define _XENOLITH_SYS_SYSLIMITS_H

#include_next <sys/syslimits.h>

#undef PATH_MAX
#define PATH_MAX 4096

#endif
