// SPDX-License-Identifier: MIT
/*
 * The descriptor table: an array that grows by doubling, up to FD_LIMIT. Threads are cooperative and nothing
 * here blocks, so it needs no lock. Never looks into a file; that is lib/vfs/file.c and the file's own.
 */
#include <xenolith/vfs.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/string.h>

#define FIRST_SLOTS 8

static struct file *first_slots[FIRST_SLOTS] = {&console_file, &console_file, &console_file};
static struct file **slots = first_slots;
static int nr_slots = FIRST_SLOTS;
static int lowest_free = 3; /* no descriptor below is free */

static bool is_open(int fd)
{
    return fd >= 0 && fd < nr_slots && slots[fd] != NULL;
}

/* Makes the table reach descriptor @fd, which is below FD_LIMIT. */
static int grow_to(int fd)
{
    int wanted = nr_slots;
    struct file **larger;

    while (wanted <= fd) {
        wanted *= 2;
    }
    if (wanted == nr_slots) {
        return 0;
    }
    larger = heap_zalloc((size_t)wanted, sizeof(*larger));
    if (larger == NULL) {
        return -ENOMEM;
    }
    memcpy(larger, slots, (size_t)nr_slots * sizeof(*slots));
    if (slots != first_slots) {
        heap_free(slots);
    }
    slots = larger;
    nr_slots = wanted;
    return 0;
}

int fd_install(struct file *file, int min)
{
    int fd = min > lowest_free ? min : lowest_free;
    int rc;

    while (fd < nr_slots && slots[fd] != NULL) {
        fd++;
    }
    if (fd >= FD_LIMIT) {
        return -EMFILE;
    }
    rc = grow_to(fd);
    if (rc != 0) {
        return rc;
    }
    slots[fd] = file;
    if (min <= lowest_free) {
        lowest_free = fd + 1;
    }
    return fd;
}

struct file *fd_file(int fd)
{
    if (!is_open(fd)) {
        return NULL;
    }
    file_get(slots[fd]);
    return slots[fd];
}

int fd_close(int fd)
{
    struct file *file;

    if (!is_open(fd)) {
        return -EBADF;
    }
    file = slots[fd];
    slots[fd] = NULL;
    if (fd < lowest_free) {
        lowest_free = fd;
    }
    file_put(file);
    return 0;
}

int fd_dup(int fd, int min)
{
    struct file *file;
    int rc;

    if (min < 0 || min >= FD_LIMIT) {
        return -EINVAL;
    }
    file = fd_file(fd);
    if (file == NULL) {
        return -EBADF;
    }
    rc = fd_install(file, min);
    if (rc < 0) {
        file_put(file);
    }
    return rc;
}

int fd_dup2(int fd, int to)
{
    struct file *file, *before;
    int rc;

    if (!is_open(fd) || to < 0 || to >= FD_LIMIT) {
        return -EBADF;
    }
    if (fd == to) {
        return to;
    }
    rc = grow_to(to);
    if (rc != 0) {
        return rc;
    }
    file = fd_file(fd);
    before = slots[to];
    /* lowest_free may now name a taken slot; that only makes the next search one step longer. */
    slots[to] = file;
    if (before != NULL) {
        file_put(before);
    }
    return to;
}
