// SPDX-License-Identifier: MIT
/*
 * Descriptors by their POSIX names. Owns the translation of flags and structures between newlib's headers and
 * lib/vfs; what a descriptor does is the file's own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenolith/vfs.h>

#include "newlib_priv.h"

ssize_t read(int fd, void *buf, size_t bytes)
{
    return libc_result(fd_read(fd, buf, bytes));
}

ssize_t write(int fd, const void *buf, size_t bytes)
{
    return libc_result(fd_write(fd, buf, bytes));
}

int close(int fd)
{
    return (int)libc_result(fd_close(fd));
}

off_t lseek(int fd, off_t offset, int whence)
{
    return libc_result(fd_seek(fd, offset, whence));
}

int dup(int fd)
{
    return (int)libc_result(fd_dup(fd, 0));
}

int dup2(int fd, int to)
{
    return (int)libc_result(fd_dup2(fd, to));
}

int fstat(int fd, struct stat *out)
{
    struct file_info info = {0};
    int rc = fd_info(fd, &info);

    if (rc == 0) {
        libc_fill_stat(&info, out);
    }
    return (int)libc_result(rc);
}

int isatty(int fd)
{
    struct file_info info = {0};
    int rc = fd_info(fd, &info);

    if (rc != 0) {
        errno = -rc;
        return 0;
    }
    if (!info.is_terminal) {
        errno = ENOTTY;
        return 0;
    }
    return 1;
}

int ioctl(int fd, unsigned long request, ...)
{
    struct file *file = fd_file(fd);
    va_list arguments;
    long rc;

    if (file == NULL) {
        errno = EBADF;
        return -1;
    }
    va_start(arguments, request);
    if (request == FIONBIO) {
        file->flags = *va_arg(arguments, int *) != 0 ? file->flags | FILE_NONBLOCK
                                                     : file->flags & ~(unsigned int)FILE_NONBLOCK;
        rc = 0;
    } else if (file->ops->control != NULL) {
        rc = libc_result(file->ops->control(file, request, va_arg(arguments, void *)));
    } else {
        errno = ENOTTY;
        rc = -1;
    }
    va_end(arguments);
    file_put(file);
    return (int)rc;
}

int dup3(int fd, int to, int flags)
{
    if (fd == to || (flags & ~O_CLOEXEC) != 0) {
        errno = EINVAL;
        return -1;
    }
    return dup2(fd, to);
}

ssize_t pread(int fd, void *buf, size_t bytes, off_t offset)
{
    return libc_result(offset < 0 ? -EINVAL : fd_read_at(fd, buf, bytes, (uint64_t)offset));
}

ssize_t pwrite(int fd, const void *buf, size_t bytes, off_t offset)
{
    return libc_result(offset < 0 ? -EINVAL : fd_write_at(fd, buf, bytes, (uint64_t)offset));
}
