// SPDX-License-Identifier: MIT
/*
 * Disks by `root=`, `mount=` and /etc/fstab, and as /dev/xvd*; what was synced is there after the domain was destroyed in the middle of its
 * work, without anybody's help but the next mount's. run.sh says which part it is.
 */
#include <sys/mount.h>

#include "file_work.h"

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

/* root=/dev/xvda with an fstab that names xvdb; xvdc is without a file system, and xvdd cannot be written to. */
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

/* Files with numbers, each synced; then something else until somebody ends it. */
static void working(void)
{
    char path[40], text[40];

    for (unsigned int i = 0;; i++) {
        int fd;

        sprintf(path, "/synced-%u", i);
        sprintf(text, "number %u\n", i);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        CHECK(fd >= 0);
        CHECK_EQUAL(write(fd, text, strlen(text)), strlen(text));
        CHECK_EQUAL(fsync(fd), 0);
        CHECK_EQUAL(close(fd), 0);
        printf("synced %u\n", i);
        for (unsigned int j = 0; j < 20; j++) {
            int error;

            (void)work_step("/work", i * 1000 + j, &error);
        }
    }
}

static void found(unsigned int last)
{
    char path[40], text[40];

    for (unsigned int i = 0; i <= last; i++) {
        sprintf(path, "/synced-%u", i);
        sprintf(text, "number %u\n", i);
        if (!has_text(path, text)) {
            test_failure("%s was synced and is not there", path);
        }
    }
    printf("%u files are there\n", last + 1);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "mounted") == 0) {
        mounted();
    } else if (argc > 1 && strcmp(argv[1], "working") == 0) {
        mkdir("/work", 0755);
        working();
    } else if (argc > 2) {
        found((unsigned int)strtoul(argv[2], NULL, 0));
    }
    test_success();
}
