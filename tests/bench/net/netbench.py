# SPDX-License-Identifier: MIT
"""The machine of the benchmarks beside Linux: counting instructions, with the Linux guest's disk and what dom0 needs.

Owns the machine it starts and the temporary folder of the client program. Figures are the scripts' in dom0.
"""

import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(TOP, "rig"), os.path.join(HERE, "..", "linux")]
import linux_guest  # noqa: E402
from xenrig import dom0, domain, machine  # noqa: E402
from xenrig.ui import RigError  # noqa: E402

_LIMIT_S = 1800
_GUESTS_MB = 1024  # the machine's usual size


def applications(names):
    """{name: path of its image}; they are made already."""
    paths = {name: os.path.join(TOP, "build", "apps", name, name) for name in names}
    for path in paths.values():
        if not os.path.exists(path):
            raise RigError(f"no {path}: make it first")
    return paths


def symbols_of(image):
    """The image with symbols; it must be of the same build."""
    if os.stat(image).st_mtime < os.stat(image + ".debug").st_mtime:
        raise RigError(f"{image} is older than its symbols: make it again")
    return image + ".debug"


class Bench:
    """A context manager: one machine in which guests of one type are measured."""

    def __init__(self, kind, images, make=machine.Machine):
        self.kind, self._images = kind, images
        linux = linux_guest.build()
        self._tar = os.path.join(linux, "guest.tar")
        self.host = make(dom0.build(), machine.machine_memory_mb(_GUESTS_MB), True)
        self.disk = None

    def __enter__(self):
        self.host.__enter__()
        try:
            self._prepare()
        except BaseException:
            self.host.close()
            raise
        return self

    def __exit__(self, *what):
        self.host.close()

    def _prepare(self):
        bundle = domain.Bundle()
        bundle.shell()
        with tempfile.TemporaryDirectory(prefix="xenolith-bench-") as folder:
            client = dom0.compile_static(os.path.join(HERE, "netpeer.c"), folder)
        bundle.data("bench/bin/netpeer", client, 0o755)
        bundle.file("bench/figures.sh", os.path.join(HERE, "figures.sh"))
        bundle.file("bench/linux.sh", os.path.join(HERE, "..", "linux", "linux.sh"))
        for name, path in self._images.items():
            bundle.file(f"bench/images/{name}", path)
        bundle.send(self.host.channel)
        self.disk = self.host.add_disk(self._tar, True)

    def script(self, path, *arguments, on_line=None, **environment):
        """Run a script in dom0. on_line(line, command): called for each line at once. Returns all its lines."""
        bundle = domain.Bundle()
        name = bundle.file("bench/" + os.path.basename(path), path)
        bundle.send(self.host.channel)
        settings = {"TYPE": self.kind, "RUNS": "1", "SECONDS_EACH": "1", "MEMORY": "32", "EXTRA": "", **environment}
        words = [f"{key}={value}" for key, value in settings.items()]
        lines, rest = [], bytearray()

        def output(data):
            rest.extend(data)
            *whole, last = rest.split(b"\n")
            rest[:] = last
            for line in whole:
                lines.append(line.decode(errors="replace"))
                if on_line:
                    on_line(lines[-1], command)

        command = self.host.channel.start(
            ["sh", "-c", "cd /run/rig/bench && script=$1 && shift 1 && n=$1 && shift 1 && while [ $n -gt 0 ]; do "
             "export \"$1\"; shift; n=$((n - 1)); done; . \"$script\"", "sh", name, str(len(words)), *words, *arguments],
            output, lambda data: sys.stderr.write(data.decode(errors="replace")))
        status = self.host.channel.wait(command, time.monotonic() + _LIMIT_S, f"the benchmark's {os.path.basename(path)}")
        if status != 0:
            raise RigError(f"{os.path.basename(path)} ended with status {status}")
        return lines
