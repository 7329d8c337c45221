// SPDX-License-Identifier: MIT
/*
 * socket(): the one call that names all families, and so links the IP stack.
 */
#include <errno.h>
#include <sys/socket.h>

#include "../newlib/newlib_priv.h"
#include "socket.h"

static int create(int family, int type, int protocol)
{
    int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct socket *s;
    int rc;

    type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (family == AF_UNIX) {
        rc = local_socket_create(type, protocol, &s);
    } else if (family == AF_INET || family == AF_INET6) {
        rc = inet_socket_create(family, type, protocol, &s);
    } else {
        rc = -EAFNOSUPPORT;
    }
    if (rc != 0) {
        return rc;
    }
    if ((flags & SOCK_NONBLOCK) != 0) {
        s->file.flags |= FILE_NONBLOCK;
    }
    rc = fd_install(&s->file, 0);
    if (rc < 0) {
        file_put(&s->file);
    }
    return rc;
}

int socket(int family, int type, int protocol)
{
    return (int)libc_result(create(family, type, protocol));
}
