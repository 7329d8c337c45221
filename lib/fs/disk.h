// SPDX-License-Identifier: MIT
/*
 * Disks for programs: mounting, /dev, the end.
 */
#ifndef LIB_FS_DISK_H
#define LIB_FS_DISK_H

#include <xenolith/blkdev.h>
#include <xenolith/fs.h>

/** disk_find() - The disk that "/dev/xvda" names. The first call looks for disks and waits until they are there. NULL: none. */
struct blkdev *disk_find(const char *path);

/* How a disk is mounted. */
enum disk_how {
    DISK_READ_ONLY = 1 << 0,
    DISK_NO_RECOVERY = 1 << 1, /* a journal is not replayed; only to read */
    DISK_DISCARD = 1 << 2,     /* ext: what is freed is given back to the disk */
};

/** disk_how_of() - What mount options, with commas between them, say: "ro", "norecovery", "noload", "discard". Others are passed over. */
unsigned int disk_how_of(const char *options);

/**
 * disk_open_fs() - The file system on a disk. @type: "ext2", "ext3", "ext4", "vfat", "msdos", "auto", or "tmpfs" without a disk. -ENODEV for
 * one that the image does not have.
 */
int disk_open_fs(const char *device, const char *type, unsigned int how, struct fs **out);

/** disk_mount_at() - The same, on a directory. */
int disk_mount_at(const char *device, const char *path, const char *type, unsigned int how);

/** disk_add_devices() - /dev has the disks, those too that come later. */
void disk_add_devices(void);

/** disk_sync_devices() - What was written to /dev/xvd* reaches the disks. */
void disk_sync_devices(void);

/** disk_end_prepare() - Disks are in use from now on: an image that calls this has disk_end_all(). */
void disk_end_prepare(void);

/* Called by lib/vfs and lib/newlib, where an image has them. */
int disk_mount_root(void);
void disk_mount_all(void);
void disk_end_begin(void); /* exit handlers and the last flush of streams may wait for a disk too */
void disk_end_all(void);

/** DISK_LINK() - An image with the function that this stands in has @symbol too. Takes no room. */
#define DISK_LINK(symbol) __asm__ volatile(".reloc ., R_X86_64_NONE, " #symbol)

#endif
