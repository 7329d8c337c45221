# SPDX-License-Identifier: MIT
"""What the rig says to people, and its exit codes.

Owns standard error. Standard output belongs to the guest (or to the list of test results).
"""

import os
import signal
import sys
import time

# Exit codes of the programs in rig/. A guest's own status is passed on as it is up to EXIT_GUEST_MAX.
EXIT_GUEST_MAX = 123
EXIT_TIMEOUT = 124
EXIT_RIG_BROKE = 125
EXIT_GUEST_CRASHED = 126
EXIT_GUEST_REBOOTED = 127
EXIT_INTERRUPTED = 130


class RigError(Exception):
    """The rig (not the guest) failed; the text is shown to the user as it is."""


class Interrupted(BaseException):
    """A signal asks the program to end; unwinding cleans everything up."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


class Timeout(Exception):
    """The time that the user allowed is over."""


quiet = False
verbose = False


def _colour(code, text):
    return f"\033[{code}m{text}\033[0m" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text


def _line(text):
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (BrokenPipeError, ValueError):
        pass


def say(text):
    """One line of progress; not in quiet mode."""
    if not quiet:
        _line(_colour(36, "rig: ") + text)


def detail(text):
    """One line for verbose mode only."""
    if verbose:
        _line(_colour(2, "rig: " + text))


def complain(text):
    """One line that is always shown."""
    _line(_colour(31, "rig: ") + text)


class Step:
    """A piece of work that takes a while: `with Step("fetching"):` says it when done, with its time."""

    def __init__(self, text, level=say):
        self.text, self.level = text, level

    def __enter__(self):
        self.start = time.monotonic()
        if sys.stderr.isatty() and not quiet and self.level is say:
            sys.stderr.write(_colour(36, "rig: ") + self.text + " ...\r")
            sys.stderr.flush()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.level(f"{self.text:<60} {time.monotonic() - self.start:5.1f} s")
        elif sys.stderr.isatty() and not quiet:
            _line("")


def catch_signals():
    """Make SIGINT, SIGTERM and SIGHUP unwind the program as Interrupted."""

    def handler(number, _frame):
        # A second ^C must not cut the cleaning short.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def run_main(main):
    """Call main() and end the process with its status; turn the rig's exceptions into exit codes."""
    catch_signals()
    try:
        status = main()
    except RigError as error:
        complain(str(error))
        status = EXIT_RIG_BROKE
    except Timeout as error:
        complain(str(error))
        status = EXIT_TIMEOUT
    except Interrupted as error:
        status = 128 + error.number
    except BrokenPipeError:
        # Whoever read our output has gone: nothing more to tell anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 128 + signal.SIGPIPE
    except OSError as error:
        complain(str(error))
        status = EXIT_RIG_BROKE
    sys.stdout.flush()
    sys.exit(status)
