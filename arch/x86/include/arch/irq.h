// SPDX-License-Identifier: MIT
/*
 * The upcall mask of x86. PVH uses RFLAGS.IF; PV uses evtchn_upcall_mask of our vcpu_info, whose pending byte
 * must be looked at after unmasking, because Xen does not deliver by itself then.
 * ABI: xen/xen.h, struct vcpu_info.
 */
#ifndef XENOLITH_ARCH_IRQ_H
#define XENOLITH_ARCH_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/boot.h>
#include <xenolith/compiler.h>

/* Mapped over a page of the image by arch setup, before anyone uses it. */
extern struct shared_info shared_info;

/* entry.S's way to deliver what became pending while masked: HYPERVISOR_xen_version. */
void upcall_force(void);

static inline bool upcall_is_enabled(void)
{
    unsigned long rflags;

    if (boot_is_pv()) {
        return READ_ONCE(shared_info.vcpu_info[0].evtchn_upcall_mask) == 0;
    }
    __asm__ volatile("pushfq; popq %0" : "=r"(rflags)::"memory");
    return (rflags & (1UL << 9)) != 0;
}

static inline void upcall_disable(void)
{
    if (boot_is_pv()) {
        WRITE_ONCE(shared_info.vcpu_info[0].evtchn_upcall_mask, 1);
        barrier();
    } else {
        __asm__ volatile("cli" ::: "memory");
    }
}

static inline void upcall_enable(void)
{
    if (boot_is_pv()) {
        barrier();
        WRITE_ONCE(shared_info.vcpu_info[0].evtchn_upcall_mask, 0);
        barrier();
        /* Only our own vCPU sets pending, so a plain look after the store suffices. */
        if (UNLIKELY(READ_ONCE(shared_info.vcpu_info[0].evtchn_upcall_pending))) {
            upcall_force();
        }
    } else {
        __asm__ volatile("sti" ::: "memory");
    }
}

#endif
