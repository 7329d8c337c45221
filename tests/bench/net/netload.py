# SPDX-License-Identifier: MIT
"""Runs loads of the network benchmark in a machine that counts every block of code, and hands back what was counted.

Owns no machine longer than run() lasts. Counting does not change the figures of time (the clock counts instructions, the
plugin has none), but takes twice the machine's time: so the figures are measured without it.
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "profile")]
import netbench  # noqa: E402
import symprofile  # noqa: E402
from xenrig.ui import RigError  # noqa: E402

# The application that serves each load.
APPS = {"ping": "echo", "rr": "echo", "udp": "echo", "connect": "echo", "in": "iperf", "both": "iperf",
        "keepalive": "httpd", "close": "httpd"}

_XEN, _HOST, _GUEST = "xen", "host", "guest"
_DOM0, _DOMU = symprofile.DOM0_CPU, symprofile.GUEST_CPU
# What is counted by the entries of functions: which symbols, on whose CPU, any of these names.
_GUEST_CALLS = {
    "upcalls": (_GUEST, _DOMU, ("pvh_upcall", "pv_upcall", "asm_sysvec_xen_hvm_callback", "xen_pv_evtchn_do_upcall")),
    "hypercalls": (_XEN, _DOMU, ("pv_hypercall", "hvm_hypercall")),
    "VM exits": (_XEN, _DOMU, ("svm_vmexit_handler",)),
    "event channel operations": (_XEN, _DOMU, ("do_event_channel_op",)),
    "scheduling operations": (_XEN, _DOMU, ("do_sched_op",)),
    "grants": (_GUEST, _DOMU, ("gnttab_grant", "gnttab_grant_foreign_access_ref", "gnttab_grant_foreign_access")),
    "grants ended": (_GUEST, _DOMU, ("gnttab_end", "gnttab_end_page", "gnttab_end_foreign_access_ref")),
}
_DOM0_CALLS = {
    "dom0: hypercalls": (_XEN, _DOM0, ("pv_hypercall",)),
    "dom0: grant table operations": (_XEN, _DOM0, ("do_grant_table_op",)),
    "dom0: upcalls": (_HOST, _DOM0, ("xen_pv_evtchn_do_upcall",)),
    "dom0: system calls": (_HOST, _DOM0, ("do_syscall_64",)),
    "dom0: context switches": (_HOST, _DOM0, ("__switch_to",)),
    "dom0: pages cleared": (_HOST, _DOM0, ("clear_page_erms",)),
    "dom0: frames of the guest that had to be copied once more": (_HOST, _DOM0, ("skb_copy_ubufs",)),
    "dom0: TCP segments received": (_HOST, _DOM0, ("tcp_v4_rcv",)),
    "dom0: TCP segments sent": (_HOST, _DOM0, ("__tcp_transmit_skb",)),
}


class Result:
    """One load: its operations, its profile, and what dom0 counted meanwhile."""

    def __init__(self, operations, unit, profile, counted):
        self.operations, self.unit, self.profile, self._counted = operations, unit, profile, counted

    def _calls(self, table):
        return {title: sum(self.profile.calls(which, name, cpu) for name in names)
                for title, (which, cpu, names) in table.items()}

    def counts(self):
        """{what: how often}, of the guest: netback's own counters and the entries of functions."""
        return {**self._counted, **self._calls(_GUEST_CALLS)}

    def dom0_calls(self):
        """The same of dom0."""
        return self._calls(_DOM0_CALLS)


def run(kind, guest, loads, **settings):
    """{load: Result} of those that went well. guest: "linux" or "ours"."""
    apps = sorted({APPS[load] for load in loads}) if guest == "ours" else []
    # Taken along with the images: a build that runs meanwhile changes neither.
    own = {app: symprofile.Symbols(symprofile.nm(netbench.symbols_of(path)))
           for app, path in netbench.applications(apps).items()}
    with netbench.Bench(kind, netbench.applications(apps), make=symprofile.Machine) as bench:
        xen = symprofile.xen_symbols(bench.host.dom0)
        _status, data, _error = bench.host.channel.call("cat /proc/kallsyms", timeout_s=300)
        kallsyms = data.decode()
        snapshots = []

        def on_line(line, command):
            if line == "counted":
                snapshots.append(bench.host.snapshot())
                command.write(b"\n")

        lines = bench.script(os.path.join(HERE, "loads.sh"), bench.disk, guest, *loads, on_line=on_line, **settings)
        host = symprofile.Symbols(kallsyms)
        if guest == "linux":
            # The guest's kernel is dom0's, at the same addresses; its modules lie elsewhere.
            modules = lines[lines.index("symbols begin") + 1:lines.index("symbols end")]
            core = [line for line in kallsyms.splitlines() if "[" not in line]
            symbols = dict.fromkeys(loads, symprofile.Symbols("\n".join(core + modules)))
        else:
            symbols = {load: own[APPS[load]] for load in loads}
    results = {}
    counted = {load: {} for load in loads}
    for line in lines:
        words = line.split()
        if words[:1] == ["count"]:
            counted[words[1]][words[2].replace("_", " ")] = int(words[3])
    before = {}
    done = [line.split() for line in lines if line.startswith("operations ")]
    if len(done) != len(loads):
        raise RigError(f"of the loads {', '.join(loads)} only {len(done)} could be started")
    for words, after in zip(done, snapshots):
        if len(words) >= 4:
            profile = symprofile.Profile(symprofile.difference(before, after), xen, host, symbols[words[1]])
            results[words[1]] = Result(int(words[2]), " ".join(words[3:]), profile, counted[words[1]])
        before = after
    return results
