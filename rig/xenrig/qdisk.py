# SPDX-License-Identifier: MIT
"""QEMU in dom0, which serves disks that a guest has with backendtype=qdisk.

Owns the cache entries "qdisk": a file system with QEMU and all libraries it needs, built from Debian's packages. It is a disk of its own,
plugged into a machine that is up, so that dom0's initramfs and the saved machines stay small; dom0 reads what it touches of it.
"""

import os
import shutil
import subprocess

from . import cache, dom0
from .ui import RigError

_PLACE = "/opt/qdisk"  # where dom0 has it
_LIBRARIES = f"{_PLACE}/usr/lib/x86_64-linux-gnu"
_PROGRAMS = ("usr/libexec/xen-qemu-system-i386", "usr/bin/qemu-img")
_SPARE_MB = 4
_MOUNT = f"""
mkdir -p {_PLACE} /usr/libexec
mount -t ext4 -o ro "$1" {_PLACE} || exit 1
for program in {" ".join(_PROGRAMS)}; do
    ln -s {_PLACE}/start/${{program##*/}} "/$program"
done
"""


def _starter(program):
    """A script that runs a program with the libraries and the loader that it was fetched with."""
    return (f"#!/bin/sh\nexec {_LIBRARIES}/ld-linux-x86-64.so.2 --library-path {_LIBRARIES} "
            f'{_PLACE}/{program} "$@"\n').encode()


def _write(path, data, mode):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)


def _make_image(new, suite, packages):
    tree, manifest = dom0.fetch_tree(new, suite, packages)
    shutil.rmtree(os.path.join(new, "unpacked"))
    for program in _PROGRAMS:
        _write(os.path.join(tree.out, "start", os.path.basename(program)), _starter(program), 0o755)
    # QEMU takes the loader's folder for its own, and looks for its data from there.
    os.symlink("../share", os.path.join(tree.out, "usr/lib/share"))
    bytes_used = sum(os.lstat(os.path.join(base, name)).st_size
                     for base, _folders, names in os.walk(tree.out) for name in names)
    size_mb = bytes_used // (1 << 20) * 21 // 20 + _SPARE_MB
    command = ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-E", "root_owner=0:0", "-d", tree.out,
               os.path.join(new, "image"), f"{size_mb}M"]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except FileNotFoundError:
        raise RigError("mke2fs is not here: apt-get install e2fsprogs") from None
    if result.returncode != 0:
        raise RigError(f"mke2fs failed: {result.stdout.strip()}")
    shutil.rmtree(tree.out)
    _write(os.path.join(new, "manifest"), manifest.encode(), 0o644)


def build(dom0_folder):
    """The image's path; makes it when it is not there, and anew for every other state of dom0's packages."""
    with open(os.path.join(dom0.RIG, "qdisk-packages.txt"), encoding="utf-8") as file:
        text = file.read()
    with open(__file__, "rb") as file:
        code = file.read()
    with open(os.path.join(dom0_folder, "manifest"), "rb") as file:
        manifest = file.read()
    suite, packages = dom0.parse_packages(text)
    key = cache.digest(text, code, manifest)
    return os.path.join(cache.entry("qdisk", key, lambda new: _make_image(new, suite, packages), keep=2), "image")


def attach(host):
    """Plug the image into a running Machine; from then on its xl knows backendtype=qdisk."""
    device = host.add_disk(build(host.dom0), readonly=True)
    status, _out, error = host.channel.call(_MOUNT, device)
    if status != 0:
        raise RigError(f"dom0 cannot mount QEMU's disk: {error.decode(errors='replace').strip()}")
