// SPDX-License-Identifier: MIT
/*
 * Random work on files, the same for the same seed, done below two directories at once: a model, and what is tested. Then both must
 * be the same: names, kinds, lengths, links, bytes.
 */
#ifndef FILE_WORK_H
#define FILE_WORK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_test.h"

#define WORK_NAMES 12
#define WORK_BYTES 200000

static bool work_is_fat; /* what is tested knows neither links nor permissions */
static uint64_t work_state;
static char work_data[WORK_BYTES], work_back[WORK_BYTES];

static inline uint32_t work_random(uint32_t below)
{
    work_state = work_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(work_state >> 33) % below;
}

static inline void work_path(char *out, const char *top)
{
    unsigned int depth = 1 + work_random(3);

    out += sprintf(out, "%s", top);
    for (unsigned int i = 0; i < depth; i++) {
        unsigned int name = work_random(WORK_NAMES);

        out += sprintf(out, name < 6 ? "/d%u" : "/a-somewhat-longer-name-%u", name);
    }
}

static inline int work_write(const char *path, uint64_t seed)
{
    uint64_t saved = work_state;
    int fd, rc = 0;

    work_state = seed;
    fd = open(path, O_RDWR | O_CREAT | (work_random(6) == 0 ? O_TRUNC : 0), 0644);
    for (unsigned int i = 0, nr = 1 + work_random(4); fd >= 0 && rc == 0 && i < nr; i++) {
        size_t bytes = 1 + work_random(work_random(4) == 0 ? WORK_BYTES : 3000);
        off_t offset = work_random(work_random(4) == 0 ? 2000000 : 5000);

        memset(work_data, (int)work_random(256), bytes);
        work_data[0] = (char)work_random(256);
        rc = pwrite(fd, work_data, bytes, offset) == (ssize_t)bytes ? 0 : -1;
    }
    if (fd >= 0 && work_random(5) == 0) {
        rc = ftruncate(fd, work_random(100000));
    }
    if (fd >= 0) {
        rc = rc != 0 ? rc : work_random(20) == 0 ? fsync(fd) : 0;
        close(fd);
    }
    work_state = saved;
    return fd < 0 ? -1 : rc;
}

/* One step below @top; the random numbers it uses are the same for each top. What it returned, and errno. */
static inline int work_step(const char *top, uint64_t seed, int *error)
{
    char path[600], other[600];
    int rc = 0;

    work_state = seed;
    work_path(path, top);
    work_path(other, top);
    errno = 0;
    switch (work_random(9)) {
    case 0:
    case 1:
        rc = mkdir(path, 0755);
        break;
    case 2:
        rc = unlink(path);
        break;
    case 3:
        rc = rmdir(path);
        break;
    case 4:
        rc = rename(path, other);
        break;
    case 5:
        rc = work_is_fat ? 0 : link(path, other);
        break;
    case 6:
        rc = work_is_fat
                 ? 0
                 : symlink(work_random(3) == 0
                               ? "d1/d2/../d3/a-target-that-is-longer-than-the-sixty-bytes-of-an-inode"
                               : "d1",
                           path);
        break;
    default:
        rc = work_write(path, seed ^ 0x5555);
        break;
    }
    *error = rc < 0 ? errno : 0;
    return rc < 0 ? -1 : 0;
}

/* Does the work below both. @each: called after each step, or NULL. */
static inline void work_both(const char *model, const char *tested, uint64_t seed, unsigned int steps)
{
    for (unsigned int i = 0; i < steps; i++) {
        uint64_t step_seed = seed * 1000003 + i;
        int model_error, error;
        int should = work_step(model, step_seed, &model_error);
        int is = work_step(tested, step_seed, &error);

        if (should != is || model_error != error) {
            test_failure("step %u: %d (%s), not %d (%s)", i, is, strerror(error), should,
                         strerror(model_error));
        }
    }
}

static inline void compare_files(const char *a, const char *b, off_t bytes)
{
    int fa = open(a, O_RDONLY), fb = open(b, O_RDONLY);

    CHECK(fa >= 0 && fb >= 0);
    for (off_t at = 0; at < bytes;) {
        ssize_t na = read(fa, work_data, WORK_BYTES), nb = read(fb, work_back, WORK_BYTES);

        if (na <= 0 || na != nb || memcmp(work_data, work_back, (size_t)na) != 0) {
            test_failure("%s differs from %s behind byte %ld (%zd and %zd bytes)", b, a, (long)at, na, nb);
        }
        at += na;
    }
    close(fa);
    close(fb);
}

/* How many files, directories and links there are. */
static inline unsigned int compare_trees(const char *a, const char *b)
{
    DIR *dir = opendir(a), *other;
    struct dirent *e;
    unsigned int nr = 0, others = 0;

    CHECK(dir != NULL);
    other = opendir(b);
    if (other == NULL) {
        test_failure("%s: %s", b, strerror(errno));
    }
    while ((e = readdir(other)) != NULL) {
        others += strcmp(e->d_name, "lost+found") != 0;
    }
    closedir(other);
    while ((e = readdir(dir)) != NULL) {
        char pa[1024], pb[1024], ta[256] = "", tb[256] = "";
        struct stat sa, sb;

        others--;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        snprintf(pa, sizeof(pa), "%s/%s", a, e->d_name);
        snprintf(pb, sizeof(pb), "%s/%s", b, e->d_name);
        CHECK_EQUAL(lstat(pa, &sa), 0);
        if (lstat(pb, &sb) != 0) {
            test_failure("%s: %s", pb, strerror(errno));
        }
        if (work_is_fat) {
            sa.st_nlink = sb.st_nlink;
            sa.st_mode = (sa.st_mode & S_IFMT) | (sb.st_mode & ~S_IFMT);
        }
        if (sa.st_mode != sb.st_mode || sa.st_nlink != sb.st_nlink) {
            test_failure("%s: mode %o links %d, not %o %d", pb, (unsigned)sb.st_mode, (int)sb.st_nlink,
                         (unsigned)sa.st_mode, (int)sa.st_nlink);
        }
        nr++;
        if (S_ISDIR(sa.st_mode)) {
            nr += compare_trees(pa, pb);
        } else if (S_ISLNK(sa.st_mode)) {
            CHECK_EQUAL(readlink(pa, ta, sizeof(ta)), readlink(pb, tb, sizeof(tb)));
            CHECK(strcmp(ta, tb) == 0);
        } else {
            CHECK_EQUAL(sb.st_size, sa.st_size);
            compare_files(pa, pb, sa.st_size);
        }
    }
    closedir(dir);
    CHECK_EQUAL(others, 0);
    return nr;
}

#endif
