# SPDX-License-Identifier: MIT
"""Names for the numbers in a trace: hypercalls and their sub-operations, events, xenstore messages, error numbers.

ABI: the headers under xen/ (xen.h, event_channel.h, grant_table.h, sched.h, memory.h, vcpu.h, version.h, hvm/hvm_op.h, physdev.h,
io/xs_wire.h, errno.h) and include/xenolith/trace.h.
"""


def numbered(text, first=0):
    return dict(enumerate(text.split(), first))


HYPERCALLS = {
    0: "set_trap_table", 1: "mmu_update", 2: "set_gdt", 3: "stack_switch", 4: "set_callbacks", 5: "fpu_taskswitch",
    7: "platform_op", 8: "set_debugreg", 9: "get_debugreg", 10: "update_descriptor", 12: "memory_op", 13: "multicall",
    14: "update_va_mapping", 15: "set_timer_op", 17: "xen_version", 18: "console_io", 20: "grant_table_op", 21: "vm_assist",
    22: "update_va_mapping_otherdomain", 23: "iret", 24: "vcpu_op", 25: "set_segment_base", 26: "mmuext_op", 27: "xsm_op",
    28: "nmi_op", 29: "sched_op", 30: "callback_op", 32: "event_channel_op", 33: "physdev_op", 34: "hvm_op", 35: "sysctl",
    36: "domctl", 39: "argo_op", 41: "dm_op", 42: "hypfs_op",
}

# Of hypercalls whose first argument is a command.
SUBOPS = {
    "event_channel_op": numbered("bind_interdomain bind_virq bind_pirq close send status alloc_unbound bind_ipi bind_vcpu "
                                 "unmask reset init_control expand_array set_priority reset_cont"),
    "grant_table_op": numbered("map_grant_ref unmap_grant_ref setup_table dump_table transfer copy query_size "
                               "unmap_and_replace set_version get_status_frames get_version swap_grant_ref cache_flush"),
    "sched_op": numbered("yield block shutdown poll remote_shutdown shutdown_code watchdog pin_override"),
    "memory_op": {
        0: "increase_reservation", 1: "decrease_reservation", 2: "maximum_ram_page", 3: "current_reservation",
        4: "maximum_reservation", 5: "machphys_mfn_list", 6: "populate_physmap", 7: "add_to_physmap", 9: "memory_map",
        11: "exchange", 12: "machphys_mapping", 14: "maximum_gpfn", 15: "remove_from_physmap", 23: "add_to_physmap_batch",
        26: "get_vnumainfo", 28: "acquire_resource",
    },
    "vcpu_op": numbered("initialise up down is_up get_runstate_info register_runstate_memory_area set_periodic_timer "
                        "stop_periodic_timer set_singleshot_timer stop_singleshot_timer register_vcpu_info send_nmi "
                        "get_physid register_vcpu_time_memory_area"),
    "xen_version": numbered("version extraversion compile_info capabilities changeset platform_parameters get_features "
                            "pagesize guest_handle commandline build_id"),
    "console_io": numbered("write read"),
    "vm_assist": numbered("enable disable"),
    "hvm_op": {0: "set_param", 1: "get_param", 5: "flush_tlbs", 9: "pagetable_dying", 10: "get_time",
               15: "get_mem_type", 23: "set_evtchn_upcall_vector"},
    "physdev_op": {5: "irq_status_query", 6: "set_iopl", 7: "set_iobitmap", 12: "eoi", 13: "map_pirq", 14: "unmap_pirq"},
}

XS_TYPES = numbered("control directory read get_perms watch unwatch transaction_start transaction_end introduce release "
                    "get_domain_path write mkdir rm set_perms watch_event error is_domain_introduced resume set_target")
XS_TYPES.update({21: "reset_watches", 22: "directory_part"})

ERRNO = {
    1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO", 7: "E2BIG", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM",
    13: "EACCES", 14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 19: "ENODEV", 22: "EINVAL", 28: "ENOSPC", 34: "ERANGE",
    38: "ENOSYS", 61: "ENODATA", 71: "EPROTO", 75: "EOVERFLOW", 95: "EOPNOTSUPP", 107: "ENOTCONN", 110: "ETIMEDOUT",
}

EV_HYPERCALL, EV_HYPERCALL_RET, EV_UPCALL_IN, EV_UPCALL_OUT = 1, 2, 3, 4
EV_SWITCH, EV_THREAD = 16, 19

# Name, and the names of the arguments with how to show them (d: signed, u: unsigned, x: hexadecimal, e: result, xs: xenstore type).
EVENTS = {
    1: ("hypercall", ()),
    2: ("hypercall_ret", ()),
    3: ("upcall", ()),
    4: ("upcall_end", (("events", "u"),)),
    5: ("event", (("port", "u"),)),
    6: ("event_send", (("port", "u"),)),
    7: ("grant", (("ref", "u"), ("gfn", "x"), ("to", "domid"))),
    8: ("grant_end", (("ref", "u"), ("result", "e"))),
    9: ("grant_map", (("ref", "u"), ("dom", "u"), ("status", "d"))),
    10: ("grant_unmap", (("handle", "u"), ("result", "e"))),
    11: ("grant_copy", (("ops", "u"), ("result", "e"))),
    12: ("ring_push", (("ring", "u"), ("prod", "u"), ("notify", "u"))),
    13: ("ring_pop", (("ring", "u"), ("cons", "u"))),
    14: ("xs_send", (("type", "xs"), ("req_id", "u"), ("len", "u"))),
    15: ("xs_recv", (("type", "xs"), ("req_id", "u"), ("len", "u"))),
    16: ("switch", (("from", "thread"), ("to", "thread"))),
    17: ("wake", (("thread", "thread"),)),
    18: ("idle", (("until", "deadline"),)),
    19: ("thread", (("is", "thread"),)),
    20: ("timer_arm", (("at", "deadline"),)),
    21: ("timer_fire", (("was", "deadline"),)),
    22: ("app", (("a", "x"), ("b", "x"), ("c", "x"))),
}


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def result(value):
    value = signed(value)
    if value < 0 and -value in ERRNO:
        return f"-{ERRNO[-value]}"
    return str(value)


def hypercall(number, command):
    """"event_channel_op send" for a hypercall and its first argument."""
    name = HYPERCALLS.get(number, f"hypercall {number}")
    if name in SUBOPS:
        return f"{name} {SUBOPS[name].get(command, command)}"
    return name
