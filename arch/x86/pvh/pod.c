// SPDX-License-Identifier: MIT
/*
 * A PVH domain made with maxmem above memory is told of maxmem's RAM but has only memory's: the rest is populated on
 * demand, until there is none left and Xen kills the domain. So what is not there is given back before
 * anybody uses it. Owns that one decision; ballooning later is not its affair.
 * ABI: xen/memory.h, XENMEM_current_reservation, XENMEM_decrease_reservation.
 */
#include "pvh_priv.h"

#include <xen/memory.h>

#include <xenolith/hypercall.h>

#define BATCH 128

/* Pages that Xen counts as ours and the memory map does not show: rings, ACPI tables. 16 on Xen 4.17; with room. */
#define SPECIAL_PAGES 64

/** give_back() - Frames [end - nr, end), which nobody has touched. Return: how many Xen took. */
static unsigned long give_back(struct pfn end, unsigned long nr)
{
    xen_pfn_t frames[BATCH];
    unsigned long done = 0;

    while (done < nr) {
        unsigned long batch = MIN(nr - done, (unsigned long)BATCH);
        struct xen_memory_reservation r = {.nr_extents = batch, .extent_order = 0, .domid = DOMID_SELF};
        long took;

        for (unsigned long i = 0; i < batch; i++) {
            frames[i] = end.n - done - 1 - i;
        }
        set_xen_guest_handle(r.extent_start, frames);
        took = HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
        if (took <= 0) {
            break;
        }
        done += (unsigned long)took;
    }
    return done;
}

void pvh_forgo_unpopulated(void)
{
    domid_t self = DOMID_SELF;
    long populated = HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
    unsigned long promised = 0, excess;

    for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
        promised += boot_info.ram[i].end.n - boot_info.ram[i].start.n;
    }
    if (populated <= 0 || (unsigned long)populated >= promised) {
        return;
    }
    excess = promised - (unsigned long)populated + SPECIAL_PAGES;
    /* From the top: the builder has populated what it loaded, at the bottom. */
    while (excess > 0 && boot_info.nr_ram > 0) {
        struct boot_ram *last = &boot_info.ram[boot_info.nr_ram - 1];
        unsigned long nr = MIN(excess, last->end.n - last->start.n);
        unsigned long gone = give_back(last->end, nr);

        last->end.n -= gone;
        excess -= gone;
        if (last->end.n == last->start.n && boot_info.nr_ram > 1) {
            boot_info.nr_ram--;
        } else if (gone < nr) {
            break;
        }
    }
}
