// SPDX-License-Identifier: MIT
/*
 * FAT12, FAT16 and FAT32: what Linux wrote in dom0 is read here, with its long names; what is written here, also by random work and on a disk that
 * is full, dom0 finds as it should be. run.sh makes the disks and looks at them afterwards.
 */
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "file_work.h"

#define LINES 20000

static const char *const from_dom0[] = {"/Ein langer Name mit äöü und ß.txt",
                                        "/日本語/ファイル-🙂.TXT", "/plain.txt"};

/* dom0 wrote the numbers from 1 on, one a line. */
static void check_lines(const char *top, const char *name)
{
    char path[300], line[32], should[32];
    FILE *file;
    int nr = 0;

    snprintf(path, sizeof(path), "%s%s", top, name);
    file = fopen(path, "r");
    if (file == NULL) {
        test_failure("%s: %s", path, strerror(errno));
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        snprintf(should, sizeof(should), "%d\n", ++nr);
        if (strcmp(line, should) != 0) {
            test_failure("%s: line %d is %s", path, nr, line);
        }
    }
    CHECK_EQUAL(nr, LINES);
    fclose(file);
}

static void copy(const char *top, const char *name, const char *to_name)
{
    char from[300], to[300];
    int in, out;
    ssize_t bytes;

    snprintf(from, sizeof(from), "%s%s", top, name);
    snprintf(to, sizeof(to), "%s%s", top, to_name);
    in = open(from, O_RDONLY);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);
    CHECK(in >= 0 && out >= 0);
    while ((bytes = read(in, work_data, WORK_BYTES)) > 0) {
        CHECK_EQUAL(write(out, work_data, (size_t)bytes), bytes);
    }
    CHECK_EQUAL(bytes, 0);
    close(in);
    close(out);
}

static void check_errors(const char *top)
{
    char path[300], other[300];
    struct stat st;

    snprintf(path, sizeof(path), "%s/PLAIN.TXT", top);
    snprintf(other, sizeof(other), "%s/link", top);
    CHECK_EQUAL(stat(path, &st), 0);
    CHECK(symlink("x", other) == -1 && errno == EPERM);
    CHECK(link(path, other) == -1 && errno == EPERM);
    snprintf(other, sizeof(other), "%s/a?b", top);
    CHECK(open(other, O_RDWR | O_CREAT, 0644) == -1 && errno == EINVAL);
    CHECK(mkdir(path, 0755) == -1 && errno == EEXIST);
    CHECK(truncate(path, (off_t)1 << 32) == -1 && errno == EFBIG);
}

/* Until nothing fits any more; then all goes and fits again. */
static void fill(const char *top)
{
    char path[300];
    long first = 0;

    snprintf(path, sizeof(path), "%s/all that fits", top);
    for (int round = 0; round < 2; round++) {
        int fd = open(path, O_WRONLY | O_CREAT, 0644);
        ssize_t bytes;
        long all = 0;

        CHECK(fd >= 0);
        while ((bytes = write(fd, work_data, WORK_BYTES)) > 0) {
            all += bytes;
        }
        CHECK(bytes == -1 && errno == ENOSPC);
        close(fd);
        CHECK(round == 0 || all == first);
        first = all;
        CHECK_EQUAL(unlink(path), 0);
    }
    printf("%s: %ld bytes were free\n", top, first);
}

static void check_disk(const char *top, uint64_t seed)
{
    char model[40], work[40];
    struct statvfs vfs;

    CHECK_EQUAL(statvfs(top, &vfs), 0);
    CHECK(vfs.f_bfree > 0 && vfs.f_bfree < vfs.f_blocks);
    for (size_t i = 0; i < sizeof(from_dom0) / sizeof(from_dom0[0]); i++) {
        check_lines(top, from_dom0[i]);
    }
    check_errors(top);
    copy(top, from_dom0[0], "/Kopie – größer.txt");
    copy(top, from_dom0[1], "/日本語/コピー");
    snprintf(model, sizeof(model), "/tmp/model%s", top);
    snprintf(work, sizeof(work), "%s/work", top);
    CHECK_EQUAL(mkdir(model, 0755), 0);
    CHECK_EQUAL(mkdir(work, 0755), 0);
    work_both(model, work, seed, 100);
    printf("%s: %u files and directories are the same\n", top, compare_trees(model, work));
}

int main(void)
{
    work_is_fat = true;
    CHECK_EQUAL(mkdir("/tmp/model", 0755), 0);
    check_disk("/a", 1);
    fill("/a");
    printf("/a: %u files and directories are the same\n", compare_trees("/tmp/model/a", "/a/work"));
    check_disk("/b", 2);
    CHECK_EQUAL(mkdir("/c", 0755), 0);
    if (mount("/dev/xvdc", "/c", "vfat", 0, NULL) != 0) {
        test_failure("mount: %s", strerror(errno));
    }
    check_disk("/c", 3);
    CHECK_EQUAL(umount("/c"), 0);
    test_success();
}
