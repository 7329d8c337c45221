// SPDX-License-Identifier: MIT
/*
 * newlib's own, behind <newlib.h>, on which it depends. <sys/param.h> includes it without: a program that did so first would look for its
 * errno in a place that does not exist.
 */
#ifndef _XENOLITH_SYS_CONFIG_H
#define _XENOLITH_SYS_CONFIG_H

#include <newlib.h>

#include_next <sys/config.h>

#endif
