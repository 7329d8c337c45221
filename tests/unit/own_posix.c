// SPDX-License-Identifier: MIT
/*
 * What lib/posix stands on in host tests. Console and signals are the test's; descriptors are the real ones of lib/vfs.
 */
#define _GNU_SOURCE
#include "own_posix.h"

#include <string.h>

#include <xenolith/console.h>
#include <xenolith/wait.h>

#include "../../lib/newlib/newlib_priv.h"

unsigned int own_signals[NSIG];
size_t own_console_unread;

static struct wait_queue arrivals = WAIT_QUEUE_INIT(arrivals);

long console_write(const void *buf, size_t len)
{
    return (long)len;
}

bool console_input_ready(void)
{
    return own_console_unread > 0;
}

struct wait_queue *console_input_waiters(void)
{
    return &arrivals;
}

long console_read(void *buf, size_t len)
{
    size_t nr;

    wait_event(&arrivals, own_console_unread > 0);
    nr = len < own_console_unread ? len : own_console_unread;
    memset(buf, 'i', nr);
    own_console_unread -= nr;
    return (long)nr;
}

void own_console_type(void *ignored)
{
    own_console_unread++;
    wait_wake_all(&arrivals);
}

ssize_t own_read(int fd, void *buf, size_t bytes)
{
    return libc_result(fd_read(fd, buf, bytes));
}

ssize_t own_write(int fd, const void *buf, size_t bytes)
{
    return libc_result(fd_write(fd, buf, bytes));
}

int own_close(int fd)
{
    return (int)libc_result(fd_close(fd));
}

int own_dup(int fd)
{
    return (int)libc_result(fd_dup(fd, 0));
}

void own_set_nonblock(int fd)
{
    struct file *file = fd_file(fd);

    file->flags |= FILE_NONBLOCK;
    file_put(file);
}

int own_raise(int number)
{
    own_signals[number]++;
    return 0;
}

static unsigned int probe_ready(struct file *file)
{
    struct probe_file *probe = container_of(file, struct probe_file, file);

    probe->looks++;
    return probe->ready;
}

static void probe_release(struct file *file)
{
    container_of(file, struct probe_file, file)->releases++;
}

static const struct file_ops probe_ops = {.ready = probe_ready, .release = probe_release};

int probe_open(struct probe_file *probe, unsigned int ready)
{
    *probe = (struct probe_file){.ready = ready};
    file_init(&probe->file, &probe_ops, FILE_READ | FILE_WRITE);
    return fd_install(&probe->file, 0);
}

void probe_set(struct probe_file *probe, unsigned int ready)
{
    unsigned int become = ready & ~probe->ready;

    probe->ready = ready;
    if (become != 0) {
        file_notify(&probe->file, become);
    }
}
