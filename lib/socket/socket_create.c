// SPDX-License-Identifier: MIT
/*
 * socket(): the one call that names the internet families, and so links the IP stack.
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

    if (family != AF_INET && family != AF_INET6) {
        return -EAFNOSUPPORT;
    }
    rc = inet_socket_create(family, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, &s);
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
