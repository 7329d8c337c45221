# SPDX-License-Identifier: MIT
"""tools/xenolith-trace: reads dumps and buffers, also damaged ones, and names what is in them."""
import base64
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import random
import struct
import subprocess
import unittest
import zlib

TOOL = str(pathlib.Path(__file__).resolve().parent.parent / "xenolith-trace")
loader = importlib.machinery.SourceFileLoader("xltrace", TOOL)
xltrace = importlib.util.module_from_spec(importlib.util.spec_from_loader("xltrace", loader))
loader.exec_module(xltrace)

NS_MUL = 1 << 31  # with shift 1: a tick is a nanosecond
FIRST = 1000


def record(tsc, event, thread=1, args=(0, 0, 0)):
    return struct.pack("<QHHI3Q", FIRST + tsc, event, 0, thread, *args)


def buffer(records, capacity=64, written=None, names=((1, b"main"), (2, b"xenstore"))):
    written = len(records) if written is None else written
    head = struct.pack("<8s6IQIiII8Q", b"XLTRACE1", 1, 4096, 40, 1, capacity, 0x1ff, FIRST, NS_MUL, 1, 1, 0, written, *[0] * 7)
    head += b"".join(struct.pack("<I16s", number, name) for number, name in names)
    return head.ljust(4096, b"\0") + b"".join(records)


def dump(blob, noise=""):
    lines = [f"XLTRACE BEGIN bytes={len(blob)}"]
    for at in range(0, len(blob), 57):
        lines.append("XLTRACE " + base64.b64encode(blob[at:at + 57]).decode())
        lines.append(noise)
    lines.append(f"XLTRACE END crc32={zlib.crc32(blob):08x}")
    return "\r\n".join(line for line in lines if line) + "\r\n"


SAMPLE = [
    record(100, 1, 1, (32, 4, 0x5000)),
    record(150, 3, 1),
    record(160, 5, 1, (7, 0, 0)),
    record(190, 4, 1, (1, 0, 0)),
    record(200, 2, 1, (32, 0, 0)),
    record(300, 16, 1, (1, 2, 0)),
    record(400, 7, 2, (8, 0x1234, 1 << 16)),
    record(450, 1, 2, (29, 1, 0)),
    record(500, 2, 2, (29, (1 << 64) - 22, 0)),
    record(600, 99, 9, (1, 2, 3)),
    record(700, 18, 2, ((1 << 64) - 1, 0, 0)),
]


def text_of(blob):
    out = io.StringIO()
    xltrace.write_text(xltrace.Trace(blob), out)
    return out.getvalue().splitlines()


class Reading(unittest.TestCase):
    def test_records_become_lines(self):
        lines = text_of(buffer(SAMPLE))
        self.assertEqual(lines[0], "# pvh, 11 records, 0 older ones lost; time in us since the first instruction")
        self.assertEqual(lines[1], "         0.100 cpu0 main            event_channel_op send arg=0x5000")
        self.assertIn("event port=7", lines[3])
        self.assertIn("event_channel_op returns result=0", lines[5])
        self.assertIn("switch from=main to=xenstore", lines[6])
        self.assertIn("grant ref=8 gfn=0x1234 to=d0 read-only", lines[7])
        self.assertIn("sched_op block", lines[8])
        self.assertIn("sched_op returns result=-EINVAL", lines[9])
        self.assertIn("thread 9        event 99 a=0x1 b=0x2 c=0x3", lines[10])
        self.assertIn("idle until=never", lines[11])

    def test_a_wrapped_ring_is_put_in_order(self):
        slots = [record(1000 + i, 22, 1, (i, 0, 0)) for i in range(8, 12)] + [record(1000 + i, 22, 1, (i, 0, 0)) for i in range(4, 8)]
        trace = xltrace.Trace(buffer(slots, capacity=8, written=12))
        self.assertEqual([r.args[0] for r in trace.records], list(range(4, 12)))
        self.assertEqual(trace.lost, 4)

    def test_a_console_log_with_other_lines_is_read(self):
        log = "booting\r\n" + dump(buffer(SAMPLE), "[    0.1] warn: XLTRACE is printing") + "bye\r\n"
        blob, warning = xltrace.read_input(log.encode())
        self.assertIsNone(warning)
        self.assertEqual(blob, buffer(SAMPLE))

    def test_the_last_of_two_dumps_counts(self):
        log = dump(buffer(SAMPLE[:1])) + dump(buffer(SAMPLE))
        self.assertEqual(len(xltrace.Trace(xltrace.read_input(log.encode())[0]).records), len(SAMPLE))

    def test_damage_is_said_and_the_rest_is_shown(self):
        log = dump(buffer(SAMPLE)).splitlines()
        blob, warning = xltrace.read_input("\n".join(log[:-3]).encode())
        self.assertIn("too early", warning)
        self.assertGreater(len(xltrace.Trace(blob).records), 5)
        blob, warning = xltrace.read_input("\n".join(log[:-2] + log[-1:]).encode())
        self.assertIn("damaged", warning)

    def test_what_is_no_trace_is_refused(self):
        with self.assertRaises(xltrace.TraceError):
            xltrace.read_input(b"nothing here\n")
        for blob in (b"", b"XLTRACE1", b"x" * 5000, buffer(SAMPLE)[:8] + b"\xff" * 5000):
            with self.assertRaises(xltrace.TraceError):
                xltrace.Trace(blob)

    def test_any_bytes_are_survived(self):
        chance = random.Random(1)
        good = buffer(SAMPLE)
        for _ in range(2000):
            blob = bytearray(good[:chance.randrange(len(good) + 1)])
            for _ in range(chance.randrange(6)):
                if blob:
                    blob[chance.randrange(min(len(blob), 300))] = chance.randrange(256)
            try:
                trace = xltrace.Trace(bytes(blob))
            except xltrace.TraceError:
                continue
            if len(trace.records) < 1000:
                xltrace.write_text(trace, io.StringIO())
                xltrace.chrome_events(trace)
                xltrace.statistics(trace)


class Writing(unittest.TestCase):
    def test_json_slices_nest_and_close(self):
        broken = [record(10, 2, 1, (32, 0, 0))] + SAMPLE + [record(800, 1, 2, (29, 2, 0))]
        out = io.StringIO()
        xltrace.write_json(xltrace.Trace(buffer(broken)), out)
        events = json.loads(out.getvalue())["traceEvents"]
        depth = {}
        for event in events:
            if event["ph"] in "BE":
                depth[event["tid"]] = depth.get(event["tid"], 0) + (1 if event["ph"] == "B" else -1)
                self.assertGreaterEqual(depth[event["tid"]], 0)
        self.assertEqual(set(depth.values()), {0})
        self.assertEqual([e["name"] for e in events if e["ph"] == "B" and e["tid"] == 1], ["event_channel_op send", "upcall"])
        runs = [e for e in events if e["ph"] == "X"]
        self.assertEqual([e["name"] for e in runs], ["main", "xenstore"])
        self.assertAlmostEqual(runs[0]["ts"] + runs[0]["dur"], 0.3)

    def test_statistics_count_and_time(self):
        table = xltrace.statistics(xltrace.Trace(buffer(SAMPLE)))
        self.assertEqual(table["event_channel_op send"], [1, 100, 100])
        self.assertEqual(table["upcall"], [1, 40, 40])
        self.assertEqual(table["grant"], [1, 0, 0])

    def test_the_program_end_to_end(self):
        log = dump(buffer(SAMPLE)).encode()
        for option, want in (([], b"event_channel_op send"), (["--json"], b'"traceEvents"'), (["--stats"], b"longest us")):
            run = subprocess.run([TOOL, *option], input=log, capture_output=True, check=True)
            self.assertIn(want, run.stdout)
            self.assertEqual(run.stderr, b"")
        run = subprocess.run([TOOL], input=b"x", capture_output=True, check=False)
        self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
