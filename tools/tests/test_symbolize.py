# SPDX-License-Identifier: MIT
"""tools/xenolith-symbolize: completes backtraces, leaves everything else alone."""
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOL = str(pathlib.Path(__file__).resolve().parent.parent / "xenolith-symbolize")
loader = importlib.machinery.SourceFileLoader("symbolize", TOOL)
symbolize = importlib.util.module_from_spec(importlib.util.spec_from_loader("symbolize", loader))
loader.exec_module(symbolize)

LOG = """booting\r
panic: bug\r
backtrace:\r
  #0 0x0000000000010100 (rip)\r
another domain's #1 0x0000000000010200\r
[    0.100000] warn: something in between #3\r
  #2 0x0000000000099999\r
#3 0xzz\r
panic: end\r
"""


def fake_resolver(image, addresses):
    assert addresses == {0x10100, 0x101ff, 0x99998}
    return {0x10100: [("inner", "/src/a.c:1"), ("outer", "/src/b.c:2")],
            0x101ff: [("caller", "/src/c.c:3 (discriminator 4)")],
            0x99998: [("??", "??:0")]}


class Symbolize(unittest.TestCase):
    def test_frames_are_completed_and_the_rest_passes(self):
        out = list(symbolize.symbolize(LOG.splitlines(True), "x", "/src", fake_resolver))
        self.assertEqual(out, [
            "booting", "panic: bug", "backtrace:",
            "  #0 0x0000000000010100 (rip) inner at a.c:1, inlined in outer at b.c:2",
            "another domain's #1 0x0000000000010200 caller at c.c:3",
            "[    0.100000] warn: something in between #3",
            "  #2 0x0000000000099999", "#3 0xzz", "panic: end"])

    def test_addr2line_output_is_parsed(self):
        text = "0x0000000000000010\nf\na.c:1\ng\nb.c:2\n0x0000000000000020\n??\n??:0\n"
        self.assertEqual(symbolize.parse_addr2line(text),
                         {0x10: [("f", "a.c:1"), ("g", "b.c:2")], 0x20: [("??", "??:0")]})
        self.assertEqual(symbolize.parse_addr2line("junk\n"), {})

    @unittest.skipUnless(shutil.which("gcc") and shutil.which("addr2line") and shutil.which("nm"), "needs binutils")
    def test_a_real_image(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "prog.c")
            image = os.path.join(folder, "prog")
            with open(source, "w", encoding="ascii") as file:
                file.write("int work(int x) { return x * 3; }\nint main(void) { return work(1); }\n")
            subprocess.run(["gcc", "-g", "-O0", "-no-pie", "-o", image, source], check=True)
            names = subprocess.run(["nm", image], check=True, capture_output=True, text=True).stdout
            address = next(line.split()[0] for line in names.splitlines() if line.endswith(" T work"))
            run = subprocess.run([TOOL, image, "--base", folder], input=f"  #0 0x{address} (rip)\n  #1 0x1\n\xff\n",
                                 check=True, capture_output=True, text=True, errors="replace")
            self.assertEqual(run.stdout.splitlines()[:2], [f"  #0 0x{address} (rip) work at prog.c:1", "  #1 0x1"])

    def test_a_missing_image_is_an_error(self):
        run = subprocess.run([TOOL, "/nonexistent"], input="", capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("no such file", run.stderr)


if __name__ == "__main__":
    unittest.main()
