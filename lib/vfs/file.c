// SPDX-License-Identifier: MIT
/*
 * Files behind descriptors: reference counts, access checks, and the way to the file's own operations.
 */
#include <xenolith/vfs.h>

#include <xenolith/errno.h>
#include <xenolith/panic.h>

#include "console_watch.h"

void file_init(struct file *file, const struct file_ops *ops, unsigned int flags)
{
    file->ops = ops;
    file->refs = 1;
    file->flags = flags;
    list_init(&file->watches);
}

void file_get(struct file *file)
{
    ASSERT(file->refs > 0);
    file->refs++;
}

void file_put(struct file *file)
{
    struct list *link;

    ASSERT(file->refs > 0);
    if (--file->refs > 0) {
        return;
    }
    while ((link = list_pop_front(&file->watches)) != NULL) {
        struct file_watch *watch = list_entry(link, struct file_watch, link);

        watch->changed(watch, FILE_RELEASED);
    }
    if (file->ops->release != NULL) {
        file->ops->release(file);
    }
}

unsigned int file_ready(struct file *file)
{
    return file->ops->ready != NULL ? file->ops->ready(file) : FILE_CAN_READ | FILE_CAN_WRITE;
}

void file_watch(struct file *file, struct file_watch *watch)
{
    list_push_back(&file->watches, &watch->link);
    if (file == &console_file) {
        console_watched();
    }
}

void file_unwatch(struct file_watch *watch)
{
    list_remove(&watch->link);
}

/*
 * A watch that is told may remove others, the next one too: each is taken off and put back before its turn. Most files have one
 * watch or none.
 */
void file_notify(struct file *file, unsigned int ready)
{
    struct list *first = file->watches.next;
    struct list told = LIST_INIT(told);
    struct list *link;

    if (first->next == &file->watches) {
        if (first != &file->watches) {
            struct file_watch *only = list_entry(first, struct file_watch, link);

            only->changed(only, ready);
        }
        return;
    }
    while ((link = list_pop_front(&file->watches)) != NULL) {
        struct file_watch *watch = list_entry(link, struct file_watch, link);

        list_push_back(&told, link);
        watch->changed(watch, ready);
    }
    while ((link = list_pop_front(&told)) != NULL) {
        list_push_back(&file->watches, link);
    }
}

long file_synced(struct file *file, long written)
{
    int rc = 0;

    if (written > 0 && (file->flags & FILE_SYNC) != 0 && file->ops->sync != NULL) {
        rc = file->ops->sync(file, false);
    }
    return rc != 0 ? rc : written;
}

int fd_file_for(int fd, unsigned int access, struct file **out)
{
    struct file *file = fd_file(fd);

    if (file == NULL) {
        return -EBADF;
    }
    if ((file->flags & access) != access) {
        file_put(file);
        return -EBADF;
    }
    *out = file;
    return 0;
}

long fd_read(int fd, void *buf, size_t bytes)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_READ, &file);

    if (rc != 0) {
        return rc;
    }
    if (file->ops->read == NULL) {
        rc = -EINVAL;
    } else if (bytes > 0) {
        rc = file->ops->read(file, buf, bytes);
    }
    file_put(file);
    return rc;
}

long fd_write(int fd, const void *buf, size_t bytes)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_WRITE, &file);

    if (rc != 0) {
        return rc;
    }
    if (file->ops->write == NULL) {
        rc = -EINVAL;
    } else if (bytes > 0) {
        rc = file_synced(file, file->ops->write(file, buf, bytes));
    }
    file_put(file);
    return rc;
}

long fd_read_at(int fd, void *buf, size_t bytes, uint64_t offset)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_READ, &file);

    if (rc != 0) {
        return rc;
    }
    if (file->ops->read_at == NULL) {
        rc = -ESPIPE;
    } else if (bytes > 0) {
        rc = file->ops->read_at(file, buf, bytes, offset);
    }
    file_put(file);
    return rc;
}

long fd_write_at(int fd, const void *buf, size_t bytes, uint64_t offset)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_WRITE, &file);

    if (rc != 0) {
        return rc;
    }
    if (file->ops->write_at == NULL) {
        rc = -ESPIPE;
    } else if (bytes > 0) {
        rc = file_synced(file, file->ops->write_at(file, buf, bytes, offset));
    }
    file_put(file);
    return rc;
}

int64_t fd_seek(int fd, int64_t offset, int whence)
{
    struct file *file;
    int64_t rc = fd_file_for(fd, 0, &file);

    if (rc != 0) {
        return rc;
    }
    rc = file->ops->seek != NULL ? file->ops->seek(file, offset, whence) : -ESPIPE;
    file_put(file);
    return rc;
}

int fd_info(int fd, struct file_info *out)
{
    struct file *file;
    int rc = fd_file_for(fd, 0, &file);

    if (rc != 0) {
        return rc;
    }
    rc = file->ops->info != NULL ? file->ops->info(file, out) : -EINVAL;
    file_put(file);
    return rc;
}
