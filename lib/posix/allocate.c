// SPDX-License-Identifier: MIT
/*
 * posix_fallocate() and its kin. No file system here reserves room, so room is made by writing: zeros behind the end, and in front of it
 * what is there already. Owns no state.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/fs.h>
#include <xenolith/heap.h>

#include "../newlib/newlib_priv.h"

#define PIECE_BYTES 4096

/* Writes what is read at @offset back there, zeros behind the end. Pieces end at multiples of PIECE_BYTES. */
static int fill_piece(struct node *node, char *buf, uint64_t offset, size_t bytes, uint64_t size)
{
    long got = 0;

    memset(buf, 0, bytes);
    if (offset < size) {
        got = node->ops->read(node, buf, MIN(bytes, size - offset), offset);
    }
    if (got >= 0) {
        got = node->ops->write(node, buf, bytes, offset);
    }
    if (got >= 0 && (size_t)got < bytes) {
        return -ENOSPC;
    }
    return got < 0 ? (int)got : 0;
}

/* The node is locked: what others write meanwhile is not undone by what was read before, nor cut off. */
static int fill_locked(struct node *node, char *buf, uint64_t offset, uint64_t end)
{
    struct file_info info = {0};
    int rc = 0;

    node->ops->info(node, &info);
    while (rc == 0 && offset < end) {
        size_t bytes = MIN(end - offset, PIECE_BYTES - offset % PIECE_BYTES);

        rc = fill_piece(node, buf, offset, bytes, info.size_bytes);
        offset += bytes;
    }
    if (rc != 0 && end > info.size_bytes) {
        (void)node->ops->resize(node, info.size_bytes);
    }
    return rc;
}

static int fill(struct node *node, uint64_t offset, uint64_t end)
{
    char *buf = heap_alloc(PIECE_BYTES);
    int rc;

    if (buf == NULL) {
        return -ENOMEM;
    }
    node_lock(node);
    rc = fill_locked(node, buf, offset, end);
    node_unlock(node);
    heap_free(buf);
    return rc;
}

static int allocate(int fd, off_t offset, off_t bytes)
{
    struct file_info info = {0};
    struct file *file;
    off_t end;
    int rc;

    if (offset < 0 || bytes <= 0) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(offset, bytes, &end)) {
        return -EFBIG;
    }
    rc = fd_file_for(fd, FILE_WRITE, &file);
    if (rc != 0) {
        return rc;
    }
    if (file->ops->info != NULL) {
        (void)file->ops->info(file, &info);
    }
    if (info.kind == FILE_FIFO || file_node(file) == NULL) {
        rc = info.kind == FILE_FIFO ? -ESPIPE : -ENODEV;
    } else {
        rc = file_synced(file, fill(file_node(file), (uint64_t)offset, (uint64_t)end));
    }
    file_put(file);
    return rc;
}

int posix_fallocate(int fd, off_t offset, off_t bytes)
{
    return -allocate(fd, offset, bytes);
}

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
    return (int)libc_result(mode != 0 ? -EOPNOTSUPP : allocate(fd, offset, bytes));
}

/* Advice is heard and not needed: read-ahead follows what is read. */
int posix_fadvise(int fd, off_t offset, off_t bytes, int advice)
{
    struct file_info info = {0};
    int rc = fd_info(fd, &info);

    (void)offset;
    if (rc == -EBADF) {
        return EBADF;
    }
    if (info.kind == FILE_FIFO) {
        return ESPIPE;
    }
    return bytes < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? EINVAL : 0;
}
