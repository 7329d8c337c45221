// SPDX-License-Identifier: MIT
/* Linux's sendfile(). */
#ifndef _SYS_SENDFILE_H
#define _SYS_SENDFILE_H

#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS
/* Bytes of @in go to @out; from *@offset on, which moves, or from the file's own position. */
ssize_t sendfile(int out, int in, off_t *offset, size_t bytes);
__END_DECLS

#endif
