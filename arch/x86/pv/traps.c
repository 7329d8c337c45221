// SPDX-License-Identifier: MIT
/*
 * Exceptions and the upcall as PV: registered with Xen, which pushes the frames.
 * ABI: xen/arch-x86/xen.h, struct trap_info; xen/callback.h.
 */
#include "pv_priv.h"

#include <xen/callback.h>

#include <xenolith/hypercall.h>
#include <xenolith/shutdown.h>

static void register_callback(unsigned int type, const char *entry, unsigned int flags)
{
    struct callback_register cb = {
        .type = (uint16_t)type, .flags = (uint16_t)flags, .address = (unsigned long)entry};

    if (HYPERVISOR_callback_op(CALLBACKOP_register, &cb) != 0) {
        shutdown_now(SHUTDOWN_crash);
    }
}

void pv_traps_init(void)
{
    struct trap_info traps[NR_TRAPS + 1];

    for (unsigned int i = 0; i < NR_TRAPS; i++) {
        traps[i] = (struct trap_info){
            .vector = (uint8_t)i,
            .flags = (i == 3 || i == 4) ? 3 : 0,
            .cs = FLAT_KERNEL_CS,
            .address = (unsigned long)pv_trap_entries + i * TRAP_ENTRY_BYTES,
        };
    }
    traps[NR_TRAPS] = (struct trap_info){.address = 0};
    if (HYPERVISOR_set_trap_table(traps) != 0) {
        shutdown_now(SHUTDOWN_crash);
    }
    register_callback(CALLBACKTYPE_event, pv_upcall, CALLBACKF_mask_events);
    register_callback(CALLBACKTYPE_failsafe, pv_failsafe, CALLBACKF_mask_events);
}
