// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for arch/irq.h: the upcall mask is a flag, and unmasking delivers what became
 * pending.
 */
#ifndef XENOLITH_ARCH_IRQ_H
#define XENOLITH_ARCH_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/compiler.h>

extern struct shared_info shared_info;

/**
 * struct fake_upcall_state - The virtual CPU's view. Written by the inlines here and by
 * fake_upcall.c.
 */
struct fake_upcall_state {
    bool masked, pending, inside;
};

extern struct fake_upcall_state fake_upcall_state;

/* Runs the upcall while it is pending and unmasked. */
void fake_upcall_deliver(void);

static inline bool upcall_is_enabled(void)
{
    return !fake_upcall_state.masked;
}

static inline void upcall_disable(void)
{
    fake_upcall_state.masked = true;
}

static inline void upcall_enable(void)
{
    fake_upcall_state.masked = false;
    if (fake_upcall_state.pending) {
        fake_upcall_deliver();
    }
}

#endif
