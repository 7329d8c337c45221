// SPDX-License-Identifier: MIT
/*
 * Xen's grant tables: ours as other domains use it, and another domain's as we map and copy from it.
 */
#ifndef XENOLITH_FAKE_GNTTAB_H
#define XENOLITH_FAKE_GNTTAB_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#define FAKE_PEER 5 /* the domain whose grants we use */
#define FAKE_PEER_REFS 256U

/** struct fake_gnttab - Knobs and counts. */
struct fake_gnttab {
    unsigned int max_frames;  /* what GNTTABOP_query_size says */
    int16_t query_status;     /* its status */
    unsigned int fail_frames; /* so many calls to map table frames fail */
    int fail_call; /* the next grant_table_op fails as a whole with this errno, having done nothing */
    unsigned int fail_map_at;   /* n-th (from 1) map from now fails with fail_status; 0: none */
    unsigned int fail_unmap_at; /* the same for unmaps; the page stays mapped */
    unsigned int fail_copy_at;
    int16_t fail_status;
    unsigned int nr_mapped; /* mappings of the peer's frames that stand now */
};

extern struct fake_gnttab fake_gnttab;

/** fake_gnttab_start() - Xen answers GNTTABOP_*; the peer has granted FAKE_PEER_REFS frames, odd refs read-only. */
void fake_gnttab_start(unsigned int max_frames);

/** fake_gnttab_entry() - Our entry @ref as Xen sees it; NULL where the table has no frame yet. */
struct grant_entry_v1 *fake_gnttab_entry(grant_ref_t ref);

/** fake_gnttab_table_frames() - How many frames of the table we have mapped. */
unsigned int fake_gnttab_table_frames(void);

/**
 * fake_gnttab_pin() - Domain @dom starts to use our grant @ref, by Xen's atomic step.
 * Return: the frame as it sees it; NULL when the entry does not allow it.
 */
void *fake_gnttab_pin(grant_ref_t ref, domid_t dom, bool write);

/** fake_gnttab_unpin() - It ends its last use of that kind. */
void fake_gnttab_unpin(grant_ref_t ref, bool write);

/** fake_gnttab_peer_page() - What the peer has in the frame of its grant @ref. */
unsigned char *fake_gnttab_peer_page(grant_ref_t ref);

#endif
