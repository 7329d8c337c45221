// SPDX-License-Identifier: MIT
/*
 * Numbers in a given order of bytes; newlib has them behind another name.
 */
#ifndef _ENDIAN_H
#define _ENDIAN_H

#include <sys/endian.h>

#endif
