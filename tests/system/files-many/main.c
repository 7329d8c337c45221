// SPDX-License-Identifier: MIT
/*
 * Claim: what Linux wrote to a disk a guest reads, and the other way round: a thousand files in a hundred directories, a file of 1 GiB
 * with holes, a directory of 20,000 names; on blocks of 1, 2 and 4 KiB, on a disk with sectors of 4,096 bytes, with a file system as the root
 * and three more from its /etc/fstab, all at work at once. A list of sums goes beside the files; dom0 compares.
 */
#include <pthread.h>

#include "file_agent.h"

#define DIRECTORIES 100
#define NAMES       20000
#define OWN_NAMES   3000
#define SPARSE      (UINT64_C(1) << 30)

/** struct top - Where a file system is; how many files dom0 has put there, and how many are made in each directory. */
struct top {
    const char *path;
    unsigned int from_dom0, files;
};

static const struct top tops[] = {{"/", 1000, 10}, {"/one", 100, 1}, {"/two", 100, 1}, {"/sector", 100, 1}};
#define NR_TOPS 4

static uint32_t sum_of(const char *path, long *bytes)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the agent's buffer */
    uint32_t sum;

    pthread_mutex_lock(&lock);
    *bytes = agent_sum_file(path, &sum);
    if (*bytes < 0) {
        test_failure("%s: %s", path, strerror(errno));
    }
    pthread_mutex_unlock(&lock);
    return sum;
}

/* Each regular file below @top, as `crc32` prints it, to @list. How many. */
static unsigned int list_tree(const char *top, FILE *list)
{
    DIR *dir = opendir(top);
    struct dirent *e;
    unsigned int nr = 0;

    CHECK(dir != NULL);
    while ((e = readdir(dir)) != NULL) {
        char path[300];
        struct stat st;
        long bytes;

        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", top, e->d_name);
        CHECK_EQUAL(lstat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            nr += list_tree(path, list);
        } else if (S_ISREG(st.st_mode)) {
            fprintf(list, "%08x %s\n", (unsigned int)sum_of(path, &bytes), path);
            nr++;
        }
    }
    closedir(dir);
    return nr;
}

static void write_file(const char *path, const char *data, size_t bytes, uint64_t offset)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0644);

    CHECK(fd >= 0);
    CHECK_EQUAL(pwrite(fd, data, bytes, (off_t)offset), bytes);
    CHECK_EQUAL(close(fd), 0);
}

/* DIRECTORIES times @files, of 0 to 9,000 bytes. */
static void make_tree(const char *top, unsigned int seed, unsigned int files)
{
    static char data[9000];
    char path[300];

    CHECK_EQUAL(mkdir(top, 0755), 0);
    for (unsigned int i = 0; i < DIRECTORIES; i++) {
        snprintf(path, sizeof(path), "%s/directory-%u", top, i);
        CHECK_EQUAL(mkdir(path, 0755), 0);
        for (unsigned int j = 0; j < files; j++) {
            size_t bytes = (seed + i * 977 + j * 3331) % sizeof(data);

            /* Nobody else runs between this and the copy of it that the call makes at its start. */
            snprintf(path, sizeof(path), "%s/directory-%u/file-%u", top, i, j);
            memset(data, (int)(seed + i + j), sizeof(data));
            write_file(path, data, bytes, 0);
        }
    }
}

static void make_sparse(const char *path)
{
    for (uint64_t at = 0; at < SPARSE; at += SPARSE / 8) {
        char data[100];

        memset(data, (int)(at >> 27) + 'a', sizeof(data));
        write_file(path, data, sizeof(data), at + 5000);
    }
    CHECK_EQUAL(truncate(path, SPARSE), 0);
}

static void list_to(const char *path, const char *top, unsigned int expected)
{
    FILE *list = fopen(path, "w");

    CHECK(list != NULL);
    CHECK_EQUAL(list_tree(top, list), expected);
    CHECK_EQUAL(fclose(list), 0);
}

static void *work_on(void *arg)
{
    const struct top *t = arg;
    const char *top = t->path;
    char path[100], to[100];

    snprintf(path, sizeof(path), "%s/from-dom0", top);
    snprintf(to, sizeof(to), "%s/from-dom0.list", top);
    list_to(to, path, t->from_dom0);
    snprintf(path, sizeof(path), "%s/from-guest", top);
    make_tree(path, (unsigned int)strlen(top), t->files);
    snprintf(to, sizeof(to), "%s/from-guest.list", top);
    list_to(to, path, DIRECTORIES * t->files);
    snprintf(path, sizeof(path), "%s/sparse", top);
    make_sparse(path);
    printf("%s is done\n", top);
    return NULL;
}

/* Made by Linux, with its index; names come, go and change here. */
static void look_at_names(const char *top)
{
    char path[100], other[100];
    struct stat st;

    CHECK_EQUAL(agent_count(top), NAMES + 2);
    for (unsigned int i = 1; i <= NAMES; i += 397) {
        snprintf(path, sizeof(path), "%s/%u", top, i);
        CHECK_EQUAL(stat(path, &st), 0);
        snprintf(other, sizeof(other), "%s/renamed-%u", top, i);
        CHECK_EQUAL(i % 2 ? unlink(path) : rename(path, other), 0);
        CHECK_EQUAL(stat(path, &st), -1);
        CHECK_EQUAL(errno, ENOENT);
    }
    printf("%ld names are left\n", agent_count(top) - 2);
}

static void make_names(const char *top)
{
    char path[100];

    CHECK_EQUAL(mkdir(top, 0755), 0);
    for (unsigned int i = 1; i <= OWN_NAMES; i++) {
        int fd;

        snprintf(path, sizeof(path), "%s/%u", top, i);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0) {
            test_failure("%s: %s", path, strerror(errno));
        }
        CHECK_EQUAL(close(fd), 0);
    }
    CHECK_EQUAL(agent_count(top), OWN_NAMES + 2);
}

/* A line in some of its blocks, which says which; holes else. */
static void look_at_sparse(const char *path)
{
    static const unsigned int at[] = {0, 1000, 131072, 262143};
    int fd = open(path, O_RDONLY);
    struct stat st;
    char text[20], line[20];

    CHECK(fd >= 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_size, SPARSE);
    for (unsigned int i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        int length = snprintf(line, sizeof(line), "at %u\n", at[i]);

        CHECK_EQUAL(pread(fd, text, (size_t)length, (off_t)at[i] * 4096), length);
        CHECK(memcmp(text, line, (size_t)length) == 0);
    }
    CHECK_EQUAL(pread(fd, text, 1, SPARSE / 4), 1);
    CHECK_EQUAL(text[0], 0);
    CHECK_EQUAL(close(fd), 0);
}

int main(void)
{
    pthread_t threads[NR_TOPS];
    struct statvfs vfs;

    CHECK_EQUAL(access("/etc/fstab", R_OK), 0);
    CHECK_EQUAL(statvfs("/tmp", &vfs), 0);
    CHECK_EQUAL(mount("/dev/xvdb", "/tmp", "ext4", 0, NULL), -1);
    CHECK_EQUAL(errno, EBUSY);
    for (unsigned int i = 0; i < NR_TOPS; i++) {
        CHECK_EQUAL(pthread_create(&threads[i], NULL, work_on, (void *)(uintptr_t)&tops[i]), 0);
    }
    for (unsigned int i = 0; i < NR_TOPS; i++) {
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    }
    look_at_names("/one/names");
    make_names("/two/names");
    look_at_sparse("/sparse-from-dom0");
    test_success();
}
