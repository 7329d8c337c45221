// SPDX-License-Identifier: MIT
/*
 * A guest that does with files what it reads from the console, for tests that dom0's script leads. One line a command, one line starting with
 * "= " as its answer: the verb, what it returned, and errno (0: none). Sums are those of crc32(1), so that dom0 can compare.
 * Never decides what is right: the script does.
 */
#ifndef SYSTEM_TEST_FILE_AGENT_H
#define SYSTEM_TEST_FILE_AGENT_H

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <xenolith/sched.h>

#include "file_work.h"

#define AGENT_PIECE 65536
#define AGENT_SLOTS 8

static uint64_t agent_piece[AGENT_PIECE / 8];
static int agent_slots[AGENT_SLOTS];

/** agent_sum() - crc32(1) of what came before, @sum, and of @data behind it; 0 to begin with. */
static uint32_t agent_sum(uint32_t sum, const void *data, size_t bytes)
{
    static uint32_t table[256];
    const uint8_t *at = data;

    for (uint32_t i = 0; i < 256 && table[255] == 0; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320U : 0);
        }
    }
    sum = ~sum;
    while (bytes-- != 0) {
        sum = sum >> 8 ^ table[(sum ^ *at++) & 0xff];
    }
    return ~sum;
}

/* What the bytes from @at on, a multiple of 8, of a file written with @seed are. */
static void agent_fill(uint64_t seed, uint64_t at)
{
    for (size_t i = 0; i < AGENT_PIECE / 8; i++) {
        uint64_t x = (at / 8 + i + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ seed * UINT64_C(0xd1b54a32d192ed03);

        agent_piece[i] = x ^ x >> 29;
    }
}

/* Up to @bytes of the pattern of @seed from @offset on. How many; errno is 0 when it was all. */
static long agent_write_at(int fd, uint64_t bytes, uint64_t seed, uint64_t offset)
{
    long done = 0;

    errno = 0;
    while ((uint64_t)done < bytes) {
        size_t part = bytes - (uint64_t)done < AGENT_PIECE ? bytes - (uint64_t)done : AGENT_PIECE;
        ssize_t rc;

        agent_fill(seed, offset + (uint64_t)done);
        rc = pwrite(fd, agent_piece, part, (off_t)offset + done);
        done += rc > 0 ? rc : 0;
        if (rc < 0) {
            break;
        }
    }
    return done;
}

/* write PATH BYTES SEED OFFSET */
static long agent_write(const char *path, const uint64_t n[3])
{
    int fd = open(path, O_RDWR | O_CREAT, 0644), error;
    long done = fd >= 0 ? agent_write_at(fd, n[0], n[1], n[2]) : -1;

    error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return done;
}

/* sum PATH: of the whole file; its length is what is returned. */
static long agent_sum_file(const char *path, uint32_t *sum)
{
    int fd = open(path, O_RDONLY), error;
    long bytes = 0, rc = fd < 0 ? -1 : 1;

    *sum = 0;
    while (rc > 0) {
        rc = read(fd, agent_piece, AGENT_PIECE);
        if (rc > 0) {
            *sum = agent_sum(*sum, agent_piece, (size_t)rc);
            bytes += rc;
        }
    }
    error = rc < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return rc < 0 ? -1 : bytes;
}

/* How many entries. */
static long agent_count(const char *path)
{
    DIR *dir = opendir(path);
    long nr = 0;

    errno = dir != NULL ? 0 : errno;
    while (dir != NULL && readdir(dir) != NULL) {
        nr++;
    }
    if (dir != NULL && errno == 0) {
        closedir(dir);
    }
    return errno != 0 ? -1 : nr;
}

/* files DIR FROM TO BYTES, dirs DIR FROM TO: DIR/FROM, ... until one cannot be made; how many were. */
static long agent_make_many(const char *top, bool dirs, const uint64_t n[3])
{
    char path[300];
    uint64_t i = n[0];

    for (errno = 0; i < n[1] && errno == 0; i++) {
        const uint64_t what[3] = {n[2], i, 0};

        snprintf(path, sizeof(path), "%s/%s%lu", top, dirs ? "directory-" : "file-", (unsigned long)i);
        if (dirs ? mkdir(path, 0755) != 0 : agent_write(path, what) != (long)n[2]) {
            break;
        }
    }
    return (long)(i - n[0]);
}

static long agent_sync(const char *path)
{
    int fd = open(path, O_RDONLY), error;
    long rc = fd >= 0 ? fsync(fd) : -1;

    error = rc < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return rc;
}

/* Random work on the side, until it fails for another reason than the work's own, or is told to stop. */
static struct agent_worker {
    struct thread *thread;
    char top[64];
    uint64_t seed;
    unsigned int steps;
    int error;
    bool stop;
} agent_worker;

static void agent_work(void *arg)
{
    struct agent_worker *w = arg;

    while (!w->stop && w->error == 0) {
        int error;

        (void)work_step(w->top, w->seed++, &error);
        if (error == EIO || error == ENXIO || error == EROFS || error == ENODEV) {
            w->error = error;
        }
        w->steps++;
        if (w->steps % 100 == 0) {
            printf("! step %u\n", w->steps);
            fflush(stdout);
        }
        thread_yield();
    }
    printf("! work ended %d\n", w->error);
    fflush(stdout);
}

/* work DIR SEED; stop. */
static long agent_start_work(const char *top, uint64_t seed)
{
    struct agent_worker *w = &agent_worker;

    *w = (struct agent_worker){.seed = seed * 1000003};
    snprintf(w->top, sizeof(w->top), "%s", top);
    errno = 0;
    return thread_create(&w->thread, "work", agent_work, w, 128 << 10);
}

static long agent_stop_work(void)
{
    agent_worker.stop = true;
    errno = thread_join(agent_worker.thread) == 0 ? agent_worker.error : EINVAL;
    return agent_worker.steps;
}

static long agent_open_slot(unsigned int slot, const char *path, int flags)
{
    agent_slots[slot] = open(path, flags, 0644);
    return agent_slots[slot] < 0 ? -1 : 0;
}

/* What has two paths, or none. False: no such verb. */
static bool agent_names(const char *verb, const char *a, const char *b, const char *c, long *rc)
{
    if (strcmp(verb, "mount") == 0) {
        *rc = mount(a, b, "auto", strcmp(c, "ro") == 0 ? MS_RDONLY : 0, NULL);
    } else if (strcmp(verb, "mount-data") == 0) {
        *rc = mount(a, b, "auto", MS_RDONLY, c);
    } else if (strcmp(verb, "umount") == 0) {
        *rc = umount(a);
    } else if (strcmp(verb, "mkdir") == 0) {
        *rc = mkdir(a, 0755);
    } else if (strcmp(verb, "rmdir") == 0) {
        *rc = rmdir(a);
    } else if (strcmp(verb, "unlink") == 0) {
        *rc = unlink(a);
    } else if (strcmp(verb, "rename") == 0) {
        *rc = rename(a, b);
    } else if (strcmp(verb, "symlink") == 0) {
        *rc = symlink(a, b);
    } else if (strcmp(verb, "link") == 0) {
        *rc = link(a, b);
    } else if (strcmp(verb, "mark") == 0) {
        *rc = strtol(a, NULL, 0);
    } else if (strcmp(verb, "sync") == 0) {
        *rc = agent_sync(a);
    } else if (strcmp(verb, "count") == 0) {
        *rc = agent_count(a);
    } else if (strcmp(verb, "access") == 0) {
        *rc = access(a, F_OK);
    } else {
        return false;
    }
    return true;
}

/* open PATH SLOT; put SLOT BYTES SEED OFFSET, get SLOT BYTES OFFSET, fsync SLOT, close SLOT; and what else has numbers. */
static bool agent_numbers(const char *verb, const char *path, const uint64_t n[3], long *rc)
{
    unsigned int slot = (unsigned int)strtoul(path, NULL, 0) % AGENT_SLOTS;

    if (strcmp(verb, "write") == 0) {
        *rc = agent_write(path, n);
    } else if (strcmp(verb, "files") == 0) {
        *rc = agent_make_many(path, false, n);
    } else if (strcmp(verb, "dirs") == 0) {
        *rc = agent_make_many(path, true, n);
    } else if (strcmp(verb, "truncate") == 0) {
        *rc = truncate(path, (off_t)n[0]);
    } else if (strcmp(verb, "work") == 0) {
        *rc = agent_start_work(path, n[0]);
    } else if (strcmp(verb, "stop") == 0) {
        *rc = agent_stop_work();
    } else if (strcmp(verb, "open") == 0) {
        *rc = agent_open_slot(n[0] % AGENT_SLOTS, path, O_RDWR | O_CREAT);
    } else if (strcmp(verb, "close") == 0) {
        *rc = close(agent_slots[slot]);
    } else if (strcmp(verb, "put") == 0) {
        *rc = agent_write_at(agent_slots[slot], n[0], n[1], n[2]);
    } else if (strcmp(verb, "get") == 0) {
        *rc = pread(agent_slots[slot], agent_piece, n[0] < AGENT_PIECE ? n[0] : AGENT_PIECE, (off_t)n[1]);
    } else if (strcmp(verb, "fsync") == 0) {
        *rc = fsync(agent_slots[slot]);
    } else {
        return false;
    }
    return true;
}

static void agent_obey(char *line)
{
    char verb[16] = "", a[260] = "", b[260] = "", c[64] = "";
    unsigned long n[3] = {0};
    uint64_t args[3];
    uint32_t sum;
    struct statvfs vfs;
    long rc = -1;

    (void)sscanf(line, "%15s %259s %259s %63s", verb, a, b, c);
    (void)sscanf(line, "%*s %*s %li %li %li", (long *)&n[0], (long *)&n[1], (long *)&n[2]);
    for (int i = 0; i < 3; i++) {
        args[i] = n[i];
    }
    errno = 0;
    if (strcmp(verb, "sum") == 0) {
        rc = agent_sum_file(a, &sum);
        printf("= sum %ld %d %08x\n", rc, errno, (unsigned int)sum);
    } else if (strcmp(verb, "space") == 0) {
        rc = statvfs(a, &vfs);
        printf("= space %ld %d blocks %lu nodes %lu\n", rc, errno, (unsigned long)vfs.f_bfree,
               (unsigned long)vfs.f_ffree);
    } else if (agent_names(verb, a, b, c, &rc) || agent_numbers(verb, a, args, &rc)) {
        printf("= %s %ld %d\n", verb, rc, errno);
    } else {
        printf("= unknown %s\n", verb);
    }
    fflush(stdout);
}

/** agent_main() - Until "quit", which leaves all as it is. */
static inline void agent_main(void)
{
    char line[600];

    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL && strncmp(line, "quit", 4) != 0) {
        agent_obey(line);
    }
}

#endif
