# SPDX-License-Identifier: MIT
"""What a system test is and how its result is judged.

Owns no machine: folders and text in, results out. A test never passes by silence.
"""

import os
import re
import shlex
from dataclasses import asdict, dataclass, field
from xml.sax.saxutils import escape, quoteattr

PASS, SKIP, FAIL, ERROR = "pass", "skip", "FAIL", "ERROR"
_WORDS = {"SUCCESS": PASS, "SKIP": SKIP, "FAILURE": FAIL, "ERROR": ERROR}
_RESULT = re.compile(r"^TEST: (SUCCESS|SKIP|FAILURE|ERROR)\b[ :]*(.*)$")

KINDS = ("pv", "pvh")
ENDS = ("success", "poweroff", "reboot", "crash", "watchdog")
# Settings of test.cfg with their defaults. KEY_pv and KEY_pvh hold for one mode only.
_DEFAULTS = {
    "memory": "16", "vcpus": "1", "extra": "", "timeout": "120", "types": "pv pvh", "expect": "success",
    "console": "", "status": "", "net": "no", "machine": "", "cfg": "", "tools": "", "apps": "",
    "qdisk": "no",
}


class BadTest(ValueError):
    """A test's folder or test.cfg makes no sense."""


@dataclass
class Test:
    """One claim in one mode; plain data, sent to a worker as JSON."""

    name: str
    kind: str
    folder: str
    images: list  # its guests, applications that it names among them, and programs for dom0
    settings: dict = field(default_factory=dict)

    @property
    def timeout_s(self):
        return float(self.settings["timeout"])

    @property
    def guests_mb(self):
        """The memory that its domains need together."""
        return int(self.settings["machine"] or self.settings["memory"])

    @property
    def script(self):
        """Its run.sh, or None."""
        path = os.path.join(self.folder, "run.sh")
        return path if os.path.exists(path) else None

    def to_json(self):
        return asdict(self)


@dataclass
class Result:
    """How a test ended."""

    outcome: str
    why: str = ""
    seconds: float = 0.0
    log: str = ""


def parse_settings(text, kind):
    """test.cfg's settings for one mode, with defaults for what it does not set. Raises BadTest."""
    settings, special = dict(_DEFAULTS), {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise BadTest(f"test.cfg:{number}: {error}") from None
        for word in words:
            key, equals, value = word.partition("=")
            base, _, mode = key.rpartition("_")
            if not equals or (key not in _DEFAULTS and not (base in _DEFAULTS and mode in KINDS)):
                raise BadTest(f"test.cfg:{number}: no setting {word!r}")
            if key == "cfg" and settings["cfg"]:
                value = settings["cfg"] + "\n" + value
            if key in _DEFAULTS:
                settings[key] = value
            elif mode == kind:
                special[base] = value
    settings.update(special)
    if settings["expect"] not in ENDS:
        raise BadTest(f"test.cfg: expect={settings['expect']} is none of {' '.join(ENDS)}")
    for key in ("memory", "vcpus", "timeout"):
        if not re.fullmatch(r"[0-9]+", settings[key]):
            raise BadTest(f"test.cfg: {key}={settings[key]} is no number")
    return settings


def find_tests(folders, build, kinds):
    """The tests in folders: each is a test's own folder or holds such. Raises BadTest."""
    tests = []
    for folder in folders:
        folder = folder.rstrip("/")
        if not os.path.isdir(folder):
            raise BadTest(f"no folder {folder}")
        claims = [folder] if _is_test(folder) else sorted(
            os.path.join(folder, name) for name in os.listdir(folder) if _is_test(os.path.join(folder, name)))
        for claim in claims:
            tests += _tests_of(claim, build, kinds)
    return tests


def _is_test(folder):
    return any(os.path.exists(os.path.join(folder, name)) for name in ("main.c", "run.sh"))


def _tests_of(folder, build, kinds):
    name = os.path.basename(os.path.abspath(folder))
    path = os.path.join(folder, "test.cfg")
    text = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    images = [os.path.join(build, name, name if source == "main.c" else f"{name}-{source[:-2]}")
              for source in sorted(os.listdir(folder)) if source.endswith(".c")]
    top = os.path.dirname(os.path.dirname(build))
    try:
        return [Test(name, kind, folder, images + _named(top, settings), settings) for kind in KINDS
                if kind in kinds for settings in [parse_settings(text, kind)]
                if kind in settings["types"].split()]
    except BadTest as error:
        raise BadTest(f"{folder}: {error}") from None


def _named(top, settings):
    """The files that test.cfg names: programs for dom0 and applications."""
    return [os.path.join(top, "tests", "dom0", tool) for tool in settings["tools"].split()] + \
           [os.path.join(top, "apps", app, app) for app in settings["apps"].split()]


def last_result(text):
    """(outcome, why) of the last result line in a console's or script's output, or None."""
    found = None
    for line in text.splitlines():
        match = _RESULT.match(line.strip())
        if match:
            found = _WORDS[match[1]], match[2].strip()
    return found


def judge(settings, end, status, text):
    """The Result of a test without a script.

    end: how the domain ended (poweroff, crash ... timeout); status: what its main() returned, or None;
    text: its console.
    """
    said = last_result(text)
    if end == "timeout":
        return Result(FAIL, f"time-out after {settings['timeout']} s")
    if end == "destroyed":
        return Result(ERROR, "the domain was destroyed from outside")
    if said and said[0] != PASS:
        return Result(*said)
    expect = settings["expect"]
    if expect == "success":
        if end != "poweroff":
            return Result(FAIL, f"the domain ended by {end}")
        if said is None:
            return Result(ERROR, "it ended without a TEST: line")
    elif end != expect:
        return Result(FAIL, f"it ended by {end}, not by {expect}")
    if settings["status"] and str(status) != settings["status"]:
        return Result(FAIL, f"status {status}, not {settings['status']}")
    if settings["console"] and not re.search(settings["console"], text.replace("\r", ""), re.MULTILINE):
        return Result(FAIL, f"its console never said: {settings['console']}")
    return Result(PASS)


def judge_script(status, text):
    """The Result of a test with a run.sh, from the script's exit status and output."""
    said = last_result(text)
    if said is None:
        return Result(ERROR, f"run.sh ended with status {status} and without a result")
    return Result(*said)


def counts(results):
    """How many passed, failed and were skipped; errors count as failed."""
    outcomes = [result.outcome for result in results]
    return outcomes.count(PASS), outcomes.count(FAIL) + outcomes.count(ERROR), outcomes.count(SKIP)


def summary(results):
    """`N passed, N failed, N skipped`."""
    return "{} passed, {} failed, {} skipped".format(*counts(results))


def junit(results):
    """JUnit XML of [(Test, Result)]."""
    def clean(text):
        return escape(re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "?", text))

    failures = sum(result.outcome == FAIL for _test, result in results)
    errors = sum(result.outcome == ERROR for _test, result in results)
    skipped = sum(result.outcome == SKIP for _test, result in results)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<testsuite name="system" tests="{len(results)}" failures="{failures}" errors="{errors}" '
             f'skipped="{skipped}">']
    tags = {FAIL: "failure", ERROR: "error", SKIP: "skipped"}
    for test, result in results:
        lines.append(f'  <testcase classname="system.{test.kind}" name={quoteattr(test.name)} '
                     f'time="{result.seconds:.3f}">')
        if result.outcome in tags:
            lines.append(f"    <{tags[result.outcome]} message={quoteattr(clean(result.why))}/>")
        if result.outcome in (FAIL, ERROR):
            lines.append(f"    <system-out>{clean(result.log)}</system-out>")
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>", ""])
