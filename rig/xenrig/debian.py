# SPDX-License-Identifier: MIT
"""Fetches and unpacks Debian packages as an ordinary user, with an apt state of the rig's own.

Owns the folder it is given. Never changes the machine: the mirrors are read from its apt sources, the
signatures are checked with its Debian keyring, and nothing is installed.
"""

import glob
import os
import re
import subprocess

from .ui import RigError

_COMPONENT = "main"


def _entries_deb822(text):
    """(uri, suite, keyring) of each binary archive in a .sources file."""
    for stanza in re.split(r"\n\s*\n", text):
        fields, key = {}, None
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and key:
                fields[key] += " " + line.strip()
            elif ":" in line:
                key, value = line.split(":", 1)
                key = key.lower()
                fields[key] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        if _COMPONENT not in fields.get("components", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite, fields.get("signed-by", "")


def _entries_list(text):
    """(uri, suite, keyring) of each binary archive in a .list file."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.split("#")[0])
        if match and _COMPONENT in match[4].split():
            keyring = re.search(r"signed-by=(\S+)", match[1] or "")
            yield match[2], match[3], keyring[1] if keyring else ""


def sources_for_suite(texts, suite):
    """The sources file for a release of Debian, from the machine's own.

    texts: (file name, contents) of the machine's sources. Only archives that serve some Debian release are
    taken (told by the names of their suites), and asked for `suite` in place of the machine's own.
    """
    releases = "buster|bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|testing|unstable"
    lines = []
    for name, text in texts:
        entries = _entries_deb822(text) if name.endswith(".sources") else _entries_list(text)
        for uri, theirs, keyring in entries:
            match = re.fullmatch(rf"(?:{releases})(-security|-updates|/updates)?", theirs)
            if not match:
                continue
            wanted = suite + (match[1] or "").replace("/updates", "-security")
            option = f" [signed-by={keyring}]" if keyring.startswith("/") else ""
            line = f"deb{option} {uri} {wanted} {_COMPONENT}"
            if line not in lines:
                lines.append(line)
    return "".join(line + "\n" for line in lines)


class Archive:
    """The Debian archive as one release of it, seen through a private apt state in `folder`."""

    def __init__(self, folder, suite):
        self.folder = folder
        self.debs = os.path.join(folder, "debs")
        for sub in ("lists/partial", "cache/partial", "debs"):
            os.makedirs(os.path.join(folder, sub), exist_ok=True)
        names = ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]
        texts = [(n, open(n, encoding="utf-8").read()) for n in names
                 if n.endswith((".list", ".sources")) and os.path.exists(n)]
        sources = sources_for_suite(texts, suite)
        if not sources:
            raise RigError("no Debian archive in this machine's apt sources (/etc/apt): is this Debian?")
        self._write("sources.list", sources)
        self._write("status", "")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _apt(self, tool, *arguments, cwd=None):
        at = self.folder
        options = {
            "Dir::State::lists": f"{at}/lists", "Dir::State::status": f"{at}/status",
            "Dir::Cache": f"{at}/cache", "Dir::Etc::sourcelist": f"{at}/sources.list",
            "Dir::Etc::sourceparts": "-", "Dir::Etc::preferences": "-", "Dir::Etc::preferencesparts": "-",
            "Debug::NoLocking": "true", "Acquire::Languages": "none", "APT::Architecture": "amd64",
            "APT::Architectures": "amd64", "APT::Sandbox::User": "", "Acquire::Retries": "3",
        }
        command = [tool, "-q"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        result = subprocess.run(command + list(arguments), cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if result.returncode != 0:
            lines = [line for line in result.stderr.splitlines() if line.startswith(("E:", "W:"))]
            said = "\n  ".join(lines or result.stderr.splitlines())
            raise RigError(f"{tool} {arguments[0]} failed:\n  {said}")
        return result.stdout

    def update(self):
        """Fetch the signed package lists."""
        self._apt("apt-get", "update")

    def show(self, names):
        """{name: {field: value}} of the newest version of each package."""
        found = {}
        for stanza in self._apt("apt-cache", "show", "--no-all-versions", *names).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines()
                          if re.match(r"[A-Za-z0-9-]+: ", line))
            if "Package" in fields:
                found.setdefault(fields["Package"], fields)
        missing = [name for name in names if name not in found]
        if missing:
            raise RigError("Debian has no package " + ", ".join(missing))
        return found

    def with_libraries(self, names):
        """show() of the packages and, again and again, of the libraries that they depend on."""
        found, wanted = {}, list(names)
        while wanted:
            new = self.show(wanted)
            found.update(new)
            depends = {re.match(r"[a-z0-9.+-]+", choice.strip())[0]
                       for fields in new.values() for clause in fields.get("Depends", "").split(",")
                       for choice in clause.split("|")[:1] if choice.strip()}
            # zlib is the one library whose package is not named lib...
            wanted = sorted(name for name in depends if name not in found and re.match(r"lib|zlib1g", name)
                            and not name.endswith("-bin"))
        return found

    def fetch(self, packages):
        """Download packages (from show()), checked against the signed lists. Returns {name: path}."""
        self._apt("apt-get", "download", *packages, cwd=self.debs)
        paths = {}
        for name, fields in packages.items():
            file = f"{name}_{fields['Version'].replace(':', '%3a')}_{fields['Architecture']}.deb"
            paths[name] = os.path.join(self.debs, file)
            if not os.path.exists(paths[name]):
                raise RigError(f"apt-get download did not leave {file}")
        return paths


def unpack(deb, folder):
    """Unpack a package's files into a folder."""
    os.makedirs(folder, exist_ok=True)
    result = subprocess.run(["dpkg-deb", "-x", deb, folder], stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise RigError(f"cannot unpack {os.path.basename(deb)}: {result.stderr.strip()}")
