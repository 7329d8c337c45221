// SPDX-License-Identifier: MIT
/*
 * Claims about paths and the file system in memory: what Linux's tmpfs answers, ours answers. The same random operations go to
 * both, and results, errors and contents must be the same. Without a tmpfs at /dev/shm the test is skipped.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fake.h>

#include <xenolith/path.h>

#include "unit.h"
#include "vfs_fixture.h"

#define STEPS      60000
#define NR_OPEN    6
#define TMPFS_TYPE 0x01021994

struct pair {
    struct file *ours;
    int theirs;
};

static char *sandbox;
static int outside; /* the machine's own root */
static struct pair open_files[NR_OPEN];
static struct node *our_top;
static char steps_text[256];

/* ---- Random paths: few names, so that they meet ---- */

static void random_path(char *out)
{
    static const char *const names[] = {
        "a", "b", "c", "d", ".", "..", "l", "m", "a", "b", "a", "c", "e-with-a-longer-name"};
    unsigned int parts = 1 + (unsigned int)fake_random_below(4);

    out[0] = '\0';
    for (unsigned int i = 0; i < parts; i++) {
        if (i > 0) {
            strcat(out, fake_random_below(12) == 0 ? "//" : "/");
        }
        strcat(out, names[fake_random_below(sizeof(names) / sizeof(names[0]))]);
    }
    if (fake_random_below(8) == 0) {
        strcat(out, "/");
    }
    if (fake_random_below(500) == 0) {
        out[0] = '\0';
    }
    if (fake_random_below(500) == 0) {
        memset(out, 'n', 256);
        strcpy(out + 256, fake_random_below(2) == 0 ? "" : "/x");
    }
}

static int result(int rc)
{
    return rc < 0 ? -errno : rc;
}

/* ---- Operations on both sides; each returns 0 or -errno ---- */

static int both(const char *what, long ours, long theirs)
{
    if (ours != theirs) {
        fprintf(stderr, "%s: %s: ours %ld (%s), Linux %ld (%s)\n", steps_text, what, ours,
                ours < 0 ? strerror((int)-ours) : "ok", theirs, theirs < 0 ? strerror((int)-theirs) : "ok");
        fail();
    }
    return (int)ours;
}

static void do_mkdir(const char *path)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    both("mkdir", path_create(NULL, path, &what), result(mkdir(path, 0755)));
}

static void do_symlink(const char *path)
{
    char target[600];
    struct new_node what = {.kind = FILE_SYMLINK, .permissions = 0777, .target = target};

    random_path(target);
    if (fake_random_below(10) == 0) {
        memmove(target + 1, target, strlen(target) + 1);
        target[0] = '/';
    }
    snprintf(steps_text + strlen(steps_text), 60, " -> %.40s", target);
    both("symlink", path_create(NULL, path, &what), result(symlink(target, path)));
}

static void do_unlink(const char *path)
{
    bool directory = fake_random_below(2) == 0;

    both(directory ? "rmdir" : "unlink", path_unlink(NULL, path, directory),
         result(directory ? rmdir(path) : unlink(path)));
}

static void do_rename(const char *path)
{
    char to[600];

    random_path(to);
    snprintf(steps_text + strlen(steps_text), 60, " -> %.40s", to);
    both("rename", path_rename(NULL, path, NULL, to, 0), result(rename(path, to)));
}

static void do_link(const char *path)
{
    bool follow = fake_random_below(2) == 0;
    char to[600];

    random_path(to);
    snprintf(steps_text + strlen(steps_text), 60, " -> %.40s", to);
    both("link", path_link(NULL, path, NULL, to, follow ? 0 : PATH_NOFOLLOW),
         result(linkat(AT_FDCWD, path, AT_FDCWD, to, follow ? AT_SYMLINK_FOLLOW : 0)));
}

static void compare_info(const struct file_info *ours, const struct stat *theirs)
{
    static const mode_t kinds[] = {
        [FILE_CHARACTER] = S_IFCHR, [FILE_REGULAR] = S_IFREG, [FILE_DIRECTORY] = S_IFDIR,
        [FILE_SOCKET] = S_IFSOCK,   [FILE_BLOCK] = S_IFBLK,   [FILE_SYMLINK] = S_IFLNK,
    };

    both("kind", kinds[ours->kind], theirs->st_mode & S_IFMT);
    both("permissions", ours->permissions, theirs->st_mode & 07777);
    both("links", ours->links, (long)theirs->st_nlink);
    if (ours->kind != FILE_DIRECTORY) {
        both("size", (long)ours->size_bytes, (long)theirs->st_size);
    }
}

static void do_stat(const char *path)
{
    bool follow = fake_random_below(2) == 0;
    struct node *node = NULL;
    struct stat st;
    int ours = path_node(NULL, path, follow ? 0 : PATH_NOFOLLOW, &node);

    both(follow ? "stat" : "lstat", ours, result(follow ? stat(path, &st) : lstat(path, &st)));
    if (ours == 0) {
        struct file_info info = {0};

        node->ops->info(node, &info);
        compare_info(&info, &st);
        node_put(node);
    }
}

static void close_pair(struct pair *p)
{
    if (p->ours != NULL) {
        file_put(p->ours);
        close(p->theirs);
    }
    p->ours = NULL;
}

static void do_open(const char *path)
{
    static const struct {
        unsigned int ours;
        int theirs;
    } flags[] = {
        {PATH_CREATE, O_CREAT},  {PATH_EXCLUSIVE, O_EXCL},      {PATH_TRUNCATE, O_TRUNC},
        {PATH_APPEND, O_APPEND}, {PATH_DIRECTORY, O_DIRECTORY}, {PATH_NOFOLLOW, O_NOFOLLOW},
    };
    static const unsigned int rare[] = {1, 4, 4, 4, 8, 6};
    unsigned int access = (unsigned int)fake_random_below(3);
    unsigned int ours = access == 0 ? PATH_READ : access == 1 ? PATH_WRITE : PATH_READ | PATH_WRITE;
    int theirs = access == 0 ? O_RDONLY : access == 1 ? O_WRONLY : O_RDWR;
    struct pair *p = &open_files[fake_random_below(NR_OPEN)];
    int rc;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (fake_random_below(rare[i] + 1) == 0) {
            ours |= flags[i].ours;
            theirs |= flags[i].theirs;
        }
    }
    /* Refused by newer kernels, a plain file for older ones. */
    if ((theirs & O_CREAT) != 0) {
        ours &= ~(unsigned int)PATH_DIRECTORY;
        theirs &= ~O_DIRECTORY;
    } else {
        ours &= ~(unsigned int)PATH_EXCLUSIVE;
        theirs &= ~O_EXCL;
    }
    snprintf(steps_text + strlen(steps_text), 40, " flags %#o", theirs);
    close_pair(p);
    rc = path_open(NULL, path, ours, 0644, &p->ours);
    if (rc != 0) {
        p->ours = NULL;
    }
    p->theirs = open(path, theirs, 0644);
    both("open", rc, p->theirs < 0 ? -errno : 0);
}

/* ---- Open files ---- */

static void do_write(struct pair *p)
{
    static char data[20000];
    size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(4) == 0 ? sizeof(data) : 300);
    uint64_t offset = fake_random_below(fake_random_below(6) == 0 ? 3 << 20 : 20000);
    bool at = fake_random_below(2) == 0;
    long ours;

    if ((p->ours->flags & FILE_WRITE) == 0) {
        return;
    }
    memset(data, (int)fake_random_below(256), bytes);
    data[0] = 'x';
    ours = at ? p->ours->ops->write_at(p->ours, data, bytes, offset)
              : p->ours->ops->write(p->ours, data, bytes);
    both(at ? "pwrite" : "write", ours,
         at ? pwrite(p->theirs, data, bytes, (off_t)offset) : write(p->theirs, data, bytes));
}

static void do_read(struct pair *p)
{
    static char ours[20000], theirs[20000];
    size_t bytes = 1 + (size_t)fake_random_below(sizeof(ours));
    uint64_t offset = fake_random_below(40000);
    bool at = fake_random_below(2) == 0;
    long rc;

    if ((p->ours->flags & FILE_READ) == 0) {
        return;
    }
    rc = at ? p->ours->ops->read_at(p->ours, ours, bytes, offset) : p->ours->ops->read(p->ours, ours, bytes);
    both("read", rc,
         result((int)(at ? pread(p->theirs, theirs, bytes, (off_t)offset) : read(p->theirs, theirs, bytes))));
    if (rc > 0) {
        assert_memory_equal(ours, theirs, (size_t)rc);
    }
}

static void do_seek_or_resize(struct pair *p)
{
    struct stat st;

    fstat(p->theirs, &st);
    if (fake_random_below(2) == 0 && S_ISREG(st.st_mode) && (p->ours->flags & FILE_WRITE) != 0) {
        uint64_t bytes = fake_random_below(fake_random_below(6) == 0 ? 4 << 20 : 30000);

        both("ftruncate", p->ours->ops->resize(p->ours, bytes), result(ftruncate(p->theirs, (off_t)bytes)));
    } else if (S_ISREG(st.st_mode)) {
        int64_t offset = (int64_t)fake_random_below(30000) - 8000;
        int whence = (int)fake_random_below(3);
        off_t theirs = lseek(p->theirs, offset, whence);

        both("lseek", p->ours->ops->seek(p->ours, offset, whence), theirs < 0 ? -errno : theirs);
    }
}

static void do_truncate(const char *path)
{
    uint64_t bytes = fake_random_below(30000);
    struct node *node;
    int ours = path_node(NULL, path, 0, &node);

    if (ours == 0) {
        ours = node_resize(node, bytes);
        node_put(node);
    }
    both("truncate", ours, result(truncate(path, (off_t)bytes)));
}

static void do_chdir(const char *path)
{
    char ours_path[PATH_LIMIT], theirs_path[PATH_LIMIT];
    struct node *node;
    int ours = path_node(NULL, path, 0, &node);

    if (ours == 0) {
        ours = cwd_set(node);
        node_put(node);
    }
    both("chdir", ours, result(chdir(path)));
    if (cwd_get(&node) == 0) {
        ours = node_path(node, ours_path);
        node_put(node);
        both("getcwd", ours, getcwd(theirs_path, sizeof(theirs_path)) == NULL ? -errno : 0);
        if (ours == 0) {
            assert_string_equal(ours_path, theirs_path);
        }
    }
}

static void do_readlink(const char *path)
{
    char ours[600] = "", theirs[600] = "";
    struct node *node;
    long rc = path_node(NULL, path, PATH_NOFOLLOW, &node);

    if (rc == 0) {
        rc = node->ops->readlink != NULL ? node->ops->readlink(node, ours, 500) : -EINVAL;
        node_put(node);
    }
    both("readlink", rc, result((int)readlink(path, theirs, 500)));
    assert_string_equal(ours, theirs);
}

static void do_canonical(const char *path)
{
    char ours[PATH_LIMIT], theirs[PATH_LIMIT];
    int rc = path_canonical(NULL, path, ours);

    /* Their C library walks by itself, with checks in another order. */
    if (rc == 0 && realpath(path, theirs) != NULL) {
        assert_string_equal(ours, theirs);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void do_list(const char *path)
{
    char *ours[200] = {NULL}, *theirs[200] = {NULL};
    size_t nr_ours = 0, nr_theirs = 0;
    struct dir_entry *entry = malloc(sizeof(*entry));
    struct file *file = NULL;
    DIR *dir = opendir(path);
    int rc = path_open(NULL, path, PATH_READ | PATH_DIRECTORY, 0, &file);

    both("opendir", rc, dir == NULL ? -errno : 0);
    if (rc == 0) {
        struct dirent *e;

        while (dir_read(file, entry) == 1) {
            assert_true(nr_ours < 200);
            ours[nr_ours++] = strdup(entry->name);
        }
        while ((e = readdir(dir)) != NULL) {
            theirs[nr_theirs++] = strdup(e->d_name);
        }
        both("entries", (long)nr_ours, (long)nr_theirs);
        qsort(ours, nr_ours, sizeof(char *), by_name);
        qsort(theirs, nr_theirs, sizeof(char *), by_name);
        for (size_t i = 0; i < nr_ours; i++) {
            assert_string_equal(ours[i], theirs[i]);
            free(ours[i]);
            free(theirs[i]);
        }
        file_put(file);
        closedir(dir);
    }
    free(entry);
}

static void step(unsigned int number)
{
    static void (*const by_path[])(const char *) = {
        do_mkdir, do_mkdir, do_symlink, do_unlink,   do_unlink,   do_rename,    do_rename, do_link, do_stat,
        do_open,  do_open,  do_open,    do_truncate, do_readlink, do_canonical, do_list,   do_stat, do_chdir,
    };
    static void (*const by_file[])(struct pair *) = {do_write, do_write, do_read, do_read, do_seek_or_resize};
    struct pair *p = &open_files[fake_random_below(NR_OPEN)];
    char path[600];

    if (p->ours != NULL && fake_random_below(2) == 0) {
        snprintf(steps_text, sizeof(steps_text), "step %u, file %zu", number, (size_t)(p - open_files));
        by_file[fake_random_below(sizeof(by_file) / sizeof(by_file[0]))](p);
        return;
    }
    random_path(path);
    snprintf(steps_text, sizeof(steps_text), "step %u, '%.80s'", number, path);
    by_path[fake_random_below(sizeof(by_path) / sizeof(by_path[0]))](path);
}

static void what_tmpfs_answers_memfs_answers(void **state)
{
    (void)state;
    if (sandbox == NULL) {
        skip();
    }
    for (unsigned int i = 0; i < STEPS; i++) {
        step(i);
    }
    for (size_t i = 0; i < NR_OPEN; i++) {
        close_pair(&open_files[i]);
    }
}

/* The top of both sides is what "/" means: a chroot for theirs. */
static int boot(void **state)
{
    static char template[] = "/dev/shm/vfs-model-XXXXXX";
    struct statfs type;
    struct fs *fs;

    (void)state;
    fake_boot(65536);
    fs = memfs_create("tmpfs", 32768);
    assert_non_null(fs);
    assert_int_equal(fs_mount(fs, NULL), 0);
    our_top = fs->root;
    if (statfs("/dev/shm", &type) != 0 || type.f_type != TMPFS_TYPE || mkdtemp(template) == NULL) {
        return 0;
    }
    chmod(template, 0755);
    umask(0);
    outside = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot(template) != 0) {
        rmdir(template);
        return 0;
    }
    assert_int_equal(chdir("/"), 0);
    sandbox = template;
    return 0;
}

static int clean_up(void **state)
{
    char command[100];

    (void)state;
    if (sandbox == NULL) {
        return 0;
    }
    snprintf(command, sizeof(command), "rm -rf %s", sandbox);
    return fchdir(outside) != 0 || chroot(".") != 0 || system(command) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tmpfs_answers_memfs_answers),
    };

    return cmocka_run_group_tests(tests, boot, clean_up);
}
