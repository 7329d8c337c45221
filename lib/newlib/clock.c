// SPDX-License-Identifier: MIT
/*
 * POSIX time by the kernel's clocks: CLOCK_REALTIME, CLOCK_MONOTONIC, and sleeping on either.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "newlib_priv.h"

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){
        .tv_sec = (time_t)(ns / NS_PER_SEC),
        .tv_nsec = (long)(ns % NS_PER_SEC),
    };
}

bool libc_timespec_ns(const struct timespec *ts, uint64_t *ns)
{
    if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long)NS_PER_SEC) {
        return false;
    }
    if ((uint64_t)ts->tv_sec >= TIME_FOREVER / NS_PER_SEC) {
        *ns = TIME_FOREVER;
    } else {
        *ns = (uint64_t)ts->tv_sec * NS_PER_SEC + (uint64_t)ts->tv_nsec;
    }
    return true;
}

/* Two clocks under all their names: neither is ever coarse or slewed, and the domain is never suspended. */
static bool is_monotonic(clockid_t clock)
{
    return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_MONOTONIC_COARSE ||
           clock == CLOCK_BOOTTIME;
}

bool libc_clock_ns(clockid_t clock, uint64_t *ns)
{
    if (is_monotonic(clock)) {
        *ns = time_monotonic_ns();
        return true;
    }
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        *ns = time_wall_ns();
        return true;
    }
    return false;
}

uint64_t libc_clock_deadline(clockid_t clock, uint64_t ns)
{
    uint64_t now = 0;

    if (ns == TIME_FOREVER || is_monotonic(clock) || !libc_clock_ns(clock, &now)) {
        return ns;
    }
    return ns > now ? time_deadline_ns(ns - now) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    uint64_t ns;

    if (!libc_clock_ns(clock, &ns)) {
        errno = EINVAL;
        return -1;
    }
    *out = to_timespec(ns);
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *out)
{
    uint64_t ns;

    if (!libc_clock_ns(clock, &ns)) {
        errno = EINVAL;
        return -1;
    }
    if (out != NULL) {
        *out = to_timespec(1);
    }
    return 0;
}

/* The host's clock is the host's to set. */
int clock_settime(clockid_t clock, const struct timespec *time)
{
    (void)clock;
    (void)time;
    errno = EPERM;
    return -1;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    uint64_t ns = time_wall_ns();

    (void)zone;
    out->tv_sec = (time_t)(ns / NS_PER_SEC);
    out->tv_usec = (suseconds_t)(ns % NS_PER_SEC / NS_PER_US);
    return 0;
}

/* Unlike the other calls here it returns its error. Nothing interrupts a sleep, so nothing ever remains. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest)
{
    uint64_t now, ns;

    (void)rest;
    if (!libc_clock_ns(clock, &now) || !libc_timespec_ns(time, &ns)) {
        return EINVAL;
    }
    thread_sleep_until((flags & TIMER_ABSTIME) != 0 ? libc_clock_deadline(clock, ns) : time_deadline_ns(ns));
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
    int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, time, rest);

    if (rc != 0) {
        errno = rc;
        return -1;
    }
    return 0;
}

/*
 * There is one process and it owns its virtual processor, so its processor time is what has passed since the
 * first look, idle time included.
 */
clock_t times(struct tms *out)
{
    static uint64_t start_ns;
    uint64_t now = time_monotonic_ns();

    if (start_ns == 0) {
        start_ns = now;
    }
    out->tms_utime = (clock_t)((now - start_ns) / (NS_PER_SEC / CLOCKS_PER_SEC));
    out->tms_stime = 0;
    out->tms_cutime = 0;
    out->tms_cstime = 0;
    return out->tms_utime;
}
