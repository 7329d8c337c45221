// SPDX-License-Identifier: MIT
/* Reading and writing in parts. */
#ifndef _SYS_UIO_H
#define _SYS_UIO_H

#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

#define UIO_MAXIOV 1024
#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

__BEGIN_DECLS
ssize_t readv(int fd, const struct iovec *parts, int nr);
ssize_t writev(int fd, const struct iovec *parts, int nr);
ssize_t preadv(int fd, const struct iovec *parts, int nr, off_t offset);
ssize_t pwritev(int fd, const struct iovec *parts, int nr, off_t offset);
__END_DECLS

#endif
