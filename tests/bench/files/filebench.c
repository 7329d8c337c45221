// SPDX-License-Identifier: MIT
/*
 * Measures files of an ext4 on xvda: one source for both guests, nothing but POSIX and mount(). One line a figure: name, value, unit, and what it
 * took for each operation. What is read cold is read after umount() and mount(). Whoever can count what reaches the disk defines bench_count().
 * Arguments: the large file's size in MiB, how many random reads and writes, how many small files.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "filebench.h"

/* Where it is known: neither side writes times of access. */
#ifndef MS_NOATIME
#define MS_NOATIME 0
#endif

#define CHUNK 65536
#define SMALL 4096

static unsigned long large_bytes, nr_random, nr_small;
static unsigned char buf[CHUNK];
static uint64_t seed = 1;

static struct bench_counts counts_before;
static uint64_t started_ns;

static _Noreturn void die(const char *what)
{
    printf("filebench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void start(void)
{
    bench_count(&counts_before);
    started_ns = now_ns();
}

/* @bytes: of an operation; a rate in MB/s where they count, else operations a second. */
static void stop(const char *name, uint64_t operations, uint64_t bytes)
{
    uint64_t ns = now_ns() - started_ns;
    struct bench_counts now;

    bench_count(&now);
    printf("%s %" PRIu64 " %s; %" PRIu64 " ns", name,
           bytes > 0 ? operations * bytes * 1000 / ns : operations * 1000000000 / ns,
           bytes > 0 ? "MB/s" : "/s", ns / operations);
    for (unsigned int i = 0; i < NR_COUNTS; i++) {
        printf(", %s %.3f", bench_count_names[i],
               (double)(now.of[i] - counts_before.of[i]) / (double)operations);
    }
    printf("\n");
}

static void mount_disk(void)
{
    if (mount("/dev/xvda", "/data", "ext4", MS_NOATIME, NULL) != 0) {
        die("mount");
    }
}

static void mount_again(void)
{
    if (umount("/data") != 0) {
        die("umount");
    }
    mount_disk();
}

static int open_file(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    if (fd < 0) {
        die(path);
    }
    return fd;
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        die(what);
    }
}

static void write_in_order(void)
{
    int fd;

    start();
    fd = open_file("/data/large", O_CREAT | O_WRONLY | O_TRUNC);
    for (unsigned long at = 0; at < large_bytes; at += CHUNK) {
        must(write(fd, buf, CHUNK) == CHUNK, "write");
    }
    must(fsync(fd) == 0, "fsync");
    stop("write-in-order", large_bytes / CHUNK, CHUNK);
    close(fd);
}

static void read_in_order(const char *name, size_t chunk)
{
    int fd;

    start();
    fd = open_file("/data/large", O_RDONLY);
    for (unsigned long at = 0; at < large_bytes; at += chunk) {
        must(read(fd, buf, chunk) == (ssize_t)chunk, "read");
    }
    stop(name, large_bytes / chunk, chunk);
    close(fd);
}

static off_t random_place(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (off_t)((seed >> 20) % (large_bytes / SMALL) * SMALL);
}

static void read_at_random(const char *name)
{
    int fd = open_file("/data/large", O_RDONLY);

    start();
    for (unsigned long i = 0; i < nr_random; i++) {
        must(pread(fd, buf, SMALL, random_place()) == SMALL, "pread");
    }
    stop(name, nr_random, 0);
    close(fd);
}

static void overwrite_at_random(void)
{
    int fd = open_file("/data/large", O_WRONLY);

    start();
    for (unsigned long i = 0; i < nr_random; i++) {
        must(pwrite(fd, buf, SMALL, random_place()) == SMALL, "pwrite");
    }
    must(fsync(fd) == 0, "fsync");
    stop("overwrite-at-random", nr_random, 0);
    close(fd);
}

/* One block at a time, each of them durable before the next. */
static void write_and_sync(const char *name, bool append, bool data_only)
{
    int fd = open_file("/data/log", O_CREAT | O_WRONLY | (append ? O_APPEND : 0));
    unsigned long rounds = nr_random / 10;

    start();
    for (unsigned long i = 0; i < rounds; i++) {
        must(write(fd, buf, SMALL) == SMALL, "write");
        must((data_only ? fdatasync(fd) : fsync(fd)) == 0, "fsync");
    }
    stop(name, rounds, 0);
    close(fd);
}

static const char *small_path(unsigned long i)
{
    static char path[64];

    snprintf(path, sizeof(path), "/data/small/file%lu", i);
    return path;
}

static void create_small(void)
{
    must(mkdir("/data/small", 0755) == 0, "mkdir");
    start();
    for (unsigned long i = 0; i < nr_small; i++) {
        int fd = open_file(small_path(i), O_CREAT | O_WRONLY | O_EXCL);

        must(write(fd, buf, SMALL) == SMALL, "write");
        close(fd);
    }
    sync();
    stop("create-small", nr_small, 0);
}

static void read_small(const char *name)
{
    start();
    for (unsigned long i = 0; i < nr_small; i++) {
        struct stat st;
        int fd;

        must(stat(small_path(i), &st) == 0 && st.st_size == SMALL, "stat");
        fd = open_file(small_path(i), O_RDONLY);
        must(read(fd, buf, SMALL) == SMALL, "read");
        close(fd);
    }
    stop(name, nr_small, 0);
}

static void unlink_small(void)
{
    start();
    for (unsigned long i = 0; i < nr_small; i++) {
        must(unlink(small_path(i)) == 0, "unlink");
    }
    sync();
    stop("unlink-small", nr_small, 0);
}

static unsigned long argument(int argc, char **argv, int i, unsigned long otherwise)
{
    return argc > i ? strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    large_bytes = argument(argc, argv, 1, 96) << 20;
    nr_random = argument(argc, argv, 2, 2000);
    nr_small = argument(argc, argv, 3, 1000);
    memset(buf, 0x5a, sizeof(buf));
    (void)mkdir("/data", 0755);
    mount_disk();
    write_in_order();
    mount_again();
    read_in_order("read-in-order-cold", CHUNK);
    read_in_order("read-in-order-warm", CHUNK);
    read_in_order("read-in-order-warm-4k", SMALL);
    mount_again();
    read_at_random("read-at-random-cold");
    read_in_order("again", CHUNK);
    read_at_random("read-at-random-warm");
    overwrite_at_random();
    write_and_sync("append-and-fsync", true, false);
    write_and_sync("overwrite-and-fsync", false, false);
    write_and_sync("overwrite-and-fdatasync", false, true);
    create_small();
    mount_again();
    read_small("read-small-cold");
    read_small("read-small-warm");
    unlink_small();
    must(umount("/data") == 0, "umount");
    return 0;
}
