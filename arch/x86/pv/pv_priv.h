// SPDX-License-Identifier: MIT
/*
 * What the PV files share.
 */
#ifndef XENOLITH_PV_PRIV_H
#define XENOLITH_PV_PRIV_H

#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/types.h>

#include "../x86_priv.h"

/* The p2m list that the domain builder made: machine frame of each pfn. Ours alone; Xen does not read it. */
extern const unsigned long *pv_p2m;

static inline struct mfn pfn_to_mfn(struct pfn pfn)
{
    return (struct mfn){pv_p2m[pfn.n]};
}

/** pv_pt_init() - Learn the tables the builder made at @pt_base and narrow them: W^X, guards, page 0. */
void pv_pt_init(uintptr_t pt_base);

/** pv_pt_mapped_end() - One above the last frame that the builder mapped. */
struct pfn pv_pt_mapped_end(void);

/**
 * pv_pt_map_ram() - Map frames [start, end) of RAM, a multiple of 2 MiB apart from the RAM's end; the tables come out of
 * the first frames of that range, and the first frame that is left over is returned.
 */
struct pfn pv_pt_map_ram(struct pfn start, struct pfn end);

/** pv_update_va() - Set the L1 entry of a mapped address, which has its tables. 0 or -errno. */
int pv_update_va(uintptr_t va, uint64_t pte);

/** pv_traps_init() - Register exceptions and the upcall. */
void pv_traps_init(void);

#endif
