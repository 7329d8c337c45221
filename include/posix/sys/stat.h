// SPDX-License-Identifier: MIT
/* newlib's own, and what it leaves out. */
#ifndef _XENOLITH_SYS_STAT_H
#define _XENOLITH_SYS_STAT_H

#include_next <sys/stat.h>

/* Values of tv_nsec for utimensat(). */
#ifndef UTIME_NOW
#define UTIME_NOW  (-2L)
#define UTIME_OMIT (-1L)
#endif

__BEGIN_DECLS
int mknod(const char *__path, mode_t __mode, dev_t __device);
int lstat(const char *__restrict path, struct stat *__restrict out);
__END_DECLS

#endif
