# SPDX-License-Identifier: MIT
"""Builds what the machine boots: Xen, dom0's kernel and dom0's initramfs, from Debian's packages.

Owns the cache entries "packages" (files taken from the packages) and "dom0" (what QEMU loads). Never runs
anything of what it unpacks.
"""

import fnmatch
import gzip
import os
import re
import shutil
import stat
import subprocess

from . import cache, cpio, debian, elf
from .ui import RigError, Step, detail, say

RIG = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_KERNEL_META = "linux-image-amd64"
_LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib64")
# Where the files of rig/dom0 go in dom0.
_OWN_FILES = {
    "init": ("init", 0o755), "vif-bridge": ("etc/xen/scripts/vif-bridge", 0o755),
    "block": ("etc/xen/scripts/block", 0o755), "xl.conf": ("etc/xen/xl.conf", 0o644),
}
_OWN_PROGRAMS = ("agent", "follow", "drain", "trace-read")


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def parse_packages(text):
    """(suite, {package: [patterns]}) from the text of dom0-packages.txt."""
    suite, packages, last = None, {}, None
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if line[0].isspace() and last:
            packages[last] += words
        elif words[0] == "suite":
            suite = words[1]
        else:
            last = words[0]
            packages[last] = words[1:]
    if suite is None:
        raise ValueError("no suite line")
    return suite, packages


def parse_modules(text):
    """The names in dom0-modules.txt."""
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def merged_usr(name):
    """A package's path as it is in dom0, where /bin, /sbin and /lib are links into /usr."""
    return "usr/" + name if re.match(r"(bin|sbin|lib|lib64)/", name) else name


def module_order(wanted, find):
    """Names in an order in which each module follows those it depends on. find(name) -> the .ko's bytes."""
    order, seen = [], set()

    def visit(name):
        name = name.replace("-", "_")  # the two are one in names of modules
        if name in seen:
            return
        seen.add(name)
        for other in elf.module_depends(find(name)):
            visit(other)
        order.append(name)

    for name in wanted:
        visit(name)
    return order


class Tree:
    """The unpacked packages as one tree with a merged /usr; picks files into another folder."""

    def __init__(self, top, out):
        self.out = out
        self.files = {}
        for base, _folders, names in os.walk(top):
            for name in names:
                path = os.path.join(base, name)
                inside = os.path.relpath(path, top)
                inside = inside.split("/", 1)[1]  # the package's own folder
                self.files[merged_usr(inside)] = path

    def pick(self, name):
        """Take a file and, for an ELF file, the libraries it needs."""
        target = os.path.join(self.out, name)
        if os.path.lexists(target):
            return
        path = self.files[name]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(path):
            link = os.readlink(path)
            os.symlink(link, target)
            inside = merged_usr(os.path.normpath(
                link[1:] if link.startswith("/") else os.path.join(os.path.dirname(name), link)))
            if inside in self.files:
                self.pick(inside)
            return
        shutil.copyfile(path, target)
        os.chmod(target, 0o755 if os.stat(path).st_mode & stat.S_IXUSR else 0o644)
        data = _read(path)
        if elf.is_elf(data) and not name.startswith("usr/lib/modules/"):
            for library in elf.needed_libraries(data):
                self.pick(self._library(library, name))

    def _library(self, library, user):
        for folder in _LIBRARY_FOLDERS:
            if f"{folder}/{library}" in self.files:
                return f"{folder}/{library}"
        raise RigError(f"no package in rig/dom0-packages.txt brings {library}, which {user} needs")

    def pick_all(self, pattern, package):
        found = [name for name in self.files if fnmatch.fnmatchcase(name, merged_usr(pattern))]
        if not found:
            raise RigError(f"nothing in package {package} fits {pattern}")
        for name in sorted(found):
            self.pick(name)


def take_modules(tree, wanted):
    """Pick the modules and write the order to load them in."""
    paths = {os.path.basename(name)[:-3].replace("-", "_"): name
             for name in tree.files if name.startswith("usr/lib/modules/") and name.endswith(".ko")}

    def find(name):
        if name not in paths:
            raise RigError(f"Debian's kernel has no module {name}")
        return _read(tree.files[paths[name]])

    order = module_order(wanted, find)
    for name in order:
        tree.pick(paths[name])
    lines = "".join(os.path.relpath(paths[name], "usr/lib/modules") + "\n" for name in order)
    _write(os.path.join(tree.out, "usr/lib/modules/order"), lines.encode())


def fetch_tree(new, suite, packages):
    """Fetch packages with the libraries they need and unpack them below `new`.

    packages: as parse_packages() gives them; KERNEL is the kernel's package. What their patterns name is taken.
    Returns the Tree, whose `out` is new/root, and a text that names each package with its version and checksum.
    Remove new/unpacked when all is taken that is wanted.
    """
    archive = debian.Archive(os.path.join(cache.folder(), "apt-" + suite), suite)
    with Step(f"package lists of Debian {suite}"):
        archive.update()
        depends = archive.show([_KERNEL_META])[_KERNEL_META]["Depends"]
        kernel = re.match(r"linux-image-[0-9][a-z0-9.+-]*", depends)[0]
        patterns = {kernel if name == "KERNEL" else name: files for name, files in packages.items()}
        found = archive.with_libraries(patterns)
    size_mb = sum(int(fields["Size"]) for fields in found.values()) / 1e6
    with Step(f"fetching {len(found)} packages, {size_mb:.0f} MB, checked by apt's signatures"):
        debs = archive.fetch(found)
    unpacked = os.path.join(new, "unpacked")
    with Step("unpacking them"):
        for name, deb in debs.items():
            debian.unpack(deb, os.path.join(unpacked, name))
            os.remove(deb)
    tree = Tree(unpacked, os.path.join(new, "root"))
    for package, files in patterns.items():
        for pattern in files:
            tree.pick_all(pattern, package)
    tree.pick("usr/lib64/ld-linux-x86-64.so.2")
    return tree, "".join(f"{name} {fields['Version']} sha256:{fields['SHA256']}\n"
                         for name, fields in sorted(found.items()))


def take_kernel(tree, new):
    """Write the kernel among the unpacked packages to new/vmlinux, as a plain ELF file."""
    linux = [p for n, p in tree.files.items() if n.startswith("boot/vmlinuz-")]
    _write(os.path.join(new, "vmlinux"), elf.extract_vmlinux(_read(linux[0])))


def _make_packages(new, suite, packages, modules):
    tree, manifest = fetch_tree(new, suite, packages)
    with Step("taking Xen, dom0's kernel and modules"):
        take_modules(tree, modules)
        take_kernel(tree, new)
        xen = [p for n, p in tree.files.items() if re.match(r"boot/xen-[0-9.]*-amd64\.gz$", n)]
        _write(os.path.join(new, "xen"), gzip.decompress(_read(xen[0])))
    shutil.rmtree(os.path.join(new, "unpacked"))
    _write(os.path.join(new, "manifest"), manifest.encode())


def compile_static(source, new, *options):
    """A program's bytes, linked statically: dom0's C library need not be this machine's. `new` is for its scraps."""
    out = os.path.join(new, ".program")
    command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-static", *options,
               "-o", out, source]
    try:
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise RigError("no C compiler: apt-get install gcc libc6-dev") from None
    if result.returncode != 0:
        raise RigError(f"compiling {source} failed:\n{result.stderr}")
    data = _read(out)
    os.remove(out)
    return data


def pack_root(archive, root):
    """Put a Tree's files in an initramfs, with what every system of busybox needs around them."""
    for name in ("bin", "sbin", "lib", "lib64"):
        archive.link(name, "usr/" + name)
    for base, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            inside = os.path.relpath(path, root)
            if os.path.islink(path):
                archive.link(inside, os.readlink(path))
            else:
                archive.file(inside, _read(path), stat.S_IMODE(os.stat(path).st_mode))
    archive.link("usr/bin/sh", "busybox")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    for name in ("proc", "sys", "dev", "run", "root"):
        archive.folder(name)
    archive.folder("tmp", 0o1777)
    # The kernel opens the console before init can mount anything.
    archive.char_device("dev/console", 5, 1)
    archive.char_device("dev/null", 1, 3, 0o666)


def _make_dom0(new, packages):
    with Step("packing dom0's initramfs"):
        archive = cpio.Archive()
        pack_root(archive, os.path.join(packages, "root"))
        for name, (inside, mode) in _OWN_FILES.items():
            archive.file(inside, _read(os.path.join(RIG, "dom0", name)), mode)
        for name in _OWN_PROGRAMS:
            archive.file("rig/" + name, compile_static(os.path.join(RIG, "dom0", name + ".c"), new), 0o755)
        archive.file("etc/hosts", b"127.0.0.1 localhost dom0\n")
        archive.link("var/run", "../run")
        _write(os.path.join(new, "initrd.cpio"), archive.bytes())
    for name in ("xen", "vmlinux", "manifest"):
        os.link(os.path.join(packages, name), os.path.join(new, name))


def build(update=False):
    """The folder with xen, vmlinux, initrd.cpio and manifest; makes it when something of it changed.

    update: look for newer packages, else those fetched once stay.
    """
    texts = [_read(os.path.join(RIG, name)).decode() for name in ("dom0-packages.txt", "dom0-modules.txt")]
    suite, packages = parse_packages(texts[0])
    modules = parse_modules(texts[1])
    code = [_read(os.path.join(RIG, "xenrig", name))
            for name in ("dom0.py", "debian.py", "elf.py", "cpio.py")]
    key = cache.digest(*texts, code[0], code[2])
    if update:
        shutil.rmtree(os.path.join(cache.folder(), f"packages-{key}"), ignore_errors=True)
    taken = cache.entry("packages", key, lambda new: _make_packages(new, suite, packages, modules), keep=2)
    own = [_read(os.path.join(RIG, "dom0", name)) for name in sorted(os.listdir(os.path.join(RIG, "dom0")))]
    key = cache.digest(_read(os.path.join(taken, "manifest")), *texts, *code, *own)
    return cache.entry("dom0", key, lambda new: _make_dom0(new, taken))


def describe(path):
    """Say where the build is and which versions it holds."""
    with open(os.path.join(path, "manifest"), encoding="ascii") as file:
        for line in file:
            name, version, _sum = line.split()
            (say if name.startswith(("xen-hypervisor", "linux-image")) else detail)(f"{name} {version}")
    detail(f"in {path}")
