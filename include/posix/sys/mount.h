// SPDX-License-Identifier: MIT
/* Mounting, Linux's way. An image that names mount() has disks and their file systems. */
#ifndef _SYS_MOUNT_H
#define _SYS_MOUNT_H

#include <sys/cdefs.h>

#define MS_RDONLY 1

__BEGIN_DECLS
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount(const char *target);
int umount2(const char *target, int flags);
__END_DECLS

#endif
