// SPDX-License-Identifier: MIT
/*
 * ioctl() and the requests that every file may be asked. The numbers are BSD's.
 */
#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#include <sys/cdefs.h>

#define FIONREAD 0x4004667f /* int *: bytes that can be read at once */
#define FIONBIO  0x8004667e /* int *: non-blocking or not */

__BEGIN_DECLS
int ioctl(int fd, unsigned long request, ...);
__END_DECLS

#endif
