// SPDX-License-Identifier: MIT
/*
 * What every socket is to the POSIX calls: a file with further operations. Families (TCP, UDP and raw over lwIP; pairs within the
 * image) embed a struct socket first and are known to the calls by their operations alone, so that an image links only the
 * families that it can make: socket() names all of them, socketpair() the local one.
 * Errors are the kernel's negative numbers. All may block unless FILE_NONBLOCK or MSG_DONTWAIT says not to.
 */
#ifndef LIB_SOCKET_SOCKET_H
#define LIB_SOCKET_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <xenolith/vfs.h>

struct socket;

/**
 * struct socket_ops - An operation that is NULL fails with -EOPNOTSUPP. Addresses come with the length that the caller gave; at
 * most sizeof(struct sockaddr_storage).
 * @accept:   A new socket with one reference in @out.
 * @unaccept: There was no descriptor for what accept() gave: it waits at the head of the queue again. For who has accept.
 * @name:     getsockname(), or getpeername() with @peer; *length is the true length.
 * @sendfile: Bytes of @in from @offset on, by reference where the file can be mapped. What was sent.
 */
struct socket_ops {
    int (*bind)(struct socket *s, const struct sockaddr *address, socklen_t length);
    int (*connect)(struct socket *s, const struct sockaddr *address, socklen_t length);
    int (*listen)(struct socket *s, int backlog);
    int (*accept)(struct socket *s, struct socket **out);
    void (*unaccept)(struct socket *s, struct socket *accepted);
    long (*send)(struct socket *s, const struct msghdr *message, int flags);
    long (*receive)(struct socket *s, struct msghdr *message, int flags);
    int (*shutdown)(struct socket *s, int how);
    int (*name)(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer);
    int (*set_option)(struct socket *s, int level, int option, const void *value, socklen_t length);
    int (*get_option)(struct socket *s, int level, int option, void *value, socklen_t *length);
    long (*sendfile)(struct socket *s, struct file *in, uint64_t offset, size_t bytes);
};

/** struct socket - @error is SO_ERROR: positive, taken by who asks first. Timeouts in ns, 0: none. */
struct socket {
    struct file file;
    const struct socket_ops *ops;
    int family, type, protocol;
    int error;
    uint64_t receive_timeout_ns, send_timeout_ns;
};

/** socket_init() - Ready @s with one reference: open both ways, blocking. @ops->info must be socket_file_info. */
void socket_init(struct socket *s, const struct file_ops *file_ops, const struct socket_ops *ops, int family,
                 int type, int protocol);

/** socket_take_error() - SO_ERROR: 0 or a negative number, and from now on 0. */
int socket_take_error(struct socket *s);

/** socket_is_nonblocking() - By the file's flag or by MSG_DONTWAIT. */
static inline bool socket_is_nonblocking(const struct socket *s, int flags)
{
    return (s->file.flags & FILE_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0;
}

/* What every family puts into its file_ops: reading and writing are receive and send without an address. */
long socket_file_read(struct file *file, void *buf, size_t bytes);
long socket_file_write(struct file *file, const void *buf, size_t bytes);
long socket_file_read_parts(struct file *file, const struct file_part *parts, size_t nr);
long socket_file_write_parts(struct file *file, const struct file_part *parts, size_t nr);
int socket_file_info(struct file *file, struct file_info *out);

/** socket_from_fd() - The socket behind @fd, with a reference for the caller. -EBADF, -ENOTSOCK. */
int socket_from_fd(int fd, struct socket **out);

/** inet_socket_create() - AF_INET and AF_INET6. Links the IP stack. -EAFNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM, ... */
int inet_socket_create(int family, int type, int protocol, struct socket **out);

/** local_socket_create() - AF_UNIX, alone: to be bound or connected. Links no IP stack. */
int local_socket_create(int type, int protocol, struct socket **out);

/** local_socket_pair() - Two connected AF_UNIX sockets. */
int local_socket_pair(int type, struct socket *out[2]);

#endif
