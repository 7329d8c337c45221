# SPDX-License-Identifier: MIT
"""The initramfs writer makes archives that cpio and the kernel read."""

import os
import shutil
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from xenrig import cpio  # noqa: E402


def entries(data):
    """(name, mode, major, minor, contents) of each entry, read as the format says."""
    found, at = [], 0
    while True:
        assert data[at:at + 6] == b"070701", data[at:at + 6]
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = fields[6], fields[11]
        name = data[at + 110:at + 110 + name_size - 1].decode()
        at += (110 + name_size + 3) & ~3
        contents = data[at:at + size]
        at += (size + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found.append((name, fields[1], fields[9], fields[10], contents))


class ArchiveTest(unittest.TestCase):
    def setUp(self):
        self.archive = cpio.Archive()

    def test_holds_what_was_added(self):
        self.archive.file("usr/bin/tool", b"12345", 0o755)
        self.archive.link("bin", "usr/bin")
        self.archive.char_device("dev/console", 5, 1)
        found = {name: rest for name, *rest in entries(self.archive.bytes())}
        self.assertEqual(found["usr/bin/tool"], [stat.S_IFREG | 0o755, 0, 0, b"12345"])
        self.assertEqual(found["bin"], [stat.S_IFLNK | 0o777, 0, 0, b"usr/bin"])
        self.assertEqual(found["dev/console"], [stat.S_IFCHR | 0o600, 5, 1, b""])

    def test_makes_parents_once_and_first(self):
        self.archive.file("a/b/c", b"")
        self.archive.file("a/b/d", b"")
        self.assertEqual([name for name, *_ in entries(self.archive.bytes())], ["a", "a/b", "a/b/c", "a/b/d"])

    def test_refuses_a_name_twice(self):
        self.archive.file("a", b"")
        self.assertRaises(ValueError, self.archive.file, "a", b"")

    def test_bytes_can_be_taken_again(self):
        self.archive.file("a", b"x")
        self.assertEqual(self.archive.bytes(), self.archive.bytes())
        self.assertEqual(len(self.archive.bytes()) % 512, 0)

    @unittest.skipUnless(shutil.which("cpio"), "no cpio here")
    def test_cpio_reads_it(self):
        self.archive.file("etc/hosts", b"localhost")
        listing = subprocess.run(["cpio", "-t", "--quiet"], input=self.archive.bytes(),
                                 stdout=subprocess.PIPE, check=True)
        self.assertEqual(listing.stdout.split(), [b"etc", b"etc/hosts"])


if __name__ == "__main__":
    unittest.main()
