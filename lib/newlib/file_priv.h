// SPDX-License-Identifier: MIT
/*
 * What the calls with a path share.
 */
#ifndef FILE_PRIV_H
#define FILE_PRIV_H

#include <sys/types.h>

#include <xenolith/path.h>

/** struct libc_at - Where a relative path starts: @node, or NULL for the current directory. */
struct libc_at {
    struct node *node;
    struct file *file;
};

/** libc_at_begin() - For the descriptor of an ...at() call and its path. 0, -EBADF, -ENOTDIR. */
int libc_at_begin(int fd, const char *path, struct libc_at *at);

void libc_at_end(struct libc_at *at);

/** libc_node_at() - What is at a path, with a reference. @flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH; others -EINVAL. */
int libc_node_at(int fd, const char *path, int flags, struct node **out);

/** libc_node_of() - The node behind a descriptor, with a reference. -EBADF, -EINVAL when it has none. */
int libc_node_of(int fd, struct node **out);

/** libc_umask() - @mode without what umask() forbids. */
uint32_t libc_umask(mode_t mode);

#endif
