// SPDX-License-Identifier: MIT
/*
 * The calls that move data through a socket. All of them end in the family's send or receive with a struct msghdr; what
 * a user's structure claims is checked here once.
 */
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <xenolith/time.h>

#include "../newlib/newlib_priv.h"
#include "socket.h"

/* Linux cuts one operation there, so that its result fits everywhere. */
#define MAX_MESSAGE ((size_t)INT_MAX & ~(size_t)4095)

static int check_parts(const struct msghdr *message)
{
    size_t total = 0;

    if (message->msg_iovlen > UIO_MAXIOV) {
        return -EMSGSIZE;
    }
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        if (message->msg_iov[i].iov_len > MAX_MESSAGE - total) {
            return -EINVAL;
        }
        total += message->msg_iov[i].iov_len;
    }
    return 0;
}

static long send_message(int fd, const struct msghdr *message, int flags)
{
    struct socket *s;
    long rc = socket_from_fd(fd, &s);

    if (rc != 0) {
        return rc;
    }
    rc = check_parts(message);
    if (rc == 0 && message->msg_name != NULL && message->msg_namelen > sizeof(struct sockaddr_storage)) {
        rc = -EINVAL;
    }
    if (rc == 0) {
        rc = (flags & MSG_OOB) != 0 || s->ops->send == NULL ? -EOPNOTSUPP : s->ops->send(s, message, flags);
    }
    file_put(&s->file);
    return rc;
}

static long receive_message(int fd, struct msghdr *message, int flags)
{
    struct socket *s;
    long rc = socket_from_fd(fd, &s);

    if (rc != 0) {
        return rc;
    }
    message->msg_flags = 0;
    rc = check_parts(message);
    if (rc == 0 && (flags & MSG_OOB) != 0) {
        rc = -EINVAL;
    }
    if (rc == 0) {
        rc = s->ops->receive == NULL ? -EOPNOTSUPP : s->ops->receive(s, message, flags);
    }
    file_put(&s->file);
    return rc;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return libc_result(send_message(fd, message, flags));
}

ssize_t sendto(int fd, const void *buf, size_t bytes, int flags, const struct sockaddr *to, socklen_t length)
{
    struct iovec part = {(void *)(uintptr_t)buf, bytes < MAX_MESSAGE ? bytes : MAX_MESSAGE};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)to,
        .msg_namelen = to != NULL ? length : 0,
        .msg_iov = &part,
        .msg_iovlen = 1,
    };

    return libc_result(send_message(fd, &message, flags));
}

ssize_t send(int fd, const void *buf, size_t bytes, int flags)
{
    return sendto(fd, buf, bytes, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return libc_result(receive_message(fd, message, flags));
}

ssize_t recvfrom(int fd, void *buf, size_t bytes, int flags, struct sockaddr *from, socklen_t *length)
{
    struct iovec part = {buf, bytes < MAX_MESSAGE ? bytes : MAX_MESSAGE};
    struct msghdr message = {
        .msg_name = from,
        .msg_namelen = from != NULL && length != NULL ? *length : 0,
        .msg_iov = &part,
        .msg_iovlen = 1,
    };
    long rc = receive_message(fd, &message, flags);

    if (rc >= 0 && from != NULL && length != NULL) {
        *length = message.msg_namelen;
    }
    return libc_result(rc);
}

ssize_t recv(int fd, void *buf, size_t bytes, int flags)
{
    return recvfrom(fd, buf, bytes, flags, NULL, NULL);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int nr, int flags)
{
    unsigned int done = 0;
    long rc = 0;

    for (; done < nr && done < UIO_MAXIOV; done++) {
        rc = send_message(fd, &messages[done].msg_hdr, flags);
        if (rc < 0) {
            break;
        }
        messages[done].msg_len = (unsigned int)rc;
    }
    return done > 0 ? (int)done : (int)libc_result(rc);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int nr, int flags, struct timespec *timeout)
{
    uint64_t limit = TIME_FOREVER;
    unsigned int done = 0;
    long rc = 0;

    if (timeout != NULL && !libc_timespec_ns(timeout, &limit)) {
        return (int)libc_result(-EINVAL);
    }
    limit = time_deadline_ns(limit);
    for (; done < nr && done < UIO_MAXIOV; done++) {
        rc = receive_message(fd, &messages[done].msg_hdr, flags & ~MSG_WAITFORONE);
        if (rc < 0) {
            break;
        }
        messages[done].msg_len = (unsigned int)rc;
        if ((flags & MSG_WAITFORONE) != 0) {
            flags |= MSG_DONTWAIT;
        }
        /* As on Linux the time is looked at only after each message. */
        if (limit != TIME_FOREVER && time_monotonic_ns() >= limit) {
            done++;
            break;
        }
    }
    return done > 0 ? (int)done : (int)libc_result(rc);
}
