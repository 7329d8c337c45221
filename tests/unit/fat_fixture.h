// SPDX-License-Identifier: MIT
/*
 * A disk for FAT's tests, in a file in memory that this machine's mkfs.fat and fsck.fat work on too. Included by one file of a program.
 */
#ifndef FAT_FIXTURE_H
#define FAT_FIXTURE_H

#include <errno.h>
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
#include "../../lib/fs/fat.h"

static struct fake_disk disk;
static int image_fd, log_fd; /* what the disk holds; what a tool said */
static char log_text[20000];

static int memory_file(const char *name, uint64_t bytes)
{
    int fd = memfd_create(name, 0);

    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
        abort();
    }
    return fd;
}

static inline void make_dir(const char *path)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    if (path_create(NULL, path, &what) != 0) {
        abort();
    }
}

/* A machine with a root in memory, the directories /data and /model, and the disk "xvda". */
static void boot_with_disk(uint64_t bytes)
{
    struct fs *root;
    void *at;

    fake_boot(65536);
    boot_info.nr_pages = 16384;
    image_fd = memory_file("image", bytes);
    log_fd = memory_file("log", 0);
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, image_fd, 0);
    root = memfs_create("root", 100);
    if (at == MAP_FAILED || fs_mount(root, NULL) != 0) {
        abort();
    }
    make_dir("/data");
    make_dir("/model");
    fake_disk_start(&disk, "xvda", at, bytes);
}

/* One of this machine's tools on the image; its exit status. What it says is in log_text. */
static int tool(const char *command)
{
    char line[500];
    int status;
    ssize_t n;

    if (ftruncate(log_fd, 0) != 0) {
        abort();
    }
    snprintf(line, sizeof(line), "PATH=/sbin:/usr/sbin:$PATH %s /proc/%d/fd/%d >/proc/%d/fd/%d 2>&1", command,
             getpid(), image_fd, getpid(), log_fd);
    status = system(line);
    n = pread(log_fd, log_text, sizeof(log_text) - 1, 0);
    log_text[n > 0 ? n : 0] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void make_file_system(const char *options)
{
    char command[200];

    memset(disk.bytes, 0, disk.dev.size_bytes);
    snprintf(command, sizeof(command), "mkfs.fat %s", options);
    if (tool(command) != 0) {
        fprintf(stderr, "%s", log_text);
        abort();
    }
    fake_disk_forget(&disk, 0);
}

static inline bool is_clean(void)
{
    if (tool("fsck.fat -n") != 0 || strstr(log_text, "Dirty bit") != NULL) {
        fprintf(stderr, "%s", log_text);
        return false;
    }
    return true;
}

/* On /data; the status when that fails. */
static inline int try_mount(bool read_only, struct fs **fs)
{
    struct node *dir;
    int rc = fat_open(&disk.dev, read_only, fs);

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
    int rc = try_mount(false, &fs);

    if (rc != 0) {
        fprintf(stderr, "the file system cannot be mounted: %d\n", rc);
        abort();
    }
    return fs;
}

/* An empty model on a file system of its own. */
static inline struct fs *new_model(void)
{
    struct fs *fs = memfs_create("model", 15000);
    struct node *dir;

    if (path_node(NULL, "/model", 0, &dir) != 0 || fs_mount(fs, dir) != 0) {
        abort();
    }
    node_put(dir);
    return fs;
}

#endif
