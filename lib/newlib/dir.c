// SPDX-License-Identifier: MIT
/*
 * Directory streams: an open directory and room for one entry.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_priv.h"
#include "newlib_priv.h"

struct xenolith_dir {
    int fd;
    struct file *file;
    struct dirent entry;
    struct dir_entry read;
};

static unsigned char type_of(enum file_kind kind)
{
    switch (kind) {
    case FILE_CHARACTER:
        return DT_CHR;
    case FILE_DIRECTORY:
        return DT_DIR;
    case FILE_SOCKET:
        return DT_SOCK;
    case FILE_BLOCK:
        return DT_BLK;
    case FILE_SYMLINK:
        return DT_LNK;
    case FILE_FIFO:
        return DT_FIFO;
    case FILE_REGULAR:
        break;
    }
    return DT_REG;
}

/* Takes over @fd on success. */
DIR *fdopendir(int fd)
{
    struct file *file = fd_file(fd);
    struct node *node = file != NULL ? file_node(file) : NULL;
    DIR *dir = NULL;

    if (file == NULL) {
        errno = EBADF;
        return NULL;
    }
    if (node == NULL || node->kind != FILE_DIRECTORY) {
        errno = ENOTDIR;
    } else {
        dir = malloc(sizeof(*dir));
    }
    if (dir == NULL) {
        file_put(file);
        return NULL;
    }
    dir->fd = fd;
    dir->file = file;
    return dir;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (fd >= 0 && dir == NULL) {
        (void)fd_close(fd);
    }
    return dir;
}

int closedir(DIR *dir)
{
    int fd = dir->fd;

    file_put(dir->file);
    free(dir);
    return close(fd);
}

int dirfd(DIR *dir)
{
    return dir->fd;
}

struct dirent *readdir(DIR *dir)
{
    int rc = dir_read(dir->file, &dir->read);

    if (rc <= 0) {
        /* The end leaves errno as it is. */
        (void)libc_result(rc);
        return NULL;
    }
    dir->entry.d_ino = dir->read.serial;
    dir->entry.d_type = type_of(dir->read.kind);
    memcpy(dir->entry.d_name, dir->read.name, dir->read.length + 1);
    return &dir->entry;
}

int readdir_r(DIR *restrict dir, struct dirent *restrict entry, struct dirent **restrict out)
{
    int rc = dir_read(dir->file, &dir->read);

    *out = NULL;
    if (rc <= 0) {
        return -rc;
    }
    entry->d_ino = dir->read.serial;
    entry->d_type = type_of(dir->read.kind);
    memcpy(entry->d_name, dir->read.name, dir->read.length + 1);
    *out = entry;
    return 0;
}

void seekdir(DIR *dir, long position)
{
    (void)dir->file->ops->seek(dir->file, position, 0);
}

long telldir(DIR *dir)
{
    return dir->file->ops->seek(dir->file, 0, 1);
}

void rewinddir(DIR *dir)
{
    seekdir(dir, 0);
}
