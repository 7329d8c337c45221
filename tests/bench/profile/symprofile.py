# SPDX-License-Identifier: MIT
"""Where a machine's instructions go, by symbol: a Machine with a counting plugin, and the symbols of Xen, dom0 and guests.

Owns the file that the plugin writes and the cache entries "xen-symbols". One run of a block counts all its instructions;
nothing is sampled.
"""

import bisect
import collections
import os
import struct
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "rig"))
from xenrig import cache, dom0, machine  # noqa: E402
from xenrig.ui import RigError  # noqa: E402

DOM0_CPU, GUEST_CPU = 0, 1
XEN_START, XEN_END = 0xffff82d000000000, 0xffff830000000000
KERNEL_START = 0xffff800000000000

_ENTRY = struct.Struct("<4Q")  # count.c: struct entry, and the file's header is as large


class Machine(machine.Machine):
    """The rig's machine, counting every block it runs."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._folder = tempfile.TemporaryDirectory(prefix="xenolith-profile-")
        self._counts = os.path.join(self._folder.name, "counts")
        self._plugin = os.path.join(self._folder.name, "count.so")
        command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                   "-fvisibility=hidden", "-o", self._plugin, os.path.join(HERE, "count.c")]
        subprocess.run(command, check=True)

    def _launch(self, more, memory=None, inherit=()):
        if os.path.exists(self._counts):
            os.remove(self._counts)
        super()._launch([*more, "-plugin", f"{self._plugin},counts={self._counts}"], memory, inherit)

    def snapshot(self):
        """{(cpu, address): [instructions, runs]} so far."""
        counts = collections.defaultdict(lambda: [0, 0])
        with open(self._counts, "rb") as file:
            nr, *_ = _ENTRY.unpack(file.read(_ENTRY.size))
            for vaddr, size, *runs in _ENTRY.iter_unpack(file.read(nr * _ENTRY.size)):
                for cpu, times in enumerate(runs):
                    if times:
                        block = counts[cpu, vaddr]
                        block[0] += size * times
                        block[1] += times
        return counts


def difference(before, after):
    """What was counted between two snapshots."""
    result = {}
    for key, (instructions, runs) in after.items():
        old = before.get(key, (0, 0))
        if runs != old[1]:
            result[key] = (instructions - old[0], runs - old[1])
    return result


class Symbols:
    """Addresses and names, from lines as nm and /proc/kallsyms print them."""

    def __init__(self, text, prefix=""):
        found = {}
        for line in text.splitlines():
            words = line.split()
            if len(words) < 3 or words[1] not in "tTwW":
                continue
            name = words[2] + (" " + words[3] if len(words) > 3 else "")
            found.setdefault(int(words[0], 16), prefix + name)
        self._addresses = sorted(found)
        self._names = found
        self.by_name = {name: address for address, name in found.items()}

    def name(self, address):
        """The function that an address lies in, or None."""
        at = bisect.bisect_right(self._addresses, address)
        return self._names[self._addresses[at - 1]] if at else None


def nm(path):
    """The symbols of an ELF file."""
    result = subprocess.run(["nm", path], stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout


def xen_symbols(dom0_folder):
    """Xen's symbols, from Debian's package of them; the version must be that of the machine's Xen."""
    def make(new):
        with cache.locked("packages"):
            tree, manifest = dom0.fetch_tree(new, "bookworm", {
                "xen-hypervisor-4.17-amd64-dbg": [], "libc6": [], "busybox-static": []})
        path = next(p for n, p in tree.files.items() if os.path.basename(n).startswith("xen-syms"))
        with open(os.path.join(new, "symbols"), "w", encoding="ascii") as file:
            file.write(nm(path))
        shutil.rmtree(os.path.join(new, "unpacked"))
        shutil.rmtree(os.path.join(new, "root"))
        with open(os.path.join(new, "manifest"), "w", encoding="ascii") as file:
            file.write(manifest)

    with open(os.path.join(dom0_folder, "manifest"), encoding="ascii") as file:
        version = next(line.split()[1] for line in file if line.startswith("xen-hypervisor-4.17-amd64 "))
    folder = cache.entry("xen-symbols", cache.digest(version), make, keep=1)
    with open(os.path.join(folder, "manifest"), encoding="ascii") as file:
        if not any(line.startswith(f"xen-hypervisor-4.17-amd64-dbg {version} ") for line in file):
            raise RigError(f"Debian has the symbols of another Xen than {version}: rig/build --update")
    with open(os.path.join(folder, "symbols"), encoding="ascii") as file:
        return Symbols(file.read())


class Profile:
    """A difference of snapshots with names to it."""

    def __init__(self, counts, xen, host, guest):
        self.parts = collections.Counter()
        self.functions = collections.Counter()
        self.entries = collections.Counter()
        self._counts, self._xen, self._host, self._guest = counts, xen, host, guest
        for (cpu, address), (instructions, runs) in counts.items():
            part, name, first = self._where(cpu, address)
            self.parts[part] += instructions
            self.functions[part, name] += instructions
            if first:
                self.entries[part, name] += runs

    def _where(self, cpu, address):
        """(part, function, whether it begins there)"""
        if XEN_START <= address < XEN_END:
            part, symbols = ("Xen on the guest's CPU" if cpu == GUEST_CPU else "Xen on dom0's CPU"), self._xen
        elif cpu == GUEST_CPU:
            part, symbols = "guest", self._guest
        elif address >= KERNEL_START:
            part, symbols = "dom0's kernel", self._host
        else:
            return "dom0's programs", "?", False
        name = symbols.name(address) or "?"
        return part, name, symbols.by_name.get(name) == address

    def calls(self, which, name, cpu):
        """How often a function was entered. which: "xen", "host", "guest"."""
        symbols = {"xen": self._xen, "host": self._host, "guest": self._guest}[which]
        address = symbols.by_name.get(name)
        return self._counts.get((cpu, address), (0, 0))[1] if address is not None else 0

    def total(self):
        return sum(self.parts.values())

    def text(self, operations, unit, lines):
        """A report: per operation, instructions and how often each function was called."""
        out = [f"{self.total() / operations:10.0f} instructions per {unit}, of {operations}"]
        for part, instructions in self.parts.most_common():
            out.append(f"{instructions / operations:10.0f}  {100 * instructions / self.total():4.1f} %  {part}")
            functions = [(count, name) for (where, name), count in self.functions.items() if where == part]
            for count, name in sorted(functions, reverse=True)[:lines]:
                if name != "?" or len(functions) > 1:
                    out.append(f"{count / operations:20.1f} {self.entries[part, name] / operations:8.3f}  {name}")
        return "\n".join(out)
