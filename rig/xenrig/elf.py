# SPDX-License-Identifier: MIT
"""Reads the little that the rig must know of ELF files and kernel images.

Owns no file. Raises ValueError for what is not the expected format.
"""

import gzip
import lzma
import struct

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL, DT_NEEDED, DT_STRTAB = 0, 1, 5


def _cstring(data, at):
    return data[at:data.index(b"\0", at)].decode()


def is_elf(data):
    return data[:4] == b"\x7fELF"


def needed_libraries(data):
    """The names (DT_NEEDED) of the shared libraries that a 64-bit ELF file asks for."""
    if not is_elf(data) or data[4] != 2:
        raise ValueError("not a 64-bit ELF file")
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    loads, dynamic = [], None
    for i in range(phnum):
        at = phoff + i * phentsize
        kind, _flags, offset, vaddr, _paddr, filesz = struct.unpack_from("<IIQQQQ", data, at)
        if kind == PT_LOAD:
            loads.append((vaddr, filesz, offset))
        elif kind == PT_DYNAMIC:
            dynamic = (offset, filesz)
    if dynamic is None:
        return []
    needed, strings = [], None
    for at in range(dynamic[0], dynamic[0] + dynamic[1], 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == DT_NULL:
            break
        if tag == DT_NEEDED:
            needed.append(value)
        elif tag == DT_STRTAB:
            strings = value
    if not needed:
        return []
    base = next((offset + strings - vaddr for vaddr, size, offset in loads
                 if vaddr <= strings < vaddr + size), None)
    if base is None:
        raise ValueError("string table outside of the file")
    return [_cstring(data, base + value) for value in needed]


def module_depends(data):
    """The names of the modules that a kernel module (.ko) says it depends on."""
    at = data.find(b"\0depends=")
    if at < 0:
        raise ValueError("not a kernel module")
    return [name for name in _cstring(data, at + 9).split(",") if name]


def extract_vmlinux(data):
    """The uncompressed ELF kernel inside a bzImage (xz or gzip payload)."""
    if is_elf(data):
        return data
    if data[0x202:0x206] != b"HdrS":
        raise ValueError("not a Linux bzImage")
    setup_sects = data[0x1F1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    payload = data[(setup_sects + 1) * 512 + offset:][:length]
    if payload[:6] == b"\xfd7zXZ\0":
        kernel = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)
    elif payload[:2] == b"\x1f\x8b":
        kernel = gzip.decompress(payload[:-4])
    else:
        raise ValueError("unknown compression of the kernel")
    if not is_elf(kernel):
        raise ValueError("no ELF file inside the kernel image")
    return kernel
