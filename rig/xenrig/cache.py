# SPDX-License-Identifier: MIT
"""The rig's cache on disk: folders that are complete or not there at all.

Owns ${XDG_CACHE_HOME:-~/.cache}/xenolith/rig. Entries are made beside their place and renamed into it; a lock
file per kind makes a second rig wait for the first one's work instead of doing it twice.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time

_KEEP_DAYS = 30


def folder():
    """The cache's folder, made if needed."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "xenolith", "rig")
    os.makedirs(path, exist_ok=True)
    return path


def digest(*parts):
    """A short key for strings and bytes."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(b"%d:" % len(data) + data)
    return state.hexdigest()[:16]


@contextlib.contextmanager
def locked(kind):
    """Hold the lock of a kind of entry."""
    with open(os.path.join(folder(), f".{kind}.lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def entry(kind, key, make, keep=4):
    """The folder of an entry; if it is not there, make(new_folder) fills it first.

    Of each kind the `keep` entries used last stay. An entry that is removed while another process has
    its files open does not hurt that process.
    """
    path = os.path.join(folder(), f"{kind}-{key}")
    if not os.path.isdir(path):
        with locked(kind):
            if not os.path.isdir(path):
                _clean_leftovers(kind)
                new = tempfile.mkdtemp(prefix=f".new-{kind}-", dir=folder())
                try:
                    make(new)
                    os.chmod(new, 0o755)
                    os.rename(new, path)
                finally:
                    shutil.rmtree(new, ignore_errors=True)
                _prune(kind, keep, path)
    os.utime(path)
    return path


def _clean_leftovers(kind):
    """Remove what a killed maker left; the lock is held, so nobody else is making one."""
    for name in os.listdir(folder()):
        if name.startswith(f".new-{kind}-"):
            shutil.rmtree(os.path.join(folder(), name), ignore_errors=True)


def _prune(kind, keep, newest):
    found = []
    for name in os.listdir(folder()):
        path = os.path.join(folder(), name)
        if name.startswith(kind + "-") and path != newest:
            with contextlib.suppress(OSError):
                found.append((os.stat(path).st_mtime, path))
    found.sort(reverse=True)
    for rank, (mtime, path) in enumerate(found):
        if rank >= keep - 1 or time.time() - mtime > _KEEP_DAYS * 86400:
            shutil.rmtree(path, ignore_errors=True)
