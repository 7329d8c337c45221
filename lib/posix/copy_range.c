// SPDX-License-Identifier: MIT
/*
 * copy_file_range() between any two files of file systems, and syncfs(). Owns no state.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include <xenolith/compiler.h>
#include <xenolith/fs.h>
#include <xenolith/heap.h>

#include "../newlib/newlib_priv.h"

#define PIECE_BYTES 16384
#define MOST_BYTES  0x7ffff000u /* Linux' limit of one call */

/* Linux's checks, in its order. What the source does not have now is not copied, even if the copy makes it grow. */
static int check(struct file *from, struct file *to, uint64_t source, uint64_t target, size_t *bytes)
{
    struct file_info a = {0}, b = {0};

    (void)(from->ops->info != NULL && from->ops->info(from, &a));
    (void)(to->ops->info != NULL && to->ops->info(to, &b));
    if (a.kind == FILE_DIRECTORY || b.kind == FILE_DIRECTORY) {
        return -EISDIR;
    }
    if (file_node(from) == NULL || file_node(to) == NULL) {
        return -EINVAL;
    }
    if ((from->flags & FILE_READ) == 0 || (to->flags & FILE_WRITE) == 0 || (to->flags & FILE_APPEND) != 0) {
        return -EBADF;
    }
    if (source + *bytes > INT64_MAX || target + *bytes > INT64_MAX) {
        return -EOVERFLOW;
    }
    *bytes = MIN(*bytes, a.size_bytes > source ? a.size_bytes - source : 0);
    if (file_node(from) == file_node(to) && source + *bytes > target && target + *bytes > source) {
        return -EINVAL;
    }
    return 0;
}

static long copy(struct file *from, struct file *to, uint64_t source, uint64_t target, size_t bytes)
{
    char *buf = heap_alloc(PIECE_BYTES);
    size_t done = 0;
    long rc = buf != NULL ? 0 : -ENOMEM;

    while (rc == 0 && done < bytes) {
        long put = 0, got = from->ops->read_at(from, buf, MIN(bytes - done, PIECE_BYTES), source + done);

        if (got > 0) {
            put = to->ops->write_at(to, buf, (size_t)got, target + done);
        }
        if (got <= 0 || put < 0) {
            rc = got <= 0 ? got : put;
            break;
        }
        done += (size_t)put;
        if (put < got) {
            break;
        }
    }
    heap_free(buf);
    return done > 0 ? file_synced(to, (long)done) : rc;
}

/* @user: where the caller counts; NULL: the file's own position. */
static int64_t place_of(struct file *file, const off_t *user)
{
    return user != NULL ? *user : file->ops->seek != NULL ? file->ops->seek(file, 0, SEEK_CUR) : 0;
}

static void move_on(struct file *file, off_t *user, off_t to)
{
    if (user != NULL) {
        *user = to;
    } else if (file->ops->seek != NULL) {
        (void)file->ops->seek(file, to, SEEK_SET);
    }
}

ssize_t copy_file_range(int from_fd, off_t *from_offset, int to_fd, off_t *to_offset, size_t bytes,
                        unsigned int flags)
{
    struct file *from = fd_file(from_fd), *to = fd_file(to_fd);
    int64_t source, target;
    long rc = from == NULL || to == NULL ? -EBADF : 0;

    if (rc == 0) {
        bytes = MIN(bytes, (size_t)MOST_BYTES);
        source = place_of(from, from_offset);
        target = place_of(to, to_offset);
        rc = flags != 0 || source < 0 || target < 0 ? -EINVAL : 0;
    }
    if (rc == 0) {
        rc = check(from, to, (uint64_t)source, (uint64_t)target, &bytes);
    }
    if (rc == 0) {
        rc = copy(from, to, (uint64_t)source, (uint64_t)target, bytes);
    }
    if (rc > 0) {
        move_on(from, from_offset, source + rc);
        move_on(to, to_offset, target + rc);
    }
    if (from != NULL) {
        file_put(from);
    }
    if (to != NULL) {
        file_put(to);
    }
    return libc_result(rc);
}

int syncfs(int fd)
{
    struct file *file;
    int rc = fd_file_for(fd, 0, &file);

    if (rc == 0) {
        struct node *node = file_node(file);

        if (node != NULL && node->fs->ops->sync != NULL && !node->fs->read_only) {
            rc = node->fs->ops->sync(node->fs);
        }
        file_put(file);
    }
    return (int)libc_result(rc);
}
