# SPDX-License-Identifier: MIT
"""What goes into dom0 for a run: xl configurations, and files packed as one stream.

Owns no machine. Everything here is text and bytes.
"""

import io
import os
import shlex
import tarfile

from .ui import RigError

SHELL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "shell")
IN_DOM0 = "/run/rig"


def quote(text):
    """A string of xl's configuration language."""
    if "\n" in text or "\0" in text:
        raise RigError("xl's configuration cannot hold a newline: " + repr(text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command_line(words):
    """Words as one command line, quoted as the guest's parser (and a shell) undoes it."""
    return " ".join(shlex.quote(word) for word in words)


def disk_line(device, guest_name, mode="w"):
    """One entry of xl's disk list, for a block device of dom0."""
    return f"format=raw,vdev={guest_name},access={'r' if mode == 'r' else 'rw'},target={device}"


def xl_config(name, kind, kernel, memory_mb=16, vcpus=1, extra="", ramdisk=None, vifs=(), disks=(), more=()):
    """The text of an xl.cfg. `more` holds raw lines, which win over what is set here."""
    if kind not in ("pv", "pvh"):
        raise RigError(f"no domain of type {kind}: pv or pvh")
    lines = [
        f"name={quote(name)}", f"type={quote(kind)}", f"kernel={quote(kernel)}",
        f"memory={memory_mb}", f"maxmem={memory_mb}", f"vcpus={vcpus}",
        # dom0 has CPU 0 to itself, so that figures can be compared.
        'cpus="1"',
        *[f'on_{event}="preserve"' for event in ("poweroff", "reboot", "crash", "watchdog")],
    ]
    if extra:
        lines.append(f"extra={quote(extra)}")
    if ramdisk:
        lines.append(f"ramdisk={quote(ramdisk)}")
    if vifs:
        lines.append("vif=[" + ",".join(quote(vif) for vif in vifs) + "]")
    if disks:
        lines.append("disk=[" + ",".join(quote(disk) for disk in disks) + "]")
    return "\n".join([*lines, *more]) + "\n"


class Bundle:
    """Files for dom0, sent as one tar stream that is unpacked below /run/rig."""

    def __init__(self):
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w", format=tarfile.USTAR_FORMAT)

    def data(self, name, data, mode=0o644):
        """Add bytes as the file `name`."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), mode
        self._tar.addfile(info, io.BytesIO(data))
        return f"{IN_DOM0}/{name}"

    def file(self, name, path):
        """Add a file of this machine. Returns its path in dom0."""
        try:
            with open(path, "rb") as file:
                return self.data(name, file.read(), 0o755 if os.access(path, os.X_OK) else 0o644)
        except OSError as error:
            raise RigError(f"cannot read {path}: {error.strerror}") from None

    def shell(self, *names):
        """Add scripts of rig/shell; domain.sh always."""
        for name in ("domain.sh", *names):
            self.file(name, os.path.join(SHELL, name))

    def send(self, channel):
        """Unpack everything in dom0."""
        self._tar.close()
        status, _out, error = channel.call(f"tar x -C {IN_DOM0}", stdin=self._buffer.getvalue(),
                                           timeout_s=300)
        if status != 0:
            raise RigError("files could not be sent to dom0: " + error.decode(errors="replace").strip())
