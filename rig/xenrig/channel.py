# SPDX-License-Identifier: MIT
"""The host's end of the channel to dom0: many commands at once over one stream socket.

Owns the framing (rig/dom0/agent.h is its other side) and the event loop that everything in the rig waits
in. One thread; nothing here blocks without a deadline.
"""

import os
import selectors
import struct
import time

from .ui import RigError, Timeout

VERSION = 1
PAYLOAD_MAX = 32768
STDIN_WINDOW = 262144

HELLO, RUN, INPUT, SIGNAL, OUTPUT, ERROR, CREDIT, EXIT = range(1, 9)
RUN_PTY = 1

_HEADER = struct.Struct("<III")
_NUMBER = struct.Struct("<I")


def encode_frame(channel, kind, payload=b""):
    """The bytes of one frame."""
    if len(payload) > PAYLOAD_MAX:
        raise ValueError("payload too long")
    return _HEADER.pack(channel, kind, len(payload)) + payload


class Decoder:
    """Cuts a stream into frames, wherever its pieces end."""

    def __init__(self):
        self._data = bytearray()

    def feed(self, data):
        """Yields (channel, kind, payload) of every frame that is complete. Raises ValueError for nonsense."""
        self._data += data
        while len(self._data) >= _HEADER.size:
            channel, kind, length = _HEADER.unpack_from(self._data)
            if length > PAYLOAD_MAX or not HELLO <= kind <= EXIT:
                raise ValueError(f"bad frame: kind {kind}, {length} bytes")
            if len(self._data) < _HEADER.size + length:
                return
            payload = bytes(self._data[_HEADER.size:_HEADER.size + length])
            del self._data[:_HEADER.size + length]
            yield channel, kind, payload


class Command:
    """A command that runs in dom0; made by Channel.start()."""

    def __init__(self, channel, number, on_output, on_error):
        self._channel = channel
        self.number = number
        self.output, self.error = bytearray(), bytearray()
        self.on_output = on_output or self.output.extend
        self.on_error = on_error or self.error.extend
        self.status = None
        self.window = STDIN_WINDOW
        self._waiting = bytearray()
        self._ending = False

    def write(self, data):
        """Queue bytes for the command's standard input."""
        self._waiting += data
        self.flush()

    def end_input(self):
        """Standard input ends after what is queued."""
        self._ending = True
        self.flush()

    @property
    def wants_input(self):
        """Whether more input would be of use now (the queue is empty and the window open)."""
        return not self._waiting and self.window > 0 and self.status is None

    def flush(self):
        """Send what the window allows."""
        while self._waiting and self.window > 0 and self.status is None:
            piece = bytes(self._waiting[:min(PAYLOAD_MAX, self.window)])
            del self._waiting[:len(piece)]
            self.window -= len(piece)
            self._channel.send(self.number, INPUT, piece)
        if self._ending and not self._waiting and self.status is None:
            self._ending = False
            self._channel.send(self.number, INPUT)

    def signal(self, number):
        """Send a signal to the command and its children."""
        if self.status is None:
            self._channel.send(self.number, SIGNAL, _NUMBER.pack(number))


class Channel:
    """The connection to dom0's agent, and the event loop around it."""

    def __init__(self, sock):
        self._sock = sock
        sock.setblocking(False)
        self._decoder = Decoder()
        self._outgoing = bytearray()
        self._commands = {}
        self._number = 0
        self._greeted = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ, self._on_socket)

    def close(self):
        self._selector.close()
        self._sock.close()

    def watch(self, fd, callback):
        """Call callback(fd) whenever fd is readable."""
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def unwatch(self, fd):
        """Stop watching fd."""
        try:
            self._selector.unregister(fd)
        except KeyError:
            pass

    def watches(self, fd):
        """Whether fd is being watched."""
        return fd in self._selector.get_map()

    def send(self, number, kind, payload=b""):
        self._outgoing += encode_frame(number, kind, payload)
        self._write()

    def _write(self):
        try:
            while self._outgoing:
                sent = self._sock.send(self._outgoing[:262144])
                del self._outgoing[:sent]
        except BlockingIOError:
            pass
        except OSError:
            raise RigError("the machine ended by itself; -v shows its last words") from None
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
        self._selector.modify(self._sock, events, self._on_socket)

    def _on_socket(self, _fd):
        self._write()
        try:
            data = self._sock.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise RigError("the machine ended by itself; -v shows its last words")
        try:
            for number, kind, payload in self._decoder.feed(data):
                self._on_frame(number, kind, payload)
        except ValueError as error:
            raise RigError(f"dom0's agent speaks nonsense: {error}") from None

    def _on_frame(self, number, kind, payload):
        if kind == HELLO:
            if _NUMBER.unpack(payload)[0] != VERSION:
                raise RigError("dom0's agent has another version")
            self._greeted = True
            return
        command = self._commands.get(number)
        if command is None:
            return
        if kind == OUTPUT:
            command.on_output(payload)
        elif kind == ERROR:
            command.on_error(payload)
        elif kind == CREDIT:
            command.window += _NUMBER.unpack(payload)[0]
            command.flush()
        elif kind == EXIT:
            command.status = _NUMBER.unpack(payload)[0]
            del self._commands[number]

    def run_until(self, done, deadline=None, what="dom0"):
        """Handle events until done() is true. Raises Timeout at the deadline (time.monotonic())."""
        while not done():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Timeout(f"time-out: {what}")
            for key, _events in self._selector.select(left):
                key.data(key.fd)

    def hello(self, deadline):
        """Wait until dom0's agent answers."""
        self._greeted = False
        self.send(0, HELLO)
        self.run_until(lambda: self._greeted, deadline, "dom0 does not answer")

    def start(self, argv, on_output=None, on_error=None, pty=False):
        """Start a command in dom0. Output is collected in .output and .error unless callbacks take it."""
        self._number += 1
        command = Command(self, self._number, on_output, on_error)
        self._commands[self._number] = command
        arguments = b"".join(os.fsencode(argument) + b"\0" for argument in argv)
        self.send(self._number, RUN, _NUMBER.pack(RUN_PTY if pty else 0) + arguments)
        return command

    def wait(self, command, deadline=None, what="a command in dom0"):
        """Wait until a command has ended. Returns its status."""
        self.run_until(lambda: command.status is not None, deadline, what)
        return command.status

    def call(self, script, *arguments, stdin=b"", timeout_s=60):
        """Run a shell script in dom0. Returns (status, output, error)."""
        command = self.start(["sh", "-c", script, "sh", *arguments])
        command.write(stdin)
        command.end_input()
        status = self.wait(command, time.monotonic() + timeout_s, f"dom0 is busy with: {script[:60]}")
        return status, bytes(command.output), bytes(command.error)
