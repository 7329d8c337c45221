// SPDX-License-Identifier: MIT
/*
 * fcntl(), flock() and lockf(). Owns the translation of flags and lock structures; the locks themselves are lib/vfs/file_lock.c's.
 *
 * A record lock of fcntl() belongs to the process, and there is one: nobody can hold one against us, so each is checked and granted.
 * Locks of open files (flock(), F_OFD_SETLK) do conflict, between two that opened the same file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/file.h>
#include <unistd.h>

#include <xenolith/file_lock.h>

#include "newlib_priv.h"

static int flags_of(const struct file *file)
{
    bool reads = (file->flags & FILE_READ) != 0;
    bool writes = (file->flags & FILE_WRITE) != 0;

    return (reads && writes ? O_RDWR
            : writes        ? O_WRONLY
                            : O_RDONLY) |
           ((file->flags & FILE_NONBLOCK) != 0 ? O_NONBLOCK : 0) |
           ((file->flags & FILE_APPEND) != 0 ? O_APPEND : 0) | ((file->flags & FILE_SYNC) != 0 ? O_SYNC : 0);
}

/* As on Linux O_SYNC stays what open() made it. */
static void set_flags(struct file *file, int flags)
{
    file->flags &= ~(unsigned int)(FILE_NONBLOCK | FILE_APPEND);
    file->flags |= ((flags & O_NONBLOCK) != 0 ? FILE_NONBLOCK : 0) |
                   ((flags & O_APPEND) != 0 ? FILE_APPEND : 0);
}

/* Where l_whence counts from. */
static int64_t origin_of(struct file *file, int whence)
{
    struct file_info info = {0};

    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return file->ops->seek != NULL ? file->ops->seek(file, 0, SEEK_CUR) : 0;
    case SEEK_END:
        if (file->ops->info != NULL) {
            (void)file->ops->info(file, &info);
        }
        return (int64_t)info.size_bytes;
    default:
        return -EINVAL;
    }
}

static int range_of(struct file *file, const struct flock *l, struct file_lock *out)
{
    int64_t start = origin_of(file, l->l_whence), end;

    if (start < 0) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(start, l->l_start, &start)) {
        return -EOVERFLOW;
    }
    if (l->l_len > 0) {
        if (__builtin_add_overflow(start, l->l_len - 1, &end)) {
            return -EOVERFLOW;
        }
    } else {
        end = l->l_len < 0 ? start - 1 : INT64_MAX;
        start += l->l_len;
    }
    if (start < 0) {
        return -EINVAL;
    }
    *out = (struct file_lock){.kind = FILE_LOCK_RANGE,
                              .exclusive = l->l_type == F_WRLCK,
                              .first = (uint64_t)start,
                              .last = (uint64_t)end};
    return 0;
}

/* What Linux says before it looks at other locks. */
static int check_lock(struct file *file, int command, const struct flock *l, struct file_lock *range)
{
    bool sets = command != F_GETLK && command != F_OFD_GETLK;
    bool by_file = command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
    unsigned int needed = l->l_type == F_RDLCK ? FILE_READ : l->l_type == F_WRLCK ? FILE_WRITE : 0;
    int rc = range_of(file, l, range);

    if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && (l->l_type != F_UNLCK || !sets)) {
        return -EINVAL;
    }
    if (by_file && l->l_pid != 0) {
        return -EINVAL;
    }
    if (rc == 0 && sets && (file->flags & needed) != needed) {
        rc = -EBADF;
    }
    return rc;
}

static int test_by_file(struct file *file, const struct file_lock *range, struct flock *l)
{
    struct file_lock other;
    int rc = file_lock_test(file, range, &other);

    if (rc == 1) {
        *l = (struct flock){.l_type = other.exclusive ? F_WRLCK : F_RDLCK,
                            .l_whence = SEEK_SET,
                            .l_start = (off_t)other.first,
                            .l_len = other.last == INT64_MAX ? 0 : (off_t)(other.last - other.first + 1),
                            .l_pid = -1};
    } else if (rc == 0) {
        l->l_type = F_UNLCK;
    }
    return rc < 0 ? rc : 0;
}

static int lock(struct file *file, int command, struct flock *l)
{
    struct file_lock range;
    int rc = check_lock(file, command, l, &range);

    if (rc != 0) {
        return rc;
    }
    switch (command) {
    case F_GETLK:
        l->l_type = F_UNLCK;
        return 0;
    case F_OFD_GETLK:
        return test_by_file(file, &range, l);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return l->l_type == F_UNLCK ? file_lock_clear(file, &range)
                                    : file_lock_set(file, &range, command == F_OFD_SETLKW);
    default:
        return 0;
    }
}

/* FD_CLOEXEC is accepted and forgotten: there is no exec that could close anything. */
int fcntl(int fd, int command, ...)
{
    struct file *file = fd_file(fd);
    va_list arguments;
    long argument;
    int rc = 0;

    if (file == NULL) {
        return (int)libc_result(-EBADF);
    }
    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        rc = fd_dup(fd, (int)argument);
        break;
    case F_GETFD:
    case F_SETFD:
        break;
    case F_GETFL:
        rc = flags_of(file);
        break;
    case F_SETFL:
        set_flags(file, (int)argument);
        break;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        rc = lock(file, command, (struct flock *)argument);
        break;
    default:
        rc = -EINVAL;
        break;
    }
    file_put(file);
    return (int)libc_result(rc);
}

int flock(int fd, int operation)
{
    struct file_lock whole = {.kind = FILE_LOCK_WHOLE, .first = 0, .last = UINT64_MAX};
    struct file *file;
    int rc = -EINVAL;

    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
    case LOCK_EX:
    case LOCK_UN:
        rc = fd_file_for(fd, 0, &file);
        break;
    default:
        break;
    }
    if (rc != 0) {
        return (int)libc_result(rc);
    }
    if ((operation & ~LOCK_NB) == LOCK_UN) {
        rc = file_lock_clear(file, &whole);
    } else {
        whole.exclusive = (operation & LOCK_EX) != 0;
        rc = file_lock_set(file, &whole, (operation & LOCK_NB) == 0);
    }
    file_put(file);
    return (int)libc_result(rc);
}

int lockf(int fd, int command, off_t bytes)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = bytes};

    switch (command) {
    case F_LOCK:
        return fcntl(fd, F_SETLKW, &l);
    case F_TLOCK:
        return fcntl(fd, F_SETLK, &l);
    case F_ULOCK:
        l.l_type = F_UNLCK;
        return fcntl(fd, F_SETLK, &l);
    case F_TEST:
        return fcntl(fd, F_GETLK, &l);
    default:
        return (int)libc_result(-EINVAL);
    }
}
