// SPDX-License-Identifier: MIT
/*
 * Pipes: two files with a queue of bytes between them. Writes of up to PIPE_BUF go in whole or not at all. A write that nobody can
 * read any more raises SIGPIPE and fails with EPIPE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

#include "../newlib/newlib_priv.h"
#include "byte_queue.h"

/* POSIX' PIPE_BUF as Linux has it; newlib's <limits.h> has a smaller one, to which this holds too. */
#define ATOMIC_BYTES 4096

/** struct pipe - @reader and @writer are gone once their is_open is false; the last one takes the pipe with it. */
struct pipe {
    struct file reader, writer;
    bool reader_is_open, writer_is_open;
    struct byte_queue queue;
    struct wait_queue readers, writers;
};

static struct pipe *of_reader(struct file *file)
{
    return container_of(file, struct pipe, reader);
}

static struct pipe *of_writer(struct file *file)
{
    return container_of(file, struct pipe, writer);
}

static bool has_room(const struct pipe *p)
{
    return byte_queue_room(&p->queue) >= ATOMIC_BYTES;
}

static long read_pipe(struct file *file, void *buf, size_t bytes)
{
    struct pipe *p = of_reader(file);
    bool had_room = has_room(p);
    size_t taken;

    if (p->queue.used == 0 && p->writer_is_open && (file->flags & FILE_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    wait_event(&p->readers, p->queue.used > 0 || !p->writer_is_open);
    taken = byte_queue_peek(&p->queue, buf, bytes, 0);
    if (taken == 0) {
        return 0;
    }
    byte_queue_drop(&p->queue, taken);
    wait_wake_all(&p->writers);
    if (!had_room && has_room(p) && p->writer_is_open) {
        file_notify(&p->writer, FILE_CAN_WRITE);
    }
    return (long)taken;
}

/* What of @bytes must find room before any of it goes in. */
static size_t needed_room(size_t bytes)
{
    return bytes <= ATOMIC_BYTES ? bytes : 1;
}

/* Puts in what fits now; 0 when that is nothing. */
static long write_some(struct pipe *p, const void *buf, size_t bytes)
{
    long put;

    if (byte_queue_room(&p->queue) < needed_room(bytes)) {
        return 0;
    }
    put = byte_queue_put(&p->queue, buf, bytes);
    if (put > 0) {
        wait_wake_all(&p->readers);
        file_notify(&p->reader, FILE_CAN_READ);
    }
    return put;
}

static long write_pipe(struct file *file, const void *buf, size_t bytes)
{
    struct pipe *p = of_writer(file);
    size_t done = 0;
    long rc = 0;

    while (done < bytes) {
        size_t left = bytes - done;

        if (!p->reader_is_open) {
            (void)raise(SIGPIPE);
            rc = -EPIPE;
            break;
        }
        rc = write_some(p, (const char *)buf + done, left);
        if (rc < 0) {
            break;
        }
        done += (size_t)rc;
        if (rc > 0) {
            continue;
        }
        if ((file->flags & FILE_NONBLOCK) != 0) {
            rc = -EAGAIN;
            break;
        }
        wait_event(&p->writers, byte_queue_room(&p->queue) >= needed_room(left) || !p->reader_is_open);
    }
    return done > 0 ? (long)done : rc;
}

static unsigned int reader_ready(struct file *file)
{
    struct pipe *p = of_reader(file);

    return (p->queue.used > 0 ? FILE_CAN_READ : 0) | (p->writer_is_open ? 0 : FILE_HANGUP);
}

static unsigned int writer_ready(struct file *file)
{
    struct pipe *p = of_writer(file);

    return (has_room(p) ? FILE_CAN_WRITE : 0) | (p->reader_is_open ? 0 : FILE_FAILED);
}

static int pipe_info(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){.kind = FILE_FIFO, .permissions = 0600, .block_bytes = ATOMIC_BYTES};
    return 0;
}

static int control_reader(struct file *file, unsigned long request, void *argument)
{
    if (request != FIONREAD) {
        return -ENOTTY;
    }
    *(int *)argument = (int)of_reader(file)->queue.used;
    return 0;
}

static void free_pipe(struct pipe *p)
{
    byte_queue_destroy(&p->queue);
    heap_free(p);
}

static void release_reader(struct file *file)
{
    struct pipe *p = of_reader(file);

    p->reader_is_open = false;
    if (!p->writer_is_open) {
        free_pipe(p);
        return;
    }
    wait_wake_all(&p->writers);
    file_notify(&p->writer, FILE_CAN_WRITE | FILE_FAILED | FILE_HANGUP);
}

static void release_writer(struct file *file)
{
    struct pipe *p = of_writer(file);

    p->writer_is_open = false;
    if (!p->reader_is_open) {
        free_pipe(p);
        return;
    }
    wait_wake_all(&p->readers);
    file_notify(&p->reader, FILE_CAN_READ | FILE_FAILED | FILE_HANGUP);
}

static const struct file_ops reader_ops = {
    .read = read_pipe,
    .ready = reader_ready,
    .info = pipe_info,
    .control = control_reader,
    .release = release_reader,
};

static const struct file_ops writer_ops = {
    .write = write_pipe,
    .ready = writer_ready,
    .info = pipe_info,
    .release = release_writer,
};

static int install(struct pipe *p, int fds[2])
{
    int from = fd_install(&p->reader, 0);
    int to;

    if (from < 0) {
        free_pipe(p);
        return from;
    }
    to = fd_install(&p->writer, 0);
    if (to < 0) {
        p->writer_is_open = false;
        (void)fd_close(from);
        return to;
    }
    fds[0] = from;
    fds[1] = to;
    return 0;
}

int pipe2(int fds[2], int flags)
{
    unsigned int nonblock = (flags & O_NONBLOCK) != 0 ? FILE_NONBLOCK : 0;
    struct pipe *p;

    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return (int)libc_result(-EINVAL);
    }
    p = heap_zalloc(1, sizeof(*p));
    if (p == NULL) {
        return (int)libc_result(-ENOMEM);
    }
    file_init(&p->reader, &reader_ops, FILE_READ | nonblock);
    file_init(&p->writer, &writer_ops, FILE_WRITE | nonblock);
    p->reader_is_open = p->writer_is_open = true;
    wait_queue_init(&p->readers);
    wait_queue_init(&p->writers);
    return (int)libc_result(install(p, fds));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}
