# SPDX-License-Identifier: MIT
"""Joins this program's standard input and output to a command in dom0.

Owns the terminal's settings while it is in use, and puts them back. ^] ends the program.
"""

import os
import signal
import stat
import sys
import termios
import tty

from .ui import Interrupted

_ESCAPE = 0x1D  # ^]
_END_OF_FILE = b"\x04"


class Output:
    """Standard output: as it comes on a terminal; elsewhere lines end in a bare newline."""

    def __init__(self):
        self._raw = os.isatty(1)
        self._held = b""
        self.last_byte = b"\n"

    def write(self, data):
        if not self._raw:
            data = self._held + data
            # A return at the end may belong to a newline that has not come yet.
            self._held = b"\r" if data.endswith(b"\r") else b""
            data = data[:len(data) - len(self._held)].replace(b"\r\n", b"\n")
        if data:
            self.last_byte = data[-1:]
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


class Input:
    """Feeds standard input to a command, as fast as the command takes it and no faster.

    With a whole terminal (raw), ^C goes to the command, else it ends the program. The end of a pipe or
    file that had something in it is typed as ^D, since that is how a console says end of file; with
    typed_end=False the command's standard input just ends.
    """

    def __init__(self, channel, command, raw=False, typed_end=True):
        self._channel, self._command = channel, command
        self._saved = None
        self._some = False
        self._ended = False
        self._pollable = False
        try:
            mode = os.fstat(0).st_mode
        except OSError:
            self._ended = True
            return
        self._closes = not typed_end
        self._typed_end = stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)
        self._pollable = not stat.S_ISREG(mode) and not (stat.S_ISCHR(mode) and not os.isatty(0))
        if os.isatty(0):
            if os.tcgetpgrp(0) != os.getpgrp():
                self._ended = True  # in the background: reading would stop this program
                return
            self._saved = termios.tcgetattr(0)
            (tty.setraw if raw else tty.setcbreak)(0)

    def serve(self, deadline=None, what="", wake=lambda: None):
        """Pass input on until the command has ended. Raises Timeout at the deadline.

        wake() may give a value that makes serve() return as soon as it changes.
        """
        command, first = self._command, wake()
        while command.status is None and wake() == first:
            self._poll()
            room = command.wants_input
            self._channel.run_until(
                lambda: command.status is not None or command.wants_input != room or wake() != first
                or (room and not self._ended and not self._pollable), deadline, what)

    def _poll(self):
        """Take input if the command has room for some."""
        if self._ended:
            return
        if not self._command.wants_input:
            self._channel.unwatch(0)
        elif not self._pollable:
            self._read(0)
        elif not self._channel.watches(0):
            self._channel.watch(0, self._read)

    def _read(self, _fd):
        try:
            data = os.read(0, 16384)
        except OSError:
            data = b""
        if not data:
            self._ended = True
            self._channel.unwatch(0)
            if self._closes:
                self._command.end_input()
            elif self._some and self._typed_end:
                self._command.write(_END_OF_FILE)
            return
        self._some = True
        if self._saved is not None and _ESCAPE in data:
            raise Interrupted(signal.SIGINT)
        self._command.write(data)

    def close(self):
        """Leave standard input to others, the terminal as it was."""
        self._channel.unwatch(0)
        if self._saved is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
            self._saved = None
