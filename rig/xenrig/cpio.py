# SPDX-License-Identifier: MIT
"""Writes initramfs archives: cpio "newc", whose entries may be devices that an ordinary user cannot make.

Owns the format. Everything belongs to root and has the same time, so equal trees give equal bytes.
"""

import stat


def _pad4(data):
    return data + b"\0" * (-len(data) % 4)


class Archive:
    """Collects entries; folders on the way are made by themselves."""

    def __init__(self):
        self._parts = []
        self._names = set()
        self._inode = 0

    def _entry(self, name, mode, data=b"", major=0, minor=0):
        self._inode += 1
        nlink = 2 if stat.S_ISDIR(mode) else 1
        name_bytes = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, nlink, 0, len(data), 0, 0, major, minor, len(name_bytes), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts.append(_pad4(header + name_bytes) + _pad4(data))
        self._names.add(name)

    def _parents(self, name):
        pieces = name.split("/")[:-1]
        for depth in range(1, len(pieces) + 1):
            self.folder("/".join(pieces[:depth]))

    def folder(self, name, mode=0o755):
        """Add a folder unless it is there already."""
        if name in self._names:
            return
        self._parents(name)
        self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        """Add a file. Raises ValueError if the name is taken."""
        self._new(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        """Add a symbolic link."""
        self._new(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, name, major, minor, mode=0o600):
        """Add a character device."""
        self._new(name)
        self._entry(name, stat.S_IFCHR | mode, b"", major, minor)

    def _new(self, name):
        if name in self._names:
            raise ValueError(f"{name} is in the archive already")
        self._parents(name)

    def __contains__(self, name):
        return name in self._names

    def bytes(self):
        """The whole archive, with its trailer."""
        self._inode = -1
        names, self._names = self._names, set()
        self._entry("TRAILER!!!", 0)
        trailer = self._parts.pop()
        self._names = names
        data = b"".join(self._parts) + trailer
        return data + b"\0" * (-len(data) % 512)
