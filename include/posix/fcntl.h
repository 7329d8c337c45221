// SPDX-License-Identifier: MIT
/*
 * newlib's own, and what it leaves out. O_PATH and O_TMPFILE do not exist here.
 */
#ifndef _XENOLITH_FCNTL_H
#define _XENOLITH_FCNTL_H

#include_next <fcntl.h>

/* Locks that belong to the open file instead of the process; the numbers are Linux's. */
#define F_OFD_GETLK  36
#define F_OFD_SETLK  37
#define F_OFD_SETLKW 38

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5

#define FALLOC_FL_KEEP_SIZE  0x01
#define FALLOC_FL_PUNCH_HOLE 0x02
#define FALLOC_FL_ZERO_RANGE 0x10

__BEGIN_DECLS
int posix_fadvise(int fd, off_t offset, off_t bytes, int advice);
int posix_fallocate(int fd, off_t offset, off_t bytes);
#if __GNU_VISIBLE
int fallocate(int fd, int mode, off_t offset, off_t bytes);
#endif
__END_DECLS

#endif
