// SPDX-License-Identifier: MIT
/*
 * Calls that ask for or set what is known about a file: stat(), access(), chmod(), times, lengths, sync. One user owns all and
 * may do all; modes and owners are kept for show.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <xenolith/time.h>

#include "file_priv.h"
#include "newlib_priv.h"

int fstatat(int fd, const char *restrict path, struct stat *restrict out, int flags)
{
    struct file_info info = {0};
    struct node *node;
    int rc = libc_node_at(fd, path, flags, &node);

    if (rc == 0) {
        node->ops->info(node, &info);
        node_put(node);
        libc_fill_stat(&info, out);
    }
    return (int)libc_result(rc);
}

int stat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, 0);
}

int lstat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

/* As Linux has it for root: all may be read and written, what has no x for anybody cannot be executed. */
int faccessat(int fd, const char *path, int mode, int flags)
{
    struct file_info info = {0};
    struct node *node;
    int rc = (mode & ~(R_OK | W_OK | X_OK)) != 0 ? -EINVAL : libc_node_at(fd, path, flags, &node);

    if (rc == 0) {
        node->ops->info(node, &info);
        if ((mode & W_OK) != 0 && node->fs->read_only) {
            rc = -EROFS;
        } else if ((mode & X_OK) != 0 && info.kind != FILE_DIRECTORY && (info.permissions & 0111) == 0) {
            rc = -EACCES;
        }
        node_put(node);
    }
    return (int)libc_result(rc);
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

/* Takes over the reference to @node, which is there unless @rc says otherwise. */
static int change(int rc, struct node *node, const struct node_change *what)
{
    if (rc == 0) {
        rc = node_change_checked(node, what);
        node_put(node);
    }
    return (int)libc_result(rc);
}

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    struct node_change what = {.what = CHANGE_PERMISSIONS, .permissions = mode & 07777};
    struct node *node = NULL;
    int rc = libc_node_at(fd, path, flags, &node);

    if (rc == 0 && node->kind == FILE_SYMLINK) {
        node_put(node);
        rc = -EOPNOTSUPP;
    }
    return change(rc, node, &what);
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
    struct node_change what = {.what = CHANGE_PERMISSIONS, .permissions = mode & 07777};
    struct node *node = NULL;
    int rc = libc_node_of(fd, &node);

    return change(rc, node, &what);
}

/* As on Linux a file that changes hands gives up the rights that it lent to who ran it; a directory keeps its bits. */
static int change_owners(int rc, struct node *node, uid_t owner, gid_t group)
{
    struct node_change what = {.owner = owner, .group = group};
    struct file_info info = {0};

    what.what = (owner != (uid_t)-1 ? CHANGE_OWNER : 0) | (group != (gid_t)-1 ? CHANGE_GROUP : 0);
    if (rc == 0 && node->kind == FILE_REGULAR) {
        node->ops->info(node, &info);
        what.permissions = info.permissions &
                           ~(uint32_t)(S_ISUID | ((info.permissions & S_IXGRP) != 0 ? S_ISGID : 0));
        what.what |= what.permissions != info.permissions ? CHANGE_PERMISSIONS : 0;
    }
    return change(rc, node, &what);
}

int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags)
{
    struct node *node = NULL;
    int rc = libc_node_at(fd, path, flags, &node);

    return change_owners(rc, node, owner, group);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, 0);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    struct node *node = NULL;
    int rc = libc_node_of(fd, &node);

    return change_owners(rc, node, owner, group);
}

static int resize(int rc, struct node *node, off_t bytes)
{
    if (rc == 0) {
        rc = node_resize(node, (uint64_t)bytes);
        node_put(node);
    }
    return (int)libc_result(rc);
}

int truncate(const char *path, off_t bytes)
{
    struct node *node = NULL;
    int rc = bytes < 0 ? -EINVAL : libc_node_at(AT_FDCWD, path, 0, &node);

    return resize(rc, node, bytes);
}

int ftruncate(int fd, off_t bytes)
{
    struct file *file = fd_file(fd);
    int rc = -EINVAL;

    if (file == NULL) {
        errno = EBADF;
        return -1;
    }
    if (bytes >= 0 && (file->flags & FILE_WRITE) != 0 && file->ops->resize != NULL) {
        rc = file->ops->resize(file, (uint64_t)bytes);
    }
    file_put(file);
    return (int)libc_result(rc);
}

static int sync_file(int fd, bool data_only)
{
    struct file *file = fd_file(fd);
    int rc;

    if (file == NULL) {
        errno = EBADF;
        return -1;
    }
    rc = file->ops->sync != NULL ? file->ops->sync(file, data_only) : -EINVAL;
    file_put(file);
    return (int)libc_result(rc);
}

int fsync(int fd)
{
    return sync_file(fd, false);
}

int fdatasync(int fd)
{
    return sync_file(fd, true);
}

void sync(void)
{
    (void)fs_sync_all();
}
