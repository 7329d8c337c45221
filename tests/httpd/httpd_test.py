# SPDX-License-Identifier: MIT
"""Claims about apps/httpd, run as a process of this machine with sanitizers: what a client may do, and what it gets.

The server is the very source that becomes the image. HTTPD names the binary. Every wait has an event behind it.
"""

import email.utils
import gzip
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import zlib

HTTPD = os.environ.get("HTTPD", "build/httpd-host/httpd")
PATIENCE_S = 30


class Server:
    """One httpd over a folder of its own."""

    def __init__(self, *options, files=None):
        self.root = tempfile.mkdtemp(prefix="httpd-")
        for name, content in (files or {}).items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [HTTPD, f"--port={self.port}", f"--root={self.root}", *options],
            stdout=subprocess.PIPE, stderr=self.errors)
        self.process.stdout.readline()
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.connect().close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def close(self):
        """Ends the server; raises if it had ended by itself or a sanitizer spoke."""
        ended = self.process.poll()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.root)
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        self.errors.close()
        if ended is not None or said:
            raise AssertionError(f"httpd ended with {ended}: {said}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        return self.headers.get(name.lower())


def read_answer(stream, head=False):
    """The next answer on a connection; None at its end."""
    line = stream.readline()
    if not line:
        return None
    match = re.fullmatch(rb"HTTP/1\.1 (\d\d\d) [ -~]+\r\n", line)
    assert match, line
    headers = {}
    while True:
        line = stream.readline()
        assert line.endswith(b"\r\n"), line
        if line == b"\r\n":
            break
        name, _, value = line[:-2].decode().partition(": ")
        assert name.lower() not in headers, f"{name} twice"
        headers[name.lower()] = value
    status = int(match[1])
    if head or status in (204, 304) or status < 200:
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while True:
            size = int(stream.readline(), 16)
            body += stream.read(size)
            assert stream.readline() == b"\r\n"
            if size == 0:
                return Answer(status, headers, body)
    if "content-length" in headers:
        length = int(headers["content-length"])
        body = stream.read(length)
        assert len(body) == length, f"{len(body)} of {length} bytes"
        return Answer(status, headers, body)
    return Answer(status, headers, stream.read())


BIG = os.urandom(64) * 20000  # 1.28 MB: by sendfile()
SMALL = bytes(range(256)) * 4
PAGE = b"<h1>index</h1>" * 100
FILES = {
    "index.html": PAGE, "index.html.gz": gzip.compress(PAGE), "small.bin": SMALL, "big.bin": BIG, "empty.txt": b"",
    "sub/index.html": b"sub", "sub/with space.txt": b"space", "bare/x.css": b"css", ".secret": b"no", "sub/.git/config": b"no",
    ".well-known/a.txt": b"well", "umlaut-\u00e4.txt": b"umlaut", "packed.js": b"js" * 50, "packed.js.gz": gzip.compress(b"js" * 50),
}


class HttpdTest(unittest.TestCase):
    options = ()
    files = FILES

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options, files=cls.files)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def exchange(self, data, count=1, head=False):
        """Send bytes on a new connection and read so many answers (None: up to its end)."""
        with self.server.connect() as sock, sock.makefile("rb") as stream:
            sock.sendall(data)
            answers = []
            while count is None or len(answers) < count:
                answer = read_answer(stream, head)
                if answer is None:
                    break
                answers.append(answer)
            return answers

    def get(self, target, *headers, method="GET"):
        lines = [f"{method} {target} HTTP/1.1", "Host: x", *headers, "", ""]
        return self.exchange("\r\n".join(lines).encode(), head=method == "HEAD")[0]

    def metric(self, name):
        found = re.search(rf"^xenolith_{name} (\d+)$".encode(), self.get("/metrics").body, re.M)
        return int(found[1])


class Files(HttpdTest):
    def test_a_file_comes_whole(self):
        for name in ("small.bin", "big.bin", "empty.txt"):
            answer = self.get("/" + name)
            self.assertEqual((answer.status, answer.body), (200, FILES[name]))
            self.assertEqual(answer["content-length"], str(len(FILES[name])))

    def test_the_same_request_gets_the_same_answer(self):
        bodies = {self.get("/small.bin").body for _ in range(5)}
        self.assertEqual(bodies, {SMALL})
        self.assertGreater(self.metric("httpd_repeated_requests_total"), 0)

    def test_head_has_the_header_alone(self):
        for name in ("small.bin", "big.bin", "missing"):
            answers = self.exchange(f"HEAD /{name} HTTP/1.1\r\nHost: x\r\n\r\nHEAD /{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 2, True)
            self.assertEqual(answers[0].status, answers[1].status)
            whole = self.get("/" + name)
            self.assertEqual(answers[1]["content-length"], whole["content-length"])

    def test_a_directory_shows_its_index(self):
        self.assertEqual(self.get("/").body, PAGE)
        self.assertEqual(self.get("/sub/").body, b"sub")
        self.assertEqual(self.get("/bare/").status, 404)

    def test_a_directory_without_slash_is_redirected(self):
        answer = self.get("/sub?query")
        self.assertEqual((answer.status, answer["location"]), (301, "/sub/"))

    def test_types_are_told(self):
        for name, kind in (("/", "text/html; charset=utf-8"), ("/bare/x.css", "text/css; charset=utf-8"),
                           ("/packed.js", "text/javascript; charset=utf-8"), ("/big.bin", "application/octet-stream")):
            self.assertEqual(self.get(name)["content-type"], kind)

    def test_targets_are_normalised(self):
        for target in ("/sub/with%20space.txt", "//sub//with%20space.txt", "/sub/./with%20space.txt", "/sub/../sub/with%20space.txt",
                       "/x/y/../../sub/with%20space.txt?q=/..", "/%73ub/with space.txt".replace(" ", "%20"),
                       "http://host/sub/with%20space.txt", "/sub%2Fwith%20space.txt", "/x/..%2fsub/with%20space.txt"):
            self.assertEqual(self.get(target).body, b"space", target)
        self.assertEqual(self.get("/umlaut-%c3%a4.txt").body, b"umlaut")

    def test_nothing_above_the_root_is_reached(self):
        for target in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/..%2fetc/passwd", "/sub/../../etc/passwd", "/.%2e/", "/sub/%2e%2e/%2e%2e/",
                       "/%", "/%4", "/%zz", "/%00", "/a%0ab", "/x%7f"):
            self.assertEqual(self.get(target).status, 400, target)
        for target in ("/...", "/..a", "/etc/passwd", "/.%5c..%5cetc"):
            self.assertEqual(self.get(target).status, 404, target)

    def test_hidden_files_are_not_shown(self):
        for target in ("/.secret", "/sub/.git/config", "/%2esecret"):
            self.assertEqual(self.get(target).status, 404)
        self.assertEqual(self.get("/.well-known/a.txt").body, b"well")

    def test_packed_siblings_are_sent_to_who_takes_them(self):
        for accept, packed in (("gzip", True), ("deflate, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False),
                               ("gzip;q=0.000, *", False), ("identity", False), ("GZIP", True)):
            answer = self.get("/packed.js", f"Accept-Encoding: {accept}")
            self.assertEqual(answer["content-encoding"] == "gzip", packed, accept)
            self.assertEqual(gzip.decompress(answer.body) if packed else answer.body, b"js" * 50)
            self.assertEqual((answer["vary"], answer["content-type"]), ("Accept-Encoding", "text/javascript; charset=utf-8"))
        plain, packed = self.get("/packed.js"), self.get("/packed.js", "Accept-Encoding: gzip")
        self.assertNotEqual(plain["etag"], packed["etag"])
        self.assertIsNone(self.get("/small.bin", "Accept-Encoding: gzip")["vary"])

    def test_the_date_is_now(self):
        date = email.utils.parsedate_to_datetime(self.get("/small.bin")["date"]).timestamp()
        self.assertLess(abs(date - time.time()), 5)

    def test_a_changed_file_is_seen_after_a_second(self):
        path = os.path.join(self.server.root, "changing.txt")
        with open(path, "w", encoding="ascii") as file:
            file.write("one")
        first = self.get("/changing.txt")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write("two")
        os.rename(path + ".new", path)
        end = time.monotonic() + PATIENCE_S
        while self.get("/changing.txt").body == b"one" and time.monotonic() < end:
            pass
        second = self.get("/changing.txt")
        self.assertEqual((first.body, second.body), (b"one", b"two"))
        self.assertNotEqual(first["etag"], second["etag"])
        os.unlink(path)
        while self.get("/changing.txt").status == 200 and time.monotonic() < end:
            pass
        self.assertEqual(self.get("/changing.txt").status, 404)


class Conditions(HttpdTest):
    def test_if_none_match(self):
        tag = self.get("/small.bin")["etag"]
        for value in (tag, "W/" + tag, f'"x", {tag}', "*"):
            answer = self.get("/small.bin", f"If-None-Match: {value}")
            self.assertEqual((answer.status, answer["etag"]), (304, tag))
        self.assertEqual(self.get("/small.bin", 'If-None-Match: "other"').status, 200)

    def test_if_match(self):
        tag = self.get("/small.bin")["etag"]
        self.assertEqual(self.get("/small.bin", f"If-Match: {tag}").status, 200)
        self.assertEqual(self.get("/small.bin", f'If-Match: "a", {tag}').status, 200)
        self.assertEqual(self.get("/small.bin", "If-Match: *").status, 200)
        self.assertEqual(self.get("/small.bin", f"If-Match: W/{tag}").status, 412)
        self.assertEqual(self.get("/small.bin", 'If-Match: "a"').status, 412)

    def test_dates_in_all_three_forms(self):
        modified = email.utils.parsedate_to_datetime(self.get("/small.bin")["last-modified"])
        later = modified.replace(year=modified.year + 1, month=1, day=7)
        for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b  7 %H:%M:%S %Y"):
            self.assertEqual(self.get("/small.bin", "If-Modified-Since: " + later.strftime(form)).status, 304, form)
            self.assertEqual(self.get("/small.bin", "If-Unmodified-Since: " + later.strftime(form)).status, 200, form)
        self.assertEqual(self.get("/small.bin", "If-Modified-Since: Mon, 07 Jan 2002 10:00:00 GMT").status, 200)
        self.assertEqual(self.get("/small.bin", "If-Unmodified-Since: Mon, 07 Jan 2002 10:00:00 GMT").status, 412)
        for nonsense in ("yesterday", "Mon, 99 Jan 2002 10:00:00 GMT", "Mon, 07 Jan 2002 10:00:00", "", "Mon, 07 Foo 2002 10:00:00 GMT"):
            self.assertEqual(self.get("/small.bin", f"If-Modified-Since: {nonsense}").status, 200)

    def test_a_tag_outweighs_a_date(self):
        late = "Thu, 01 Jan 2099 00:00:00 GMT"
        self.assertEqual(self.get("/small.bin", 'If-None-Match: "x"', f"If-Modified-Since: {late}").status, 200)


class Ranges(HttpdTest):
    def test_single_ranges(self):
        for name in ("small.bin", "big.bin"):
            body = FILES[name]
            size = len(body)
            for field, first, last in (("0-0", 0, 0), ("5-", 5, size - 1), ("-7", size - 7, size - 1), (f"-{size + 5}", 0, size - 1),
                                       (f"10-{size * 2}", 10, size - 1), ("100-199", 100, 199), (f"9-{2 ** 70}", 9, size - 1)):
                answer = self.get("/" + name, f"Range: bytes={field}")
                self.assertEqual((answer.status, answer["content-range"]), (206, f"bytes {first}-{last}/{size}"), field)
                self.assertEqual(answer.body, body[first:last + 1])

    def test_ranges_that_are_not_there(self):
        for field in (f"{len(SMALL)}-", "-0", "99999-", f"{2 ** 80}-"):
            answer = self.get("/small.bin", f"Range: bytes={field}")
            self.assertEqual((answer.status, answer["content-range"]), (416, f"bytes */{len(SMALL)}"), field)
        self.assertEqual(self.get("/empty.txt", "Range: bytes=0-").status, 416)

    def test_what_is_no_range_is_ignored(self):
        for field in ("bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=1-2,", "bytes=1-2;3", "bytes 1-2", "bytes=0-9999,0-9999",
                      "bytes=" + ",".join(f"{i}-{i}" for i in range(40))):
            answer = self.get("/small.bin", f"Range: {field}")
            self.assertEqual((answer.status, answer.body), (200, SMALL), field)

    def test_several_ranges_come_as_parts(self):
        for name in ("small.bin", "big.bin"):
            body = FILES[name]
            answer = self.get("/" + name, "Range: bytes=0-9, 20-29,-5")
            self.assertEqual(answer.status, 206)
            boundary = answer["content-type"].partition("boundary=")[2].encode()
            parts = answer.body.split(b"\r\n--" + boundary)
            self.assertEqual(parts[-1], b"--\r\n")
            got = [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]]
            self.assertEqual(got, [body[0:10], body[20:30], body[-5:]])
            self.assertIn(f"Content-Range: bytes 20-29/{len(body)}".encode(), parts[2])

    def test_if_range(self):
        whole = self.get("/small.bin")
        for value, status in ((whole["etag"], 206), (whole["last-modified"], 206), ('"other"', 200), ("W/" + whole["etag"], 200),
                              ("Mon, 07 Jan 2002 10:00:00 GMT", 200)):
            self.assertEqual(self.get("/small.bin", "Range: bytes=0-1", f"If-Range: {value}").status, status, value)

    def test_head_knows_no_range(self):
        self.assertEqual(self.get("/small.bin", "Range: bytes=0-1", method="HEAD").status, 200)


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
        random = __import__("random").Random(7)
        words = [b"GET ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Host: x", b":", b" ", b"\0", b"%2e", b"Content-Length: ", b"9", b"chunked",
                 b"Transfer-Encoding: ", b"POST /upload", b"Range: bytes=", b"-", b",", b"\xff", b"Expect: 100-continue", b"0\r\n\r\n"]
        for _ in range(400):
            with self.server.connect() as sock:
                sock.sendall(b"".join(random.choices(words, k=random.randrange(1, 40))))
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
        self.assertEqual(self.get("/small.bin").body, SMALL)


class Pages(HttpdTest):
    files = {}

    def test_without_files_there_is_a_page(self):
        answer = self.get("/")
        self.assertEqual((answer.status, answer["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"Xenolith", answer.body)
        self.assertEqual(self.get("/index.html").status, 404)

    def test_metrics_are_prometheus_text(self):
        answer = self.get("/metrics")
        self.assertEqual((answer["transfer-encoding"], answer["content-length"]), ("chunked", None))
        types = {}
        for line in answer.body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.assertNotIn(name, types)
                types[name] = kind
            elif not line.startswith("# HELP "):
                match = re.fullmatch(r'(xenolith_\w+)(\{\w+="[^"]*"\})? (\d+)', line)
                self.assertTrue(match, line)
                self.assertEqual(types[match[1]], "counter" if match[1].endswith("_total") else "gauge")
        self.assertEqual(self.exchange(b"GET /metrics HTTP/1.0\r\n\r\n")[0].body.count(b"# TYPE"), len(types))
        self.assertEqual(self.exchange(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 2, 2, True)[1].status, 200)

    def test_the_status_page(self):
        answer = self.get("/status?x")
        self.assertIn(b"Connections accepted", answer.body)


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
        import resource
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
