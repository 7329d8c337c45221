// SPDX-License-Identifier: MIT
/*
 * Structure offsets for assembly: compiled to assembly text, from which the build makes <arch/offsets.h>.
 * Never linked.
 */
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xenolith/boot.h>
#include <xenolith/panic.h>

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"@ " #name " %c0\"" ::"i"(value))

/* The boot stack becomes the main thread's. */
#define BOOT_STACK_BYTES_ (64 << 10)

void offsets(void);

void offsets(void)
{
    DEFINE(BOOT_STACK_BYTES, BOOT_STACK_BYTES_);
    DEFINE(BOOT_MODE_PV, BOOT_PV);
    DEFINE(BOOT_MODE_PVH, BOOT_PVH);
    DEFINE(BOOT_INFO_mode, offsetof(struct boot_info, mode));
    DEFINE(BOOT_INFO_first_tsc, offsetof(struct boot_info, first_tsc));
    DEFINE(SHARED_INFO_upcall_pending, offsetof(struct shared_info, vcpu_info[0].evtchn_upcall_pending));
    DEFINE(SHARED_INFO_upcall_mask, offsetof(struct shared_info, vcpu_info[0].evtchn_upcall_mask));
}

_Static_assert(sizeof(struct cpu_regs) == 22 * 8, "entry.S pushes 15 registers, 2 words and the 5 of iretq");
_Static_assert(offsetof(struct cpu_regs, rdi) == 14 * 8, "entry.S pushes rdi first");
