// SPDX-License-Identifier: MIT
/*
 * Grant tables, version 1: giving frames to other domains, and using theirs. The table grows on demand
 * up to what Xen allows us.
 * ABI: xen/grant_table.h.
 */
#ifndef XENOLITH_GNTTAB_H
#define XENOLITH_GNTTAB_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#include <xenolith/compiler.h>
#include <xenolith/types.h>

/**
 * gnttab_grant() - Let @remote use one of our frames.
 * @page:     Any address in the frame (linear map).
 * @readonly: @remote may only read.
 * @ref_out:  The reference to hand to it; written on success.
 * Context: any, never blocks, no hypercall but when the table must grow (then threads only).
 * Return: 0; -ENOSPC when the table is full at the limit; -ENOMEM.
 */
int gnttab_grant(domid_t remote, const void *page, bool readonly, grant_ref_t *ref_out) MUST_CHECK;

/**
 * gnttab_end() - Take a grant back.
 * Return: 0, the ref is free and the frame ours alone; -EBUSY while @remote has it mapped: the grant stands,
 * the frame must not be reused (try later, or gnttab_end_page() to give it up).
 */
int gnttab_end(grant_ref_t ref) MUST_CHECK;

/**
 * gnttab_end_page() - Take back and free a frame of page_alloc(0); one still mapped goes to quarantine with its ref.
 * Return: 0; -EBUSY when it was quarantined; -EINVAL for what is not granted, and the page stays the caller's.
 */
int gnttab_end_page(grant_ref_t ref, void *page);

/** gnttab_in_use() - Is the grant mapped, or being accessed, by the other side right now? */
bool gnttab_in_use(grant_ref_t ref);

/** gnttab_reserve() - Grow the table so that @nr grants succeed without a hypercall. Threads. 0, -ENOSPC, -ENOMEM. */
int gnttab_reserve(unsigned int nr);

/**
 * struct gnttab_mapping - Foreign frames in our address space.
 * @addr: nr_pages contiguous pages; treat every byte as hostile and changing.
 */
struct gnttab_mapping {
    void *addr;
    unsigned int nr_pages;
    grant_handle_t *handles;
    bool readonly;
};

/**
 * gnttab_map() - Map @nr grants of domain @remote side by side.
 * @remote: Another domain. As PVH a grant of our own must not be mapped: Xen would take the frame away from its old place.
 * Context: threads. Return: 0, or the first failure as -errno with nothing left mapped.
 */
int gnttab_map(domid_t remote, const grant_ref_t *refs, unsigned int nr, bool readonly,
               struct gnttab_mapping *out) MUST_CHECK;

/** gnttab_unmap() - Undo gnttab_map(). Return: 0, or -errno; what cannot be unmapped is never reused. */
int gnttab_unmap(struct gnttab_mapping *mapping);

/**
 * gnttab_copy() - Have Xen copy between frames (GNTTABOP_copy), @nr segments in one hypercall.
 * Each segment's status is left in ops[i].status (GNTST_*). Return: 0 when all went well, else the first failure as -errno.
 */
int gnttab_copy(struct gnttab_copy *ops, unsigned int nr);

/** gnttab_status_errno() - GNTST_* as a negative errno (0 for GNTST_okay). */
int gnttab_status_errno(int16_t status);

/** struct gnttab_stats - frames in the table and refs now; operations since boot. */
struct gnttab_stats {
    unsigned int nr_frames, max_frames, refs_total, refs_free, quarantined;
    uint64_t grants, ends, ends_busy, maps, unmaps, copies;
};

void gnttab_get_stats(struct gnttab_stats *out);

/** gnttab_init() - Map the first frame of the table. Context: once, from kernel_main(), or at first use. 0 or -errno. */
int gnttab_init(void);

#endif
