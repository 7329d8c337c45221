// SPDX-License-Identifier: MIT
/*
 * mount() and umount() by their Linux names. Naming mount() is also how an image says that it wants disks: `root=`, `mount=` and
 * /etc/fstab come with it, and all file systems. Who wants fewer names with_ext or with_fat instead (-Wl,-u,with_fat).
 */
#include <sys/mount.h>

#include <errno.h>
#include <stddef.h>

#include <xenolith/path.h>

#include "disk.h"

static int answer(int rc)
{
    if (rc < 0) {
        errno = -rc;
        return -1;
    }
    return 0;
}

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
    unsigned int how = disk_how_of(data != NULL ? data : "");

    DISK_LINK(ext_open);
    DISK_LINK(fat_open);
    if ((flags & ~(unsigned long)MS_RDONLY) != 0) {
        return answer(-EINVAL);
    }
    how |= (flags & MS_RDONLY) != 0 ? DISK_READ_ONLY : 0;
    return answer(disk_mount_at(source, target, type != NULL ? type : "auto", how));
}

int umount2(const char *target, int flags)
{
    struct node *node;
    struct fs *fs;
    bool is_root;
    int rc = flags != 0 ? -EINVAL : path_node(NULL, target, 0, &node);

    if (rc != 0) {
        return answer(rc);
    }
    fs = node->fs;
    is_root = node == fs->root;
    node_put(node);
    return answer(is_root && fs->covers != NULL ? fs_unmount(fs) : -EINVAL);
}

int umount(const char *target)
{
    return umount2(target, 0);
}
