// SPDX-License-Identifier: MIT
/*
 * Reading and writing in parts. A file that has an operation for it gets all parts at once: a socket makes one message of them.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/uio.h>

#include <xenolith/vfs.h>

#include "newlib_priv.h"

_Static_assert(sizeof(struct iovec) == sizeof(struct file_part), "parts pass through");
_Static_assert(offsetof(struct iovec, iov_len) == offsetof(struct file_part, bytes), "parts pass through");

/* 0, or -EINVAL as POSIX says: too many, or more bytes than the result can tell. */
static long check(const struct iovec *parts, int nr)
{
    size_t sum = 0;

    if (nr < 0 || nr > IOV_MAX) {
        return -EINVAL;
    }
    for (int i = 0; i < nr; i++) {
        if (parts[i].iov_len > PTRDIFF_MAX - sum) {
            return -EINVAL;
        }
        sum += parts[i].iov_len;
    }
    return 0;
}

ssize_t readv(int fd, const struct iovec *parts, int nr)
{
    long rc = check(parts, nr);

    return libc_result(rc != 0 ? rc : fd_read_parts(fd, (const struct file_part *)parts, (size_t)nr));
}

ssize_t writev(int fd, const struct iovec *parts, int nr)
{
    long rc = check(parts, nr);

    return libc_result(rc != 0 ? rc : fd_write_parts(fd, (const struct file_part *)parts, (size_t)nr));
}

static long move_at(int fd, const struct iovec *parts, int nr, off_t offset, bool writes)
{
    long moved = 0, rc = offset < 0 ? -EINVAL : check(parts, nr);

    for (int i = 0; rc == 0 && i < nr; i++) {
        uint64_t at = (uint64_t)offset + (uint64_t)moved;
        long part = writes ? fd_write_at(fd, parts[i].iov_base, parts[i].iov_len, at)
                           : fd_read_at(fd, parts[i].iov_base, parts[i].iov_len, at);

        if (part < 0) {
            rc = moved > 0 ? 0 : part;
            break;
        }
        moved += part;
        if ((size_t)part < parts[i].iov_len) {
            break;
        }
    }
    return rc != 0 ? rc : moved;
}

ssize_t preadv(int fd, const struct iovec *parts, int nr, off_t offset)
{
    return libc_result(move_at(fd, parts, nr, offset, false));
}

ssize_t pwritev(int fd, const struct iovec *parts, int nr, off_t offset)
{
    return libc_result(move_at(fd, parts, nr, offset, true));
}
