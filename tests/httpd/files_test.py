# SPDX-License-Identifier: MIT
"""Claims about what httpd serves: files, conditions, ranges, its own pages."""

import email.utils
import gzip
import os
import re
import time
import unittest

from support import FILES, PAGE, PATIENCE_S, SMALL, HttpdTest


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
        for name, kind in (("/", "text/html"), ("/bare/x.css", "text/css"), ("/utf8.txt", "text/plain; charset=utf-8"),
                           ("/packed.js", "text/javascript"), ("/big.bin", "application/octet-stream")):
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
            self.assertEqual((answer["vary"], answer["content-type"][:15]), ("Accept-Encoding", "text/javascript"))
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
        modified = email.utils.parsedate_to_datetime(self.get("/big.bin")["last-modified"])
        later = modified.replace(year=modified.year + 1, month=1, day=7)
        for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b  7 %H:%M:%S %Y"):
            self.assertEqual(self.get("/big.bin", "If-Modified-Since: " + later.strftime(form)).status, 304, form)
            self.assertEqual(self.get("/big.bin", "If-Unmodified-Since: " + later.strftime(form)).status, 200, form)
        self.assertEqual(self.get("/big.bin", "If-Modified-Since: Mon, 07 Jan 2002 10:00:00 GMT").status, 200)
        self.assertEqual(self.get("/big.bin", "If-Unmodified-Since: Mon, 07 Jan 2002 10:00:00 GMT").status, 412)
        for nonsense in ("yesterday", "Mon, 99 Jan 2002 10:00:00 GMT", "Mon, 07 Jan 2002 10:00:00", "", "Mon, 07 Foo 2002 10:00:00 GMT"):
            self.assertEqual(self.get("/big.bin", f"If-Modified-Since: {nonsense}").status, 200)

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
        whole = self.get("/big.bin")
        for value, status in ((whole["etag"], 206), (whole["last-modified"], 206), ('"other"', 200), ("W/" + whole["etag"], 200),
                              ("Mon, 07 Jan 2002 10:00:00 GMT", 200)):
            self.assertEqual(self.get("/big.bin", "Range: bytes=0-1", f"If-Range: {value}").status, status, value)

    def test_head_knows_no_range(self):
        self.assertEqual(self.get("/small.bin", "Range: bytes=0-1", method="HEAD").status, 200)


class Pages(HttpdTest):
    files = {}

    def test_without_files_there_is_a_page(self):
        answer = self.get("/")
        self.assertEqual((answer.status, answer["content-type"]), (200, "text/html"))
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


if __name__ == "__main__":
    unittest.main()
