// SPDX-License-Identifier: MIT
/*
 * What the files of lib/newlib share among themselves and with lib/posix. Includes newlib's headers.
 */
#ifndef NEWLIB_PRIV_H
#define NEWLIB_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <xenolith/compiler.h>

/** libc_result() - @rc unless negative; else errno is set from it and the result is -1. */
long libc_result(long rc);

/** libc_timespec_ns() - @ts in ns, saturating at TIME_FOREVER. False when it is no valid time. */
bool libc_timespec_ns(const struct timespec *ts, uint64_t *ns);

/** libc_clock_ns() - The time of a POSIX clock; false for one that does not exist here. */
bool libc_clock_ns(clockid_t clock, uint64_t *ns);

/** libc_clock_deadline() - The monotonic deadline that belongs to time @ns of @clock, which must exist. */
uint64_t libc_clock_deadline(clockid_t clock, uint64_t ns);

struct stat;
struct file_info;

/** libc_fill_stat() - struct stat from what a file says of itself. */
void libc_fill_stat(const struct file_info *info, struct stat *out);

/** libc_locks_yield() - From now on a stdio lock that another thread holds is passed over. For exit. */
void libc_locks_yield(void);

#endif
