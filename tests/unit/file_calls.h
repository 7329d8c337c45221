// SPDX-License-Identifier: MIT
/*
 * The calls on files twice: this machine's, and our C library's edge under names of its own (libc_file_names.h). A scenario that gets
 * either as a table runs on both.
 */
#ifndef FILE_CALLS_H
#define FILE_CALLS_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

typedef int walk_fn(const char *path, const struct stat *st, int type, struct FTW *where);
typedef int wanted_fn(const struct dirent *entry);
typedef int order_fn(const struct dirent **a, const struct dirent **b);

/* call, result, arguments */
#define FILE_CALLS(X)                                                                               \
    X(open, int, (const char *, int, ...))                                                          \
    X(fcntl, int, (int, int, ...))                                                                  \
    X(flock, int, (int, int))                                                                       \
    X(lockf, int, (int, int, off_t))                                                                \
    X(read, ssize_t, (int, void *, size_t))                                                         \
    X(write, ssize_t, (int, const void *, size_t))                                                  \
    X(pread, ssize_t, (int, void *, size_t, off_t))                                                 \
    X(pwrite, ssize_t, (int, const void *, size_t, off_t))                                          \
    X(close, int, (int))                                                                            \
    X(lseek, off_t, (int, off_t, int))                                                              \
    X(dup, int, (int))                                                                              \
    X(dup2, int, (int, int))                                                                        \
    X(dup3, int, (int, int, int))                                                                   \
    X(fstat, int, (int, struct stat *))                                                             \
    X(stat, int, (const char *, struct stat *))                                                     \
    X(lstat, int, (const char *, struct stat *))                                                    \
    X(fstatat, int, (int, const char *, struct stat *, int))                                        \
    X(access, int, (const char *, int))                                                             \
    X(chmod, int, (const char *, mode_t))                                                           \
    X(fchmod, int, (int, mode_t))                                                                   \
    X(chown, int, (const char *, uid_t, gid_t))                                                     \
    X(lchown, int, (const char *, uid_t, gid_t))                                                    \
    X(fchownat, int, (int, const char *, uid_t, gid_t, int))                                        \
    X(truncate, int, (const char *, off_t))                                                         \
    X(ftruncate, int, (int, off_t))                                                                 \
    X(fsync, int, (int))                                                                            \
    X(utimensat, int, (int, const char *, const struct timespec *, int))                            \
    X(futimens, int, (int, const struct timespec *))                                                \
    X(umask, mode_t, (mode_t))                                                                      \
    X(mkdir, int, (const char *, mode_t))                                                           \
    X(symlink, int, (const char *, const char *))                                                   \
    X(unlink, int, (const char *))                                                                  \
    X(rmdir, int, (const char *))                                                                   \
    X(unlinkat, int, (int, const char *, int))                                                      \
    X(rename, int, (const char *, const char *))                                                    \
    X(renameat2, int, (int, const char *, int, const char *, unsigned int))                         \
    X(link, int, (const char *, const char *))                                                      \
    X(linkat, int, (int, const char *, int, const char *, int))                                     \
    X(readlink, ssize_t, (const char *, char *, size_t))                                            \
    X(chdir, int, (const char *))                                                                   \
    X(fchdir, int, (int))                                                                           \
    X(opendir, DIR *, (const char *))                                                               \
    X(readdir, struct dirent *, (DIR *))                                                            \
    X(telldir, long, (DIR *))                                                                       \
    X(seekdir, void, (DIR *, long))                                                                 \
    X(rewinddir, void, (DIR *))                                                                     \
    X(closedir, int, (DIR *))                                                                       \
    X(scandir, int, (const char *, struct dirent ***, wanted_fn *, order_fn *))                     \
    X(alphasort, int, (const struct dirent **, const struct dirent **))                             \
    X(nftw, int, (const char *, walk_fn *, int, int))                                               \
    X(statvfs, int, (const char *, struct statvfs *))                                               \
    X(mkfifo, int, (const char *, mode_t))                                                          \
    X(mknod, int, (const char *, mode_t, dev_t))                                                    \
    X(fallocate, int, (int, int, off_t, off_t))                                                     \
    X(posix_fallocate, int, (int, off_t, off_t))                                                    \
    X(posix_fadvise, int, (int, off_t, off_t, int))                                                 \
    X(copy_file_range, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned int))

struct file_calls {
#define X(call, result, arguments) result(*call) arguments;
    FILE_CALLS(X)
#undef X
    /* Time goes on until the times of files show it. */
    void (*tick)(void);
};

#define X(call, result, arguments) result own_##call arguments;
FILE_CALLS(X)
#undef X

#endif
