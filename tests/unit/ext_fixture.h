// SPDX-License-Identifier: MIT
/*
 * A disk for ext's tests, in a file in memory that this machine's mke2fs, e2fsck and debugfs work on too. Included by one file of a program.
 */
#ifndef EXT_FIXTURE_H
#define EXT_FIXTURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create() */
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fake.h>
#include <fake_disk.h>

#include <xenolith/boot.h>
#include <xenolith/path.h>

#include "../../lib/fs/cache.h"
#include "../../lib/fs/ext.h"
#include "vfs_fixture.h"

static struct fake_disk disk;
static int image_fd, log_fd; /* what the disk holds; what a tool said */

static int memory_file(const char *name, uint64_t bytes)
{
    int fd = memfd_create(name, 0);

    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
        abort();
    }
    return fd;
}

/* A machine with a root in memory, the directory /data, and the disk "xvda". */
static void boot_with_disk(uint64_t bytes)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    struct fs *root;
    void *at;

    fake_boot(65536);
    boot_info.nr_pages = 16384;
    image_fd = memory_file("image", bytes);
    log_fd = memory_file("log", 0);
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, image_fd, 0);
    root = memfs_create("root", 100);
    if (at == MAP_FAILED || fs_mount(root, NULL) != 0 || path_create(NULL, "/data", &what) != 0) {
        abort();
    }
    fake_disk_start(&disk, "xvda", at, bytes);
}

/* One of this machine's tools on the image; its exit status. @format: the command, in which %s stands for the image. */
static int tool(const char *format)
{
    char image[40], command[600], line[700];
    int status;

    snprintf(image, sizeof(image), "/proc/%d/fd/%d", getpid(), image_fd);
    snprintf(command, sizeof(command), format, image);
    snprintf(line, sizeof(line), "%s >/proc/%d/fd/%d 2>&1", command, getpid(), log_fd);
    status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void show_log(void)
{
    char text[4000];
    ssize_t n = pread(log_fd, text, sizeof(text), 0);

    fwrite(text, 1, n > 0 ? (size_t)n : 0, stderr);
}

static inline void make_file_system(const char *options)
{
    char command[500];

    memset(disk.bytes, 0, disk.dev.size_bytes);
    snprintf(command, sizeof(command), "/sbin/mke2fs -q -F %s %%s", options);
    if (tool(command) != 0) {
        show_log();
        abort();
    }
    fake_disk_forget(&disk, 0);
}

static inline bool is_clean(void)
{
    if (tool("/sbin/e2fsck -f -n %s") != 0) {
        show_log();
        return false;
    }
    return true;
}

/* On /data; the status when that fails. */
static inline int try_mount(struct fs **fs)
{
    struct node *dir;
    int rc = ext_open(&disk.dev, 0, fs);

    if (rc != 0) {
        return rc;
    }
    rc = path_node(NULL, "/data", 0, &dir);
    rc = rc != 0 ? rc : fs_mount(*fs, dir);
    if (rc != 0) {
        abort();
    }
    node_put(dir);
    return 0;
}

static inline struct fs *mount_disk(void)
{
    struct fs *fs;
    int rc = try_mount(&fs);

    if (rc != 0) {
        fprintf(stderr, "the file system cannot be mounted: %d\n", rc);
        abort();
    }
    return fs;
}

#endif
