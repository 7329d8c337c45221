// SPDX-License-Identifier: MIT
/*
 * What a program may ask about limits that were fixed when it was built.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <xenolith/boot.h>
#include <xenolith/page.h>
#include <xenolith/vfs.h>

int getpagesize(void)
{
    return (int)PAGE_SIZE;
}

int get_nprocs(void)
{
    return 1;
}

int get_nprocs_conf(void)
{
    return 1;
}

long get_phys_pages(void)
{
    return (long)boot_info.nr_pages;
}

long get_avphys_pages(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    return (long)stats.free;
}

static const struct {
    int name;
    long value;
} fixed[] = {
    {_SC_PAGESIZE, (long)PAGE_SIZE},
    {_SC_NPROCESSORS_CONF, 1},
    {_SC_NPROCESSORS_ONLN, 1},
    {_SC_OPEN_MAX, FD_LIMIT},
    {_SC_CLK_TCK, CLOCKS_PER_SEC},
    {_SC_ARG_MAX, 4096},
    {_SC_CHILD_MAX, 1},
    {_SC_HOST_NAME_MAX, HOST_NAME_MAX},
    {_SC_IOV_MAX, IOV_MAX},
    {_SC_LINE_MAX, 2048},
    {_SC_LOGIN_NAME_MAX, LOGIN_NAME_MAX},
    {_SC_TTY_NAME_MAX, TTY_NAME_MAX},
    {_SC_GETPW_R_SIZE_MAX, 256},
    {_SC_GETGR_R_SIZE_MAX, 256},
    {_SC_NGROUPS_MAX, 0},
    {_SC_SYMLOOP_MAX, 40},
    {_SC_THREAD_KEYS_MAX, 128},
    {_SC_THREAD_STACK_MIN, (long)PAGE_SIZE},
    {_SC_VERSION, _POSIX_VERSION},
    {_SC_THREADS, _POSIX_THREADS},
    {_SC_THREAD_SAFE_FUNCTIONS, _POSIX_THREAD_SAFE_FUNCTIONS},
    {_SC_TIMERS, _POSIX_TIMERS},
    {_SC_MONOTONIC_CLOCK, _POSIX_MONOTONIC_CLOCK},
    {_SC_SEMAPHORES, _POSIX_SEMAPHORES},
    {_SC_JOB_CONTROL, -1},
    {_SC_MAPPED_FILES, _POSIX_VERSION},
    {_SC_FSYNC, _POSIX_VERSION},
};

long sysconf(int name)
{
    if (name == _SC_PHYS_PAGES) {
        return get_phys_pages();
    }
    if (name == _SC_AVPHYS_PAGES) {
        return get_avphys_pages();
    }
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (fixed[i].name == name) {
            return fixed[i].value;
        }
    }
    errno = EINVAL;
    return -1;
}

long pathconf(const char *path, int name)
{
    (void)path;
    switch (name) {
    case _PC_LINK_MAX:
        return 65000;
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT:
        return 255;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
        return 1;
    case _PC_VDISABLE:
        return 0;
    case _PC_FILESIZEBITS:
        return 64;
    default:
        errno = EINVAL;
        return -1;
    }
}

long fpathconf(int fd, int name)
{
    struct file *file = fd_file(fd);

    if (file == NULL) {
        errno = EBADF;
        return -1;
    }
    file_put(file);
    return pathconf("", name);
}
