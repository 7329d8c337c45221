// SPDX-License-Identifier: MIT
/*
 * What the PVH files share.
 */
#ifndef XENOLITH_PVH_PRIV_H
#define XENOLITH_PVH_PRIV_H

#include <stdint.h>

#include <xenolith/types.h>

#include "../x86_priv.h"

/* The vector of the upcall; above the exceptions, so that the IDT stays short. */
#define PVH_UPCALL_VECTOR NR_TRAPS

extern uint64_t pvh_gdt[5];

/**
 * pvh_pt_init() - Replace the generous first mapping: 4 KiB pages under the image (W^X, guards), large ones elsewhere.
 * @pool: Frames that the tables may take, mapped by the first mapping; advanced.
 */
void pvh_pt_init(struct pfn *pool);

/** pvh_map_page() - One 4 KiB page anywhere, identity or not. 0 or -ENOMEM. */
int pvh_map_page(uintptr_t va, uint64_t pte);

/** pvh_forgo_unpopulated() - Take RAM that is promised but not there (populate on demand) out of boot_info.ram. */
void pvh_forgo_unpopulated(void);

/** pvh_traps_init() - GDT's TSS, IDT. */
void pvh_traps_init(void);

#endif
