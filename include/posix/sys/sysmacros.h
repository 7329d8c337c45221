// SPDX-License-Identifier: MIT
/*
 * Numbers of devices, as Linux packs them.
 */
#ifndef _SYS_SYSMACROS_H
#define _SYS_SYSMACROS_H

#define major(d)    ((unsigned int)((d) >> 8 & 0xfff) | ((unsigned int)((d) >> 32) & ~0xfffU))
#define minor(d)    ((unsigned int)((d) & 0xff) | ((unsigned int)((d) >> 12) & ~0xffU))
#define makedev(a, b)                                                                            \
    (((unsigned long)((a) & 0xfffU) << 8) | ((unsigned long)((a) & ~0xfffU) << 32) |             \
     ((unsigned long)((b) & 0xffU)) | ((unsigned long)((b) & ~0xffU) << 12))

#endif
