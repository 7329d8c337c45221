// SPDX-License-Identifier: MIT
/*
 * Scenarios about what is in files and known of them: bytes, times, modes, locks, FIFOs.
 */
#define _GNU_SOURCE
#include "file_oracle.h"

void reading_and_writing(void)
{
    char buf[20] = "";
    struct stat st;
    int fd, other, dir;

    make("a", "0123456789");
    c->mkdir("d", 0755);
    fd = c->open("a", O_RDWR | O_APPEND);
    other = c->open("a", O_RDONLY);
    dir = c->open("d", O_RDONLY);
    say("pwrite %zd\n", c->pwrite(fd, "ab", 2, 3));
    say("position %ld\n", (long)c->lseek(fd, 0, SEEK_CUR));
    say("write %zd\n", c->write(fd, "c", 1));
    say("position %ld\n", (long)c->lseek(fd, 0, SEEK_CUR));
    say("pread %zd %s\n", c->pread(fd, buf, 19, 0), buf);
    say("pread behind %zd\n", c->pread(fd, buf, 1, 13));
    errno = 0;
    say("pread -1: %zd %s\n", c->pread(fd, buf, 1, -1), strerrorname_np(errno));
    say("write to a reader: %zd %s\n", c->write(other, "x", 1), strerrorname_np(errno));
    say("ftruncate of a reader: %d %s\n", c->ftruncate(other, 0), strerrorname_np(errno));
    say("ftruncate -1: %d %s\n", c->ftruncate(fd, -1), strerrorname_np(errno));
    say("read a directory: %zd %s\n", c->read(dir, buf, 1), strerrorname_np(errno));
    say("pread a directory: %zd %s\n", c->pread(dir, buf, 1, 0), strerrorname_np(errno));
    say("write a directory: %zd %s\n", c->write(dir, buf, 1), strerrorname_np(errno));
    say("ftruncate a directory: %d %s\n", c->ftruncate(dir, 0), strerrorname_np(errno));
    say("lseek: %ld %s\n", (long)c->lseek(fd, -1, SEEK_SET), strerrorname_np(errno));
    say("lseek: %ld %s\n", (long)c->lseek(fd, 0, 77), strerrorname_np(errno));
    say("lseek: %ld\n", (long)c->lseek(fd, 100, SEEK_END));
    say("F_GETFL %o\n", c->fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    say("F_SETFL %d\n", c->fcntl(fd, F_SETFL, O_NONBLOCK));
    say("F_GETFL %o\n", c->fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    say("write at 113: %zd\n", c->write(fd, "z", 1));
    c->fstat(fd, &st);
    say("size %ld links %ld mode %o\n", (long)st.st_size, (long)st.st_nlink, st.st_mode);
    say("unlink %d\n", c->unlink("a"));
    c->fstat(fd, &st);
    say("size %ld links %ld\n", (long)st.st_size, (long)st.st_nlink);
    say("truncate: %d %s\n", c->truncate("d", 0), strerrorname_np(errno));
    say("truncate: %d %s\n", c->truncate("none", 0), strerrorname_np(errno));
    say("dup2 %d, dup2 %d %s\n", c->dup2(fd, fd) == fd, c->dup2(fd, -1), strerrorname_np(errno));
    say("dup3 %d %s\n", c->dup3(fd, fd, 0), strerrorname_np(errno));
    say("fsync %d %d\n", c->fsync(fd), c->fsync(dir));
    c->close(fd);
    say("write: %zd %s\n", c->write(fd, "x", 1), strerrorname_np(errno));
    c->close(other);
    c->close(dir);
}

/* ---- Times: which of a file's and its directory's an operation moves ---- */

#define OLD 1000

static struct stat before[3];
static const char *const timed[3] = {"d/f", "d", "e"};

static void times_begin(void)
{
    static const struct timespec old[2] = {{.tv_sec = OLD}, {.tv_sec = OLD}};

    for (int i = 0; i < 3; i++) {
        (void)c->utimensat(AT_FDCWD, timed[i], old, AT_SYMLINK_NOFOLLOW);
        memset(&before[i], 0, sizeof(before[i]));
        (void)c->lstat(timed[i], &before[i]);
    }
    c->tick();
}

static void times_end(const char *what, const char *file)
{
    say("%s:", what);
    for (int i = 0; i < 3; i++) {
        struct stat st;

        if (c->lstat(i == 0 ? file : timed[i], &st) == 0) {
            say(" %s%s", st.st_mtim.tv_sec != OLD ? "m" : "-",
                st.st_ctim.tv_sec != before[i].st_ctim.tv_sec ||
                        st.st_ctim.tv_nsec != before[i].st_ctim.tv_nsec
                    ? "c"
                    : "-");
        }
    }
    say("\n");
}

#define TIMED(operation, file)           \
    do {                                 \
        times_begin();                   \
        (void)(c->operation);            \
        times_end(#operation, (file));   \
    } while (0)

void times(void)
{
    static const struct timespec some[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 5, .tv_nsec = 7}};
    static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    static const struct timespec wrong[2] = {{.tv_nsec = 1000000000}, {0}};
    static const struct timespec none[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    struct stat st;
    char buf[4];
    int fd;

    c->mkdir("d", 0755);
    c->mkdir("e", 0755);
    make("d/f", "12345");
    fd = c->open("d/f", O_RDWR);
    TIMED(write(fd, "x", 1), "d/f");
    TIMED(write(fd, "x", 0), "d/f");
    TIMED(read(fd, buf, 1), "d/f");
    TIMED(ftruncate(fd, 3), "d/f");
    TIMED(ftruncate(fd, 3), "d/f");
    TIMED(truncate("d/f", 3), "d/f");
    TIMED(truncate("d/f", 9), "d/f");
    TIMED(close(c->open("d/f", O_RDWR | O_TRUNC)), "d/f");
    TIMED(close(c->open("d/f", O_RDWR | O_TRUNC)), "d/f");
    TIMED(close(c->open("d/f", O_RDWR | O_CREAT, 0644)), "d/f");
    TIMED(fallocate(fd, 0, 0, 9), "d/f");
    TIMED(chmod("d/f", 0600), "d/f");
    TIMED(chmod("d/f", 0600), "d/f");
    TIMED(chown("d/f", 1, 1), "d/f");
    TIMED(link("d/f", "e/g"), "d/f");
    TIMED(unlink("e/g"), "d/f");
    TIMED(link("d/f", "d/f"), "d/f");
    TIMED(rename("d/f", "e/f"), "e/f");
    TIMED(rename("e/f", "d/f"), "d/f");
    TIMED(rename("d/f", "d/f2"), "d/f2");
    TIMED(rename("d/f2", "d/f"), "d/f");
    TIMED(symlink("x", "d/l"), "d/l");
    TIMED(unlink("d/l"), "d/f");
    TIMED(mkdir("d/sub", 0755), "d/f");
    TIMED(rename("d/sub", "e/sub"), "d/f");
    TIMED(rmdir("e/sub"), "d/f");
    TIMED(unlink("none"), "d/f");
    TIMED(utimensat(AT_FDCWD, "d/f", some, 0), "d/f");
    TIMED(utimensat(AT_FDCWD, "d/f", now, 0), "d/f");
    TIMED(utimensat(AT_FDCWD, "d/f", none, 0), "d/f");
    TIMED(futimens(fd, NULL), "d/f");
    TRY(utimensat(AT_FDCWD, "d/f", wrong, 0));
    TRY(utimensat(AT_FDCWD, "none", none, 0));
    TRY(utimensat(AT_FDCWD, "d/f", some, 0));
    c->stat("d/f", &st);
    say("%ld %ld\n", (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    c->close(fd);
}

void modes(void)
{
    static const char *const paths[] = {"f", "d", "deep", "s"};
    struct stat st;

    c->umask(027);
    c->close(c->open("f", O_CREAT | O_WRONLY, 07777));
    TRY(mkdir("d", 07777));
    c->umask(0);
    TRY(mkdir("deep", 01777));
    c->close(c->open("s", O_CREAT | O_WRONLY, 0666));
    TRY(chmod("s", 06755));
    for (int i = 0; i < 4; i++) {
        c->stat(paths[i], &st);
        say("%s %o\n", paths[i], st.st_mode);
    }
    TRY(chown("s", 7, (gid_t)-1));
    c->stat("s", &st);
    say("%o %d %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
    TRY(chmod("deep", 06755));
    TRY(chown("deep", 7, 8));
    c->stat("deep", &st);
    say("%o %d %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
    TRY(chmod("s", 02745));
    TRY(chown("s", -1, 9));
    c->stat("s", &st);
    say("%o %d %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
    c->chmod("f", 0);
    TRY(access("f", R_OK | W_OK));
    TRY(access("f", X_OK));
    TRY(access("d", X_OK));
    TRY(access("f", 64));
    TRY(access("f/", F_OK));
    c->symlink("f", "l");
    TRY(lchown("l", 3, 3));
    TRY(fchownat(AT_FDCWD, "l", 4, 4, AT_SYMLINK_NOFOLLOW));
    TRY(fchownat(AT_FDCWD, "l", 4, 4, 0x8000));
    c->lstat("l", &st);
    say("%d\n", (int)st.st_uid);
}

static int lock_range(int fd, int command, short type, off_t start, off_t bytes)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = bytes};
    int rc;

    errno = 0;
    rc = c->fcntl(fd, command, &l);
    say("lock %s type %d %ld+%ld: %d %s",
        command == F_OFD_SETLK   ? "OFD_SETLK"
        : command == F_OFD_GETLK ? "OFD_GETLK"
        : command == F_SETLK     ? "SETLK"
                                 : "GETLK",
        type, (long)start, (long)bytes, rc, rc == 0 ? "" : strerrorname_np(errno));
    if (rc == 0 && (command == F_GETLK || command == F_OFD_GETLK)) {
        say(" found %d", l.l_type);
        if (l.l_type != F_UNLCK) {
            say(" at %ld+%ld pid %d", (long)l.l_start, (long)l.l_len, (int)l.l_pid);
        }
    }
    say("\n");
    return rc;
}

void locking(void)
{
    int a, b, ro;

    make("f", "0123456789");
    a = c->open("f", O_RDWR);
    b = c->open("f", O_RDWR);
    ro = c->open("f", O_RDONLY);
    lock_range(a, F_SETLK, F_WRLCK, 0, 5);
    lock_range(b, F_SETLK, F_WRLCK, 0, 0);
    lock_range(b, F_GETLK, F_WRLCK, 0, 0);
    lock_range(ro, F_SETLK, F_WRLCK, 0, 1);
    lock_range(ro, F_SETLK, F_RDLCK, 0, 1);
    lock_range(a, F_SETLK, 9, 0, 1);
    lock_range(a, F_SETLK, F_RDLCK, -1, 1);
    lock_range(a, F_SETLK, F_RDLCK, 3, -5);
    lock_range(a, F_SETLK, F_RDLCK, 3, -2);
    lock_range(a, F_SETLK, F_UNLCK, 0, 0);
    lock_range(a, F_OFD_SETLK, F_WRLCK, 10, 10);
    lock_range(b, F_OFD_SETLK, F_WRLCK, 15, 1);
    lock_range(b, F_OFD_SETLK, F_RDLCK, 0, 11);
    lock_range(b, F_OFD_SETLK, F_RDLCK, 0, 10);
    lock_range(b, F_OFD_GETLK, F_RDLCK, 0, 0);
    lock_range(a, F_OFD_SETLK, F_UNLCK, 12, 3);
    lock_range(b, F_OFD_SETLK, F_WRLCK, 12, 3);
    lock_range(b, F_OFD_SETLK, F_WRLCK, 11, 3);
    lock_range(b, F_OFD_GETLK, F_WRLCK, 15, 0);
    lock_range(a, F_OFD_SETLK, F_RDLCK, 10, 2);
    lock_range(b, F_OFD_SETLK, F_RDLCK, 10, 2);
    lock_range(ro, F_OFD_SETLK, F_WRLCK, 40, 2);
    lock_range(a, F_OFD_GETLK, F_WRLCK, 0, 3);
    c->close(b);
    lock_range(a, F_OFD_GETLK, F_WRLCK, 0, 0);
    b = c->open("f", O_RDWR);
    lock_range(a, F_OFD_SETLK, F_UNLCK, 0, 0);
    say("flock %d", c->flock(a, LOCK_EX | LOCK_NB));
    say(" %d %s", c->flock(b, LOCK_SH | LOCK_NB), strerrorname_np(errno));
    say(" %d", c->flock(a, LOCK_SH | LOCK_NB));
    say(" %d", c->flock(b, LOCK_SH | LOCK_NB));
    say(" %d %s", c->flock(b, LOCK_EX | LOCK_NB), strerrorname_np(errno));
    say(" %d", c->flock(a, LOCK_EX | LOCK_NB)); /* b's went with the attempt */
    say(" %d %s", c->flock(a, 0), strerrorname_np(errno));
    say(" %d", c->flock(a, LOCK_UN));
    say(" %d", c->flock(b, LOCK_EX | LOCK_NB));
    say(" %d", c->flock(c->dup(b), LOCK_SH | LOCK_NB));
    say(" %d %s\n", c->flock(99, LOCK_SH), strerrorname_np(errno));
    say("lockf %d %d", c->lockf(a, F_TLOCK, 5), c->lockf(a, F_TEST, 0));
    say(" %d %d %s\n", c->lockf(a, F_ULOCK, 0), c->lockf(a, 77, 0), strerrorname_np(errno));
    c->close(a);
    c->close(b);
    c->close(ro);
}

void fifos(void)
{
    struct stat st;
    char buf[9] = "";
    int both, reader, writer;

    TRY(mkfifo("p", 0640));
    TRY(mkfifo("p", 0640));
    TRY(mkfifo("none/p", 0640));
    TRY(mknod("r", S_IFREG | 0644, 0));
    TRY(mknod("r", S_IFIFO | 0644, 0));
    TRY(mknod("x", S_IFDIR | 0644, 0));
    TRY(mknod("x", S_IFLNK | 0644, 0));
    TRY(mknod("s", S_IFSOCK | 0644, 0));
    TRY(open("s", O_RDWR));
    TRY(open("p", O_WRONLY | O_NONBLOCK));
    TRY(truncate("p", 0));
    reader = c->open("p", O_RDONLY | O_NONBLOCK);
    errno = 0;
    say("nobody writes: %zd\n", c->read(reader, buf, 8));
    writer = c->open("p", O_WRONLY | O_NONBLOCK);
    say("nothing is there: %zd %s\n", c->read(reader, buf, 8), strerrorname_np(errno));
    say("write %zd", c->write(writer, "through", 7));
    say(" read %zd %s\n", c->read(reader, buf, 8), buf);
    errno = 0;
    say("lseek %ld %s\n", (long)c->lseek(reader, 0, SEEK_SET), strerrorname_np(errno));
    say("ftruncate %d %s\n", c->ftruncate(writer, 0), strerrorname_np(errno));
    say("pread %zd %s\n", c->pread(reader, buf, 1, 0), strerrorname_np(errno));
    say("fallocate %d\n", c->posix_fallocate(writer, 0, 1));
    say("fadvise %d\n", c->posix_fadvise(writer, 0, 1, POSIX_FADV_NORMAL));
    c->fstat(reader, &st);
    say("%o %ld\n", st.st_mode, (long)st.st_size);
    c->write(writer, "left", 4);
    c->close(writer);
    say("what is left: %zd", c->read(reader, buf, 8));
    say(" the end: %zd\n", c->read(reader, buf, 8));
    c->close(reader);
    both = c->open("p", O_RDWR);
    say("both: %zd", c->write(both, "me", 2));
    say(" %zd\n", c->read(both, buf, 8));
    c->unlink("p");
    c->fstat(both, &st);
    say("%ld\n", (long)st.st_nlink);
    c->close(both);
}

void room_and_copies(void)
{
    off_t from = 2, to = 20;
    struct statvfs sv;
    struct stat st;
    char buf[40] = "";
    int a, b, ro, dir;

    make("a", "0123456789");
    c->mkdir("d", 0755);
    a = c->open("a", O_RDWR);
    b = c->open("b", O_RDWR | O_CREAT, 0644);
    ro = c->open("a", O_RDONLY);
    dir = c->open("d", O_RDONLY);
    say("fallocate %d", c->posix_fallocate(a, 5, 20));
    say(" %d %d", c->posix_fallocate(a, -1, 20), c->posix_fallocate(a, 0, 0));
    say(" %d %d %d", c->posix_fallocate(ro, 0, 20), c->posix_fallocate(99, 0, 20),
        c->posix_fallocate(dir, 0, 1));
    say(" %d\n", c->posix_fallocate(a, 0, 3));
    c->fstat(a, &st);
    say("%ld %zd %s\n", (long)st.st_size, c->pread(a, buf, 30, 0), buf);
    say("fadvise %d %d %d\n", c->posix_fadvise(a, 0, 0, POSIX_FADV_DONTNEED), c->posix_fadvise(a, 0, 0, 99),
        c->posix_fadvise(99, 0, 0, 0));
    say("copy %zd", c->copy_file_range(a, &from, b, &to, 5, 0));
    say(" %ld %ld\n", (long)from, (long)to);
    say("copy %zd", c->copy_file_range(a, NULL, b, NULL, 100, 0));
    say(" %ld %ld\n", (long)c->lseek(a, 0, SEEK_CUR), (long)c->lseek(b, 0, SEEK_CUR));
    say("at the end %zd\n", c->copy_file_range(a, NULL, b, NULL, 100, 0));
    from = 0;
    to = 2;
    errno = 0;
    say("onto itself %zd %s\n", c->copy_file_range(a, &from, a, &to, 5, 0), strerrorname_np(errno));
    say("to a reader %zd %s\n", c->copy_file_range(a, &from, ro, &to, 5, 0), strerrorname_np(errno));
    say("a directory %zd %s\n", c->copy_file_range(dir, &from, b, &to, 5, 0), strerrorname_np(errno));
    say("flags %zd %s\n", c->copy_file_range(a, &from, b, &to, 5, 1), strerrorname_np(errno));
    say("nothing %zd %s\n", c->copy_file_range(99, &from, b, &to, 5, 0), strerrorname_np(errno));
    TRY(statvfs("a", &sv));
    say("%lu %lu\n", sv.f_namemax, sv.f_frsize);
    TRY(statvfs("none", &sv));
    c->close(a);
    c->close(b);
    c->close(ro);
    c->close(dir);
}
