#!/usr/bin/env python3
"""inspect.py OS/ARCH PATH-THAT-MUST-NOT-SHOW PROGRAM...: what a release program is, read from its own bytes.

It is for its platform, needs nothing of the machine (Linux: no loader, no library; macOS: libSystem alone, from macOS 11
on), may be loaded anywhere (PIE), is small, names no path of the machine that built it, and its signature (macOS on arm64
asks for one) is of these bytes.
"""
import hashlib
import pathlib
import struct
import sys

MAX_BYTES = 4_000_000
# Where compilers and their headers are on the machine that builds.
BUILD_PATHS = (b"/usr/include/", b"/usr/lib/gcc", b"ziglang", b".cache/")

PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 2, 3, 0x6474E551
DT_NEEDED, DT_FLAGS_1, DF_1_PIE = 1, 0x6FFFFFFB, 0x08000000
ELF_MACHINE = {"amd64": 62, "arm64": 183}

LC_LOAD_DYLIB, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0xC, 0x1D, 0x32
OTHER_DYLIBS = (0x18 | 1 << 31, 0x1F | 1 << 31, 0x23 | 1 << 31)  # weak, re-exported, upward
MACHO_CPU = {"amd64": 0x01000007, "arm64": 0x0100000C}
MH_EXECUTE, MH_PIE = 2, 0x200000
CS_EMBEDDED, CS_CODE_DIRECTORY, CS_ADHOC, CS_SHA256 = 0xFADE0CC0, 0xFADE0C02, 2, 2


def expect(name, found, wanted):
    if found != wanted:
        raise SystemExit(f"{program}: {name} is {found}, not {wanted}")


def inspect_elf(data, arch):
    expect("magic", data[:6], b"\x7fELF\x02\x01")
    kind, machine = struct.unpack_from("<HH", data, 16)
    expect("machine", machine, ELF_MACHINE[arch])
    expect("type (3: it may be loaded anywhere)", kind, 3)
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQQ", data, table + at * size) for at in range(count)]
    types = [segment[0] for segment in segments]
    expect("loaders", types.count(PT_INTERP), 0)
    expect("executable stacks", [flags & 1 for kind, flags, *_ in segments if kind == PT_GNU_STACK], [0])
    (_, _, start, _, _, length, _) = segments[types.index(PT_DYNAMIC)]
    dynamic = list(struct.iter_unpack("<QQ", data[start:start + length]))
    expect("needed libraries", sum(tag == DT_NEEDED for tag, _ in dynamic), 0)
    expect("PIE", [value & DF_1_PIE for tag, value in dynamic if tag == DT_FLAGS_1], [DF_1_PIE])
    return "static-pie, no loader, no library"


def check_signature(data, start):
    """Recomputes the hash of every page; returns how many there are."""
    magic, _, count = struct.unpack_from(">III", data, start)
    expect("signature", magic, CS_EMBEDDED)
    blobs = [start + struct.unpack_from(">II", data, start + 12 + 8 * at)[1] for at in range(count)]
    (at,) = [blob for blob in blobs if struct.unpack_from(">I", data, blob)[0] == CS_CODE_DIRECTORY]
    (_, _, _, flags, hashes, _, _, pages, limit, hash_size, hash_type, _, page_bits) = struct.unpack_from(
        ">IIIIIIIIIBBBB", data, at)
    expect("ad-hoc signature", flags & CS_ADHOC, CS_ADHOC)
    expect("kind of hash", (hash_type, hash_size), (CS_SHA256, 32))
    expect("end of the signed bytes", limit, start)
    page = 1 << page_bits
    expect("signed pages", pages, -(-limit // page))
    for number in range(pages):
        found = data[at + hashes + 32 * number:][:32]
        expect(f"hash of page {number}", found, hashlib.sha256(data[number * page:min((number + 1) * page, limit)]).digest())
    return pages


def inspect_macho(data, arch):
    magic, cpu, _, kind, count, _, flags, _ = struct.unpack_from("<8I", data)
    expect("magic", magic, 0xFEEDFACF)
    expect("processor", cpu, MACHO_CPU[arch])
    expect("type", kind, MH_EXECUTE)
    expect("PIE", flags & MH_PIE, MH_PIE)
    at, dylibs, versions, signatures = 32, [], [], []
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == LC_LOAD_DYLIB or command in OTHER_DYLIBS:
            (name,) = struct.unpack_from("<I", data, at + 8)
            dylibs.append(data[at + name:at + size].split(b"\0")[0].decode())
        elif command == LC_BUILD_VERSION:
            versions.append(struct.unpack_from("<II", data, at + 8))
        elif command == LC_CODE_SIGNATURE:
            signatures.append(struct.unpack_from("<I", data, at + 8)[0])
        at += size
    expect("libraries", dylibs, ["/usr/lib/libSystem.B.dylib"])
    expect("platform and first version of it", versions, [(1, 11 << 16)])
    if arch == "amd64" and not signatures:  # Intel asks for none
        return "libSystem alone, from macOS 11.0, not signed"
    (start,) = signatures
    return f"libSystem alone, from macOS 11.0, signed ({check_signature(data, start)} pages recomputed)"


system, arch = sys.argv[1].split("/")
for program in sys.argv[3:]:
    content = pathlib.Path(program).read_bytes()
    if len(content) > MAX_BYTES:
        raise SystemExit(f"{program}: {len(content)} bytes are more than {MAX_BYTES}")
    for path in (sys.argv[2].encode(), *BUILD_PATHS):
        if (where := content.find(path)) >= 0:
            raise SystemExit(f"{program}: names a path of the machine that built it: {content[where - 40:where + 80]}")
    facts = inspect_elf(content, arch) if system == "linux" else inspect_macho(content, arch)
    print(f"{pathlib.Path(program).name} {sys.argv[1]}: {len(content)} bytes, {facts}")
