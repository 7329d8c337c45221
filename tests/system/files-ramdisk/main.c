// SPDX-License-Identifier: MIT
/*
 * A tar archive given as `ramdisk=` is the root: its files, directories and links are there with their contents, times and
 * modes; they can be written to, renamed and removed, and the archive underneath stays as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_test.h"

#define BIG_BYTES 288894 /* of `seq 50000` */

static char big[BIG_BYTES], back[BIG_BYTES], expected[BIG_BYTES + 1];

static void reads_what_was_packed(void)
{
    char text[64] = "";
    struct stat st;
    FILE *f = fopen("/etc/motd", "r");
    int fd;

    CHECK(f != NULL);
    CHECK(fgets(text, sizeof(text), f) != NULL);
    CHECK(strcmp(text, "welcome\n") == 0);
    fclose(f);
    CHECK(stat("/etc/motd", &st) == 0);
    CHECK_EQUAL(st.st_mtime, 1000000000);
    CHECK_EQUAL(st.st_mode, S_IFREG | 0640);
    CHECK_EQUAL(st.st_size, 8);
    fd = open("/link-to-motd", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, text, sizeof(text)), 8);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(lstat("/link-to-motd", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQUAL(readlink("/link-to-motd", text, sizeof(text)), 8);
    CHECK(memcmp(text, "etc/motd", 8) == 0);
}

static void writes_go_over_it(void)
{
    int fd = open("/big", O_RDWR);

    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, big, sizeof(big)), BIG_BYTES);
    for (int i = 1, at = 0; i <= 50000; i++) {
        at += sprintf(expected + at, "%d\n", i);
    }
    CHECK(memcmp(big, expected, BIG_BYTES) == 0);
    memcpy(big + 100000, "overwritten", 11);
    CHECK_EQUAL(pwrite(fd, "overwritten", 11, 100000), 11);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(fd, back, sizeof(back)), BIG_BYTES);
    CHECK(memcmp(big, back, BIG_BYTES) == 0);
    CHECK_EQUAL(ftruncate(fd, 100003), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 100003);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(rename("/big", "/etc/smaller"), 0);
    CHECK_EQUAL(unlink("/etc/motd"), 0);
    CHECK_EQUAL(open("/link-to-motd", O_RDONLY), -1);
    CHECK_EQUAL(errno, ENOENT);
}

static void directories_list(void)
{
    DIR *dir = opendir("/www");
    struct dirent *e;
    int files = 0, dots = 0;

    CHECK(dir != NULL);
    while ((e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.') {
            dots++;
        } else {
            CHECK_EQUAL(strncmp(e->d_name, "page-", 5), 0);
            CHECK_EQUAL(e->d_type, DT_REG);
            files++;
        }
    }
    CHECK_EQUAL(closedir(dir), 0);
    CHECK_EQUAL(dots, 2);
    CHECK_EQUAL(files, 100);
}

int main(void)
{
    reads_what_was_packed();
    writes_go_over_it();
    directories_list();
    test_success();
}
