// SPDX-License-Identifier: MIT
/*
 * The kernel's error numbers are Xen's own (xen/errno.h), so what a hypercall returns passes through
 * unchanged. The C library's numbers differ above 34; lib/newlib maps them at the edge, nobody else does.
 */
#ifndef XENOLITH_ERRNO_H
#define XENOLITH_ERRNO_H

#ifdef XENOLITH_HOST
#include <errno.h>
#else
#define XEN_ERRNO(name, value) name = (value),
enum xen_errno {
#include <xen/errno.h>
    /* Linux's numbers too, which Xen's list leaves out. */
    EINTR = 4,
    EFBIG = 27,
    EPIPE = 32,
    EPROTO = 71,
    ECONNRESET = 104,
    ESHUTDOWN = 108,
    EALREADY = 114,
    EINPROGRESS = 115,
    ECANCELED = 125,
};

#endif

#endif
