// SPDX-License-Identifier: MIT
/*
 * Scattered buffers: readv() and writev() of files that have no operation for them, piece by piece. A piece that
 * comes short ends the call; an error counts only when nothing was moved before it. Owns no state.
 */
#include <xenolith/vfs.h>

#include <xenolith/errno.h>

static long move_part(struct file *file, const struct file_part *part, bool writes)
{
    return writes ? file->ops->write(file, part->base, part->bytes)
                  : file->ops->read(file, part->base, part->bytes);
}

static long move_parts(struct file *file, const struct file_part *parts, size_t nr, bool writes)
{
    long moved = 0;

    if (writes ? file->ops->write == NULL : file->ops->read == NULL) {
        return -EINVAL;
    }
    for (size_t i = 0; i < nr; i++) {
        long rc = parts[i].bytes > 0 ? move_part(file, &parts[i], writes) : 0;

        if (rc < 0) {
            return moved > 0 ? moved : rc;
        }
        moved += rc;
        if ((size_t)rc < parts[i].bytes) {
            break;
        }
    }
    return moved;
}

long fd_read_parts(int fd, const struct file_part *parts, size_t nr)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_READ, &file);

    if (rc != 0) {
        return rc;
    }
    rc = file->ops->read_parts != NULL ? file->ops->read_parts(file, parts, nr)
                                       : move_parts(file, parts, nr, false);
    file_put(file);
    return rc;
}

long fd_write_parts(int fd, const struct file_part *parts, size_t nr)
{
    struct file *file;
    long rc = fd_file_for(fd, FILE_WRITE, &file);

    if (rc != 0) {
        return rc;
    }
    rc = file->ops->write_parts != NULL ? file->ops->write_parts(file, parts, nr)
                                        : move_parts(file, parts, nr, true);
    rc = file_synced(file, rc);
    file_put(file);
    return rc;
}
