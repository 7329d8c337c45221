# SPDX-License-Identifier: MIT
"""Claims about what xen-rig --fetch starts and shows."""

import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from xenrig import fetch  # noqa: E402


class Channel:
    """Remembers what is watched."""

    def __init__(self):
        self.watched = {}

    def watch(self, fd, callback):
        self.watched[fd] = callback

    def unwatch(self, fd):
        self.watched.pop(fd, None)


class FetchTest(unittest.TestCase):
    def setUp(self):
        self.said = []
        for name in ("say", "complain"):
            patch = mock.patch.object(fetch, name, self.said.append)
            patch.start()
            self.addCleanup(patch.stop)

    def test_curl_starts_with_the_line_however_it_is_cut(self):
        with mock.patch.object(fetch.subprocess, "Popen", side_effect=FileNotFoundError) as popen:
            page = fetch.Fetch(Channel(), "http://127.0.0.1:1/", r"^httpd: port ")
            for piece in (b"not httpd: port 80\r\n", b"ht", b"tpd: po", b"rt"):
                page.see(piece)
            self.assertEqual(popen.call_count, 0)
            page.see(b" 80\r\n")
            page.see(b"httpd: port 80\r\n")
        self.assertEqual(popen.call_count, 1)
        self.assertIs(page.done, False)

    def test_a_page_is_shown(self):
        self.assertTrue(fetch.show("http://x/", 0, b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\n<p>hello"))
        self.assertIn("  | <p>hello", self.said)

    def test_an_error_is_no_page(self):
        self.assertFalse(fetch.show("http://x/", 0, b"HTTP/1.1 404 Not Found\r\n\r\n"))
        self.assertFalse(fetch.show("http://x/", 7, b"curl: (7) no route"))
        self.assertFalse(fetch.show("http://x/", 0, b"noise"))

    def test_nothing_is_left_running(self):
        channel = Channel()
        page = fetch.Fetch(channel, "http://127.0.0.1:1/", "go")
        with mock.patch.object(fetch.subprocess, "Popen") as popen:
            popen.return_value.poll.return_value = None
            popen.return_value.stdout.fileno.return_value = 9
            page.see(b"go\n")
            self.assertEqual(list(channel.watched), [9])
            page.close()
            popen.return_value.kill.assert_called_once()
        self.assertEqual(channel.watched, {})


if __name__ == "__main__":
    unittest.main()
