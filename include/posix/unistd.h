// SPDX-License-Identifier: MIT
/*
 * newlib's own, and what it leaves out.
 */
#ifndef _XENOLITH_UNISTD_H
#define _XENOLITH_UNISTD_H

#include_next <unistd.h>

#if __GNU_VISIBLE
__BEGIN_DECLS
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes,
                        unsigned int flags);
int syncfs(int fd);
__END_DECLS
#endif

#endif
