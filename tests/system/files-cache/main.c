// SPDX-License-Identifier: MIT
/*
 * A file of 24 MiB in a domain of 8 MiB: written and read in order, and at random by two threads, it holds what it should, also after umount() and mount(). The page cache gives way: memory that the program asks for meanwhile is there. Arguments:
 * MiB of the random requests.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_test.h"

#define FILE_BYTES (24u << 20)
#define UNIT       1024u /* what a version is kept of */
#define LARGEST    65536u
#define NR_UNITS   (FILE_BYTES / UNIT)
#define NR_THREADS 2u
#define NR_PIECES  24u
#define PIECE      65536u

static uint8_t versions[NR_UNITS];

struct worker {
    pthread_t thread;
    uint64_t seed, left;
    unsigned int first, nr; /* its units */
    int fd;
    uint64_t buf[LARGEST / 8];
};

static struct worker workers[NR_THREADS];

static uint64_t random_below(struct worker *w, uint64_t limit)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (w->seed >> 24) % limit;
}

/* What a unit holds: its number, its version, and every word another. */
static void fill(uint64_t *words, unsigned int unit)
{
    uint64_t word = ((uint64_t)unit << 16 | versions[unit]) * UINT64_C(0x9e3779b97f4a7c15);

    for (unsigned int i = 0; i < UNIT / 8; i++) {
        words[i] = word += UINT64_C(0x2545f4914f6cdd1d);
    }
}

static void compare(const uint64_t *words, unsigned int unit)
{
    uint64_t wanted[UNIT / 8];

    fill(wanted, unit);
    if (memcmp(words, wanted, UNIT) != 0) {
        test_failure("unit %u, version %u is not what was written", unit, versions[unit]);
    }
}

static void write_units(struct worker *w, unsigned int first, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        versions[first + i]++;
        fill(w->buf + i * (UNIT / 8), first + i);
    }
    if (pwrite(w->fd, w->buf, nr * UNIT, (off_t)first * UNIT) != (ssize_t)(nr * UNIT)) {
        test_failure("pwrite: %s", strerror(errno));
    }
}

static void check_units(struct worker *w, unsigned int first, unsigned int nr)
{
    if (pread(w->fd, w->buf, nr * UNIT, (off_t)first * UNIT) != (ssize_t)(nr * UNIT)) {
        test_failure("pread: %s", strerror(errno));
    }
    for (unsigned int i = 0; i < nr; i++) {
        compare(w->buf + i * (UNIT / 8), first + i);
    }
}

/* Each thread in its part, of which it alone knows what is there. */
static void *work(void *arg)
{
    struct worker *w = arg;
    unsigned int steps = 0;

    while (w->left > 0) {
        unsigned int nr = 1 + (unsigned int)random_below(w, LARGEST / UNIT);
        unsigned int first = w->first + (unsigned int)random_below(w, w->nr - nr + 1);

        if (random_below(w, 3) == 0) {
            write_units(w, first, nr);
        } else {
            check_units(w, first, nr);
        }
        if (++steps % 512 == 0) {
            CHECK_EQUAL(fsync(w->fd), 0);
        }
        w->left -= w->left < nr * UNIT ? w->left : nr * UNIT;
    }
    return NULL;
}

/* As much as an ordinary program may want, while the cache has all there is. */
static void want_memory(void)
{
    char *pieces[NR_PIECES];

    for (unsigned int i = 0; i < NR_PIECES; i++) {
        pieces[i] = malloc(PIECE);
        if (pieces[i] == NULL) {
            test_failure("no memory for piece %u", i);
        }
        memset(pieces[i], (int)i, PIECE);
    }
    for (unsigned int i = 0; i < NR_PIECES; i++) {
        CHECK(pieces[i][0] == (char)i && pieces[i][PIECE - 1] == (char)i);
        free(pieces[i]);
    }
}

static void in_order(void (*what)(struct worker *w, unsigned int first, unsigned int nr))
{
    for (unsigned int unit = 0; unit < NR_UNITS; unit += LARGEST / UNIT) {
        what(&workers[0], unit, LARGEST / UNIT);
        if (unit == NR_UNITS / 2) {
            want_memory();
        }
    }
}

static void mount_and_open(void)
{
    if (mount("/dev/xvda", "/data", "ext4", 0, NULL) != 0) {
        test_failure("mount: %s", strerror(errno));
    }
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        workers[i].fd = open("/data/file", O_RDWR | O_CREAT, 0644);
        CHECK(workers[i].fd >= 0);
    }
}

static void close_and_unmount(void)
{
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(close(workers[i].fd), 0);
    }
    CHECK_EQUAL(umount("/data"), 0);
}

int main(int argc, char **argv)
{
    uint64_t random_bytes = (argc > 1 ? strtoul(argv[1], NULL, 0) : 16) << 20;

    CHECK_EQUAL(mkdir("/data", 0755), 0);
    mount_and_open();
    in_order(write_units);
    CHECK_EQUAL(fsync(workers[0].fd), 0);
    printf("written\n");
    in_order(check_units);
    printf("read\n");
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        workers[i].seed = i + 1;
        workers[i].left = random_bytes / NR_THREADS;
        workers[i].nr = NR_UNITS / NR_THREADS;
        workers[i].first = i * workers[i].nr;
        CHECK_EQUAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(pthread_join(workers[i].thread, NULL), 0);
    }
    printf("random\n");
    close_and_unmount();
    mount_and_open();
    in_order(check_units);
    close_and_unmount();
    test_success();
}
