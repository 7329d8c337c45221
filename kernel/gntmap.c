// SPDX-License-Identifier: MIT
/*
 * Using other domains' grants: mapping them into the window, and having Xen copy.
 * Never trusts what is behind a mapping; a window page that cannot be unmapped is never used again.
 * ABI: xen/grant_table.h, GNTTABOP_map_grant_ref, _unmap_grant_ref, _copy.
 */
#include <xenolith/gnttab.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/hypercall.h>
#include <xenolith/trace.h>
#include <xenolith/vm.h>

#include "gnttab_priv.h"

#define NOT_MAPPED ((grant_handle_t)-1)
#define UNMAP_BATCH 32

int gnttab_status_errno(int16_t status)
{
    switch (status) {
    case GNTST_okay:
        return 0;
    case GNTST_bad_domain:
        return -ESRCH;
    case GNTST_bad_gntref:
    case GNTST_bad_handle:
    case GNTST_bad_copy_arg:
    case GNTST_bad_page:
        return -EINVAL;
    case GNTST_permission_denied:
        return -EACCES;
    case GNTST_address_too_big:
        return -EOVERFLOW;
    case GNTST_no_device_space:
    case GNTST_no_space:
        return -ENOSPC;
    case GNTST_eagain:
        return -EAGAIN;
    default:
        return -EIO;
    }
}

/** unmap_batch() - One hypercall for up to UNMAP_BATCH pages from @first on. Return: 0, or the first failure. */
static int unmap_batch(const struct gnttab_mapping *m, unsigned int first, unsigned int nr)
{
    struct gnttab_unmap_grant_ref ops[UNMAP_BATCH];
    unsigned int pages[UNMAP_BATCH];
    unsigned int nr_ops = 0;
    int rc;

    for (unsigned int i = first; i < first + nr; i++) {
        if (m->handles[i] != NOT_MAPPED) {
            pages[nr_ops] = i;
            ops[nr_ops++] = (struct gnttab_unmap_grant_ref){.host_addr = (uintptr_t)m->addr + i * PAGE_SIZE,
                                                            .handle = m->handles[i],
                                                            .status = GNTST_general_error};
        }
    }
    rc = nr_ops == 0 ? 0 : (int)HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, ops, nr_ops);
    for (unsigned int i = 0; i < nr_ops; i++) {
        int status = gnttab_status_errno(ops[i].status);

        TRACE(TRACE_GRANT, TRACE_EV_GRANT_UNMAP, ops[i].handle, status, 0);
        gnttab_stats.unmaps++;
        if (status == 0) {
            m->handles[pages[i]] = NOT_MAPPED;
        }
        rc = rc != 0 ? rc : status;
    }
    return rc;
}

/** unmap_all() - Unmap every page that has a handle. Return: 0, or the first failure. */
static int unmap_all(const struct gnttab_mapping *m)
{
    int rc = 0;

    for (unsigned int i = 0; i < m->nr_pages; i += UNMAP_BATCH) {
        int batch = unmap_batch(m, i, MIN(m->nr_pages - i, (unsigned int)UNMAP_BATCH));

        rc = rc != 0 ? rc : batch;
    }
    return rc;
}

int gnttab_unmap(struct gnttab_mapping *m)
{
    int rc = unmap_all(m);

    if (rc == 0) {
        vm_window_free(m->addr, m->nr_pages);
    }
    heap_free(m->handles);
    *m = (struct gnttab_mapping){0};
    return rc;
}

/** map_all() - One hypercall for all. Return: 0, or the first failure; handles tell what is mapped. */
static int map_all(domid_t remote, const grant_ref_t *refs, struct gnttab_mapping *m)
{
    struct gnttab_map_grant_ref *ops = heap_zalloc(m->nr_pages, sizeof(*ops));
    int rc;

    if (ops == NULL) {
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < m->nr_pages; i++) {
        ops[i] = (struct gnttab_map_grant_ref){
            .host_addr = (uintptr_t)m->addr + i * PAGE_SIZE,
            .flags = GNTMAP_host_map | (m->readonly ? GNTMAP_readonly : 0),
            .ref = refs[i],
            .dom = remote,
            .status = GNTST_general_error,
        };
    }
    rc = (int)HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, ops, m->nr_pages);
    for (unsigned int i = 0; i < m->nr_pages; i++) {
        if (ops[i].status == GNTST_okay) {
            m->handles[i] = ops[i].handle;
        } else {
            rc = rc != 0 ? rc : gnttab_status_errno(ops[i].status);
        }
        TRACE(TRACE_GRANT, TRACE_EV_GRANT_MAP, refs[i], remote, ops[i].status);
        gnttab_stats.maps++;
    }
    heap_free(ops);
    return rc;
}

int gnttab_map(domid_t remote, const grant_ref_t *refs, unsigned int nr, bool readonly,
               struct gnttab_mapping *out)
{
    struct gnttab_mapping m = {.nr_pages = nr, .readonly = readonly};
    int rc;

    if (nr == 0) {
        return -EINVAL;
    }
    m.handles = heap_alloc(nr * sizeof(*m.handles));
    m.addr = vm_window_alloc(nr);
    if (m.handles == NULL || m.addr == NULL) {
        rc = -ENOMEM;
        goto fail;
    }
    for (unsigned int i = 0; i < nr; i++) {
        m.handles[i] = NOT_MAPPED;
    }
    rc = map_all(remote, refs, &m);
    if (rc == 0) {
        *out = m;
        return 0;
    }
    if (unmap_all(&m) != 0) {
        m.addr = NULL; /* something still sits there */
    }
fail:
    if (m.addr != NULL) {
        vm_window_free(m.addr, nr);
    }
    heap_free(m.handles);
    return rc;
}

int gnttab_copy(struct gnttab_copy *ops, unsigned int nr)
{
    int rc = nr == 0 ? 0 : (int)HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, nr);

    for (unsigned int i = 0; rc == 0 && i < nr; i++) {
        rc = gnttab_status_errno(ops[i].status);
    }
    gnttab_stats.copies += nr;
    TRACE(TRACE_GRANT, TRACE_EV_GRANT_COPY, nr, rc, 0);
    return rc;
}
