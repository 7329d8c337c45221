// SPDX-License-Identifier: MIT
/*
 * What stands at the root of all: a file system in memory, filled from the domain's ramdisk, with /tmp and /dev. An image that links a
 * disk file system (lib/fs) can have another root: disk_mount_root() then is there.
 */
#include "vfs_priv.h"

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/printk.h>

/* Files in memory take at most half of it, so that a full /tmp leaves the rest of the program alive. */
#define MEMORY_SHARE 2

/** disk_mount_root() - Mount what `root=` names. 0; 1 when no root was asked for; an error was said. Not in every image. */
int disk_mount_root(void) WEAK;

/** disk_mount_all() - Mount what `mount=` and /etc/fstab name. Not in every image. */
void disk_mount_all(void) WEAK;

static int mount_memory(void)
{
    struct fs *fs = memfs_create("ramdisk", boot_info.nr_pages / MEMORY_SHARE);
    int rc;

    if (fs == NULL) {
        return -ENOMEM;
    }
    rc = fs_mount(fs, NULL);
    if (rc == 0 && boot_info.ramdisk != NULL) {
        long added = memfs_add_archive(fs, boot_info.ramdisk, boot_info.ramdisk_bytes);

        if (added < 0) {
            pr_err("ramdisk: neither tar nor cpio (newc), or packed: %lu bytes not used",
                   boot_info.ramdisk_bytes);
        } else {
            pr_debug("ramdisk: %ld files in %lu KiB", added, boot_info.ramdisk_bytes / 1024);
        }
    }
    return rc;
}

/* A disk's root has its own /tmp. */
static void make_directories(void)
{
    static const struct new_node tmp = {.kind = FILE_DIRECTORY, .permissions = 01777};
    static const struct new_node dev = {.kind = FILE_DIRECTORY, .permissions = 0755};

    (void)path_create(NULL, "/tmp", &tmp);
    (void)path_create(NULL, "/dev", &dev);
}

int root_start(void)
{
    int rc = disk_mount_root != NULL ? disk_mount_root() : 1;

    if (rc > 0) {
        rc = mount_memory();
    }
    if (rc != 0) {
        return rc;
    }
    make_directories();
    rc = dev_start();
    if (rc != 0) {
        pr_err("vfs: nothing at /dev (%d)", rc);
    }
    if (disk_mount_all != NULL) {
        disk_mount_all();
    }
    return 0;
}
