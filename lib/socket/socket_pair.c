// SPDX-License-Identifier: MIT
/*
 * socketpair(): two descriptors of one conversation within the image. Links no IP stack.
 */
#include <errno.h>
#include <sys/socket.h>

#include "../newlib/newlib_priv.h"
#include "socket.h"

static int create_pair(int family, int type, int protocol, int fds[2])
{
    struct socket *pair[2];
    int rc;

    if (family != AF_UNIX) {
        return family == AF_INET || family == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
    }
    if (protocol != 0 && protocol != PF_UNIX) {
        return -EPROTONOSUPPORT;
    }
    rc = local_socket_pair(type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), pair);
    if (rc != 0) {
        return rc;
    }
    for (int i = 0; i < 2; i++) {
        if ((type & SOCK_NONBLOCK) != 0) {
            pair[i]->file.flags |= FILE_NONBLOCK;
        }
    }
    rc = fd_install(&pair[0]->file, 0);
    if (rc < 0) {
        goto fail;
    }
    fds[0] = rc;
    rc = fd_install(&pair[1]->file, 0);
    if (rc < 0) {
        fd_close(fds[0]);
        file_put(&pair[1]->file);
        return rc;
    }
    fds[1] = rc;
    return 0;
fail:
    file_put(&pair[0]->file);
    file_put(&pair[1]->file);
    return rc;
}

int socketpair(int family, int type, int protocol, int fds[2])
{
    return (int)libc_result(create_pair(family, type, protocol, fds));
}
