// SPDX-License-Identifier: MIT
/*
 * open() and its kin, and where ...at() calls start. Referring to any of it brings the file systems into the image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"
#include "newlib_priv.h"

static mode_t mask = 022;

mode_t umask(mode_t to)
{
    mode_t old = mask;

    mask = to & 0777;
    return old;
}

uint32_t libc_umask(mode_t mode)
{
    return mode & 07777 & ~mask;
}

int libc_at_begin(int fd, const char *path, struct libc_at *at)
{
    *at = (struct libc_at){0};
    if (fd == AT_FDCWD || path[0] == '/') {
        return 0;
    }
    at->file = fd_file(fd);
    if (at->file == NULL) {
        return -EBADF;
    }
    at->node = file_node(at->file);
    if (at->node == NULL) {
        libc_at_end(at);
        return -ENOTDIR;
    }
    return 0;
}

void libc_at_end(struct libc_at *at)
{
    if (at->file != NULL) {
        file_put(at->file);
    }
}

int libc_node_of(int fd, struct node **out)
{
    struct file *file = fd_file(fd);
    struct node *node;

    if (file == NULL) {
        return -EBADF;
    }
    node = file_node(file);
    if (node != NULL) {
        node_get(node);
        *out = node;
    }
    file_put(file);
    return node != NULL ? 0 : -EINVAL;
}

int libc_node_at(int fd, const char *path, int flags, struct node **out)
{
    struct libc_at at;
    int rc;

    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    if (path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0) {
        return fd == AT_FDCWD ? cwd_get(out) : libc_node_of(fd, out);
    }
    rc = libc_at_begin(fd, path, &at);
    if (rc == 0) {
        rc = path_node(at.node, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? PATH_NOFOLLOW : 0, out);
        libc_at_end(&at);
    }
    return rc;
}

static unsigned int path_flags(int flags)
{
    static const struct {
        int libc;
        unsigned int vfs;
    } map[] = {
        {O_NONBLOCK, PATH_NONBLOCK}, {O_APPEND, PATH_APPEND},  {O_CREAT, PATH_CREATE},
        {O_EXCL, PATH_EXCLUSIVE},    {O_TRUNC, PATH_TRUNCATE}, {O_DIRECTORY, PATH_DIRECTORY},
        {O_NOFOLLOW, PATH_NOFOLLOW}, {O_SYNC, PATH_SYNC},
    };
    int access = flags & O_ACCMODE;
    unsigned int out = 0;

    if (access == O_RDONLY || access == O_RDWR) {
        out |= PATH_READ;
    }
    if (access == O_WRONLY || access == O_RDWR) {
        out |= PATH_WRITE;
    }
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if ((flags & map[i].libc) != 0) {
            out |= map[i].vfs;
        }
    }
    return out;
}

static int open_at(int fd, const char *path, int flags, mode_t mode)
{
    struct file *file;
    struct libc_at at;
    int rc = libc_at_begin(fd, path, &at);

    if (rc != 0) {
        return rc;
    }
    rc = path_open(at.node, path, path_flags(flags), libc_umask(mode), &file);
    libc_at_end(&at);
    if (rc != 0) {
        return rc;
    }
    rc = fd_install(file, 0);
    if (rc < 0) {
        file_put(file);
    }
    return rc;
}

/* The mode is there only if something may be created. */
static mode_t mode_argument(int flags, va_list arguments)
{
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_argument(flags, arguments);
    va_end(arguments);
    return (int)libc_result(open_at(AT_FDCWD, path, flags, mode));
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_argument(flags, arguments);
    va_end(arguments);
    return (int)libc_result(open_at(fd, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return (int)libc_result(open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode));
}
