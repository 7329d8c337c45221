// SPDX-License-Identifier: MIT
/*
 * /dev/stdin and its kin, and /dev/fd/0 to 9: opening one is as good as dup(). Numbers above 9 are not there; who has one
 * that large has dup() too.
 */
#include "vfs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/string.h>

#define NR_FDS 10
#define FD_MAJOR 0x100 /* Linux has links to /proc there: the number is only ours */

static int open_fd(struct node *node, unsigned int flags, struct file **out)
{
    unsigned int access = flags & (FILE_READ | FILE_WRITE);
    struct file *file = fd_file((int)(memfs_device(node) & 0xff));

    if (file == NULL) {
        return -ENXIO;
    }
    if ((file->flags & access) != access) {
        file_put(file);
        return -EACCES;
    }
    *out = file;
    return 0;
}

static int add_fd(struct node *dir, const char *name, unsigned int fd)
{
    return memfs_add_device(dir, name, FILE_CHARACTER, (uint64_t)FD_MAJOR << 8 | fd, 0666, open_fd);
}

int dev_add_fds(struct node *root)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    struct node *dir;
    int rc = root->ops->create(root, "fd", 2, &what, &dir);

    for (unsigned int fd = 0; rc == 0 && fd < NR_FDS; fd++) {
        char name[2] = {(char)('0' + fd), '\0'};

        rc = add_fd(dir, name, fd);
        if (rc == 0 && fd < ARRAY_SIZE(names)) {
            rc = add_fd(root, names[fd], fd);
        }
    }
    if (rc == 0) {
        node_put(dir);
    }
    return rc;
}
