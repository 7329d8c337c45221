// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/socket's files when they are compiled for the host, whose own calls of these names must stay.
 */
#ifndef NET_SOCKETS_NAMES_H
#define NET_SOCKETS_NAMES_H

#include <signal.h>
#include <stdlib.h>

/* The test ends otherwise than a program does. */
static inline int own_atexit(void (*fn)(void))
{
    (void)fn;
    return 0;
}
#define atexit own_atexit

int own_raise(int number);
#define raise own_raise

#define if_nametoindex   own_if_nametoindex
#define if_indextoname   own_if_indextoname
#define if_nameindex     own_if_nameindex
#define if_freenameindex own_if_freenameindex
#define getifaddrs       own_getifaddrs
#define freeifaddrs      own_freeifaddrs

#endif
