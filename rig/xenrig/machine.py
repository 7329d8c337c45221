# SPDX-License-Identifier: MIT
"""The machine: Xen and dom0 under QEMU, booted or taken up from a saved state.

Owns the QEMU process and the cache entries "warm" (a machine saved when dom0 was up). QEMU gets every
socket as an inherited descriptor and dies with this process: nothing has a name that could be left behind.
"""

import ctypes
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

from . import cache, ui
from .channel import Channel
from .ui import RigError, Step, Timeout, detail

QEMU = "qemu-system-x86_64"
DOM0_MB = 512
_XEN_OWN_MB = 256
_BOOT_S = 300
_BOOT_ICOUNT_S = 1200
_WARM_S = 30
_PR_SET_PDEATHSIG = 1

# SMAP: Xen dies building dom0's first event frame under it. RDTSCP: its exits need an instruction
# length that TCG does not tell.
_CPU = "max,-smap,-smep,-rdtscp"
_XEN_ARGS = (f"console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all bootscrub=0 sched=credit2 "
             f"dom0_mem={DOM0_MB}M,max:{DOM0_MB}M dom0_max_vcpus=1 dom0_vcpus_pin gnttab_max_frames=256")
_LINUX_ARGS = "console=hvc0 quiet panic=1 rdinit=/init"


# What Xen says whenever a PVH domain is built.
_CHATTER = re.compile(r"\(XEN\) HVM ?d?[0-9]+(v[0-9]+)? (save|restore): ")


def words_of_xen(log):
    """The lines of a serial log that Xen wrote and that are not said about every domain."""
    return [line for line in log.splitlines() if line.startswith("(XEN)") and not _CHATTER.match(line)]


def machine_memory_mb(guests_mb):
    """How much memory the machine needs for guests of so much together: few sizes, so states are shared."""
    wanted = DOM0_MB + _XEN_OWN_MB + guests_mb + guests_mb // 50
    size = 2048
    while size < wanted:
        size *= 2
    return size * 3 // 4 if size > 2048 and size * 3 // 4 >= wanted else size


class Qmp:
    """QEMU's control socket."""

    def __init__(self, sock):
        self._sock = sock
        self._file = sock.makefile("r", encoding="utf-8")
        self._sock.settimeout(60)
        self._read()
        self.call("qmp_capabilities")

    def _read(self):
        try:
            line = self._file.readline()
        except OSError:
            line = ""
        if not line:
            raise RigError("QEMU does not answer")
        return json.loads(line)

    def call(self, name, **arguments):
        """Execute a command and return its result; events in between are dropped."""
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        request = {"execute": name, "arguments": arguments}
        self._sock.sendall(json.dumps(request).encode())
        while True:
            answer = self._read()
            if "error" in answer:
                raise RigError(f"QEMU: {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def wait_migration(self):
        """Wait for the end of a migration, told by its events."""
        while True:
            answer = self._read()
            if answer.get("event") == "MIGRATION":
                status = answer["data"]["status"]
                if status == "completed":
                    return
                if status in ("failed", "cancelled"):
                    raise RigError("the machine's state could not be saved or restored")

    def close(self):
        self._file.close()
        self._sock.close()


def _qemu_version():
    try:
        result = subprocess.run([QEMU, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    except FileNotFoundError:
        raise RigError(f"{QEMU} is not here: apt-get install qemu-system-x86") from None
    return result.stdout.splitlines()[0]


def _die_with_parent(parent):
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # too late: the parent died before the call
        os._exit(1)
    os.setpgid(0, 0)  # ^C on the terminal is for us, who then stop QEMU


class Machine:
    """A running Xen machine; a context manager that leaves nothing behind."""

    def __init__(self, dom0, memory_mb=2048, icount=False, kvm=False, warm=True):
        self.dom0 = dom0
        self.memory_mb = memory_mb
        self.icount, self.kvm = icount, kvm
        self.warm = warm and not kvm
        self.channel = self.qmp = None
        self._process = None
        self._serial = None
        self._log = bytearray()
        self._errors = -1
        self._disks = 0

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def _start(self):
        if self.warm:
            try:
                self._start_warm()
                return
            except (RigError, Timeout) as error:
                detail(f"no warm start ({error}); booting")
                self.close()
        with Step("booting Xen and dom0" + (", counting instructions" if self.icount else "")):
            self._launch([])
            self._wait_up()

    def _accelerator(self):
        if self.kvm:
            return ["-accel", "kvm", "-cpu", "host"]
        if self.icount:
            return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", _CPU]
        return ["-accel", "tcg,thread=multi", "-cpu", _CPU]

    def _devices(self):
        """What the machine consists of; a saved state fits only the same devices."""
        files = self.dom0
        return [
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-smp", "2",
            *self._accelerator(),
            "-kernel", f"{files}/xen", "-append", _XEN_ARGS,
            "-initrd", f"{files}/vmlinux {_LINUX_ARGS},{files}/initrd.cpio",
            "-device", "virtio-serial-pci,id=vs0,max_ports=2",
            "-device", "virtserialport,bus=vs0.0,nr=1,chardev=rig,name=xenolith.rig",
            "-device", "virtio-scsi-pci,id=scsi0",
            "-netdev", "user,id=net0,restrict=on", "-device", "virtio-net-pci,netdev=net0,romfile=",
        ]

    def _memory(self, path=None, share=False):
        size = f"{self.memory_mb}M"
        if path is None:
            return ["-M", "q35", "-m", size]
        # Not reserved: most of a big machine's memory is never touched, and need not be there.
        backend = (f"memory-backend-file,id=m0,size={size},mem-path={path},reserve=off,"
                   f"share={'on' if share else 'off'}")
        return ["-M", "q35,memory-backend=m0", "-m", size, "-object", backend]

    def _launch(self, more, memory=None, inherit=()):
        self._log.clear()
        self._serial, serial_qemu = socket.socketpair()
        self._serial.setblocking(False)
        rig, rig_qemu = socket.socketpair()
        qmp, qmp_qemu = socket.socketpair()
        inherited = (rig_qemu.fileno(), qmp_qemu.fileno(), serial_qemu.fileno(), *inherit)
        command = [
            QEMU, *(memory or self._memory()),
            "-chardev", f"socket,id=serial,fd={serial_qemu.fileno()}", "-serial", "chardev:serial",
            "-chardev", f"socket,id=rig,fd={rig_qemu.fileno()}",
            "-chardev", f"socket,id=qmp,fd={qmp_qemu.fileno()}", "-mon", "chardev=qmp,mode=control",
            *self._devices(), *more,
        ]
        parent = os.getpid()
        self._errors = os.memfd_create("errors")
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors,
                pass_fds=inherited, preexec_fn=lambda: _die_with_parent(parent))
        except FileNotFoundError:
            raise RigError(f"{QEMU} is not here: apt-get install qemu-system-x86") from None
        finally:
            for end in (rig_qemu, qmp_qemu, serial_qemu):
                end.close()
        self.channel = Channel(rig)
        self.channel.watch(self._serial.fileno(), self._read_serial)
        try:
            self.qmp = Qmp(qmp)
        except RigError:
            said = os.pread(self._errors, 4000, 0).decode(errors="replace").strip()
            raise RigError(f"QEMU did not start: {said}") from None

    def _wait_up(self):
        try:
            self.channel.hello(time.monotonic() + (_BOOT_ICOUNT_S if self.icount else _BOOT_S))
        except (Timeout, RigError):
            raise RigError("Xen or dom0 did not come up") from None

    def prepare(self):
        """See to it that there is a saved state to start from. Returns its folder."""
        key = cache.digest(os.path.basename(self.dom0), _qemu_version(), str(self.memory_mb),
                           *[word.replace(self.dom0, "") for word in self._devices()])
        return cache.entry("warm", key, self._save_state, keep=3)

    def _start_warm(self):
        path = self.prepare()
        with Step("taking up the saved machine", detail):
            with open(os.path.join(path, "state"), "rb") as state:
                memory = self._memory(os.path.join(path, "ram"))
                self._launch(["-incoming", "defer"], memory, (state.fileno(),))
                self._set_capabilities()
                self.qmp.call("migrate-incoming", uri=f"fd:{state.fileno()}")
                self.qmp.wait_migration()
            self.qmp.call("cont")
            self.channel.hello(time.monotonic() + _WARM_S)
            # The clocks stood still while the machine was saved; dom0 hands the time on to Xen.
            self.channel.start(["date", "-u", "-s", f"@{time.time():.0f}"])

    def _set_capabilities(self):
        capabilities = [{"capability": name, "state": True} for name in ("x-ignore-shared", "events")]
        self.qmp.call("migrate-set-capabilities", capabilities=capabilities)

    def _save_state(self, new):
        try:
            with Step("booting Xen and dom0 once, to save the running machine"
                      + (" (counting)" if self.icount else "")):
                self._launch([], self._memory(os.path.join(new, "ram"), share=True))
                self._wait_up()
                self._set_capabilities()
                self.qmp.call("stop")
                self.qmp.call("migrate", uri="exec:cat >" + shlex.quote(os.path.join(new, "state")))
                self.qmp.wait_migration()
        finally:
            self.close()

    def add_disk(self, path, readonly=False):
        """Plug in a file or block device as a disk. Returns its name in dom0."""
        number = self._disks
        self._disks += 1
        host = "host_device" if os.path.exists(path) and not os.path.isfile(path) else "file"
        self.qmp.call("blockdev-add", driver="raw", node_name=f"disk{number}", read_only=readonly,
                      file={"driver": host, "filename": os.path.abspath(path)})
        self.qmp.call("device_add", driver="scsi-hd", bus="scsi0.0", lun=number, scsi_id=0,
                      drive=f"disk{number}", id=f"sd{number}")
        name = f"/dev/sd{chr(ord('a') + number)}"
        status, _out, _err = self.channel.call('follow -t 30 -x "$1"', name)
        if status != 0:
            raise RigError(f"{path} did not show up as a disk in dom0")
        return name

    def forward(self, host_port, guest_port):
        """Lead a loopback port of this machine to the guest at 10.0.2.15.

        host_port: 0 takes a free one. Returns the port.
        """
        for _attempt in range(10):
            port = host_port or _free_port()
            answer = self.qmp.call("human-monitor-command", **{
                "command-line": f"hostfwd_add net0 tcp:127.0.0.1:{port}-10.0.2.15:{guest_port}"})
            if not answer.strip():
                return port
            if host_port:
                break
        raise RigError(f"port {port} of this machine cannot be used: {answer.strip()}")

    def _read_serial(self, _fd=None):
        """Take what Xen and dom0 say on the serial line; show it in verbose mode."""
        while True:
            try:
                data = self._serial.recv(65536)
            except OSError:
                return
            if not data:
                self.channel.unwatch(self._serial.fileno())
                return
            self._log += data
            if ui.verbose:
                sys.stderr.write(data.decode(errors="replace").replace("\r", ""))
                sys.stderr.flush()

    def log(self):
        """All that Xen and dom0 have said on the serial line since this process took up the machine."""
        if self._serial is not None:
            self._read_serial()
        return self._log.decode(errors="replace").replace("\r", "")

    def close(self):
        """End QEMU at once; its state is of no use to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.log()
        for thing in (self.channel, self.qmp):
            if thing is not None:
                thing.close()
        self.channel = self.qmp = None
        if self._serial is not None:
            self._serial.close()
            self._serial = None
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
