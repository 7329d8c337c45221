// SPDX-License-Identifier: MIT
/*
 * What e2fsprogs' configure would find out about us.
 */
#ifndef E2FSPROGS_CONFIG_H
#define E2FSPROGS_CONFIG_H

#define HAVE_ERRNO_H        1
#define HAVE_INTPTR_T       1
#define HAVE_INTTYPES_H     1
#define HAVE_POSIX_MEMALIGN 1
#define HAVE_STDINT_H       1
#define HAVE_STDLIB_H       1
#define HAVE_STRDUP         1
#define HAVE_STRINGS_H      1
#define HAVE_STRING_H       1
#define HAVE_SYS_STAT_H     1
#define HAVE_SYS_TIME_H     1
#define HAVE_SYS_TYPES_H    1
#define HAVE_UNISTD_H       1
#define SIZEOF_INT          4
#define SIZEOF_LONG         8
#define SIZEOF_LONG_LONG    8
#define SIZEOF_OFF_T        8
#define SIZEOF_SHORT        2
#define SIZEOF_TIME_T       8

/* The journal's recovery as debugfs has it, without e2fsck around it. */
#define DEBUGFS 1

#endif
