# SPDX-License-Identifier: MIT
"""Fetches a page from the guest as soon as its console says that it serves, and shows what came.

Owns curl, which runs beside the guest; its output arrives through the channel's event loop.
"""

import re
import subprocess

from . import ui
from .ui import complain, say

_LIMIT_S = 60
_BODY_LINES = 8
_COLUMNS = 100
_TAIL_BYTES = 4096  # of the console's last line, to find the pattern in


class Fetch:
    """One page. done: None, then whether it came with a status below 400. stays: the guest does, after it."""

    def __init__(self, channel, url, pattern, stays=True):
        self._channel, self.url, self._stays = channel, url, stays
        self._pattern = re.compile(pattern.encode(), re.M)
        self._tail = b""
        self._process = None
        self._got = bytearray()
        self.done = None

    def see(self, console):
        """What the guest's console says; the pattern starts curl."""
        if self._process is not None or self.done is not None:
            return
        self._tail = (self._tail + console)[-_TAIL_BYTES:]
        if self._pattern.search(self._tail):
            self._start()

    def _start(self):
        # The first tries may come before the bridge has learnt where the guest is.
        command = ["curl", "-sS", "-i", "--max-time", str(_LIMIT_S), "--connect-timeout", "5", "--retry", "5",
                   "--retry-delay", "1", "--retry-all-errors", self.url]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=subprocess.STDOUT)
        except FileNotFoundError:
            self.done = False
            complain("curl is not here: apt-get install curl")
            return
        self._channel.watch(self._process.stdout.fileno(), self._read)

    def _read(self, fd):
        data = self._process.stdout.read1(65536)
        if data:
            self._got += data
            return
        self._channel.unwatch(fd)
        self.done = show(self.url, self._process.wait(), bytes(self._got))
        if self.done and self._stays:
            say(f"the guest serves {self.url} until ^C")

    def close(self):
        """Leave nothing running."""
        if self._process is not None:
            if self._process.poll() is None:
                self._channel.unwatch(self._process.stdout.fileno())
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()


def show(url, status, got):
    """Tell what curl got. Returns whether it is a page."""
    head, _, body = got.decode(errors="replace").replace("\r", "").partition("\n\n")
    words = head.split(None, 2)
    if status != 0 or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        complain(f"curl {url} failed (status {status}): {head}")
        return False
    if ui.quiet:
        return int(words[1]) < 400
    say(f"curl -i {url}")
    lines = body.split("\n")
    for line in [*head.split("\n"), "", *lines[:_BODY_LINES]]:
        say("  | " + (line if len(line) <= _COLUMNS else line[:_COLUMNS - 3] + "..."))
    if len(lines) > _BODY_LINES:
        say(f"  | ... {len(got)} bytes in all")
    return int(words[1]) < 400
