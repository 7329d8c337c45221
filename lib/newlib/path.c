// SPDX-License-Identifier: MIT
/*
 * Calls that make, move and remove names. Owns no state; rules and errors are lib/vfs's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_priv.h"
#include "newlib_priv.h"

static int create_at(int fd, const char *path, const struct new_node *what)
{
    struct libc_at at;
    int rc = libc_at_begin(fd, path, &at);

    if (rc == 0) {
        rc = path_create(at.node, path, what);
        libc_at_end(&at);
    }
    return (int)libc_result(rc);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = libc_umask(mode) & 01777};

    return create_at(fd, path, &what);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int fd, const char *path)
{
    struct new_node what = {.kind = FILE_SYMLINK, .permissions = 0777, .target = target};

    return create_at(fd, path, &what);
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

int unlinkat(int fd, const char *path, int flags)
{
    struct libc_at at;
    int rc = (flags & ~AT_REMOVEDIR) != 0 ? -EINVAL : libc_at_begin(fd, path, &at);

    if (rc == 0) {
        rc = path_unlink(at.node, path, (flags & AT_REMOVEDIR) != 0);
        libc_at_end(&at);
    }
    return (int)libc_result(rc);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* newlib's own knows files only. */
int remove(const char *path)
{
    int rc = unlink(path);

    return rc != 0 && errno == EISDIR ? rmdir(path) : rc;
}

int _remove_r(struct _reent *reent, const char *path);

int _remove_r(struct _reent *reent, const char *path)
{
    (void)reent;
    return remove(path);
}

/* RENAME_EXCHANGE is what no file system here can do: Linux says EINVAL then. */
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
    struct libc_at source, target;
    int rc = (flags & ~(unsigned int)RENAME_NOREPLACE) != 0 ? -EINVAL : libc_at_begin(from_fd, from, &source);

    if (rc == 0) {
        rc = libc_at_begin(to_fd, to, &target);
        if (rc == 0) {
            rc = path_rename(source.node, from, target.node, to, flags != 0 ? PATH_NOREPLACE : 0);
            libc_at_end(&target);
        }
        libc_at_end(&source);
    }
    return (int)libc_result(rc);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    struct libc_at source, target;
    unsigned int path_flags = (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : PATH_NOFOLLOW;
    int rc = (flags & ~AT_SYMLINK_FOLLOW) != 0 ? -EINVAL : libc_at_begin(from_fd, from, &source);

    if (rc == 0) {
        rc = libc_at_begin(to_fd, to, &target);
        if (rc == 0) {
            rc = path_link(source.node, from, target.node, to, path_flags);
            libc_at_end(&target);
        }
        libc_at_end(&source);
    }
    return (int)libc_result(rc);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

ssize_t readlinkat(int fd, const char *restrict path, char *restrict buf, size_t bytes)
{
    struct node *node;
    long rc = bytes == 0 ? -EINVAL : libc_node_at(fd, path, AT_SYMLINK_NOFOLLOW, &node);

    if (rc == 0) {
        rc = node->ops->readlink != NULL ? node->ops->readlink(node, buf, bytes) : -EINVAL;
        node_put(node);
    }
    return libc_result(rc);
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t bytes)
{
    return readlinkat(AT_FDCWD, path, buf, bytes);
}
