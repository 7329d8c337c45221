# SPDX-License-Identifier: MIT
"""Settings, judgement and reports of system tests: nothing passes that did not say or do what it must."""

import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from xenrig import testing  # noqa: E402

DEFAULTS = testing.parse_settings("", "pv")


def outcome(text, end="poweroff", status="0", **settings):
    return testing.judge({**DEFAULTS, **settings}, end, status, text).outcome


class SettingsTest(unittest.TestCase):
    def test_defaults_comments_and_quotes(self):
        settings = testing.parse_settings('# a comment\nmemory=4 extra="a b"  # more\n', "pv")
        self.assertEqual((settings["memory"], settings["extra"], settings["vcpus"]), ("4", "a b", "1"))

    def test_one_mode_only(self):
        text = "memory=8\nmemory_pvh=1"
        self.assertEqual(testing.parse_settings(text, "pv")["memory"], "8")
        self.assertEqual(testing.parse_settings(text, "pvh")["memory"], "1")

    def test_raw_lines_add_up(self):
        self.assertEqual(testing.parse_settings("cfg='a=1'\ncfg='b=2'", "pv")["cfg"], "a=1\nb=2")

    def test_mistakes_are_told(self):
        for text in ("memroy=4", "memory=lots", "expect=luck", "word", 'extra="open'):
            with self.assertRaises(testing.BadTest, msg=text):
                testing.parse_settings(text, "pv")


class JudgeTest(unittest.TestCase):
    def test_success_needs_the_line_and_poweroff(self):
        self.assertEqual(outcome("TEST: SUCCESS\r\n"), testing.PASS)
        self.assertEqual(outcome(""), testing.ERROR)
        self.assertEqual(outcome("TEST: SUCCESS", end="crash"), testing.FAIL)
        self.assertEqual(outcome("TEST: SUCCESS", end="reboot"), testing.FAIL)
        self.assertEqual(outcome("TEST: SUCCESS", end="timeout"), testing.FAIL)
        self.assertEqual(outcome("TEST: SUCCESS", end="destroyed"), testing.ERROR)

    def test_last_line_counts(self):
        self.assertEqual(outcome("TEST: SUCCESS\nTEST: FAILURE late\n"), testing.FAIL)

    def test_words_inside_a_line_do_not_count(self):
        self.assertEqual(outcome("it said TEST: SUCCESS\n"), testing.ERROR)
        self.assertEqual(outcome("TEST: SUCCESSFUL\n"), testing.ERROR)

    def test_reasons_are_kept(self):
        result = testing.judge(DEFAULTS, "poweroff", "0", "TEST: SKIP no such thing\n")
        self.assertEqual((result.outcome, result.why), (testing.SKIP, "no such thing"))
        self.assertEqual(outcome("TEST: ERROR x"), testing.ERROR)

    def test_expected_crash(self):
        self.assertEqual(outcome("", end="crash", expect="crash"), testing.PASS)
        self.assertEqual(outcome("", end="poweroff", expect="crash"), testing.FAIL)
        self.assertEqual(outcome("TEST: FAILURE still alive", end="crash", expect="crash"), testing.FAIL)

    def test_console_and_status(self):
        text = "x\r\npage fault\r\n"
        self.assertEqual(outcome(text, expect="poweroff", console="^page fault$"), testing.PASS)
        self.assertEqual(outcome("x", expect="poweroff", console="page fault"), testing.FAIL)
        wants = {**DEFAULTS, "expect": "poweroff", "status": "3"}
        self.assertEqual(testing.judge(wants, "poweroff", "0", "").outcome, testing.FAIL)
        self.assertEqual(testing.judge(wants, "poweroff", None, "").outcome, testing.FAIL)
        self.assertEqual(testing.judge(wants, "poweroff", "3", "").outcome, testing.PASS)

    def test_script_must_say_its_result(self):
        self.assertEqual(testing.judge_script(0, "").outcome, testing.ERROR)
        self.assertEqual(testing.judge_script(0, "TEST: SUCCESS\n").outcome, testing.PASS)


class FindTest(unittest.TestCase):
    def test_images_and_modes(self):
        with tempfile.TemporaryDirectory() as top:
            for name in ("one", "two", "lib"):
                os.mkdir(os.path.join(top, name))
            for name in ("one/main.c", "one/peer.c", "two/main.c", "lib/x.sh"):
                open(os.path.join(top, name), "w", encoding="ascii").close()
            with open(os.path.join(top, "two/test.cfg"), "w", encoding="ascii") as file:
                file.write('types="pvh"\n')
            tests = testing.find_tests([top], "b", ("pv", "pvh"))
            self.assertEqual([(t.name, t.kind) for t in tests],
                             [("one", "pv"), ("one", "pvh"), ("two", "pvh")])
            self.assertEqual(tests[0].images, ["b/one/one", "b/one/one-peer"])
            self.assertEqual(testing.Test(**tests[0].to_json()), tests[0])

    def test_tools_and_applications_come_along(self):
        with tempfile.TemporaryDirectory() as top:
            with open(os.path.join(top, "run.sh"), "w", encoding="ascii"), \
                    open(os.path.join(top, "test.cfg"), "w", encoding="ascii") as file:
                file.write('tools="a b" apps="httpd"\n')
            tests = testing.find_tests([top], "out/tests/system", ("pv",))
            self.assertEqual(tests[0].images, ["out/tests/dom0/a", "out/tests/dom0/b", "out/apps/httpd/httpd"])


class ReportTest(unittest.TestCase):
    def test_summary_counts_errors_as_failed(self):
        results = [testing.Result(word) for word in (testing.PASS, testing.SKIP, testing.FAIL, testing.ERROR)]
        self.assertEqual(testing.summary(results), "1 passed, 2 failed, 1 skipped")

    def test_junit_is_xml_whatever_the_console_said(self):
        test = testing.Test("n<&>", "pv", ".", [], DEFAULTS)
        text = testing.junit([(test, testing.Result(testing.FAIL, 'why "<"', 1.5, "\x00\x1b[31m<&>]]>\n"))])
        case = ElementTree.fromstring(text.encode()).find("testcase")
        self.assertEqual(case.get("name"), "n<&>")
        self.assertIsNotNone(case.find("failure"))


if __name__ == "__main__":
    unittest.main()
