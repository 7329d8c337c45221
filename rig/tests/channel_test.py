# SPDX-License-Identifier: MIT
"""Framing, flow control and deadlines of the channel, with this test as dom0; and the real agent."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

RIG = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, RIG)
from xenrig import channel  # noqa: E402
from xenrig.ui import RigError, Timeout  # noqa: E402


class DecoderTest(unittest.TestCase):
    def test_frames_survive_any_cut(self):
        stream = channel.encode_frame(1, channel.OUTPUT, b"abc")
        stream += channel.encode_frame(2, channel.EXIT, b"\0" * 4)
        wanted = [(1, channel.OUTPUT, b"abc"), (2, channel.EXIT, b"\0" * 4)]
        for cut in range(len(stream) + 1):
            decoder = channel.Decoder()
            self.assertEqual([*decoder.feed(stream[:cut]), *decoder.feed(stream[cut:])], wanted)

    def test_nonsense_is_refused(self):
        for bad in (struct.pack("<III", 1, channel.OUTPUT, 1 << 30), struct.pack("<III", 1, 77, 0)):
            with self.assertRaises(ValueError):
                list(channel.Decoder().feed(bad))

    def test_long_payload_is_refused(self):
        payload = b"x" * (channel.PAYLOAD_MAX + 1)
        self.assertRaises(ValueError, channel.encode_frame, 1, channel.INPUT, payload)


class ChannelTest(unittest.TestCase):
    def setUp(self):
        ours, self.dom0 = socket.socketpair()
        self.channel = channel.Channel(ours)
        self.decoder = channel.Decoder()
        self.dom0.settimeout(5)

    def tearDown(self):
        self.channel.close()
        self.dom0.close()

    def sent(self):
        return list(self.decoder.feed(self.dom0.recv(1 << 20)))

    def answer(self, number, kind, payload=b""):
        self.dom0.sendall(channel.encode_frame(number, kind, payload))

    def test_command_gathers_output_and_status(self):
        command = self.channel.start(["ls", "-l"])
        self.assertEqual(self.sent(), [(1, channel.RUN, b"\0\0\0\0ls\0-l\0")])
        self.answer(1, channel.OUTPUT, b"out")
        self.answer(1, channel.ERROR, b"err")
        self.answer(1, channel.EXIT, struct.pack("<I", 3))
        self.assertEqual(self.channel.wait(command, time.monotonic() + 5), 3)
        self.assertEqual((bytes(command.output), bytes(command.error)), (b"out", b"err"))

    def test_input_stops_at_the_window_and_goes_on_with_credit(self):
        command = self.channel.start(["cat"])
        self.sent()
        command.write(b"x" * (channel.STDIN_WINDOW + 10))
        command.end_input()
        self.assertFalse(command.wants_input)
        frames = []
        while sum(len(payload) for _n, _k, payload in frames) < channel.STDIN_WINDOW:
            self.channel.run_until(lambda: True)
            self.channel._write()
            frames += self.sent()
        self.assertEqual(sum(len(payload) for _n, _k, payload in frames), channel.STDIN_WINDOW)
        self.answer(1, channel.CREDIT, struct.pack("<I", 100))
        self.channel.run_until(lambda: command.window > 0, time.monotonic() + 5)
        self.assertEqual(self.sent(), [(1, channel.INPUT, b"x" * 10), (1, channel.INPUT, b"")])

    def test_deadline(self):
        command = self.channel.start(["sleep"])
        self.assertRaises(Timeout, self.channel.wait, command, time.monotonic() + 0.05)

    def test_hang_up_is_the_rigs_failure(self):
        command = self.channel.start(["true"])
        self.dom0.close()
        self.assertRaises(RigError, self.channel.wait, command, time.monotonic() + 5)

    def test_other_version_is_refused(self):
        self.answer(0, channel.HELLO, struct.pack("<I", channel.VERSION + 1))
        self.assertRaises(RigError, self.channel.hello, time.monotonic() + 5)


@unittest.skipUnless(shutil.which("cc"), "no C compiler here")
class AgentTest(unittest.TestCase):
    """The agent of dom0, on a socket in place of its virtio port."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.program = os.path.join(cls.folder.name, "agent")
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
                        "-o", cls.program, os.path.join(RIG, "dom0", "agent.c"), "-lutil"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        ours, theirs = socket.socketpair()
        self.agent = subprocess.Popen([self.program, "-"], stdin=theirs)
        theirs.close()
        self.channel = channel.Channel(ours)
        self.channel.hello(time.monotonic() + 10)

    def tearDown(self):
        self.agent.kill()
        self.agent.wait()
        self.channel.close()

    def test_status_output_and_error(self):
        status, out, error = self.channel.call("echo out; echo err >&2; exit 5")
        self.assertEqual((status, out, error), (5, b"out\n", b"err\n"))

    def test_a_megabyte_through_cat(self):
        data = os.urandom(1 << 20)
        self.assertEqual(self.channel.call("cat", stdin=data), (0, data, b""))

    def test_input_for_one_that_does_not_read(self):
        status, _out, _error = self.channel.call("exec <&-; sleep 0.2; true", stdin=b"x" * (1 << 20))
        self.assertEqual(status, 0)

    def test_signal_reaches_the_children(self):
        command = self.channel.start(["sh", "-c", "sleep 100 | sleep 100"])
        command.signal(9)
        self.assertEqual(self.channel.wait(command, time.monotonic() + 10), 128 + 9)

    def test_daemon_does_not_hold_up_the_end(self):
        status, out, _error = self.channel.call("sleep 5 & echo done", timeout_s=4)
        self.assertEqual((status, out), (0, b"done\n"))

    def test_unknown_program(self):
        command = self.channel.start(["no-such-program"])
        self.assertEqual(self.channel.wait(command, time.monotonic() + 10), 127)

    def test_terminal(self):
        command = self.channel.start(["sh", "-c", "test -t 0 && test -t 1 && echo yes"], pty=True)
        self.assertEqual(self.channel.wait(command, time.monotonic() + 10), 0)
        self.assertEqual(bytes(command.output), b"yes\r\n")

    def test_many_at_once(self):
        commands = [self.channel.start(["sh", "-c", f"cat; exit {i}"]) for i in range(50)]
        for command in commands:
            command.write(b"data")
            command.end_input()
        for i, command in enumerate(commands):
            self.assertEqual(self.channel.wait(command, time.monotonic() + 20), i)
            self.assertEqual(bytes(command.output), b"data")


if __name__ == "__main__":
    unittest.main()
