// SPDX-License-Identifier: MIT
/*
 * Files and directories with names that nobody else has: mkstemp() and its kin. All of them, because newlib's stand in one object, and its
 * mkdtemp() says ENOSYS. Owns no state.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_LETTERS 6
#define MOST_TRIES 1000

/* The X that are to be replaced, in front of @suffix bytes; NULL: there are too few. */
static char *find_letters(char *path, int suffix)
{
    size_t length = strlen(path);

    if (suffix < 0 || length < (size_t)suffix + NR_LETTERS) {
        return NULL;
    }
    path += length - (size_t)suffix - NR_LETTERS;
    return memcmp(path, "XXXXXX", NR_LETTERS) == 0 ? path : NULL;
}

static int make_file(const char *path, int flags)
{
    return open(path, O_RDWR | O_CREAT | O_EXCL | (flags & ~O_ACCMODE), 0600);
}

static int make_directory(const char *path, int unused)
{
    (void)unused;
    return mkdir(path, 0700);
}

static int find_free(const char *path, int unused)
{
    struct stat st;

    (void)unused;
    if (lstat(path, &st) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? 0 : -1;
}

/* What @create says of the first name that is free; errno only if it fails. */
static int make(char *path, int suffix, int (*create)(const char *path, int flags), int flags)
{
    static const char from[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *letters = find_letters(path, suffix);
    int was = errno, rc;

    if (letters == NULL) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < MOST_TRIES; i++) {
        for (int k = 0; k < NR_LETTERS; k++) {
            letters[k] = from[arc4random_uniform(sizeof(from) - 1)];
        }
        rc = create(path, flags);
        if (rc >= 0 || errno != EEXIST) {
            break;
        }
    }
    errno = rc >= 0 ? was : errno;
    return rc;
}

int mkostemps(char *path, int suffix, int flags)
{
    return make(path, suffix, make_file, flags);
}

int mkstemps(char *path, int suffix)
{
    return mkostemps(path, suffix, 0);
}

int mkostemp(char *path, int flags)
{
    return mkostemps(path, 0, flags);
}

int mkstemp(char *path)
{
    return mkostemps(path, 0, 0);
}

char *mkdtemp(char *path)
{
    return make(path, 0, make_directory, 0) == 0 ? path : NULL;
}

/* Between this and the open() another thread may take the name. */
char *mktemp(char *path)
{
    if (make(path, 0, find_free, 0) != 0) {
        path[0] = '\0';
    }
    return path;
}
