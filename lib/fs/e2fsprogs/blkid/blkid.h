// SPDX-License-Identifier: MIT
/*
 * What the journal's recovery needs of libblkid to find a journal on another disk, which is not supported: nothing is ever found.
 */
#ifndef _BLKID_BLKID_H
#define _BLKID_BLKID_H

#include <sys/types.h>

typedef void *blkid_cache;

int blkid_get_cache(blkid_cache *cache, const char *path);
void blkid_put_cache(blkid_cache cache);
char *blkid_get_devname(blkid_cache cache, const char *tag, const char *value);
char *blkid_devno_to_devname(dev_t device);

#endif
