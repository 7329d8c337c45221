// SPDX-License-Identifier: MIT
/*
 * Typed hypercall wrappers under the field's names. Each returns what Xen returns: 0 or a count, else a
 * negative errno (xen/errno.h). <arch/hypercall.h> brings hypercall4(); host tests bring their own.
 * Arguments are passed by address: they must lie in mapped memory, structures as in xen/.
 * Context: any, unless said otherwise.
 */
#ifndef XENOLITH_HYPERCALL_H
#define XENOLITH_HYPERCALL_H

#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include <arch/hypercall.h>

/*
 * From <arch/hypercall.h>: long hypercall4(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
 * unsigned long a4). Shorter calls pass zeros, which costs two instructions and keeps one path to trace.
 */

static inline long hypercall3(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3)
{
    return hypercall4(nr, a1, a2, a3, 0);
}

static inline long hypercall2(unsigned int nr, unsigned long a1, unsigned long a2)
{
    return hypercall4(nr, a1, a2, 0, 0);
}

static inline long hypercall1(unsigned int nr, unsigned long a1)
{
    return hypercall4(nr, a1, 0, 0, 0);
}

/** HYPERVISOR_memory_op() - XENMEM_*. ABI: xen/memory.h. */
static inline long HYPERVISOR_memory_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_memory_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_event_channel_op() - EVTCHNOP_*. ABI: xen/event_channel.h. */
static inline long HYPERVISOR_event_channel_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_grant_table_op() - GNTTABOP_*, @count structures at @arg. ABI: xen/grant_table.h. */
static inline long HYPERVISOR_grant_table_op(unsigned int cmd, void *arg, unsigned int count)
{
    return hypercall3(__HYPERVISOR_grant_table_op, cmd, (unsigned long)arg, count);
}

/** HYPERVISOR_sched_op() - SCHEDOP_*; SCHEDOP_block and _poll block in Xen. ABI: xen/sched.h. */
static inline long HYPERVISOR_sched_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_sched_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_vcpu_op() - VCPUOP_*. ABI: xen/vcpu.h. */
static inline long HYPERVISOR_vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
    return hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, (unsigned long)arg);
}

/** HYPERVISOR_set_timer_op() - One shot at @deadline_ns of system time; 0 stops it. ABI: xen/xen.h. */
static inline long HYPERVISOR_set_timer_op(uint64_t deadline_ns)
{
    return hypercall1(__HYPERVISOR_set_timer_op, deadline_ns);
}

/** HYPERVISOR_console_io() - CONSOLEIO_*, @count bytes. ABI: xen/xen.h. */
static inline long HYPERVISOR_console_io(unsigned int cmd, unsigned int count, void *buf)
{
    return hypercall3(__HYPERVISOR_console_io, cmd, count, (unsigned long)buf);
}

/** HYPERVISOR_hvm_op() - HVMOP_*, PVH only. ABI: xen/hvm/hvm_op.h. */
static inline long HYPERVISOR_hvm_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_hvm_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_xen_version() - XENVER_*; with an arg of NULL a cheap way to have events delivered. ABI: xen/version.h. */
static inline long HYPERVISOR_xen_version(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_xen_version, cmd, (unsigned long)arg);
}

/** HYPERVISOR_physdev_op() - PHYSDEVOP_*. ABI: xen/physdev.h. */
static inline long HYPERVISOR_physdev_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_physdev_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_xsm_op() - FLASK_*, where the hypervisor has XSM (-ENOSYS else). ABI: xen/xsm/flask_op.h. */
static inline long HYPERVISOR_xsm_op(void *arg)
{
    return hypercall1(__HYPERVISOR_xsm_op, (unsigned long)arg);
}

/** HYPERVISOR_vm_assist() - VMASST_CMD_*, VMASST_TYPE_*; PV only. ABI: xen/xen.h. */
static inline long HYPERVISOR_vm_assist(unsigned int cmd, unsigned int type)
{
    return hypercall2(__HYPERVISOR_vm_assist, cmd, type);
}

/** HYPERVISOR_multicall() - @nr calls in one; each result in calls[i].result. ABI: xen/xen.h, struct multicall_entry. */
static inline long HYPERVISOR_multicall(struct multicall_entry *calls, unsigned int nr)
{
    return hypercall2(__HYPERVISOR_multicall, (unsigned long)calls, nr);
}

/** HYPERVISOR_mmu_update() - @count updates, PV only. @done: how many succeeded, or NULL. ABI: xen/xen.h, struct mmu_update. */
static inline long HYPERVISOR_mmu_update(struct mmu_update *req, unsigned int count, unsigned int *done,
                                         domid_t domid)
{
    return hypercall4(__HYPERVISOR_mmu_update, (unsigned long)req, count, (unsigned long)done, domid);
}

/** HYPERVISOR_mmuext_op() - MMUEXT_*, PV only. ABI: xen/xen.h, struct mmuext_op. */
static inline long HYPERVISOR_mmuext_op(struct mmuext_op *op, unsigned int count, unsigned int *done,
                                        domid_t domid)
{
    return hypercall4(__HYPERVISOR_mmuext_op, (unsigned long)op, count, (unsigned long)done, domid);
}

/** HYPERVISOR_update_va_mapping() - Set the L1 entry of @va, PV only. @flags: UVMF_*. ABI: xen/xen.h. */
static inline long HYPERVISOR_update_va_mapping(unsigned long va, uint64_t pte, unsigned long flags)
{
    return hypercall3(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

/** HYPERVISOR_set_trap_table() - Exception handlers; an entry of address 0 ends @traps. PV only. ABI: xen/arch-x86/xen.h. */
static inline long HYPERVISOR_set_trap_table(const struct trap_info *traps)
{
    return hypercall1(__HYPERVISOR_set_trap_table, (unsigned long)traps);
}

/** HYPERVISOR_callback_op() - CALLBACKOP_*, PV only. ABI: xen/callback.h. */
static inline long HYPERVISOR_callback_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_callback_op, cmd, (unsigned long)arg);
}

/** HYPERVISOR_set_segment_base() - SEGBASE_*, PV only. ABI: xen/arch-x86/xen-x86_64.h. */
static inline long HYPERVISOR_set_segment_base(unsigned int which, unsigned long base)
{
    return hypercall2(__HYPERVISOR_set_segment_base, which, base);
}

#endif
