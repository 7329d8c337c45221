// SPDX-License-Identifier: MIT
/*
 * The kernel's error numbers are Xen's own (xen/errno.h), which are Linux's, so what a hypercall returns passes
 * through unchanged. The C library's numbers are the same ones (lib/newlib/include/sys/errno.h): where there is a C
 * library, its header serves.
 */
#ifndef XENOLITH_ERRNO_H
#define XENOLITH_ERRNO_H

#if __has_include(<errno.h>)
#include <errno.h>
#else
#define XEN_ERRNO(name, value) name = (value),
enum xen_errno {
#include <xen/errno.h>
    /* Linux's numbers too, which Xen's list leaves out. */
    EINTR = 4,
    ENOTTY = 25,
    EFBIG = 27,
    ESPIPE = 29,
    EPIPE = 32,
    ELOOP = 40,
    EPROTO = 71,
    ECONNRESET = 104,
    ESHUTDOWN = 108,
    EALREADY = 114,
    EINPROGRESS = 115,
    ECANCELED = 125,
};

#endif

#endif
