// SPDX-License-Identifier: MIT
/*
 * Without a ramdisk there is a file system in memory: what is written is read back, for all sizes and places; full is ENOSPC, not
 * the end of the program, and what is removed comes back to the memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <xenolith/page.h>

#include "system_test.h"

#define PIECE 10007

static unsigned char piece[PIECE], back[PIECE];

static void fill(unsigned int seed)
{
    for (size_t i = 0; i < PIECE; i++) {
        seed = seed * 1664525 + 1013904223;
        piece[i] = (unsigned char)(seed >> 24);
    }
}

static void what_is_written_is_read_back(void)
{
    int fd = open("/tmp/file", O_RDWR | O_CREAT | O_EXCL, 0600);

    CHECK(fd >= 0);
    for (unsigned int i = 0; i < 100; i++) {
        fill(i);
        CHECK_EQUAL(pwrite(fd, piece, PIECE, (off_t)(i * 37 % 100) * PIECE), PIECE);
    }
    for (unsigned int i = 0; i < 100; i++) {
        fill(i);
        CHECK_EQUAL(pread(fd, back, PIECE, (off_t)(i * 37 % 100) * PIECE), PIECE);
        CHECK(memcmp(piece, back, PIECE) == 0);
    }
    /* A hole is zeros and costs next to nothing. */
    CHECK_EQUAL(pwrite(fd, "x", 1, 1L << 40), 1);
    CHECK_EQUAL(pread(fd, back, 100, 1L << 39), 100);
    CHECK(back[0] == 0 && back[99] == 0);
    CHECK_EQUAL(close(fd), 0);
}

static size_t free_pages(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    return stats.free;
}

/* @mapped: all of RAM is by now; before, PV takes pages for tables. */
static void full_is_an_error_and_removing_frees(int mapped)
{
    struct statvfs before, after;
    size_t pages = free_pages();
    long written = 0, rc;
    int fd;

    CHECK_EQUAL(statvfs("/tmp", &before), 0);
    CHECK(before.f_bfree > 0 && before.f_bfree <= before.f_blocks);
    fd = open("/tmp/full", O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    while ((rc = write(fd, piece, PIECE)) > 0) {
        written += rc;
    }
    CHECK_EQUAL(rc, -1);
    CHECK_EQUAL(errno, ENOSPC);
    CHECK(written > (long)(before.f_bfree * before.f_frsize) / 2);
    CHECK_EQUAL(unlink("/tmp/full"), 0);
    /* It still has its bytes: somebody holds it open. */
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), written);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(statvfs("/tmp", &after), 0);
    CHECK_EQUAL(after.f_bfree, before.f_bfree);
    CHECK(!mapped || free_pages() == pages);
}

static void many_files_stand_in_one_directory(void)
{
    char name[40];
    int fd;

    CHECK_EQUAL(mkdir("/tmp/many", 0755), 0);
    for (int i = 0; i < 1500; i++) {
        snprintf(name, sizeof(name), "/tmp/many/%d", i * 7919 % 1500);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        CHECK(fd >= 0);
        CHECK_EQUAL(write(fd, name, strlen(name)), strlen(name));
        CHECK_EQUAL(close(fd), 0);
    }
    CHECK_EQUAL(rmdir("/tmp/many"), -1);
    CHECK_EQUAL(errno, ENOTEMPTY);
    for (int i = 0; i < 1500; i++) {
        snprintf(name, sizeof(name), "/tmp/many/%d", i);
        CHECK_EQUAL(unlink(name), 0);
    }
    CHECK_EQUAL(rmdir("/tmp/many"), 0);
}

int main(void)
{
    what_is_written_is_read_back();
    full_is_an_error_and_removing_frees(0);
    many_files_stand_in_one_directory();
    full_is_an_error_and_removing_frees(1);
    test_success();
}
