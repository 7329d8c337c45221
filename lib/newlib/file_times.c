// SPDX-License-Identifier: MIT
/*
 * Setting a file's times, in all the ways that POSIX has had. Owns no state.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include <xenolith/time.h>

#include "file_priv.h"
#include "newlib_priv.h"

/* One of the two; what is to be left alone stays out of *change. */
static int take_time(const struct timespec *t, struct node_change *change, int which, uint64_t *ns)
{
    if (t != NULL && t->tv_nsec == UTIME_OMIT) {
        return 0;
    }
    if (t == NULL || t->tv_nsec == UTIME_NOW) {
        *ns = time_wall_ns();
    } else if (!libc_timespec_ns(t, ns)) {
        return -EINVAL;
    }
    change->what |= which;
    return 0;
}

/* Takes over the reference to @node, which is there unless @rc says otherwise. */
static int set_times(int rc, struct node *node, const struct timespec times[2])
{
    struct node_change change = {0};

    if (rc != 0) {
        return (int)libc_result(rc);
    }
    rc = take_time(times != NULL ? &times[0] : NULL, &change, CHANGE_ACCESSED, &change.accessed_ns);
    if (rc == 0) {
        rc = take_time(times != NULL ? &times[1] : NULL, &change, CHANGE_MODIFIED, &change.modified_ns);
    }
    if (rc == 0 && change.what != 0) {
        rc = node_change_checked(node, &change);
    }
    node_put(node);
    return (int)libc_result(rc);
}

/* Then Linux does not even look whether the file is there. */
static bool changes_nothing(const struct timespec times[2])
{
    return times != NULL && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT;
}

int utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
    struct node *node = NULL;
    int rc;

    if (changes_nothing(times)) {
        return 0;
    }
    rc = libc_node_at(fd, path, flags, &node);
    return set_times(rc, node, times);
}

int futimens(int fd, const struct timespec times[2])
{
    struct node *node = NULL;
    int rc = libc_node_of(fd, &node);

    return set_times(rc, node, times);
}

static int set_by_timeval(const char *path, const struct timeval times[2], int flags)
{
    struct timespec ts[2];

    if (times == NULL) {
        return utimensat(AT_FDCWD, path, NULL, flags);
    }
    for (int i = 0; i < 2; i++) {
        if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000) {
            errno = EINVAL;
            return -1;
        }
        ts[i] = (struct timespec){.tv_sec = times[i].tv_sec, .tv_nsec = times[i].tv_usec * 1000};
    }
    return utimensat(AT_FDCWD, path, ts, flags);
}

int utimes(const char *path, const struct timeval times[2])
{
    return set_by_timeval(path, times, 0);
}

int lutimes(const char *path, const struct timeval times[2])
{
    return set_by_timeval(path, times, AT_SYMLINK_NOFOLLOW);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec ts[2];

    if (times == NULL) {
        return utimensat(AT_FDCWD, path, NULL, 0);
    }
    ts[0] = (struct timespec){.tv_sec = times->actime};
    ts[1] = (struct timespec){.tv_sec = times->modtime};
    return utimensat(AT_FDCWD, path, ts, 0);
}
