// SPDX-License-Identifier: MIT
/*
 * From the kernel's way of returning errors to POSIX'. The numbers are the same on both sides, which is
 * claimed here and nowhere else.
 */
#include <errno.h>

#include "newlib_priv.h"

/* Read Xen's list again, with newlib's names in scope. */
#define XEN_ERRNO(name, value) _Static_assert(name == (value), #name " differs between Xen and newlib");
#include <xen/errno.h>

long libc_result(long rc)
{
    if (rc < 0) {
        errno = (int)-rc;
        return -1;
    }
    return rc;
}
