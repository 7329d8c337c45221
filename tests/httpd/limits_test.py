# SPDX-License-Identifier: MIT
"""Claims about slow clients, many clients, and a system that has run out of something."""

import resource
import socket
import time
import unittest

from support import BIG, PATIENCE_S, SMALL, HttpdTest, read_answer


class Limits(HttpdTest):
    options = ("--max-connections=8", "--head-timeout=1", "--idle-timeout=60", "--body-timeout=1", "--write-timeout=1")

    def test_half_a_head_times_out(self):
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(b"GET / HT")
            self.assertEqual(read_answer(stream).status, 408)
            self.assertIsNone(read_answer(stream))

    def test_a_dripping_head_times_out(self):
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.settimeout(0.1)
            start = time.monotonic()
            sock.sendall(b"GET / HTTP/1.1\r\nA: ")
            while time.monotonic() - start < PATIENCE_S:
                sock.sendall(b"x")
                try:
                    if sock.recv(4096).startswith(b"HTTP/1.1 408"):
                        break
                except TimeoutError:
                    continue
            self.assertLess(time.monotonic() - start, PATIENCE_S)
            self.assertTrue(stream)

    def test_silence_times_out(self):
        with self.server.connect() as sock:
            self.assertEqual(sock.recv(1), b"")

    def test_half_a_body_times_out(self):
        with self.server.connect() as sock:
            sock.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            self.assertEqual(sock.recv(1), b"")

    def test_who_does_not_read_times_out(self):
        with self.server.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            end = time.monotonic() + PATIENCE_S
            while self.metric("httpd_connections") > 1 and time.monotonic() < end:
                pass
            self.assertEqual(self.metric("httpd_connections"), 1)

    def test_idle_connections_make_room_for_new_ones(self):
        idle = []
        for _ in range(30):
            sock = self.server.connect()
            stream = sock.makefile("rb")
            sock.sendall(b"GET /small.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(stream).body, SMALL)
            idle.append((sock, stream))
        self.assertEqual(idle[0][0].recv(1), b"")
        for sock, stream in idle:
            stream.close()
            sock.close()

    def test_too_many_busy_connections_are_refused(self):
        busy = []
        refused = None
        for _ in range(40):
            sock = self.server.connect()
            sock.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
            with sock.makefile("rb") as stream:
                answer = read_answer(stream)
            busy.append(sock)
            if answer is not None and answer.status == 503:
                refused = answer
                break
        for sock in busy:
            sock.close()
        self.assertEqual((refused.status, refused["retry-after"], refused["connection"]), (503, "1", "close"))
        end = time.monotonic() + PATIENCE_S
        while self.get("/small.bin").status != 200 and time.monotonic() < end:
            pass


class Many(HttpdTest):
    def test_a_thousand_connections_at_once(self):
        socks = [self.server.connect() for _ in range(1000)]
        for sock in socks:
            sock.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=100-4099\r\n\r\n")
        for sock in socks:
            with sock.makefile("rb") as stream:
                self.assertEqual(read_answer(stream).body, BIG[100:4100])
        for sock in socks:
            sock.close()


class Descriptors(HttpdTest):
    """The server has 30 descriptors in all, and half of them go to files."""

    files = {f"{n}.bin": bytes([n]) * 20000 for n in range(60)}

    @classmethod
    def setUpClass(cls):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, limits[1]))
        try:
            super().setUpClass()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    def test_running_out_of_descriptors_is_survived(self):
        for n in list(range(60)) * 2:
            answer = self.get(f"/{n}.bin")
            self.assertIn(answer.status, (200, 503))
            if answer.status == 200:
                self.assertEqual(answer.body, bytes([n]) * 20000)
        socks = [self.server.connect() for _ in range(60)]
        for sock in socks:
            sock.close()
        end = time.monotonic() + PATIENCE_S
        while self.get("/1.bin").status != 200 and time.monotonic() < end:
            pass
        self.assertEqual(self.get("/1.bin").body, bytes([1]) * 20000)


if __name__ == "__main__":
    unittest.main()
