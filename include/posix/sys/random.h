// SPDX-License-Identifier: MIT
/* Random bytes, Linux's way. */
#ifndef _SYS_RANDOM_H
#define _SYS_RANDOM_H

#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define GRND_NONBLOCK 1 /* nothing here blocks */
#define GRND_RANDOM   2
#define GRND_INSECURE 4 /* also when the processor has no generator */

__BEGIN_DECLS
ssize_t getrandom(void *buf, size_t bytes, unsigned int flags);
int getentropy(void *buf, size_t bytes);
__END_DECLS

#endif
