// SPDX-License-Identifier: MIT
/*
 * Calls that take a path. An image has no file system, hence no path leads anywhere, not even "/".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int lead_nowhere(void)
{
    errno = ENOENT;
    return -1;
}

/* Creating fails as it does below a directory that is not there. */
int open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return lead_nowhere();
}

int stat(const char *restrict path, struct stat *restrict out)
{
    (void)path;
    (void)out;
    return lead_nowhere();
}

int access(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return lead_nowhere();
}

int unlink(const char *path)
{
    (void)path;
    return lead_nowhere();
}

int link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return lead_nowhere();
}

int mkdir(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return lead_nowhere();
}
