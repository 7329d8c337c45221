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

/* newlib has it in <reent.h>. */
struct _reent;

/* A directory stream is a structure of ours. */
#define __dirstream xenolith_dir

#define open            own_open
#define openat          own_openat
#define creat           own_creat
#define umask           own_umask
#define fcntl           own_fcntl
#define flock           own_flock
#define lockf           own_lockf
#define read            own_read
#define write           own_write
#define close           own_close
#define lseek           own_lseek
#define dup             own_dup
#define dup2            own_dup2
#define dup3            own_dup3
#define fstat           own_fstat
#define isatty          own_isatty
#define ioctl           own_ioctl
#define pread           own_pread
#define pwrite          own_pwrite
#define readv           own_readv
#define writev          own_writev
#define preadv          own_preadv
#define pwritev         own_pwritev
#define stat            own_stat
#define lstat           own_lstat
#define fstatat         own_fstatat
#define faccessat       own_faccessat
#define access          own_access
#define fchmodat        own_fchmodat
#define chmod           own_chmod
#define fchmod          own_fchmod
#define fchownat        own_fchownat
#define chown           own_chown
#define lchown          own_lchown
#define fchown          own_fchown
#define truncate        own_truncate
#define ftruncate       own_ftruncate
#define fsync           own_fsync
#define fdatasync       own_fdatasync
#define sync            own_sync
#define utimensat       own_utimensat
#define futimens        own_futimens
#define utimes          own_utimes
#define lutimes         own_lutimes
#define utime           own_utime
#define mkdirat         own_mkdirat
#define mkdir           own_mkdir
#define symlinkat       own_symlinkat
#define symlink         own_symlink
#define unlinkat        own_unlinkat
#define unlink          own_unlink
#define rmdir           own_rmdir
#define remove          own_remove
#define renameat2       own_renameat2
#define renameat        own_renameat
#define rename          own_rename
#define linkat          own_linkat
#define link            own_link
#define readlinkat      own_readlinkat
#define readlink        own_readlink
#define chdir           own_chdir
#define fchdir          own_fchdir
#define getcwd          own_getcwd
#define realpath        own_realpath
#define opendir         own_opendir
#define fdopendir       own_fdopendir
#define closedir        own_closedir
#define dirfd           own_dirfd
#define readdir         own_readdir
#define readdir_r       own_readdir_r
#define seekdir         own_seekdir
#define telldir         own_telldir
#define rewinddir       own_rewinddir
#define scandir         own_scandir
#define scandirat       own_scandirat
#define alphasort       own_alphasort
#define ftw             own_ftw
#define nftw            own_nftw
#define statvfs         own_statvfs
#define fstatvfs        own_fstatvfs
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
