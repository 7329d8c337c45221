// SPDX-License-Identifier: MIT
/*
 * How full a file system is. Owns no state.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include "file_priv.h"
#include "newlib_priv.h"

/* Takes over the reference to @node, which is there unless @rc says otherwise. */
static int describe(int rc, struct node *node, struct statvfs *out)
{
    struct fs_info info = {.block_bytes = 4096};

    if (rc != 0) {
        return (int)libc_result(rc);
    }
    if (node->fs->ops->info != NULL) {
        node->fs->ops->info(node->fs, &info);
    }
    *out = (struct statvfs){
        .f_bsize = info.block_bytes,
        .f_frsize = info.block_bytes,
        .f_blocks = info.blocks,
        .f_bfree = info.free_blocks,
        .f_bavail = info.free_blocks,
        .f_files = info.nodes,
        .f_ffree = info.free_nodes,
        .f_favail = info.free_nodes,
        .f_fsid = node->fs->id,
        .f_flag = node->fs->read_only ? ST_RDONLY : 0,
        .f_namemax = FS_NAME_LIMIT,
    };
    node_put(node);
    return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    struct node *node = NULL;
    int rc = libc_node_at(AT_FDCWD, path, 0, &node);

    return describe(rc, node, out);
}

int fstatvfs(int fd, struct statvfs *out)
{
    struct node *node = NULL;
    int rc = libc_node_of(fd, &node);

    return describe(rc == -EINVAL ? -ENOSYS : rc, node, out);
}
