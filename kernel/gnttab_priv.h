// SPDX-License-Identifier: MIT
/*
 * Between gnttab.c and gntmap.c.
 */
#ifndef XENOLITH_GNTTAB_PRIV_H
#define XENOLITH_GNTTAB_PRIV_H

#include <xenolith/gnttab.h>

extern struct gnttab_stats gnttab_stats;

#endif
