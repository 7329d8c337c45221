// SPDX-License-Identifier: MIT
/*
 * Included ahead of the C library's edge to files when it is compiled for the host, whose own calls of these names must stay.
 */
#ifndef LIBC_FILE_NAMES_H
#define LIBC_FILE_NAMES_H

/* Some of the files take both from newlib's headers without asking. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>

#define open            own_open
#define openat          own_openat
#define creat           own_creat
#define umask           own_umask
#define fcntl           own_fcntl
#define flock           own_flock
#define lockf           own_lockf
#define readv           own_readv
#define writev          own_writev
#define preadv          own_preadv
#define pwritev         own_pwritev
#define mmap            own_mmap
#define munmap          own_munmap
#define mprotect        own_mprotect
#define msync           own_msync
#define madvise         own_madvise
#define posix_madvise   own_posix_madvise
#define mlock           own_mlock
#define munlock         own_munlock
#define mkfifo          own_mkfifo
#define mkfifoat        own_mkfifoat
#define mknod           own_mknod
#define mknodat         own_mknodat
#define fallocate       own_fallocate
#define posix_fallocate own_posix_fallocate
#define posix_fadvise   own_posix_fadvise
#define copy_file_range own_copy_file_range
#define syncfs          own_syncfs

#endif
