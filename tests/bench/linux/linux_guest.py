# SPDX-License-Identifier: MIT
"""Builds the Linux domain that benchmarks compare with: Debian's kernel, busybox, nginx and iperf in an initramfs.

Owns the cache entries "linux-guest". Nothing is installed; the kernel is the package that dom0's comes from.
"""

import os
import shutil
import sys
import tarfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "rig"))
from xenrig import cache, cpio, dom0  # noqa: E402
from xenrig.ui import Step  # noqa: E402

# Without these a Linux PVH domain does not live under QEMU's emulation (docs/rig.md).
PVH_LINES = ('tsc_mode="native"', 'cpuid="host,avx=0,avx2=0"')
_PROGRAMS = ("net/netpeer.c", "block/blockpeer.c", "files/filepeer.c")
_INCLUDED = ("files/filebench.c", "files/filebench.h")


def _read(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return file.read()


def _make(new, suite, packages, modules, programs):
    with cache.locked("packages"):  # apt's state is shared with the building of dom0
        tree, manifest = dom0.fetch_tree(new, suite, packages)
    dom0.take_modules(tree, modules)
    dom0.take_kernel(tree, new)
    with Step("packing the Linux guest's initramfs"):
        archive = cpio.Archive()
        dom0.pack_root(archive, os.path.join(new, "root"))
        archive.file("init", _read("init"), 0o755)
        archive.file("etc/nginx.conf", _read("nginx.conf"))
        for name in programs:
            source = os.path.join(HERE, "..", name)
            program = dom0.compile_static(source, new)
            archive.file("usr/bin/" + os.path.basename(name)[:-2], program, 0o755)
        with open(os.path.join(new, "initrd.cpio"), "wb") as file:
            file.write(archive.bytes())
        with tarfile.open(os.path.join(new, "guest.tar"), "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in ("vmlinux", "initrd.cpio"):
                tar.add(os.path.join(new, name), name)
                os.remove(os.path.join(new, name))
    shutil.rmtree(os.path.join(new, "unpacked"))
    shutil.rmtree(os.path.join(new, "root"))
    with open(os.path.join(new, "manifest"), "w", encoding="ascii") as file:
        file.write(manifest)


def build():
    """The folder with guest.tar and manifest; makes it when something of it changed.

    guest.tar holds vmlinux and initrd.cpio: plugged into the machine as a disk, it is in dom0 at once.
    """
    texts = [_read(name) for name in ("packages.txt", "modules.txt", "init", "nginx.conf", "linux_guest.py")]
    programs = [name for name in _PROGRAMS if os.path.exists(os.path.join(HERE, "..", name))]
    texts += [_read("../" + name) for name in (*programs, *_INCLUDED)]
    suite, packages = dom0.parse_packages(texts[0].decode())
    modules = dom0.parse_modules(texts[1].decode())
    return cache.entry("linux-guest", cache.digest(*texts),
                       lambda new: _make(new, suite, packages, modules, programs), keep=2)
