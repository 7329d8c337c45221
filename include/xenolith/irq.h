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
 *   bool upcall_save(void)          mask; returns whether they were enabled before
 *   void upcall_restore(bool was)   back to what upcall_save() returned; delivers what is pending
 *   void upcall_enable(void)
 *   void upcall_disable(void)
 *   bool upcall_is_enabled(void)
 */

/** in_upcall() - Are we inside an upcall handler? There nothing may block. */
bool in_upcall(void);

#endif
