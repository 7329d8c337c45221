// SPDX-License-Identifier: MIT
/*
 * Limits and use of resources. Limits are remembered, for programs that raise theirs at the start; what bounds a program is the domain's
 * memory and FD_LIMIT. Threads have no priorities, and processor time includes idling, as in times().
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include <xenolith/boot.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>
#include <xenolith/vfs.h>

#include "../newlib/main_stack.h"
#include "../newlib/newlib_priv.h"

static struct rlimit limits[RLIM_NLIMITS];
static bool limits_are_set[RLIM_NLIMITS];

static uint64_t up_ns(void)
{
    return time_monotonic_ns() - time_tsc_to_ns(boot_info.first_tsc);
}

static struct rlimit limit_at_boot(int resource)
{
    switch (resource) {
    case RLIMIT_NOFILE:
        return (struct rlimit){FD_LIMIT, FD_LIMIT};
    case RLIMIT_STACK:
        return (struct rlimit){main_stack_bytes(), RLIM_INFINITY};
    case RLIMIT_CORE:
        return (struct rlimit){0, 0};
    case RLIMIT_NPROC:
        return (struct rlimit){1, 1};
    default:
        return (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    }
}

static struct rlimit limit_of(int resource)
{
    return limits_are_set[resource] ? limits[resource] : limit_at_boot(resource);
}

int getrlimit(int resource, struct rlimit *out)
{
    if (resource < 0 || resource >= RLIM_NLIMITS) {
        return (int)libc_result(-EINVAL);
    }
    *out = limit_of(resource);
    return 0;
}

int setrlimit(int resource, const struct rlimit *limit)
{
    if (resource < 0 || resource >= RLIM_NLIMITS || limit->rlim_cur > limit->rlim_max) {
        return (int)libc_result(-EINVAL);
    }
    if (limit->rlim_max > limit_of(resource).rlim_max) {
        return (int)libc_result(-EPERM);
    }
    limits[resource] = *limit;
    limits_are_set[resource] = true;
    return 0;
}

int getrusage(int who, struct rusage *usage)
{
    struct sched_stats threads;
    struct page_stats pages;
    uint64_t ns = up_ns();

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD) {
        return (int)libc_result(-EINVAL);
    }
    *usage = (struct rusage){0};
    if (who != RUSAGE_CHILDREN) {
        sched_get_stats(&threads);
        page_get_stats(&pages);
        usage->ru_utime.tv_sec = (time_t)(ns / NS_PER_SEC);
        usage->ru_utime.tv_usec = (suseconds_t)(ns % NS_PER_SEC / NS_PER_US);
        usage->ru_maxrss = (long)((pages.total - pages.free) * PAGE_SIZE / 1024);
        usage->ru_nvcsw = (long)threads.switches;
    }
    return 0;
}

int getpriority(int which, id_t who)
{
    (void)which;
    (void)who;
    return 0;
}

int setpriority(int which, id_t who, int priority)
{
    (void)which;
    (void)who;
    (void)priority;
    return 0;
}

int sysinfo(struct sysinfo *info)
{
    struct sched_stats threads;
    struct page_stats pages;

    sched_get_stats(&threads);
    page_get_stats(&pages);
    *info = (struct sysinfo){
        .uptime = (long)(up_ns() / NS_PER_SEC),
        .totalram = boot_info.nr_pages,
        .freeram = pages.free,
        .procs = (unsigned short)threads.threads,
        .mem_unit = PAGE_SIZE,
    };
    return 0;
}
