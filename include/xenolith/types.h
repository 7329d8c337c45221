// SPDX-License-Identifier: MIT
/*
 * Frame numbers. Three kinds exist and mixing them does not compile:
 *   pfn  pseudo-physical: our own numbering, contiguous from 0; virt == pfn << PAGE_SHIFT for all RAM
 *   mfn  machine: what a PV page table entry holds
 *   gfn  what the hypervisor and other domains call the frame: the mfn in PV, the pfn in PVH
 */
#ifndef XENOLITH_TYPES_H
#define XENOLITH_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

struct pfn {
    unsigned long n;
};

struct mfn {
    unsigned long n;
};

struct gfn {
    unsigned long n;
};

/** virt_to_pfn() - Frame of an address in the linear map (any RAM: image, heap, stacks). */
static inline struct pfn virt_to_pfn(const void *virt)
{
    return (struct pfn){(unsigned long)virt >> PAGE_SHIFT};
}

/** pfn_to_virt() - Address of a RAM frame: virt == pseudo-physical in both modes. */
static inline void *pfn_to_virt(struct pfn pfn)
{
    return (void *)(pfn.n << PAGE_SHIFT);
}

#endif
