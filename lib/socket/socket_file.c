// SPDX-License-Identifier: MIT
/*
 * Sockets as files: what all families share. Knows no family and no protocol.
 */
#include "socket.h"

#include <errno.h>

#include <xenolith/time.h>

void socket_init(struct socket *s, const struct file_ops *file_ops, const struct socket_ops *ops, int family,
                 int type, int protocol)
{
    file_init(&s->file, file_ops, FILE_READ | FILE_WRITE);
    s->ops = ops;
    s->family = family;
    s->type = type;
    s->protocol = protocol;
    s->error = 0;
    s->receive_timeout_ns = 0;
    s->send_timeout_ns = 0;
}

int socket_take_error(struct socket *s)
{
    int error = s->error;

    s->error = 0;
    return -error;
}

static long receive(struct file *file, struct iovec *parts, size_t nr)
{
    struct socket *s = container_of(file, struct socket, file);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = nr};

    return s->ops->receive != NULL ? s->ops->receive(s, &message, 0) : -EOPNOTSUPP;
}

static long send_parts(struct file *file, struct iovec *parts, size_t nr)
{
    struct socket *s = container_of(file, struct socket, file);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = nr};

    return s->ops->send != NULL ? s->ops->send(s, &message, 0) : -EOPNOTSUPP;
}

long socket_file_read(struct file *file, void *buf, size_t bytes)
{
    struct iovec part = {buf, bytes};

    return receive(file, &part, 1);
}

long socket_file_write(struct file *file, const void *buf, size_t bytes)
{
    struct iovec part = {(void *)(uintptr_t)buf, bytes};

    return send_parts(file, &part, 1);
}

_Static_assert(sizeof(struct iovec) == sizeof(struct file_part) &&
                   offsetof(struct iovec, iov_base) == offsetof(struct file_part, base) &&
                   offsetof(struct iovec, iov_len) == offsetof(struct file_part, bytes),
               "a file_part is an iovec");

long socket_file_read_parts(struct file *file, const struct file_part *parts, size_t nr)
{
    return receive(file, (struct iovec *)(uintptr_t)parts, nr);
}

long socket_file_write_parts(struct file *file, const struct file_part *parts, size_t nr)
{
    return send_parts(file, (struct iovec *)(uintptr_t)parts, nr);
}

int socket_file_info(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){.kind = FILE_SOCKET, .permissions = 0777, .block_bytes = 4096};
    return 0;
}

int socket_from_fd(int fd, struct socket **out)
{
    struct file *file = fd_file(fd);

    if (file == NULL) {
        return -EBADF;
    }
    if (file->ops->info != socket_file_info) {
        file_put(file);
        return -ENOTSOCK;
    }
    *out = container_of(file, struct socket, file);
    return 0;
}
