// SPDX-License-Identifier: MIT
/*
 * Our grant table, version 1: which references are free, making and ending grants, growing the table. The entries are
 * shared with Xen and, through it, with every domain we grant to: only flags changes under us (reading, writing).
 * Using other domains' grants is gntmap.c's.
 * ABI: xen/grant_table.h, struct grant_entry_v1.
 */
#include <xenolith/gnttab.h>

#include <arch/cpu.h>
#include <arch/paging.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/page.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>
#include <xenolith/vm.h>

#include "gnttab_priv.h"

#define REFS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define NO_REF UINT32_MAX

/* Guarded by upcalls off: grants are made and ended in both contexts. */
static struct grant_entry_v1 *table;
static uint32_t *next_free; /* by ref: the next free one */
static uint32_t first_free = NO_REF;

struct gnttab_stats gnttab_stats;

/** grow() - One frame more, or as many as already there. Threads only. */
static int grow(unsigned int frames)
{
    unsigned int old = gnttab_stats.nr_frames;
    unsigned int wanted = MIN(old + frames, gnttab_stats.max_frames);
    uint32_t *bigger, *smaller = next_free;
    bool was;
    int rc;

    if (wanted == old) {
        return -ENOSPC;
    }
    bigger = heap_alloc(wanted * REFS_PER_FRAME * sizeof(*next_free));
    if (bigger == NULL) {
        return -ENOMEM;
    }
    rc = arch_map_gnttab((uintptr_t)table + old * PAGE_SIZE, old, wanted - old);
    if (rc != 0) {
        heap_free(bigger);
        return rc;
    }
    was = upcall_save();
    memcpy(bigger, smaller, old * REFS_PER_FRAME * sizeof(*next_free));
    next_free = bigger;
    for (uint32_t ref = (uint32_t)(wanted * REFS_PER_FRAME); ref-- > old * REFS_PER_FRAME;) {
        if (ref >= GNTTAB_NR_RESERVED_ENTRIES) {
            next_free[ref] = first_free;
            first_free = ref;
            gnttab_stats.refs_free++;
            gnttab_stats.refs_total++;
        }
    }
    gnttab_stats.nr_frames = wanted;
    upcall_restore(was);
    heap_free(smaller);
    return 0;
}

int gnttab_init(void)
{
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    int rc;

    if (table != NULL) {
        return 0;
    }
    rc = (int)HYPERVISOR_grant_table_op(GNTTABOP_query_size, &query, 1);
    if (rc != 0 || query.status != GNTST_okay) {
        return rc != 0 ? rc : gnttab_status_errno(query.status);
    }
    if (query.max_nr_frames == 0) {
        return -ENOSPC;
    }
    table = vm_window_alloc(query.max_nr_frames);
    if (table == NULL) {
        return -ENOMEM;
    }
    gnttab_stats.max_frames = query.max_nr_frames;
    rc = grow(1);
    if (rc != 0) {
        vm_window_free(table, query.max_nr_frames);
        table = NULL;
    }
    return rc;
}

int gnttab_reserve(unsigned int nr)
{
    int rc = gnttab_init();

    while (rc == 0 && gnttab_stats.refs_free < nr) {
        unsigned int missing = nr - gnttab_stats.refs_free;

        rc = grow((missing + REFS_PER_FRAME - 1) / REFS_PER_FRAME);
    }
    return rc;
}

/** take_ref() - With upcalls off. */
static grant_ref_t take_ref(void)
{
    grant_ref_t ref = first_free;

    if (ref != NO_REF) {
        first_free = next_free[ref];
        gnttab_stats.refs_free--;
    }
    return ref;
}

static void give_ref(grant_ref_t ref)
{
    bool was = upcall_save();

    next_free[ref] = first_free;
    first_free = ref;
    gnttab_stats.refs_free++;
    upcall_restore(was);
}

int gnttab_grant(domid_t remote, const void *page, bool readonly, grant_ref_t *ref_out)
{
    struct gfn gfn = virt_to_gfn(page);
    grant_ref_t ref;
    bool was;

    if (gfn.n > UINT32_MAX) {
        return -EOVERFLOW; /* version 1 has 32 bits */
    }
    if (UNLIKELY(first_free == NO_REF)) {
        int rc = in_upcall() ? -ENOSPC : gnttab_reserve(MAX(1U, gnttab_stats.refs_total));

        /* Doubling may be too much to ask; one is enough. */
        if (rc != 0 && first_free == NO_REF && (in_upcall() || gnttab_reserve(1) != 0)) {
            return rc;
        }
    }
    was = upcall_save();
    ref = take_ref();
    upcall_restore(was);
    if (ref == NO_REF || table == NULL) {
        return -ENOSPC;
    }
    table[ref].frame = (uint32_t)gfn.n;
    table[ref].domid = remote;
    smp_wmb();
    WRITE_ONCE(table[ref].flags, (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)));
    gnttab_stats.grants++;
    TRACE(TRACE_GRANT, TRACE_EV_GRANT, ref, gfn.n, remote | (uint32_t)readonly << 16);
    *ref_out = ref;
    return 0;
}

static bool is_ours(grant_ref_t ref)
{
    return table != NULL && ref >= GNTTAB_NR_RESERVED_ENTRIES &&
           ref < gnttab_stats.nr_frames * REFS_PER_FRAME;
}

bool gnttab_in_use(grant_ref_t ref)
{
    return is_ours(ref) && (READ_ONCE(table[ref].flags) & (GTF_reading | GTF_writing)) != 0;
}

/** revoke() - Take permit_access away unless the other side is in; Xen sets its bits by the same atomic step. */
static int revoke(grant_ref_t ref)
{
    uint16_t flags = READ_ONCE(table[ref].flags);

    do {
        if (flags & (GTF_reading | GTF_writing)) {
            return -EBUSY;
        }
        if ((flags & GTF_type_mask) != GTF_permit_access) {
            return -EINVAL; /* not granted: a double end */
        }
    } while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, 0, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return 0;
}

int gnttab_end(grant_ref_t ref)
{
    int rc = is_ours(ref) ? revoke(ref) : -EINVAL;

    TRACE(TRACE_GRANT, TRACE_EV_GRANT_END, ref, rc, 0);
    if (rc == 0) {
        gnttab_stats.ends++;
        give_ref(ref);
    } else if (rc == -EBUSY) {
        gnttab_stats.ends_busy++;
    }
    return rc;
}

int gnttab_end_page(grant_ref_t ref, void *page)
{
    int rc = gnttab_end(ref);

    if (rc == 0) {
        page_free(page, 0);
    }
    if (rc != -EBUSY) {
        return rc;
    }
    gnttab_stats.quarantined++;
    page_quarantine(page);
    pr_warn("gnttab: ref %u is still in use by its domain; its page is lost", ref);
    return rc;
}

void gnttab_get_stats(struct gnttab_stats *out)
{
    *out = gnttab_stats;
}
