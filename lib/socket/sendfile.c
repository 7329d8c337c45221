// SPDX-License-Identifier: MIT
/*
 * sendfile(): by the socket's own operation, which refers to mapped files in place; into any other file by
 * reading and writing.
 */
#include <errno.h>
#include <sys/sendfile.h>

#include <xenolith/heap.h>

#include "../newlib/newlib_priv.h"
#include "socket.h"

#define COPY_BYTES 16384

/* One piece of @in at @offset; moves no position. */
static long read_piece(struct file *in, uint64_t offset, void *buf, size_t bytes)
{
    int64_t was;
    long rc;

    if (in->ops->read_at != NULL) {
        return in->ops->read_at(in, buf, bytes, offset);
    }
    if (in->ops->seek == NULL || in->ops->read == NULL) {
        return -EINVAL;
    }
    was = in->ops->seek(in, 0, 1);
    if (was < 0) {
        return -EINVAL;
    }
    rc = in->ops->seek(in, (int64_t)offset, 0) < 0 ? -EINVAL : in->ops->read(in, buf, bytes);
    in->ops->seek(in, was, 0);
    return rc;
}

static long copy_through(struct file *out, struct file *in, uint64_t offset, size_t bytes)
{
    char *buf = heap_alloc(COPY_BYTES);
    size_t done = 0;
    long rc = 0;

    if (buf == NULL) {
        return -ENOMEM;
    }
    while (done < bytes) {
        size_t piece = bytes - done < COPY_BYTES ? bytes - done : COPY_BYTES;
        long got = read_piece(in, offset + done, buf, piece);
        long put;

        if (got <= 0) {
            rc = got;
            break;
        }
        put = out->ops->write != NULL ? out->ops->write(out, buf, (size_t)got) : -EINVAL;
        if (put < 0) {
            rc = put;
            break;
        }
        done += (size_t)put;
        if (put < got) {
            break;
        }
    }
    heap_free(buf);
    return done > 0 ? (long)done : rc;
}

static long send_file(struct file *out, struct file *in, off_t *user_offset, size_t bytes)
{
    int64_t offset;
    long rc;

    if ((out->flags & FILE_WRITE) == 0 || (in->flags & FILE_READ) == 0) {
        return -EBADF;
    }
    offset = user_offset != NULL ? *user_offset : in->ops->seek != NULL ? in->ops->seek(in, 0, 1) : -EINVAL;
    if (offset < 0) {
        return -EINVAL;
    }
    if (bytes == 0) {
        return 0;
    }
    bytes = bytes < 0x7ffff000 ? bytes : 0x7ffff000;
    if (out->ops->info == socket_file_info && container_of(out, struct socket, file)->ops->sendfile != NULL) {
        struct socket *s = container_of(out, struct socket, file);

        rc = s->ops->sendfile(s, in, (uint64_t)offset, bytes);
    } else {
        rc = copy_through(out, in, (uint64_t)offset, bytes);
    }
    if (rc > 0) {
        if (user_offset != NULL) {
            *user_offset = offset + rc;
        } else {
            in->ops->seek(in, offset + rc, 0);
        }
    }
    return rc;
}

ssize_t sendfile(int out, int in, off_t *offset, size_t bytes)
{
    struct file *to = fd_file(out);
    struct file *from = fd_file(in);
    long rc = to == NULL || from == NULL ? -EBADF : send_file(to, from, offset, bytes);

    if (to != NULL) {
        file_put(to);
    }
    if (from != NULL) {
        file_put(from);
    }
    return libc_result(rc);
}
