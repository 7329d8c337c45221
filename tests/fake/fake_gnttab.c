// SPDX-License-Identifier: MIT
/*
 * A model of Xen's grant operations on real memory: what is mapped shows in the window, what is copied is copied,
 * and every structure is judged as Xen judges it.
 */
#include <fake_gnttab.h>

#include <stdlib.h>
#include <string.h>

#include <arch/paging.h>
#include <fake.h>
#include <xenolith/errno.h>
#include <xenolith/types.h>
#include <xenolith/vm.h>

#define MAX_TABLE_FRAMES 64U
#define MAX_HANDLES      4096U
#define REFS_PER_FRAME   (PAGE_SIZE / sizeof(struct grant_entry_v1))

struct mapping {
    bool used;
    uint64_t host_addr;
};

struct fake_gnttab fake_gnttab;

static struct gfn table[MAX_TABLE_FRAMES];
static unsigned int nr_table, nr_seen;
static struct gfn peer_frames[FAKE_PEER_REFS];
static struct mapping mappings[MAX_HANDLES];

/* ---- Our table ---- */

int arch_map_gnttab(uintptr_t va, unsigned int first, unsigned int nr)
{
    for (unsigned int i = first; i < first + nr; i++) {
        if (fake_gnttab.fail_frames > 0) {
            fake_gnttab.fail_frames--;
            return -ENOMEM;
        }
        if (i >= fake_gnttab.max_frames || i >= MAX_TABLE_FRAMES) {
            return -EINVAL;
        }
        if (i >= nr_table) {
            table[nr_table++] = fake_xen_frame();
        }
        if (fake_window_map((void *)(va + (i - first) * PAGE_SIZE), table[i], false) != 0) {
            return -EINVAL;
        }
        nr_seen = i + 1 > nr_seen ? i + 1 : nr_seen;
    }
    return 0;
}

unsigned int fake_gnttab_table_frames(void)
{
    return nr_seen;
}

struct grant_entry_v1 *fake_gnttab_entry(grant_ref_t ref)
{
    unsigned int frame = (unsigned int)(ref / REFS_PER_FRAME);
    struct grant_entry_v1 *entries;

    if (frame >= nr_table) {
        return NULL;
    }
    entries = fake_gfn_to_virt(table[frame]);
    return &entries[ref % REFS_PER_FRAME];
}

void *fake_gnttab_pin(grant_ref_t ref, domid_t dom, bool write)
{
    struct grant_entry_v1 *e = fake_gnttab_entry(ref);
    uint16_t want = (uint16_t)(GTF_reading | (write ? GTF_writing : 0)), flags;

    if (e == NULL) {
        return NULL;
    }
    flags = __atomic_load_n(&e->flags, __ATOMIC_SEQ_CST);
    do {
        if ((flags & GTF_type_mask) != GTF_permit_access || e->domid != dom ||
            (write && (flags & GTF_readonly))) {
            return NULL;
        }
    } while (!__atomic_compare_exchange_n(&e->flags, &flags, flags | want, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return fake_gfn_to_virt((struct gfn){e->frame});
}

void fake_gnttab_unpin(grant_ref_t ref, bool write)
{
    uint16_t bits = (uint16_t)(GTF_reading | (write ? GTF_writing : 0));

    __atomic_fetch_and(&fake_gnttab_entry(ref)->flags, (uint16_t)~bits, __ATOMIC_SEQ_CST);
}

/* ---- The peer's grants ---- */

unsigned char *fake_gnttab_peer_page(grant_ref_t ref)
{
    return fake_gfn_to_virt(peer_frames[ref]);
}

static bool due(unsigned int *countdown)
{
    return *countdown != 0 && --*countdown == 0;
}

static bool refused(domid_t dom, grant_ref_t ref, bool write, int16_t *status)
{
    *status = dom != FAKE_PEER          ? GNTST_bad_domain
              : ref >= FAKE_PEER_REFS   ? GNTST_bad_gntref
              : write && (ref & 1) != 0 ? GNTST_permission_denied
                                        : GNTST_okay;
    return *status != GNTST_okay;
}

static void map(struct gnttab_map_grant_ref *op)
{
    if (due(&fake_gnttab.fail_map_at)) {
        op->status = fake_gnttab.fail_status;
        return;
    }
    if ((op->flags & GNTMAP_host_map) == 0 ||
        refused(op->dom, op->ref, !(op->flags & GNTMAP_readonly), &op->status)) {
        op->status = op->status == GNTST_okay ? GNTST_general_error : op->status;
        return;
    }
    for (unsigned int h = 0; h < MAX_HANDLES; h++) {
        if (!mappings[h].used) {
            if (fake_window_map((void *)op->host_addr, peer_frames[op->ref],
                                (op->flags & GNTMAP_readonly) != 0) != 0) {
                op->status = GNTST_general_error;
                return;
            }
            mappings[h] = (struct mapping){true, op->host_addr};
            op->handle = h;
            op->dev_bus_addr = 0;
            fake_gnttab.nr_mapped++;
            return;
        }
    }
    op->status = GNTST_no_space;
}

static void unmap(struct gnttab_unmap_grant_ref *op)
{
    if (due(&fake_gnttab.fail_unmap_at)) {
        op->status = fake_gnttab.fail_status;
        return;
    }
    if (op->handle >= MAX_HANDLES || !mappings[op->handle].used) {
        op->status = GNTST_bad_handle;
        return;
    }
    if (mappings[op->handle].host_addr != op->host_addr) {
        op->status = GNTST_general_error;
        return;
    }
    fake_window_unmap((void *)op->host_addr);
    mappings[op->handle].used = false;
    fake_gnttab.nr_mapped--;
    op->status = GNTST_okay;
}

static unsigned char *copy_side(const struct gnttab_copy *op, bool dest, int16_t *status)
{
    bool is_ref = (op->flags & (dest ? GNTCOPY_dest_gref : GNTCOPY_source_gref)) != 0;
    domid_t dom = dest ? op->dest.domid : op->source.domid;
    grant_ref_t ref = dest ? op->dest.u.ref : op->source.u.ref;
    unsigned char *page;

    if (!is_ref) {
        page = dom == DOMID_SELF ? fake_gfn_to_virt((struct gfn){dest ? op->dest.u.gmfn : op->source.u.gmfn})
                                 : NULL;
        *status = page == NULL ? GNTST_permission_denied : GNTST_okay;
        return page;
    }
    return refused(dom, ref, dest, status) ? NULL : fake_gnttab_peer_page(ref);
}

static void copy(struct gnttab_copy *op)
{
    unsigned char *from, *to;

    if (due(&fake_gnttab.fail_copy_at)) {
        op->status = fake_gnttab.fail_status;
        return;
    }
    if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
        op->status = GNTST_bad_copy_arg;
        return;
    }
    from = copy_side(op, false, &op->status);
    to = from != NULL ? copy_side(op, true, &op->status) : NULL;
    if (to != NULL) {
        memcpy(to + op->dest.offset, from + op->source.offset, op->len);
    }
}

static long grant_table_op(unsigned long cmd, unsigned long arg, unsigned long count, unsigned long a4)
{
    (void)a4;
    if (fake_gnttab.fail_call != 0) {
        int rc = fake_gnttab.fail_call;

        fake_gnttab.fail_call = 0;
        return rc;
    }
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        for (unsigned long i = 0; i < count; i++) {
            map((struct gnttab_map_grant_ref *)arg + i);
        }
        return 0;
    case GNTTABOP_unmap_grant_ref:
        for (unsigned long i = 0; i < count; i++) {
            unmap((struct gnttab_unmap_grant_ref *)arg + i);
        }
        return 0;
    case GNTTABOP_copy:
        for (unsigned long i = 0; i < count; i++) {
            copy((struct gnttab_copy *)arg + i);
        }
        return 0;
    case GNTTABOP_query_size: {
        struct gnttab_query_size *op = (struct gnttab_query_size *)arg;

        op->nr_frames = 1;
        op->max_nr_frames = fake_gnttab.max_frames;
        op->status = fake_gnttab.query_status;
        return 0;
    }
    default:
        return -ENOSYS;
    }
}

void fake_gnttab_start(unsigned int max_frames)
{
    fake_gnttab = (struct fake_gnttab){.max_frames = max_frames, .fail_status = GNTST_general_error};
    for (unsigned int ref = 0; ref < FAKE_PEER_REFS; ref++) {
        peer_frames[ref] = fake_xen_frame();
    }
    fake_hypercall_set(__HYPERVISOR_grant_table_op, grant_table_op);
}
