// SPDX-License-Identifier: MIT
/*
 * The calls on a socket that move no data: from descriptors and user's addresses to the family's operations. Knows no
 * family.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <xenolith/time.h>

#include "../newlib/newlib_priv.h"
#include "socket.h"

/* Runs @call, in which `s` is the socket behind @fd, and gives the reference back. */
#define WITH_SOCKET(fd, call)                \
    ({                                       \
        struct socket *s;                    \
        long rc_ = socket_from_fd((fd), &s); \
        if (rc_ == 0) {                      \
            rc_ = (call);                    \
            file_put(&s->file);              \
        }                                    \
        libc_result(rc_);                    \
    })

/* An address may be cut where the caller has no room; *length is its true length all the same. */
static void give_address(const struct sockaddr_storage *from, socklen_t true_length, struct sockaddr *to,
                         socklen_t *length)
{
    if (to != NULL && length != NULL) {
        memcpy(to, from, *length < true_length ? *length : true_length);
        *length = true_length;
    }
}

static bool is_address_valid(const struct sockaddr *address, socklen_t length)
{
    return address != NULL && length >= sizeof(sa_family_t) && length <= sizeof(struct sockaddr_storage);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    return (int)WITH_SOCKET(fd, !is_address_valid(address, length) ? -EINVAL
                                : s->ops->bind != NULL             ? s->ops->bind(s, address, length)
                                                                   : -EOPNOTSUPP);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return (int)WITH_SOCKET(fd, !is_address_valid(address, length) ? -EINVAL
                                : s->ops->connect != NULL          ? s->ops->connect(s, address, length)
                                                                   : -EOPNOTSUPP);
}

int listen(int fd, int backlog)
{
    return (int)WITH_SOCKET(fd, s->ops->listen != NULL ? s->ops->listen(s, backlog) : -EOPNOTSUPP);
}

int shutdown(int fd, int how)
{
    return (int)WITH_SOCKET(fd, how < SHUT_RD || how > SHUT_RDWR ? -EINVAL
                                : s->ops->shutdown != NULL       ? s->ops->shutdown(s, how)
                                                                 : -EOPNOTSUPP);
}

static int accept_from(struct socket *listener, struct sockaddr *address, socklen_t *length, int flags)
{
    struct sockaddr_storage peer;
    socklen_t peer_length = 0;
    struct socket *s;
    int rc;

    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) {
        return -EINVAL;
    }
    if (listener->ops->accept == NULL) {
        return -EOPNOTSUPP;
    }
    rc = listener->ops->accept(listener, &s);
    if (rc != 0) {
        return rc;
    }
    if ((flags & SOCK_NONBLOCK) != 0) {
        s->file.flags |= FILE_NONBLOCK;
    }
    if (address != NULL && s->ops->name(s, &peer, &peer_length, true) == 0) {
        give_address(&peer, peer_length, address, length);
    }
    rc = fd_install(&s->file, 0);
    if (rc < 0) {
        s->file.flags &= ~(unsigned int)FILE_NONBLOCK;
        listener->ops->unaccept(listener, s);
    }
    return rc;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    return (int)WITH_SOCKET(fd, accept_from(s, address, length, flags));
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return accept4(fd, address, length, 0);
}

static int name_of(struct socket *s, struct sockaddr *address, socklen_t *length, bool peer)
{
    struct sockaddr_storage name;
    socklen_t true_length = 0;
    int rc = s->ops->name(s, &name, &true_length, peer);

    if (rc == 0) {
        give_address(&name, true_length, address, length);
    }
    return rc;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    return (int)WITH_SOCKET(fd, name_of(s, address, length, false));
}

int getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    return (int)WITH_SOCKET(fd, name_of(s, address, length, true));
}

static int set_timeout(uint64_t *timeout_ns, const void *value, socklen_t length)
{
    struct timeval tv;

    if (length < sizeof(tv)) {
        return -EINVAL;
    }
    memcpy(&tv, value, sizeof(tv));
    if (tv.tv_usec < 0 || tv.tv_usec >= 1000000) {
        return -EDOM;
    }
    /* Linux: a negative time does not wait at all, zero for ever. */
    if (tv.tv_sec < 0) {
        *timeout_ns = 1;
    } else if ((uint64_t)tv.tv_sec > UINT64_MAX / NS_PER_SEC - 1) {
        *timeout_ns = 0;
    } else {
        *timeout_ns = (uint64_t)tv.tv_sec * NS_PER_SEC + (uint64_t)tv.tv_usec * NS_PER_US;
    }
    return 0;
}

static int set_option(struct socket *s, int level, int option, const void *value, socklen_t length)
{
    if (value == NULL && length > 0) {
        return -EFAULT;
    }
    if (level == SOL_SOCKET && option == SO_RCVTIMEO) {
        return set_timeout(&s->receive_timeout_ns, value, length);
    }
    if (level == SOL_SOCKET && option == SO_SNDTIMEO) {
        return set_timeout(&s->send_timeout_ns, value, length);
    }
    return s->ops->set_option != NULL ? s->ops->set_option(s, level, option, value, length) : -ENOPROTOOPT;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    return (int)WITH_SOCKET(fd, set_option(s, level, option, value, length));
}

static void give_value(const void *from, size_t bytes, void *to, socklen_t *length)
{
    if (*length > bytes) {
        *length = (socklen_t)bytes;
    }
    memcpy(to, from, *length);
}

/* What is the same in all families. False: not one of these. */
static bool get_common_option(struct socket *s, int option, void *value, socklen_t *length)
{
    struct timeval tv;
    uint64_t ns;
    int number;

    switch (option) {
    case SO_TYPE:
        number = s->type;
        break;
    case SO_DOMAIN:
        number = s->family;
        break;
    case SO_PROTOCOL:
        number = s->protocol;
        break;
    case SO_ERROR:
        number = -socket_take_error(s);
        break;
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
        ns = option == SO_RCVTIMEO ? s->receive_timeout_ns : s->send_timeout_ns;
        tv.tv_sec = (time_t)(ns / NS_PER_SEC);
        tv.tv_usec = (suseconds_t)(ns % NS_PER_SEC / NS_PER_US);
        give_value(&tv, sizeof(tv), value, length);
        return true;
    default:
        return false;
    }
    give_value(&number, sizeof(number), value, length);
    return true;
}

static int get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    if (value == NULL || length == NULL) {
        return -EFAULT;
    }
    if (*length > INT_MAX) {
        return -EINVAL;
    }
    if (level == SOL_SOCKET && get_common_option(s, option, value, length)) {
        return 0;
    }
    return s->ops->get_option != NULL ? s->ops->get_option(s, level, option, value, length) : -ENOPROTOOPT;
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    return (int)WITH_SOCKET(fd, get_option(s, level, option, value, length));
}

int sockatmark(int fd)
{
    /* There is no urgent data. */
    return (int)WITH_SOCKET(fd, 0);
}
