// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/posix/text.c when it is compiled for the host, whose own calls of these names must stay.
 */
#ifndef LIBC_TEXT_NAMES_H
#define LIBC_TEXT_NAMES_H

#define timegm         own_timegm
#define getline        own_getline
#define getdelim       own_getdelim
#define dirname        own_dirname
#define __xpg_basename own_basename

#endif
