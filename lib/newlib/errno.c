// SPDX-License-Identifier: MIT
/*
 * The one place where the kernel's error numbers (Xen's, which are Linux's) become newlib's.
 */
#include <errno.h>
#include <reent.h>
#include <stddef.h>
#include <stdint.h>

#include "newlib_priv.h"

int *__errno(void);

/* Names of Xen's list that newlib lacks or numbers apart from their alias. */
#undef EDEADLOCK
#define EDEADLOCK EDEADLK
#define ERESTART  EINTR

/* The list holds two aliases, so two entries are initialized twice, to the same. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"

/* Index: the kernel's number. Xen's list is read again with newlib's names in scope. */
static const uint8_t numbers[] = {
#define XEN_ERRNO(name, value) [value] = name,
#include <xen/errno.h>
    /* What xenolith/errno.h adds. */
    [27] = EFBIG,
    [32] = EPIPE,
    [71] = EPROTO,
    [104] = ECONNRESET,
    [114] = EALREADY,
    [115] = EINPROGRESS,
    [125] = ECANCELED,
    /* ESHUTDOWN, which POSIX and newlib lack. */
    [108] = EPIPE,
};
#pragma GCC diagnostic pop

int *__errno(void)
{
    return &_REENT_ERRNO(_REENT);
}

int libc_errno(long kernel_errno)
{
    unsigned long index = kernel_errno < 0 ? -(unsigned long)kernel_errno : (unsigned long)kernel_errno;
    int number = index < sizeof(numbers) ? numbers[index] : 0;

    return number != 0 ? number : EIO;
}

long libc_result(long rc)
{
    if (rc < 0) {
        errno = libc_errno(rc);
        return -1;
    }
    return rc;
}
