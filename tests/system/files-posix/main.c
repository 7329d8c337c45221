// SPDX-License-Identifier: MIT
/*
 * The POSIX calls on files do and answer what programs expect of Linux.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <ftw.h>
#include <glob.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "system_test.h"

#define FAILS(call, error)            \
    do {                              \
        errno = 0;                    \
        CHECK_EQUAL((long)(call), -1); \
        CHECK_EQUAL(errno, error);    \
    } while (0)

static void open_flags(void)
{
    char c;
    int fd = open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0666);

    CHECK(fd >= 3);
    FAILS(open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
    FAILS(open("/tmp/a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(open("/tmp", O_WRONLY), EISDIR);
    FAILS(open("/tmp/none", O_RDONLY), ENOENT);
    FAILS(open("/tmp/a/b", O_RDONLY), ENOTDIR);
    FAILS(open("", O_RDONLY), ENOENT);
    CHECK_EQUAL(write(fd, "hello", 5), 5);
    CHECK_EQUAL(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQUAL(read(fd, &c, 1), 1);
    CHECK_EQUAL(c, 'e');
    FAILS(lseek(fd, -3, SEEK_SET), EINVAL);
    CHECK_EQUAL(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    CHECK_EQUAL(fcntl(fd, F_SETFL, O_APPEND), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(write(fd, "!", 1), 1);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQUAL(fsync(fd), 0);
    CHECK_EQUAL(fdatasync(fd), 0);
    CHECK_EQUAL(close(fd), 0);
    FAILS(close(fd), EBADF);
    fd = open("/tmp/a", O_RDONLY);
    FAILS(write(fd, "x", 1), EBADF);
    FAILS(ftruncate(fd, 0), EINVAL);
    CHECK_EQUAL(dup3(fd, 20, O_CLOEXEC), 20);
    CHECK_EQUAL(lseek(fd, 2, SEEK_SET), 2);
    CHECK_EQUAL(lseek(20, 0, SEEK_CUR), 2);
    CHECK_EQUAL(close(20), 0);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(isatty(0), 1);
}

static void stdio_and_temporary_files(void)
{
    char name[] = "/tmp/mk-XXXXXX", other[] = "/tmp/mo-XXXXXX", directory[] = "/tmp/md-XXXXXX", line[32];
    FILE *f = fopen("/tmp/text", "w+");
    int fd;

    CHECK(f != NULL);
    CHECK(fprintf(f, "one\ntwo\nthree\n") == 14);
    rewind(f);
    CHECK(fgets(line, sizeof(line), f) != NULL && strcmp(line, "one\n") == 0);
    CHECK_EQUAL(fseek(f, -6, SEEK_END), 0);
    CHECK(fgets(line, sizeof(line), f) != NULL && strcmp(line, "three\n") == 0);
    CHECK_EQUAL(fclose(f), 0);
    fd = mkstemp(name);
    CHECK(fd >= 0);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(remove(name), 0);
    FAILS(access(name, F_OK), ENOENT);
    CHECK(mkdtemp(directory) != NULL && access(directory, X_OK) == 0);
    CHECK_EQUAL(rmdir(directory), 0);
    fd = mkostemp(other, O_APPEND | O_CLOEXEC);
    CHECK((fcntl(fd, F_GETFL) & O_APPEND) != 0);
    CHECK_EQUAL(close(fd), 0);
    f = tmpfile();
    CHECK(f != NULL);
    CHECK_EQUAL(fputs("temporary", f) >= 0, 1);
    CHECK_EQUAL(fclose(f), 0);
    CHECK_EQUAL(rename("/tmp/text", "/tmp/renamed"), 0);
    FAILS(access("/tmp/text", R_OK), ENOENT);
    CHECK_EQUAL(access("/tmp/renamed", R_OK | W_OK), 0);
    FAILS(access("/tmp/renamed", X_OK), EACCES);
    CHECK_EQUAL(chmod("/tmp/renamed", 0755), 0);
    CHECK_EQUAL(access("/tmp/renamed", X_OK), 0);
}

static void directories_and_links(void)
{
    char buf[PATH_MAX];
    struct stat st, other;
    struct dirent *e;
    DIR *dir;
    int fd, nr = 0;
    long place = 0;

    CHECK_EQUAL(mkdir("/tmp/d", 0777), 0);
    FAILS(mkdir("/tmp/d", 0777), EEXIST);
    CHECK_EQUAL(chdir("/tmp/d"), 0);
    CHECK(strcmp(getcwd(buf, sizeof(buf)), "/tmp/d") == 0);
    CHECK(getcwd(buf, 3) == NULL && errno == ERANGE);
    CHECK_EQUAL(mkdir("sub", 0700), 0);
    CHECK_EQUAL(stat("sub", &st), 0);
    CHECK_EQUAL(st.st_mode, S_IFDIR | 0700);
    CHECK_EQUAL(symlink("sub/../sub", "link"), 0);
    CHECK(strcmp(realpath("link/..//link", buf), "/tmp/d/sub") == 0);
    CHECK_EQUAL(symlink("loop", "loop"), 0);
    FAILS(stat("loop", &st), ELOOP);
    CHECK_EQUAL(lstat("loop", &st), 0);
    CHECK_EQUAL(creat("sub/file", 0640), 3);
    CHECK_EQUAL(close(3), 0);
    CHECK_EQUAL(link("sub/file", "hard"), 0);
    CHECK_EQUAL(stat("hard", &st), 0);
    CHECK_EQUAL(stat("sub/file", &other), 0);
    CHECK(st.st_ino == other.st_ino && st.st_dev == other.st_dev && st.st_nlink == 2);
    fd = open("sub", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    CHECK_EQUAL(fstatat(fd, "file", &st, 0), 0);
    CHECK_EQUAL(renameat(fd, "file", AT_FDCWD, "moved"), 0);
    CHECK_EQUAL(fchdir(fd), 0);
    CHECK(strcmp(getcwd(buf, sizeof(buf)), "/tmp/d/sub") == 0);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(chdir(".."), 0);
    dir = opendir(".");
    CHECK(dir != NULL);
    while ((e = readdir(dir)) != NULL) {
        if (++nr == 3) {
            place = telldir(dir);
        }
    }
    CHECK_EQUAL(nr, 7); /* . .. sub link loop hard moved */
    seekdir(dir, place);
    for (nr = 0; readdir(dir) != NULL; nr++) {
    }
    CHECK_EQUAL(nr, 4);
    CHECK_EQUAL(closedir(dir), 0);
    FAILS(rmdir("/tmp/d"), ENOTEMPTY);
    FAILS(unlink("sub"), EISDIR);
    FAILS(rmdir("moved"), ENOTDIR);
    CHECK_EQUAL(rmdir("sub"), 0);
    CHECK_EQUAL(chdir("/"), 0);
}

static void times_and_lengths(void)
{
    struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 5}, {.tv_nsec = UTIME_OMIT}};
    struct stat before, st;
    char c;
    int fd = open("/tmp/t", O_RDWR | O_CREAT, 0600);

    CHECK(fd >= 0);
    CHECK_EQUAL(fstat(fd, &before), 0);
    CHECK(before.st_mtime > 1600000000);
    CHECK_EQUAL(utimensat(AT_FDCWD, "/tmp/t", times, 0), 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_atim.tv_sec, 1000);
    CHECK_EQUAL(st.st_atim.tv_nsec, 5);
    CHECK_EQUAL(st.st_mtim.tv_sec, before.st_mtim.tv_sec);
    CHECK_EQUAL(ftruncate(fd, 10), 0);
    CHECK_EQUAL(pread(fd, &c, 1, 9), 1);
    CHECK_EQUAL(c, 0);
    CHECK_EQUAL(pread(fd, &c, 1, 10), 0);
    CHECK_EQUAL(truncate("/tmp/t", 3), 0);
    FAILS(truncate("/tmp", 3), EISDIR);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 3);
    CHECK_EQUAL(close(fd), 0);
}

static void parts(void)
{
    char a[3], b[4];
    struct iovec out[] = {{"abc", 3}, {"", 0}, {"defg", 4}}, in[] = {{a, 3}, {b, 4}};
    int fd = open("/tmp/v", O_RDWR | O_CREAT, 0600);

    CHECK_EQUAL(writev(fd, out, 3), 7);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(readv(fd, in, 2), 7);
    CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
    CHECK_EQUAL(pwritev(fd, out, 3, 2), 7);
    CHECK_EQUAL(preadv(fd, in, 2, 2), 7);
    CHECK(memcmp(b, "defg", 4) == 0);
    FAILS(writev(fd, out, -1), EINVAL);
    CHECK_EQUAL(close(fd), 0);
}

static void memory(void)
{
    char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
    int fd;

    CHECK(p != MAP_FAILED);
    CHECK(((unsigned long)p & 4095) == 0 && p[0] == 0 && p[5 * 4096 - 1] == 0);
    memset(p, 'm', 5 * 4096);
    CHECK_EQUAL(munmap(p + 4096, 4096), 0);
    CHECK_EQUAL(mprotect(p, 4096, PROT_READ), 0);
    CHECK_EQUAL(madvise(p + 2 * 4096, 4096, MADV_DONTNEED), 0);
    CHECK(p[2 * 4096] == 0 && p[3 * 4096] == 'm');
    CHECK_EQUAL(munmap(p, 5 * 4096), 0);
    FAILS(mprotect(p, 4096, PROT_READ), ENOMEM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(mmap(NULL, 1L << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == ENOMEM);
    fd = open("/tmp/v", O_RDWR);
    q = mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(q != MAP_FAILED && memcmp(q, "ababcdefg", 9) == 0 && q[9] == 0);
    q[0] = 'x';
    CHECK_EQUAL(pread(fd, &q[1], 1, 0), 1);
    CHECK_EQUAL(q[1], 'a');
    CHECK_EQUAL(msync(q, 100, MS_SYNC), 0);
    CHECK_EQUAL(munmap(q, 100), 0);
    CHECK_EQUAL(close(fd), 0);
}

static void devices(void)
{
    char buf[64];
    struct stat st;
    int fd = open("/dev/null", O_RDWR);

    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, buf, sizeof(buf)), sizeof(buf));
    CHECK_EQUAL(read(fd, buf, sizeof(buf)), 0);
    CHECK_EQUAL(isatty(fd), 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_rdev, 0x103);
    CHECK_EQUAL(close(fd), 0);
    fd = open("/dev/zero", O_RDONLY);
    memset(buf, 1, sizeof(buf));
    CHECK_EQUAL(read(fd, buf, sizeof(buf)), sizeof(buf));
    CHECK(buf[0] == 0 && buf[63] == 0);
    CHECK_EQUAL(close(fd), 0);
    fd = open("/dev/full", O_WRONLY);
    FAILS(write(fd, buf, 1), ENOSPC);
    CHECK_EQUAL(close(fd), 0);
    fd = open("/dev/tty", O_RDWR);
    CHECK_EQUAL(isatty(fd), 1);
    CHECK_EQUAL(close(fd), 0);
    fd = open("/dev/fd/1", O_WRONLY);
    CHECK_EQUAL(write(fd, "through /dev/fd\n", 16), 16);
    CHECK_EQUAL(close(fd), 0);
    FAILS(rmdir("/dev"), EBUSY);
    FAILS(rename("/dev/null", "/tmp/null"), EXDEV);
}

static int set_lock(int fd, int command, short type)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};

    return fcntl(fd, command, &l);
}

/* There is one process: its record locks are granted. Open files can be in each other's way. */
static void locks(void)
{
    int a = open("/tmp/locked", O_RDWR | O_CREAT, 0600), b = open("/tmp/locked", O_RDWR);

    CHECK_EQUAL(set_lock(a, F_SETLK, F_WRLCK), 0);
    CHECK_EQUAL(set_lock(b, F_SETLK, F_WRLCK), 0);
    CHECK_EQUAL(set_lock(a, F_OFD_SETLK, F_WRLCK), 0);
    FAILS(set_lock(b, F_OFD_SETLK, F_RDLCK), EAGAIN);
    CHECK_EQUAL(flock(a, LOCK_EX), 0);
    FAILS(flock(b, LOCK_EX | LOCK_NB), EAGAIN);
    CHECK_EQUAL(close(a), 0);
    CHECK_EQUAL(flock(b, LOCK_EX | LOCK_NB), 0);
    CHECK_EQUAL(set_lock(b, F_OFD_SETLK, F_RDLCK), 0);
    CHECK_EQUAL(close(b), 0);
}

static void *write_to_fifo(void *unused)
{
    int fd = open("/tmp/fifo", O_WRONLY);

    CHECK_EQUAL(write(fd, "through", 7), 7);
    CHECK_EQUAL(close(fd), 0);
    return unused;
}

static void *take_lock(void *fd)
{
    CHECK_EQUAL(flock((int)(intptr_t)fd, LOCK_EX), 0);
    return NULL;
}

/* Who opens one side waits for the other; who wants a lock, for who has it. */
static void waiting_for_others(void)
{
    pthread_t thread;
    char buf[20];
    int fd, other;

    CHECK_EQUAL(mkfifo("/tmp/fifo", 0600), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, write_to_fifo, NULL), 0);
    fd = open("/tmp/fifo", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, buf, sizeof(buf)), 7);
    CHECK_EQUAL(read(fd, buf, sizeof(buf)), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(close(fd), 0);
    FAILS(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    fd = open("/tmp/locked", O_RDWR);
    other = open("/tmp/locked", O_RDWR);
    CHECK_EQUAL(flock(fd, LOCK_SH), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, take_lock, (void *)(intptr_t)other), 0);
    CHECK_EQUAL(sched_yield(), 0);
    CHECK_EQUAL(flock(fd, LOCK_UN), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    FAILS(flock(fd, LOCK_SH | LOCK_NB), EAGAIN);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(close(other), 0);
}

static int nr_walked;

static int count_walked(const char *path, const struct stat *st, int type, struct FTW *where)
{
    CHECK(type == FTW_D ? S_ISDIR(st->st_mode) : !S_ISDIR(st->st_mode));
    CHECK(strchr(path + where->base, '/') == NULL);
    nr_walked++;
    return 0;
}

static void many_files(void)
{
    struct dirent **entries;
    glob_t matches;

    CHECK_EQUAL(mkdir("/tmp/many", 0700), 0);
    CHECK_EQUAL(close(creat("/tmp/many/b.c", 0600)), 0);
    CHECK_EQUAL(close(creat("/tmp/many/a.c", 0600)), 0);
    CHECK_EQUAL(mkdir("/tmp/many/d", 0700), 0);
    CHECK_EQUAL(close(creat("/tmp/many/d/x.h", 0600)), 0);
    CHECK_EQUAL(scandir("/tmp/many", &entries, NULL, alphasort), 5);
    CHECK(strcmp(entries[2]->d_name, "a.c") == 0 && strcmp(entries[4]->d_name, "d") == 0);
    for (int i = 0; i < 5; i++) {
        free(entries[i]);
    }
    free(entries);
    CHECK_EQUAL(nftw("/tmp/many", count_walked, 4, FTW_PHYS), 0);
    CHECK_EQUAL(nr_walked, 5);
    CHECK_EQUAL(glob("/tmp/many/*.c", 0, NULL, &matches), 0);
    CHECK_EQUAL(matches.gl_pathc, 2);
    CHECK(strcmp(matches.gl_pathv[0], "/tmp/many/a.c") == 0);
    globfree(&matches);
    FAILS(renameat2(AT_FDCWD, "/tmp/many/a.c", AT_FDCWD, "/tmp/many/b.c", RENAME_NOREPLACE), EEXIST);
}

static void room_and_copies(void)
{
    struct stat st;
    char buf[8];
    int from = open("/tmp/from", O_RDWR | O_CREAT | O_SYNC, 0600),
        to = open("/tmp/to", O_RDWR | O_CREAT, 0600);

    CHECK((fcntl(from, F_GETFL) & O_SYNC) != 0);
    CHECK_EQUAL(write(from, "1234567", 7), 7);
    CHECK_EQUAL(lseek(from, 2, SEEK_SET), 2);
    CHECK_EQUAL(copy_file_range(from, NULL, to, NULL, 100, 0), 5);
    CHECK_EQUAL(pread(to, buf, sizeof(buf), 0), 5);
    CHECK(memcmp(buf, "34567", 5) == 0);
    CHECK_EQUAL(posix_fallocate(to, 0, 100000), 0);
    CHECK_EQUAL(fstat(to, &st), 0);
    CHECK(st.st_size == 100000 && st.st_blocks * 512 >= 100000);
    CHECK_EQUAL(posix_fallocate(to, 0, 1L << 40), ENOSPC);
    CHECK_EQUAL(fstat(to, &st), 0);
    CHECK_EQUAL(st.st_size, 100000);
    CHECK_EQUAL(posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED), 0);
    CHECK_EQUAL(unlink("/tmp/to"), 0);
    CHECK_EQUAL(fstat(to, &st), 0);
    CHECK_EQUAL(st.st_nlink, 0);
    CHECK_EQUAL(close(from), 0);
    CHECK_EQUAL(close(to), 0);
    CHECK_EQUAL(system(NULL), 0);
}

int main(void)
{
    open_flags();
    stdio_and_temporary_files();
    directories_and_links();
    times_and_lengths();
    parts();
    memory();
    devices();
    locks();
    waiting_for_others();
    many_files();
    room_and_copies();
    test_success();
}
