// SPDX-License-Identifier: MIT
/*
 * The current directory, and realpath(). Which directory is current lib/vfs keeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_priv.h"
#include "newlib_priv.h"

static int enter(int rc, struct node *node)
{
    if (rc == 0) {
        rc = cwd_set(node);
        node_put(node);
    }
    return (int)libc_result(rc);
}

int chdir(const char *path)
{
    struct node *node = NULL;
    int rc = libc_node_at(AT_FDCWD, path, 0, &node);

    return enter(rc, node);
}

int fchdir(int fd)
{
    struct node *node = NULL;
    int rc = libc_node_of(fd, &node);

    return enter(rc == -EINVAL ? -ENOTDIR : rc, node);
}

/* The path of the current directory in a block of its own, or NULL with errno. */
static char *current_path(void)
{
    char *path = malloc(PATH_LIMIT);
    struct node *dir;
    int rc;

    if (path == NULL) {
        return NULL;
    }
    rc = cwd_get(&dir);
    if (rc == 0) {
        rc = node_path(dir, path);
        node_put(dir);
    }
    if (rc != 0) {
        free(path);
        errno = -rc;
        return NULL;
    }
    return path;
}

/* As glibc: without a buffer, one of the right size, or of @bytes if that is not 0. */
char *getcwd(char *buf, size_t bytes)
{
    char *path, *out = buf;

    if (buf != NULL && bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    path = current_path();
    if (path == NULL) {
        return NULL;
    }
    if (bytes != 0 && strlen(path) >= bytes) {
        errno = ERANGE;
        out = NULL;
    } else {
        if (out == NULL) {
            out = malloc(bytes != 0 ? bytes : strlen(path) + 1);
        }
        if (out != NULL) {
            strcpy(out, path);
        }
    }
    free(path);
    return out;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    char *buf = resolved;
    int rc;

    if (path == NULL) {
        errno = EINVAL;
        return NULL;
    }
    if (buf == NULL) {
        buf = malloc(PATH_LIMIT);
        if (buf == NULL) {
            return NULL;
        }
    }
    rc = path_canonical(NULL, path, buf);
    if (rc != 0) {
        if (resolved == NULL) {
            free(buf);
        }
        errno = -rc;
        return NULL;
    }
    return buf;
}
