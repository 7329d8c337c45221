// SPDX-License-Identifier: MIT
/*
 * struct stat from the kernel's struct file_info. Owns no state.
 */
#include <string.h>
#include <sys/stat.h>

#include <xenolith/time.h>
#include <xenolith/vfs.h>

#include "newlib_priv.h"

#define BLOCK 512

static mode_t mode_of(enum file_kind kind)
{
    switch (kind) {
    case FILE_CHARACTER:
        return S_IFCHR;
    case FILE_DIRECTORY:
        return S_IFDIR;
    case FILE_SOCKET:
        return S_IFSOCK;
    case FILE_BLOCK:
        return S_IFBLK;
    case FILE_SYMLINK:
        return S_IFLNK;
    case FILE_FIFO:
        return S_IFIFO;
    case FILE_REGULAR:
        break;
    }
    return S_IFREG;
}

static struct timespec time_of(uint64_t ns, uint64_t otherwise_ns)
{
    ns = ns != 0 ? ns : otherwise_ns;
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC)};
}

void libc_fill_stat(const struct file_info *info, struct stat *out)
{
    uint64_t held = info->held_bytes != 0 ? info->held_bytes : info->size_bytes;

    memset(out, 0, sizeof(*out));
    out->st_dev = info->file_system;
    out->st_ino = info->serial;
    out->st_mode = mode_of(info->kind) | info->permissions;
    /* Only files of file systems know of links, also that none is left. */
    out->st_nlink = info->file_system == 0 ? 1 : (nlink_t)(info->links < 0xffff ? info->links : 0xffff);
    out->st_uid = (uid_t)info->owner;
    out->st_gid = (gid_t)info->group;
    out->st_rdev = info->device;
    out->st_size = (off_t)info->size_bytes;
    out->st_blksize = (blksize_t)info->block_bytes;
    out->st_blocks = (blkcnt_t)((held + BLOCK - 1) / BLOCK);
    out->st_mtim = time_of(info->modified_ns, 0);
    out->st_atim = time_of(info->accessed_ns, info->modified_ns);
    out->st_ctim = time_of(info->changed_ns, info->modified_ns);
}
