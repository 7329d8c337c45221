// SPDX-License-Identifier: MIT
/*
 * eventfd: a counter as a file. A write adds, a read takes all of it, or one with EFD_SEMAPHORE.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

#include "../newlib/newlib_priv.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct event {
    struct file file;
    uint64_t count;
    bool is_semaphore;
    struct wait_queue readers, writers;
};

static struct event *to_event(struct file *file)
{
    return container_of(file, struct event, file);
}

static long read_event(struct file *file, void *buf, size_t bytes)
{
    struct event *e = to_event(file);
    uint64_t value;

    if (bytes < sizeof(value)) {
        return -EINVAL;
    }
    if (e->count == 0 && (file->flags & FILE_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    wait_event(&e->readers, e->count > 0);
    value = e->is_semaphore ? 1 : e->count;
    e->count -= value;
    memcpy(buf, &value, sizeof(value));
    wait_wake_all(&e->writers);
    file_notify(file, FILE_CAN_WRITE);
    return sizeof(value);
}

static long write_event(struct file *file, const void *buf, size_t bytes)
{
    struct event *e = to_event(file);
    uint64_t value;

    if (bytes < sizeof(value)) {
        return -EINVAL;
    }
    memcpy(&value, buf, sizeof(value));
    if (value > COUNT_MAX) {
        return -EINVAL;
    }
    if (value > COUNT_MAX - e->count && (file->flags & FILE_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    wait_event(&e->writers, value <= COUNT_MAX - e->count);
    e->count += value;
    wait_wake_all(&e->readers);
    file_notify(file, FILE_CAN_READ);
    return sizeof(value);
}

static unsigned int event_ready(struct file *file)
{
    struct event *e = to_event(file);

    return (e->count > 0 ? FILE_CAN_READ : 0) | (e->count < COUNT_MAX ? FILE_CAN_WRITE : 0);
}

static int event_info(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){.kind = FILE_CHARACTER, .permissions = 0600, .block_bytes = 4096};
    return 0;
}

static void event_release(struct file *file)
{
    heap_free(to_event(file));
}

static const struct file_ops event_ops = {
    .read = read_event,
    .write = write_event,
    .ready = event_ready,
    .info = event_info,
    .release = event_release,
};

int eventfd(unsigned int count, int flags)
{
    struct event *e;
    int fd;

    if ((flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) != 0) {
        return (int)libc_result(-EINVAL);
    }
    e = heap_zalloc(1, sizeof(*e));
    if (e == NULL) {
        return (int)libc_result(-ENOMEM);
    }
    file_init(&e->file, &event_ops,
              FILE_READ | FILE_WRITE | ((flags & EFD_NONBLOCK) != 0 ? FILE_NONBLOCK : 0));
    e->count = count;
    e->is_semaphore = (flags & EFD_SEMAPHORE) != 0;
    wait_queue_init(&e->readers);
    wait_queue_init(&e->writers);
    fd = fd_install(&e->file, 0);
    if (fd < 0) {
        heap_free(e);
    }
    return (int)libc_result(fd);
}

int eventfd_read(int fd, eventfd_t *value)
{
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
    return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}
