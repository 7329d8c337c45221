// SPDX-License-Identifier: MIT
/*
 * Random bytes by POSIX' and Linux's names. Where the processor has no generator they fail rather than hand out what timing
 * alone gave; /dev/urandom does not ask.
 */
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include <xenolith/random.h>

#include "newlib_priv.h"

/* POSIX' limit of one call. */
#define ENTROPY_LIMIT 256

int getentropy(void *buf, size_t bytes)
{
    if (bytes > ENTROPY_LIMIT) {
        errno = EIO;
        return -1;
    }
    return getrandom(buf, bytes, 0) < 0 ? -1 : 0;
}

ssize_t getrandom(void *buf, size_t bytes, unsigned int flags)
{
    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0) {
        errno = EINVAL;
        return -1;
    }
    if ((flags & GRND_INSECURE) == 0 && !random_is_seeded()) {
        errno = ENOSYS;
        return -1;
    }
    random_fill(buf, bytes);
    return (ssize_t)bytes;
}
