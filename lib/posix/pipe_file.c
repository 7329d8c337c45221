// SPDX-License-Identifier: MIT
/*
 * The ends of pipes and FIFOs as files over one queue of bytes. Writes of up to PIPE_BUF go in whole or not at all. A write that nobody
 * can read any more raises SIGPIPE and fails with EPIPE.
 */
#include "pipe_priv.h"

#include <signal.h>
#include <sys/ioctl.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>

/* POSIX' PIPE_BUF as Linux has it; newlib's <limits.h> has a smaller one, to which this holds too. */
#define ATOMIC_BYTES 4096

static struct pipe_end *end_of(struct file *file)
{
    return container_of(file, struct pipe_end, file);
}

static struct pipe *of(struct file *file)
{
    return end_of(file)->pipe;
}

static bool has_room(const struct pipe *p)
{
    return byte_queue_room(&p->queue) >= ATOMIC_BYTES;
}

/* Tells the ends that are open for @access. */
static void notify(struct pipe *p, unsigned int access, unsigned int ready)
{
    struct list *link;

    list_for_each(link, &p->ends) {
        struct pipe_end *end = list_entry(link, struct pipe_end, link);

        if ((end->file.flags & access) != 0) {
            file_notify(&end->file, ready);
        }
    }
}

static long read_pipe(struct file *file, void *buf, size_t bytes)
{
    struct pipe *p = of(file);
    bool had_room = has_room(p);
    size_t taken;

    if (p->queue.used == 0 && p->nr_writers > 0 && (file->flags & FILE_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    wait_event(&p->readers, p->queue.used > 0 || p->nr_writers == 0);
    taken = byte_queue_peek(&p->queue, buf, bytes, 0);
    if (taken == 0) {
        return 0;
    }
    byte_queue_drop(&p->queue, taken);
    wait_wake_all(&p->writers);
    if (!had_room && has_room(p)) {
        notify(p, FILE_WRITE, FILE_CAN_WRITE);
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
        notify(p, FILE_READ, FILE_CAN_READ);
    }
    return put;
}

static long write_pipe(struct file *file, const void *buf, size_t bytes)
{
    struct pipe *p = of(file);
    size_t done = 0;
    long rc = 0;

    while (done < bytes) {
        size_t left = bytes - done;

        if (p->nr_readers == 0) {
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
        wait_event(&p->writers, byte_queue_room(&p->queue) >= needed_room(left) || p->nr_readers == 0);
    }
    return done > 0 ? (long)done : rc;
}

/* A reader of a FIFO that was there before any writer has not been hung up on. */
static unsigned int pipe_ready(struct file *file)
{
    struct pipe *p = of(file);
    unsigned int ready = 0;

    if ((file->flags & FILE_READ) != 0) {
        bool left = p->nr_writers == 0 && p->writer_opens != end_of(file)->writers_before;

        ready |= (p->queue.used > 0 ? FILE_CAN_READ : 0) | (left ? FILE_HANGUP : 0);
    }
    if ((file->flags & FILE_WRITE) != 0) {
        ready |= (has_room(p) ? FILE_CAN_WRITE : 0) | (p->nr_readers > 0 ? 0 : FILE_FAILED);
    }
    return ready;
}

static int pipe_info(struct file *file, struct file_info *out)
{
    *out = (struct file_info){.kind = FILE_FIFO, .permissions = 0600, .block_bytes = ATOMIC_BYTES};
    if (of(file)->owner->info != NULL) {
        of(file)->owner->info(of(file), out);
    }
    return 0;
}

static int control_pipe(struct file *file, unsigned long request, void *argument)
{
    if (request != FIONREAD || (file->flags & FILE_READ) == 0) {
        return -ENOTTY;
    }
    *(int *)argument = (int)of(file)->queue.used;
    return 0;
}

static void release_end(struct file *file)
{
    struct pipe_end *end = end_of(file);
    struct pipe *p = end->pipe;

    list_remove(&end->link);
    p->nr_readers -= (file->flags & FILE_READ) != 0 ? 1 : 0;
    p->nr_writers -= (file->flags & FILE_WRITE) != 0 ? 1 : 0;
    if ((file->flags & FILE_READ) != 0 && p->nr_readers == 0) {
        wait_wake_all(&p->writers);
        notify(p, FILE_WRITE, FILE_CAN_WRITE | FILE_FAILED | FILE_HANGUP);
    }
    if ((file->flags & FILE_WRITE) != 0 && p->nr_writers == 0) {
        wait_wake_all(&p->readers);
        notify(p, FILE_READ, FILE_CAN_READ | FILE_FAILED | FILE_HANGUP);
    }
    heap_free(end);
    if (list_is_empty(&p->ends)) {
        byte_queue_destroy(&p->queue);
        p->owner->ended(p);
    }
}

static const struct file_ops end_ops = {
    .read = read_pipe,
    .write = write_pipe,
    .ready = pipe_ready,
    .info = pipe_info,
    .control = control_pipe,
    .release = release_end,
};

void pipe_init(struct pipe *p, const struct pipe_owner *owner)
{
    *p = (struct pipe){.owner = owner};
    list_init(&p->ends);
    wait_queue_init(&p->readers);
    wait_queue_init(&p->writers);
}

struct pipe_end *pipe_add_end(struct pipe *p, unsigned int flags)
{
    struct pipe_end *end = heap_zalloc(1, sizeof(*end));

    if (end == NULL) {
        return NULL;
    }
    file_init(&end->file, &end_ops, flags & (FILE_READ | FILE_WRITE | FILE_NONBLOCK));
    end->pipe = p;
    end->writers_before = p->nr_writers == 0 ? p->writer_opens : 0;
    list_push_back(&p->ends, &end->link);
    if ((flags & FILE_READ) != 0) {
        p->nr_readers++;
        p->reader_opens++;
        wait_wake_all(&p->writers);
    }
    if ((flags & FILE_WRITE) != 0) {
        p->nr_writers++;
        p->writer_opens++;
        wait_wake_all(&p->readers);
    }
    return end;
}
