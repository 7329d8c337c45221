// SPDX-License-Identifier: MIT
/*
 * The switch for filling freed memory with junk, so that a use after free shows: -DXENOLITH_JUNK.
 * An ordinary constant, so that both branches always compile.
 */
#ifndef XENOLITH_KERNEL_JUNK_H
#define XENOLITH_KERNEL_JUNK_H

#ifdef XENOLITH_JUNK
#define JUNK_FILL 1
#else
#define JUNK_FILL 0
#endif

#define JUNK_FREED     0x6b
#define JUNK_ALLOCATED 0xa5

#endif
