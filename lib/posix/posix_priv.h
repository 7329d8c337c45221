// SPDX-License-Identifier: MIT
/*
 * What the files of lib/posix share. POSIX' objects carry room for the kernel's; here the one is made of the
 * other. Threads are cooperative: a check and what follows from it need no lock unless something blocks between.
 */
#ifndef POSIX_PRIV_H
#define POSIX_PRIV_H

#include <pthread.h>

#include <xenolith/sync.h>

#include "../newlib/newlib_priv.h"

/** posix_mutex() - The kernel's mutex inside @mutex, ready for use also after static initialization. */
struct mutex *posix_mutex(pthread_mutex_t *mutex);

/** posix_deadline() - @time of @clock as a monotonic deadline. 0, or EINVAL (positive, as POSIX returns it). */
int posix_deadline(clockid_t clock, const struct timespec *time, uint64_t *deadline_ns);

/** posix_keys_destroy() - Call the destructors of the ending thread's keys. */
void posix_keys_destroy(void);

#endif
