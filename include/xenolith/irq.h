// SPDX-License-Identifier: MIT
/*
 * Holding upcalls off. PVH: RFLAGS.IF. PV: evtchn_upcall_mask in the shared page, and unmasking looks at
 * what became pending meanwhile. Sections nest by the saved state; keep them to a few instructions.
 */
#ifndef XENOLITH_IRQ_H
#define XENOLITH_IRQ_H

#include <stdbool.h>

#include <arch/irq.h>

/*
 * From <arch/irq.h>:
 *   void upcall_enable(void)        unmask; delivers what is pending
 *   void upcall_disable(void)
 *   bool upcall_is_enabled(void)
 */

/** upcall_save() - Hold upcalls off. Return: whether they were on before. */
static inline bool upcall_save(void)
{
    bool was = upcall_is_enabled();

    upcall_disable();
    return was;
}

/** upcall_restore() - Back to what upcall_save() returned; delivers what is pending. */
static inline void upcall_restore(bool was)
{
    if (was) {
        upcall_enable();
    }
}

/** in_upcall() - Are we inside an upcall handler? There nothing may block. */
bool in_upcall(void);

#endif
