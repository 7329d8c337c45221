// SPDX-License-Identifier: MIT
/*
 * Calls with descriptors in an order of the fuzzer's bytes, on files of all kinds. Descriptors, and the bytes and positions of regular
 * files, are held against a model of Linux's rules; all else must only keep its memory together. In the end nothing may be left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <fake.h>

#include <arch/cpu.h>

#include <xenolith/boot.h>
#include <xenolith/page.h>
#include <xenolith/path.h>
#include <xenolith/sched.h>

#include "../unit/own_posix.h"
#include "fd_model.h"

#define MOST_STEPS 400

int own_open(const char *path, int flags, ...);
int own_fcntl(int fd, int command, ...);
int own_flock(int fd, int operation);
int own_socketpair(int family, int type, int protocol, int fds[2]);
int own_mkfifo(const char *path, mode_t mode);
ssize_t own_readv(int fd, const struct iovec *parts, int nr);
ssize_t own_writev(int fd, const struct iovec *parts, int nr);
void *own_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int own_munmap(void *address, size_t bytes);
int own_mprotect(void *address, size_t bytes, int protection);
int own_madvise(void *address, size_t bytes, int advice);
int own_posix_fallocate(int fd, off_t offset, off_t bytes);
ssize_t own_copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes,
                            unsigned int flags);

/* ---- Calls ---- */

static unsigned char buf[FILE_BYTES];

static void fill_buf(size_t bytes)
{
    memset(buf, take(), bytes);
    buf[0] = take();
}

/* A call that makes a descriptor: @rc is the lowest free one, or an error for lack of memory. */
static bool came(int rc)
{
    if (rc < 0) {
        want((errno == ENOMEM || errno == ENOSPC) && fake_fail_fired(),
             "no descriptor, and memory is not why");
        return false;
    }
    want(rc == fd_lowest_free(0), "not the lowest free descriptor");
    return true;
}

static bool is_full(int nr)
{
    int from = 0;

    for (int i = 0; i < nr; i++) {
        from = fd_lowest_free(from) + 1;
    }
    return from > NR_FDS;
}

static void name_of(size_t nr, char *out)
{
    sprintf(out, "/f%zu", nr);
}

static void do_open(void)
{
    static const int more[] = {O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC, O_NONBLOCK, O_CLOEXEC};
    size_t nr = take_below(NR_NAMES);
    int flags = (int)take_below(3), bits = take(), error = 0, fd;
    char path[8];

    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        flags |= (bits & 1 << i) != 0 ? more[i] : 0;
    }
    flags |= (bits & 0x80) != 0 ? O_CREAT : 0;
    if (is_full(1)) {
        return;
    }
    if (names[nr] == NULL && (flags & O_CREAT) == 0) {
        error = ENOENT;
    } else if (names[nr] != NULL && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        error = EEXIST;
    }
    name_of(nr, path);
    errno = 0;
    fd = own_open(path, flags, 0644);
    if (error != 0) {
        want(fd < 0 && errno == error, "open() should have failed otherwise");
        return;
    }
    want(came(fd), "no memory to open a file");
    if (names[nr] == NULL) {
        names[nr] = inode_new();
    }
    if ((flags & O_TRUNC) != 0) {
        inode_resize(names[nr], 0);
    }
    fd_names(fd, description_new(names[nr], flags));
}

static void do_open_other(void)
{
    static const char *const paths[] = {"/dev/null", "/dev/zero",   "/dev/full", "/dev/urandom", "/dev/tty",
                                        "/dev/fd/3", "/dev/stdout", "/",         "/dev",         "/fifo"};
    const char *path = paths[take_below(sizeof(paths) / sizeof(paths[0]))];
    int flags = (int)take_below(3) | O_NONBLOCK, fd;
    struct description *same = NULL;

    if (is_full(1)) {
        return;
    }
    if (strncmp(path, "/dev/fd", 7) == 0 || strcmp(path, "/dev/stdout") == 0) {
        same = fds[path[5] == 'f' ? 3 : 1];
    }
    fd = own_open(path, flags, 0);
    if (fd < 0) {
        return;
    }
    want(fd == fd_lowest_free(0), "not the lowest free descriptor");
    fd_names(fd, same != NULL ? same : description_new(NULL, O_RDWR));
}

static void do_close(void)
{
    int fd = take_fd();

    want(fd_close(fd) == (at(fd) != NULL ? 0 : -EBADF), "close()");
    if (at(fd) != NULL) {
        fd_names(fd, NULL);
    }
}

static void do_dup(void)
{
    int fd = take_fd(), min = (int)take_below(NR_FDS), rc;

    if (fd_lowest_free(min) >= NR_FDS) {
        return;
    }
    rc = own_fcntl(fd, F_DUPFD, min);
    want(rc == (at(fd) != NULL ? fd_lowest_free(min) : -1), "F_DUPFD");
    if (rc >= 0) {
        fd_names(rc, at(fd));
    }
    want(own_fcntl(fd, F_DUPFD, -1) == -1 && errno == (at(fd) != NULL ? EINVAL : EBADF), "F_DUPFD of -1");
}

static void do_dup2(void)
{
    int fd = take_fd(), to = take_fd(), rc = fd_dup2(fd, to);

    if (at(fd) == NULL || to < 0) {
        want(rc == -EBADF, "dup2() of nothing");
        return;
    }
    want(rc == to, "dup2()");
    if (to >= NR_FDS) {
        want(fd_close(to) == 0, "close() after dup2()");
    } else if (fd != to) {
        fd_names(to, at(fd));
    }
}

static void do_flags(void)
{
    int fd = take_fd(), flags = own_fcntl(fd, F_GETFL);
    bool append = (take() & 1) != 0;

    if (at(fd) == NULL) {
        want(flags == -1 && errno == EBADF, "F_GETFL of nothing");
        return;
    }
    if (at(fd)->inode != NULL) {
        want((flags & O_ACCMODE) == at(fd)->access, "F_GETFL: access");
        want(((flags & O_APPEND) != 0) == at(fd)->append, "F_GETFL: O_APPEND");
        at(fd)->append = append;
    }
    /* What has to wait would wait for ever. */
    want(own_fcntl(fd, F_SETFL, O_NONBLOCK | (append ? O_APPEND : 0)) == 0, "F_SETFL");
    want(own_fcntl(fd, F_SETFD, FD_CLOEXEC) == 0, "F_SETFD");
}

/* Reads at @offset of a file that the model knows. */
static void check_read(const struct inode *inode, int64_t offset, long rc, size_t bytes)
{
    size_t there = offset < (int64_t)inode->size ? inode->size - (size_t)offset : 0;

    want(rc == (long)(bytes < there ? bytes : there), "read: how many");
    want(rc == 0 || memcmp(buf, inode->data + offset, (size_t)rc) == 0, "read: which bytes");
}

static void do_read(void)
{
    int fd = take_fd();
    size_t bytes = take_below(3000), split = take_below(3000);
    struct iovec parts[2] = {{buf, split < bytes ? split : bytes}, {NULL, 0}};
    struct description *d = at(fd);
    long rc;

    parts[1] = (struct iovec){buf + parts[0].iov_len, bytes - parts[0].iov_len};
    rc = (take() & 1) != 0 ? own_readv(fd, parts, 2) : own_read(fd, buf, bytes);
    if (d == NULL || (d->inode != NULL && !reads(d))) {
        want(rc == -1 && errno == EBADF, "read() of nothing");
    } else if (d->inode != NULL) {
        check_read(d->inode, d->offset, rc, bytes);
        d->offset += rc;
    }
}

static void do_pread(void)
{
    int fd = take_fd();
    size_t bytes = take_below(3000), offset = take_below(FILE_BYTES);
    struct description *d = at(fd);
    long rc = fd_read_at(fd, buf, bytes, offset);

    if (d == NULL || (d->inode != NULL && !reads(d))) {
        want(rc == -EBADF, "pread() of nothing");
    } else if (d->inode != NULL) {
        check_read(d->inode, (int64_t)offset, rc, bytes);
    }
}

static void check_write(struct inode *inode, int64_t offset, long rc, size_t bytes)
{
    want(rc == (long)bytes, "write: how many");
    memcpy(inode->data + offset, buf, bytes);
    if (bytes > 0 && (size_t)offset + bytes > inode->size) {
        inode->size = (size_t)offset + bytes;
    }
}

/* Where a write of @d goes; a place beyond what the model holds is moved to the start. */
static int64_t target_of(int fd, struct description *d, size_t bytes)
{
    if (d->append && d->inode->size + bytes > FILE_BYTES) {
        want(!writes(d) || d->inode->refs == 0 || fd_seek(fd, 0, SEEK_SET) == 0, "lseek() to 0");
        return -1;
    }
    if (!d->append && (size_t)d->offset + bytes > FILE_BYTES) {
        want(fd_seek(fd, 0, SEEK_SET) == 0, "lseek() to 0");
        d->offset = 0;
    }
    return d->append ? (int64_t)d->inode->size : d->offset;
}

static void do_write(void)
{
    int fd = take_fd();
    size_t bytes = take_below(3000), split = take_below(3000);
    struct iovec parts[2] = {{buf, split < bytes ? split : bytes}, {NULL, 0}};
    struct description *d = at(fd);
    int64_t target = d != NULL && d->inode != NULL ? target_of(fd, d, bytes) : 0;
    long rc;

    if (target < 0) {
        d->offset = 0;
        return;
    }
    fill_buf(bytes);
    parts[1] = (struct iovec){buf + parts[0].iov_len, bytes - parts[0].iov_len};
    rc = (take() & 1) != 0 ? own_writev(fd, parts, 2) : own_write(fd, buf, bytes);
    if (d == NULL || (d->inode != NULL && !writes(d))) {
        want(rc == -1 && errno == EBADF, "write() to nothing");
    } else if (d->inode != NULL) {
        check_write(d->inode, target, rc, bytes);
        d->offset = bytes > 0 ? target + rc : d->offset;
    }
}

static void do_pwrite(void)
{
    int fd = take_fd();
    size_t bytes = take_below(3000), offset = take_below(FILE_BYTES - 3000);
    struct description *d = at(fd);
    long rc;

    if (d != NULL && d->inode != NULL && d->append) {
        if (d->inode->size + bytes > FILE_BYTES) {
            return;
        }
        offset = d->inode->size; /* Linux's bug, which programs know */
    }
    fill_buf(bytes);
    rc = fd_write_at(fd, buf, bytes, offset);
    if (d == NULL || (d->inode != NULL && !writes(d))) {
        want(rc == -EBADF, "pwrite() to nothing");
    } else if (d->inode != NULL) {
        check_write(d->inode, (int64_t)offset, rc, bytes);
    }
}

static void do_seek(void)
{
    int fd = take_fd(), whence = (int)take_below(4);
    int64_t offset = (int64_t)take_below(FILE_BYTES / 2) - FILE_BYTES / 8, from, rc;
    struct description *d = at(fd);

    rc = fd_seek(fd, offset, whence);
    if (d == NULL) {
        want(rc == -EBADF, "lseek() of nothing");
    } else if (d->inode != NULL) {
        from = whence == SEEK_CUR ? d->offset : whence == SEEK_END ? (int64_t)d->inode->size : 0;
        want(rc == (whence > 2 || from + offset < 0 ? -EINVAL : from + offset), "lseek()");
        d->offset = rc >= 0 ? rc : d->offset;
    }
}

static void do_resize(void)
{
    int fd = take_fd(), rc;
    size_t bytes = take_below(FILE_BYTES);
    struct description *d = at(fd);
    struct file *file = fd_file(fd);

    want((file != NULL) == (d != NULL), "fd_file()");
    if (file == NULL) {
        return;
    }
    if (d->inode != NULL && writes(d)) {
        if ((take() & 1) != 0) {
            want(file->ops->resize(file, bytes) == 0, "ftruncate()");
            inode_resize(d->inode, bytes);
        } else {
            rc = own_posix_fallocate(fd, (off_t)bytes / 2, (off_t)(bytes - bytes / 2));
            want(rc == (bytes == 0 ? EINVAL : 0), "posix_fallocate()");
            d->inode->size = bytes > d->inode->size ? bytes : d->inode->size;
        }
    }
    file_put(file);
}

static void do_info(void)
{
    struct file_info info = {0};
    int fd = take_fd(), rc = fd_info(fd, &info);
    struct description *d = at(fd);

    if (d == NULL) {
        want(rc == -EBADF, "fstat() of nothing");
    } else if (d->inode != NULL) {
        want(rc == 0 && info.size_bytes == d->inode->size && info.kind == FILE_REGULAR, "fstat()");
    }
}

static void do_copy(void)
{
    int from = take_fd(), to = take_fd();
    off_t source = (off_t)take_below(FILE_BYTES / 2), target = (off_t)take_below(FILE_BYTES / 2);
    size_t bytes = take_below(FILE_BYTES / 2), there;
    struct description *a = at(from), *b = at(to);
    ssize_t rc = own_copy_file_range(from, &source, to, &target, bytes, 0);

    if (rc <= 0 || a == NULL || b == NULL || a->inode == NULL || b->inode == NULL) {
        want(rc <= 0 || (a != NULL && b != NULL), "copy_file_range() of nothing");
        return;
    }
    source -= rc;
    target -= rc;
    there = (size_t)source < a->inode->size ? a->inode->size - (size_t)source : 0;
    want((size_t)rc == (bytes < there ? bytes : there), "copy_file_range(): how many");
    memmove(b->inode->data + target, a->inode->data + source, (size_t)rc);
    if ((size_t)target + (size_t)rc > b->inode->size) {
        b->inode->size = (size_t)target + (size_t)rc;
    }
}

/* ---- Names ---- */

static void do_unlink(void)
{
    size_t nr = take_below(NR_NAMES);
    char path[8];

    name_of(nr, path);
    want(path_unlink(NULL, path, false) == (names[nr] != NULL ? 0 : -ENOENT), "unlink()");
    inode_put(names[nr]);
    names[nr] = NULL;
}

static void do_rename(void)
{
    size_t from = take_below(NR_NAMES), to = take_below(NR_NAMES);
    bool keep = (take() & 1) != 0;
    int rc, expected = names[from] == NULL ? -ENOENT : keep && names[to] != NULL ? -EEXIST : 0;
    char path[8], new_path[8];

    name_of(from, path);
    name_of(to, new_path);
    rc = path_rename(NULL, path, NULL, new_path, keep ? PATH_NOREPLACE : 0);
    want(rc == expected, "rename()");
    if (rc == 0 && names[from] != names[to]) {
        inode_put(names[to]);
        names[to] = names[from];
        names[from] = NULL;
    }
}

static void do_list(void)
{
    struct file *file = fd_file(take_fd());
    struct dir_entry entry;

    if (file != NULL) {
        for (unsigned int i = take_below(30); i > 0 && file_node(file) != NULL && dir_read(file, &entry) == 1;
             i--) {
            want(strlen(entry.name) == entry.length, "a name's length");
        }
        file_put(file);
    }
}

/* ---- Locks: two open files of one file, or none ---- */

static void do_lock(void)
{
    struct flock range = {.l_type = (short)take_below(4),
                          .l_whence = (short)take_below(3),
                          .l_start = (off_t)take_below(300) - 10,
                          .l_len = (off_t)take_below(300) - 20};
    static const int commands[] = {F_GETLK, F_SETLK, F_OFD_GETLK, F_OFD_SETLK};
    int fd = take_fd(), command = commands[take_below(4)], rc;

    rc = own_fcntl(fd, command, &range);
    want(at(fd) != NULL || (rc == -1 && errno == EBADF), "a lock on nothing");
    rc = own_flock(fd, (int)take_below(10) | LOCK_NB);
    want(at(fd) != NULL || rc == -1, "flock() on nothing");
}

/* ---- Mappings ---- */

struct map {
    unsigned char *start;
    size_t bytes;
};

static struct map maps[4];

static void do_unmap(void)
{
    struct map *m = &maps[take_below(4)];
    size_t hole = take_below(8) * PAGE_SIZE;

    if (m->start == NULL) {
        return;
    }
    want(own_mprotect(m->start, m->bytes, PROT_READ) == 0, "mprotect()");
    want(own_madvise(m->start, m->bytes, MADV_WILLNEED) == 0, "madvise()");
    if (hole < m->bytes) {
        want(own_munmap(m->start + hole, PAGE_SIZE) == 0, "munmap() of a page");
    }
    want(own_munmap(m->start, m->bytes) == 0, "munmap()");
    m->start = NULL;
}

static void do_map(void)
{
    struct map *m = &maps[take_below(4)];
    int fd = take_fd(), protection = (take() & 1) != 0 ? PROT_READ : PROT_READ | PROT_WRITE;
    size_t bytes = 1 + take_below(5 * PAGE_SIZE), offset = take_below(3) * PAGE_SIZE, there = 0;
    struct description *d = at(fd);
    unsigned char *p;

    if (m->start != NULL) {
        return;
    }
    p = own_mmap(NULL, bytes, protection, MAP_PRIVATE, fd, (off_t)offset);
    if (p == MAP_FAILED) {
        want(d == NULL || d->inode == NULL || !reads(d) || fake_fail_fired(), "mmap() of a file");
        return;
    }
    want(d != NULL, "mmap() of nothing");
    *m = (struct map){p, bytes};
    if (d->inode != NULL) {
        there = d->inode->size > offset ? d->inode->size - offset : 0;
        there = there < bytes ? there : bytes;
        want(there == 0 || memcmp(p, d->inode->data + offset, there) == 0, "mmap(): which bytes");
        for (size_t i = there; i < (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE; i++) {
            want(p[i] == 0 || there == bytes, "mmap(): zeros behind the end");
        }
    }
    if (protection != PROT_READ) {
        memset(p, 0xff, bytes);
    }
}

/* ---- What is not a file of a file system ---- */

static void do_make(void)
{
    static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int pair[2] = {-1, -1}, fd = -1, what = take() % 5;

    if (is_full(2)) {
        return;
    }
    if (what < 2) {
        int rc = what == 0 ? own_pipe2(pair, O_NONBLOCK)
                           : own_socketpair(AF_UNIX, kinds[take_below(3)] | SOCK_NONBLOCK, 0, pair);

        if (came(rc == 0 ? pair[0] : -1)) {
            fd_names(pair[0], description_new(NULL, what == 0 ? O_RDONLY : O_RDWR));
            want(pair[1] == fd_lowest_free(0), "the second descriptor of a pair");
            fd_names(pair[1], description_new(NULL, what == 0 ? O_WRONLY : O_RDWR));
        }
        return;
    }
    fd = what == 2   ? own_eventfd(take(), EFD_NONBLOCK)
         : what == 3 ? own_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)
                     : own_epoll_create1(0);
    if (came(fd)) {
        fd_names(fd, description_new(NULL, O_RDWR));
    }
}

static void do_epoll(void)
{
    struct epoll_event event = {.events = take() | (uint32_t)take() << 24}, out[4];
    int epfd = take_fd(), fd = take_fd();

    (void)own_epoll_ctl(epfd, 1 + (int)take_below(3), fd, &event);
    (void)own_epoll_wait(epfd, out, 1 + (int)take_below(4), 0);
}

static void do_poll(void)
{
    struct pollfd polled[3];

    for (int i = 0; i < 3; i++) {
        polled[i] = (struct pollfd){.fd = take_fd(), .events = take()};
    }
    if (own_poll(polled, 3, 0) < 0) {
        want(errno == ENOMEM && fake_fail_fired(), "poll()");
        return;
    }
    for (int i = 0; i < 3; i++) {
        want(polled[i].fd < 0 || ((polled[i].revents & POLLNVAL) != 0) == (at(polled[i].fd) == NULL),
             "poll(): POLLNVAL");
    }
}

static void run(void)
{
    static void (*const calls[])(void) = {
        do_open,   do_open,  do_open_other, do_close,  do_close, do_dup,    do_dup2,  do_flags, do_read,
        do_pread,  do_write, do_write,      do_pwrite, do_seek,  do_resize, do_info,  do_copy,  do_unlink,
        do_rename, do_list,  do_lock,       do_map,    do_unmap, do_make,   do_epoll, do_poll,
    };

    for (step = 0; decisions_left() && step < MOST_STEPS; step++) {
        op = take() % (sizeof(calls) / sizeof(calls[0]));
        /* Of the calls that may fail for it some find no memory. */
        if (calls[op] == do_make || calls[op] == do_epoll || calls[op] == do_poll || calls[op] == do_lock ||
            calls[op] == do_map) {
            fake_fail_after(take_below(8));
        }
        calls[op]();
        fake_fail_after(0);
    }
}

/* ---- Beginning and end ---- */

bool cpu_random(uint64_t *out)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    *out = state;
    return true;
}

static size_t free_pages(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    return stats.free;
}

static void set_up(void)
{
    own_console_unread = SIZE_MAX / 2;
    for (int fd = 0; fd < 3; fd++) {
        fd_names(fd, description_new(NULL, O_RDWR));
    }
    want(own_mkfifo("/fifo", 0600) == 0, "mkfifo()");
}

static void clean_up(void)
{
    struct node *root;

    for (int i = 0; i < 4; i++) {
        if (maps[i].start != NULL) {
            want(own_munmap(maps[i].start, maps[i].bytes) == 0, "munmap() at the end");
            maps[i].start = NULL;
        }
    }
    /* The console goes back to where it was. */
    for (int fd = 0; fd < 3; fd++) {
        (void)fd_close(fd);
        fd_names(fd, NULL);
    }
    for (int fd = 3; fd < NR_FDS; fd++) {
        want(fd_close(fd) == (fds[fd] != NULL ? 0 : -EBADF), "close() at the end");
        fd_names(fd, NULL);
    }
    /* The thread that watches the console for others ends when it next hears of input. */
    own_console_type(NULL);
    thread_yield();
    for (int fd = 0; fd < 3; fd++) {
        file_get(&console_file);
        want(fd_install(&console_file, 0) == fd, "the console comes back");
    }
    for (size_t i = 0; i < NR_NAMES; i++) {
        inode_put(names[i]);
        names[i] = NULL;
    }
    want(fs_root(&root) == 0, "the root");
    want(path_unlink(root, "fifo", false) == 0, "the FIFO's name");
    for (size_t i = 0; i < NR_NAMES; i++) {
        char path[8];

        name_of(i, path);
        (void)path_unlink(root, path, false);
    }
    node_put(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static size_t blocks_at_boot, pages_at_boot;

    if (pages_at_boot == 0) {
        struct node *root;

        fake_boot(16384);
        boot_info.nr_pages = 16384;
        /* The table, the tree's first names and /dev stay. */
        want(fs_root(&root) == 0, "the root");
        node_put(root);
        want(fd_dup2(0, NR_FDS + 1) == NR_FDS + 1 && fd_close(NR_FDS + 1) == 0, "the table");
        set_up();
        clean_up();
        blocks_at_boot = fake_heap_blocks;
        pages_at_boot = free_pages();
    }
    decisions(data, bytes);
    set_up();
    run();
    clean_up();
    want(fake_heap_blocks == blocks_at_boot, "blocks of the heap are left");
    want(free_pages() == pages_at_boot, "pages are left");
    return 0;
}
