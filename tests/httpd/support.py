# SPDX-License-Identifier: MIT
"""apps/httpd as a process of this machine with sanitizers, and clients of it.

The server is the very source that becomes the image. HTTPD names the binary. Every wait has an event behind it.
"""

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
    "sub/index.html": b"sub", "utf8.txt": "\u00e4".encode(), "sub/with space.txt": b"space", "bare/x.css": b"css", ".secret": b"no", "sub/.git/config": b"no",
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
