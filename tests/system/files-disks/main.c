// SPDX-License-Identifier: MIT
/*
 * Claim: disks are there by `root=`, `mount=` and /etc/fstab, and as /dev/xvd*.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_test.h"

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0);
    CHECK_EQUAL(fclose(f), 0);
}

static int has_text(const char *path, const char *text)
{
    char line[100] = "";
    FILE *f = fopen(path, "r");

    if (f == NULL) {
        return 0;
    }
    CHECK(fgets(line, sizeof(line), f) != NULL || ferror(f) == 0);
    fclose(f);
    return strcmp(line, text) == 0;
}

/* root=/dev/xvda with an fstab that names xvdb; xvdc is without a file system, xvdd cannot be written to, xvde is only to be read. */
static void mounted(void)
{
    char sector[512], back[512];
    struct stat st;
    int fd;

    CHECK(has_text("/from-dom0", "hello\n"));
    write_text("/from-guest", "hello yourself\n");
    CHECK(has_text("/second/from-dom0", "second\n"));
    write_text("/second/deep", "under the mount\n");
    CHECK(has_text("/third/from-dom0", "third\n"));
    CHECK_EQUAL(open("/third/new", O_WRONLY | O_CREAT, 0600), -1);
    CHECK_EQUAL(errno, EROFS);
    CHECK(has_text("/fourth/from-dom0", "third\n"));
    CHECK_EQUAL(open("/fourth/new", O_WRONLY | O_CREAT, 0600), -1);
    CHECK_EQUAL(errno, EROFS);
    CHECK_EQUAL(stat("/dev/xvdc", &st), 0);
    CHECK(S_ISBLK(st.st_mode));
    fd = open("/dev/xvdc", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 8 << 20);
    memset(sector, 's', sizeof(sector));
    CHECK_EQUAL(pwrite(fd, sector, sizeof(sector), 123456), sizeof(sector));
    CHECK_EQUAL(pread(fd, back, sizeof(back), 123456), sizeof(back));
    CHECK(memcmp(sector, back, sizeof(sector)) == 0);
    CHECK_EQUAL(pwrite(fd, sector, sizeof(sector), (8 << 20) - 100), 100);
    CHECK_EQUAL(pwrite(fd, sector, sizeof(sector), 8 << 20), -1);
    CHECK_EQUAL(errno, ENOSPC);
    CHECK_EQUAL(fsync(fd), 0);
    CHECK_EQUAL(open("/dev/xvdd", O_RDWR), -1);
    CHECK_EQUAL(errno, EROFS);
    CHECK_EQUAL(mount("/dev/xvdc", "/third", "ext4", 0, NULL), -1);
    /* Left open, and the file with it: the end of the domain must do. */
    write_text("/unsynced", "but the end was orderly\n");
}

int main(void)
{
    mounted();
    test_success();
}
