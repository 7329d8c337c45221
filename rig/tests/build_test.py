# SPDX-License-Identifier: MIT
"""What building dom0 computes: sources, lists, module order, ELF needs, the cache, xl's configurations."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from xenrig import cache, debian, dom0, domain, elf, machine  # noqa: E402
from xenrig.ui import RigError  # noqa: E402


class SourcesTest(unittest.TestCase):
    def test_deb822_of_another_release(self):
        text = ("Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\n"
                "Components: main contrib\nSigned-By: /k.gpg\n\n"
                "Types: deb\nURIs: http://mirror.example/security\nSuites: trixie-security\n"
                "Components: main\n\n"
                "Types: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n")
        self.assertEqual(debian.sources_for_suite([("a.sources", text)], "bookworm").splitlines(), [
            "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main",
            "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm-updates main",
            "deb http://mirror.example/security bookworm-security main"])

    def test_one_line_style(self):
        text = ("# deb http://no.example bookworm main\n"
                "deb [arch=amd64 signed-by=/k] http://m.example bookworm main non-free\n"
                "deb http://vendor.example vendor-bookworm main\n")
        self.assertEqual(debian.sources_for_suite([("sources.list", text)], "bookworm"),
                         "deb [signed-by=/k] http://m.example bookworm main\n")


class ListsTest(unittest.TestCase):
    def test_packages(self):
        self.assertEqual(dom0.parse_packages("suite x\n# c\na  f g\n   h # i\nb\n"),
                         ("x", {"a": ["f", "g", "h"], "b": []}))
        self.assertRaises(ValueError, dom0.parse_packages, "a\n")

    def test_merged_usr(self):
        self.assertEqual(dom0.merged_usr("lib/x"), "usr/lib/x")
        self.assertEqual(dom0.merged_usr("library/x"), "library/x")

    def test_modules_follow_what_they_need(self):
        needs = {"a": "b,c-d", "b": "c_d", "c_d": "", "e": ""}
        order = dom0.module_order(["a", "e"], lambda name: b"\0depends=" + needs[name].encode() + b"\0")
        self.assertEqual(order, ["c_d", "b", "a", "e"])


class ElfTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("readelf"), "no readelf here")
    def test_needs_agree_with_readelf(self):
        path = os.path.realpath("/bin/sh")
        text = subprocess.run(["readelf", "-d", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        wanted = [line.split("[")[1].rstrip("]") for line in text.splitlines() if "(NEEDED)" in line]
        with open(path, "rb") as file:
            self.assertEqual(elf.needed_libraries(file.read()), wanted)

    def test_other_files_are_refused(self):
        self.assertRaises(ValueError, elf.needed_libraries, b"#!/bin/sh\n" * 10)
        self.assertRaises(ValueError, elf.extract_vmlinux, b"\0" * 4096)
        self.assertRaises(ValueError, elf.module_depends, b"nothing")


class CacheTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        patch = mock.patch.dict(os.environ, XDG_CACHE_HOME=self.folder.name)
        patch.start()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(patch.stop)

    def entries(self):
        return sorted(name for name in os.listdir(cache.folder()) if not name.endswith(".lock"))

    def test_made_once(self):
        made = []
        paths = {cache.entry("k", "1", made.append) for _ in range(3)}
        self.assertEqual((len(paths), len(made)), (1, 1))

    def test_failure_leaves_nothing(self):
        def fail(_new):
            raise KeyboardInterrupt

        self.assertRaises(KeyboardInterrupt, cache.entry, "k", "1", fail)
        self.assertEqual(self.entries(), [])

    def test_old_entries_go(self):
        for age_s, key in ((30, "a"), (20, "b"), (10, "c"), (0, "d")):
            path = cache.entry("k", key, lambda new: None, keep=2)
            os.utime(path, (time.time() - age_s,) * 2)
        self.assertEqual(len(self.entries()), 2)
        self.assertIn("k-d", self.entries())

    def test_leftovers_of_a_killed_maker_go(self):
        os.mkdir(os.path.join(cache.folder(), ".new-k-abc"))
        cache.entry("k", "1", lambda new: None)
        self.assertEqual(self.entries(), ["k-1"])

    def test_digest_tells_parts_apart(self):
        self.assertNotEqual(cache.digest("ab", "c"), cache.digest("a", "bc"))


class ConfigTest(unittest.TestCase):
    def test_quotes(self):
        self.assertEqual(domain.quote('a"b\\c'), '"a\\"b\\\\c"')
        self.assertRaises(RigError, domain.quote, "a\nb")

    def test_lines(self):
        text = domain.xl_config("n", "pvh", "/k", 4, extra="a 'b c'", vifs=["bridge=x"], more=["memory=9"])
        self.assertIn('extra="a \'b c\'"\n', text)
        self.assertIn('vif=["bridge=x"]\n', text)
        self.assertTrue(text.endswith("memory=9\n"))
        self.assertRaises(RigError, domain.xl_config, "n", "hvm", "/k")

    def test_words_are_quoted(self):
        self.assertEqual(domain.command_line(["a", "b c", ""]), "a 'b c' ''")

    def test_machine_sizes(self):
        self.assertEqual(machine.machine_memory_mb(16), 2048)
        self.assertEqual(machine.machine_memory_mb(1500), 3072)
        self.assertGreater(machine.machine_memory_mb(16384), 16384 + machine.DOM0_MB)


if __name__ == "__main__":
    unittest.main()
