// SPDX-License-Identifier: MIT
/*
 * newlib's own, and what it leaves out.
 */
#ifndef _XENOLITH_TIME_H
#define _XENOLITH_TIME_H

#include_next <time.h>

#if __BSD_VISIBLE
__BEGIN_DECLS
time_t timegm(struct tm *tm);
__END_DECLS
#endif

#endif
