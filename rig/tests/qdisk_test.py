# SPDX-License-Identifier: MIT
"""The disk that brings QEMU into dom0: programs with a starter each, their libraries, and the data where QEMU looks for it."""

import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from xenrig import dom0, qdisk  # noqa: E402


def fetch(new, _suite, _packages):
    """In place of dom0.fetch_tree(): what it leaves."""
    out = os.path.join(new, "root")
    os.makedirs(os.path.join(new, "unpacked"))
    for name in ("usr/libexec/xen-qemu-system-i386", "usr/bin/qemu-img", "usr/share/qemu/keymaps/en-us",
                 "usr/lib/x86_64-linux-gnu/x"):
        path = os.path.join(out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(name * 1000)
    return types.SimpleNamespace(out=out), "qemu-system-xen 1 sha256:0\n"


class ImageTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mke2fs") and shutil.which("debugfs"), "no e2fsprogs here")
    def test_image(self):
        with tempfile.TemporaryDirectory() as new, mock.patch.object(dom0, "fetch_tree", fetch):
            qdisk._make_image(new, "bookworm", {})
            self.assertEqual(sorted(os.listdir(new)), ["image", "manifest"])

            def debugfs(command):
                return subprocess.run(["debugfs", "-R", command, os.path.join(new, "image")], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True, check=True).stdout
            self.assertIn("/opt/qdisk/usr/libexec/xen-qemu-system-i386", debugfs("cat /start/xen-qemu-system-i386"))
            self.assertRegex(debugfs("stat /start/qemu-img"), r"Mode: *0755")
            self.assertEqual(debugfs("cat /usr/lib/share/qemu/keymaps/en-us"), "usr/share/qemu/keymaps/en-us" * 1000)

    def test_every_program_is_asked_for(self):
        with open(os.path.join(dom0.RIG, "qdisk-packages.txt"), encoding="utf-8") as file:
            _suite, packages = dom0.parse_packages(file.read())
        wanted = [pattern for patterns in packages.values() for pattern in patterns]
        self.assertLessEqual(set(qdisk._PROGRAMS), set(wanted))


if __name__ == "__main__":
    unittest.main()
