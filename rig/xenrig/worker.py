# SPDX-License-Identifier: MIT
"""One worker of rig/run-tests: a machine of its own in which it runs the tests it is given, one by one.

Owns the machine. Speaks JSON lines: a test on standard input, its result on standard output; ends with its
input. A machine whose dom0 stops answering is thrown away, and the next test gets a new one.
"""

import json
import os
import sys
import time

from . import domain, qdisk, testing
from .machine import Machine, machine_memory_mb, words_of_xen
from .ui import Interrupted, RigError, Timeout

_CLEAN_UP_S = 120
# How much slower a machine that counts instructions is.
_ICOUNT_PATIENCE = 4


class Worker:
    """Runs tests in a machine that it starts when needed."""

    def __init__(self, dom0, icount=False, kvm=False, patience=1.0):
        self._dom0, self._icount, self._kvm = dom0, icount, kvm
        self._patience = patience * (_ICOUNT_PATIENCE if icount else 1)
        self._machine = None
        self._qdisk = False  # whether the machine has QEMU in dom0

    def close(self):
        if self._machine is not None:
            self._machine.close()
            self._machine = None
            self._qdisk = False

    def _ready(self, test):
        memory_mb = machine_memory_mb(test.guests_mb)
        if self._machine is not None and self._machine.memory_mb != memory_mb:
            self.close()
        if self._machine is None:
            self._machine = Machine(self._dom0, memory_mb, self._icount, self._kvm).__enter__()
        if test.settings["qdisk"] == "yes" and not self._qdisk:
            qdisk.attach(self._machine)
            self._qdisk = True
        return self._machine

    def run(self, test):
        """Returns the test's Result, with its time and log."""
        missing = [path for path in test.images if not os.path.exists(path)]
        if missing:
            return testing.Result(testing.ERROR, f"not built: {missing[0]}")
        host = self._ready(test)
        log_start = len(host.log())
        start = time.monotonic()
        try:
            result = self._run_in(host, test)
            seconds = time.monotonic() - start
            # Without a script the console is in the log already.
            wanted = test.script and result.outcome not in (testing.PASS, testing.SKIP)
            _status, consoles, _error = host.channel.call(
                'cp /run/rig/clean-up.sh /tmp && sh /tmp/clean-up.sh "$1"', "consoles" if wanted else "",
                timeout_s=_CLEAN_UP_S * self._patience)
            result.log += consoles.decode(errors="replace")
        except (RigError, Timeout) as error:
            seconds = time.monotonic() - start
            result = testing.Result(testing.ERROR, f"the rig broke: {error}", log=host.log()[log_start:])
            self.close()
        else:
            xen = words_of_xen(host.log()[log_start:])
            if xen:
                result.log += "\n--- Xen\n" + "\n".join(xen[-80:]) + "\n"
        result.seconds = seconds
        result.log = result.log.replace("\r", "")
        return result

    def _bundle(self, test):
        bundle = domain.Bundle()
        bundle.shell("test.sh", "net.sh", "run-test.sh", "clean-up.sh")
        settings = test.settings
        for path in test.images:
            bundle.file(f"{test.name}/{os.path.basename(path)}", path)
        for name in sorted(os.listdir(test.folder)):
            path = os.path.join(test.folder, name)
            if os.path.isfile(path) and not name.endswith(".c"):
                bundle.file(f"{test.name}/{name}", path)
        vifs = ["bridge=xenbr0"] if settings["net"] == "yes" else []
        text = domain.xl_config(test.name, test.kind, f"{domain.IN_DOM0}/{test.name}/{test.name}",
                                settings["memory"], settings["vcpus"], settings["extra"], None, vifs, (),
                                settings["cfg"].splitlines())
        bundle.data(f"{test.name}/cfg", text.encode())
        return bundle

    def _run_in(self, host, test):
        self._bundle(test).send(host.channel)
        folder = f"{domain.IN_DOM0}/{test.name}"
        limit_s = test.timeout_s * self._patience
        script = f". {domain.IN_DOM0}/run-test.sh"
        if test.script:
            script = f". {domain.IN_DOM0}/test.sh; . {folder}/run.sh"
        command = host.channel.start(["env", f"TEST={test.name}", f"TYPE={test.kind}", f"DIR={folder}",
                                      f"TIMEOUT={limit_s:.0f}", "sh", "-c", f"cd {folder}; {script}"])
        command.end_input()
        # The script has a little more than the guest, so that it can tell what happened.
        try:
            host.channel.wait(command, time.monotonic() + limit_s + (60 if not test.script else 5))
        except Timeout:
            command.signal(9)
            host.channel.wait(command, time.monotonic() + 60)
            said = bytes(command.output + command.error).decode(errors="replace")
            return testing.Result(testing.FAIL, f"time-out after {limit_s:.0f} s", log=said)
        text, notes = command.output.decode(errors="replace"), command.error.decode(errors="replace")
        if test.script:
            result = testing.judge_script(command.status, text)
            result.log = text + notes
            return result
        words = notes.splitlines()[-1].split() if notes.strip() else []
        if words[:1] != ["ended"]:
            result = testing.judge_script(command.status, text)
            result.log = text + notes
            return result
        status = words[2] if len(words) > 2 else None
        result = testing.judge({**test.settings, "timeout": f"{limit_s:.0f}"}, words[1], status, text)
        result.log = text + "".join(line + "\n" for line in notes.splitlines()[:-1])
        return result


def serve(dom0, icount, kvm, patience):
    """Answer test after test until standard input ends. Returns the exit status."""
    worker = Worker(dom0, icount, kvm, patience)
    try:
        for line in sys.stdin:
            test = testing.Test(**json.loads(line))
            try:
                result = worker.run(test)
            except RigError as error:
                worker.close()
                result = testing.Result(testing.ERROR, f"the rig broke: {error}")
            sys.stdout.write(json.dumps(result.__dict__) + "\n")
            sys.stdout.flush()
    except Interrupted:
        return 0
    finally:
        worker.close()
    return 0
