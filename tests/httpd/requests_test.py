# SPDX-License-Identifier: MIT
"""Claims about what httpd takes from clients, well meant or not."""

import random
import socket
import time
import unittest
import zlib

from support import BIG, PAGE, PATIENCE_S, SMALL, HttpdTest, read_answer


class Requests(HttpdTest):
    options = ("--max-head=2048", "--max-upload=3000000")

    def bad(self, data, *statuses):
        answers = self.exchange(data, None)
        self.assertEqual(len(answers), 1, data[:60])
        self.assertIn(answers[0].status, statuses, data[:60])
        self.assertEqual(answers[0]["connection"], "close")

    def test_malformed_requests_are_refused(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"get / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tfolded: c\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                     b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                     b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
                     b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                     b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", b"\r\n\r\nX\r\n\r\n"):
            self.bad(data, 400)

    def test_a_strange_word_is_not_implemented(self):
        self.bad(b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", 501)

    def test_other_versions_are_refused(self):
        for version in (b"2.0", b"0.9", b"9.9"):
            self.bad(b"GET / HTTP/" + version + b"\r\nHost: x\r\n\r\n", 505)
        self.bad(b"GET /\r\n\r\n", 505)

    def test_heads_have_a_limit(self):
        self.bad(b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)
        self.bad(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 4000 + b"\r\n\r\n", 431)
        self.bad(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000 + b"\r\n", 431)
        self.assertEqual(self.get("/" + "a" * 1200).status, 414)
        self.assertEqual(self.get("/small.bin", "A: " + "a" * 1900).status, 200)

    def test_a_head_may_come_byte_by_byte(self):
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            for byte in b"GET /small.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\nX-Long: " + b"y" * 1200 + b"\r\n\r\n":
                sock.sendall(bytes([byte]))
            self.assertEqual(read_answer(stream).body, SMALL[1:3])

    def test_requests_may_be_cut_anywhere(self):
        one = b"GET /small.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n"
        post = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        data = one + post + one
        for cut in range(1, len(data), 3):
            with self.server.connect() as sock, sock.makefile("rb") as stream:
                sock.sendall(data[:cut])
                sock.sendall(data[cut:])
                answers = [read_answer(stream) for _ in range(3)]
            self.assertEqual([a.body for a in answers], [SMALL[1:3], f"bytes=5 crc32={zlib.crc32(b'abcde'):08x}\n".encode(), SMALL[1:3]])

    def test_fields_behind_a_chunked_body_are_passed_over(self):
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        data = head + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nHost: y\r\nRange: bytes=0-1\r\n\r\n"
        for cut in range(len(head) - 2, len(data)):
            with self.server.connect() as sock, sock.makefile("rb") as stream:
                sock.sendall(data[:cut])
                sock.sendall(data[cut:])
                self.assertEqual(read_answer(stream).body, f"bytes=3 crc32={zlib.crc32(b'abc'):08x}\n".encode())
        long = head + b"4000\r\n" + b"x" * 0x4000 + b"\r\n0\r\nX-Sum: 1\r\n\r\n"
        self.assertEqual(self.exchange(long)[0].status, 200)

    def test_a_field_may_be_empty(self):
        self.assertEqual(self.get("/small.bin", "A:", "B: c", "Accept-Encoding:", "D:   ").body, SMALL)

    def test_pipelined_requests_are_answered_in_order(self):
        targets = ["/small.bin", "/", "/missing", "/big.bin", "/sub/", "/metrics", "/small.bin"] * 5
        data = b"".join(f"GET {t} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for t in targets)
        bodies = {"/small.bin": SMALL, "/": PAGE, "/big.bin": BIG, "/sub/": b"sub"}
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(data)
            for target in targets:
                answer = read_answer(stream)
                self.assertEqual(answer.status, 404 if target == "/missing" else 200)
                if target in bodies:
                    self.assertEqual(answer.body, bodies[target])

    def test_a_thousand_pipelined_requests(self):
        answers = self.exchange(b"GET /small.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 1000, 1000)
        self.assertEqual([a.body == SMALL for a in answers], [True] * 1000)

    def test_close_ends_the_connection(self):
        for request in (b"GET /small.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET /small.bin HTTP/1.0\r\n\r\n",
                        b"GET /big.bin HTTP/1.0\r\n\r\n", b"GET /missing HTTP/1.0\r\n\r\n"):
            for data in (request, request, request + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
                answers = self.exchange(data, None)
                self.assertEqual(len(answers), 1, data)
                self.assertEqual(answers[0]["connection"], "close")

    def test_the_old_version_may_stay(self):
        request = b"GET /small.bin HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        answers = self.exchange(request * 3, 3)
        self.assertEqual([(a.body, a["connection"]) for a in answers], [(SMALL, "keep-alive")] * 3)

    def test_methods(self):
        self.assertEqual(self.get("/", method="OPTIONS").status, 204)
        self.assertEqual(self.get("*", method="OPTIONS")["allow"], "GET, HEAD, OPTIONS, POST, PUT")
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "MKCOL"):
            answer = self.get("/small.bin", "Content-Length: 0", method=method)
            self.assertEqual((answer.status, answer["allow"]), (405, "GET, HEAD, OPTIONS"), method)
        self.assertEqual(self.get("/upload")["allow"], "POST, PUT, OPTIONS")
        self.bad(b"CONNECT host:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405)

    def test_a_small_unwanted_body_does_not_end_the_connection(self):
        data = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /small.bin HTTP/1.1\r\nHost: x\r\n\r\n"
        self.assertEqual([a.status for a in self.exchange(data, 2)], [405, 200])
        self.bad(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n", 405)

    def test_uploads_are_summed(self):
        for body in (b"", b"x", BIG):
            for method in ("PUT", "POST"):
                head = f"{method} /upload?name=x HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                answer = self.exchange(head + body)[0]
                self.assertEqual(answer.body, f"bytes={len(body)} crc32={zlib.crc32(body):08x}\n".encode())

    def test_uploads_have_a_limit(self):
        self.bad(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3000001\r\n\r\n", 413)
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            for _ in range(46):
                sock.sendall(chunk)
            self.assertEqual(read_answer(stream).status, 413)

    def test_who_asks_is_told_to_go_on(self):
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(read_answer(stream).status, 100)
            sock.sendall(b"abc")
            self.assertEqual(read_answer(stream).body, f"bytes=3 crc32={zlib.crc32(b'abc'):08x}\n".encode())
        self.bad(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: tea\r\n\r\n", 417)
        self.bad(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3000001\r\nExpect: 100-continue\r\n\r\n", 413)
        self.bad(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 405)

    def test_an_upgrade_is_passed_over(self):
        answer = self.get("/small.bin", "Connection: upgrade", "Upgrade: websocket")
        self.assertEqual((answer.status, answer.body), (200, SMALL))

    def test_a_peer_that_closes_its_side_gets_its_answer(self):
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_answer(stream).body, BIG)
            self.assertIsNone(read_answer(stream))

    def test_a_peer_that_vanishes_costs_nothing(self):
        for data in (b"", b"GET", b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 20, b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"):
            sock = self.server.connect()
            sock.sendall(data)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        end = time.monotonic() + PATIENCE_S
        while self.metric("httpd_connections") != 1 and time.monotonic() < end:
            pass
        self.assertEqual(self.metric("httpd_connections"), 1)

    def test_a_slow_reader_gets_everything(self):
        with self.server.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            data = b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 12 + b"GET / HTTP/1.0\r\n\r\n"
            sock.sendall(data)
            self.assertEqual(self.get("/small.bin").body, SMALL)
            with sock.makefile("rb") as stream:
                for _ in range(12):
                    self.assertEqual(read_answer(stream).body, BIG)
                self.assertEqual(read_answer(stream).body, PAGE)

    def test_noise_never_hurts(self):
        noise = random.Random(7)
        words = [b"GET ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Host: x", b":", b" ", b"\0", b"%2e", b"Content-Length: ", b"9", b"chunked",
                 b"Transfer-Encoding: ", b"POST /upload", b"Range: bytes=", b"-", b",", b"\xff", b"Expect: 100-continue", b"0\r\n\r\n"]
        for _ in range(400):
            with self.server.connect() as sock:
                sock.sendall(b"".join(noise.choices(words, k=noise.randrange(1, 40))))
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
        self.assertEqual(self.get("/small.bin").body, SMALL)


if __name__ == "__main__":
    unittest.main()
