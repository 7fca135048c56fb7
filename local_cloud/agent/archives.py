"""RPM and Debian packages out of a list of files: the same bytes for the same content, and no tool needed.

https://rpm-software-management.github.io/rpm/manual/format_v4.html and deb(5).
"""

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_INT16, _INT32, _STRING, _BIN, _STRINGS, _LOCAL = 3, 4, 6, 7, 8, 9
_FORMATS = {_INT16: "H", _INT32: "I"}
_REGION_SIGNATURE, _REGION_HEADER = 62, 63
_SHA256 = 8
_CONFIG_NOREPLACE = 1 | 16
_RPMLIB = 0x01000000 | 0x0A
_RPMLIB_FEATURES = {
    "rpmlib(CompressedFileNames)": "3.0.4-1",
    "rpmlib(FileDigests)": "4.6.0-1",
    "rpmlib(PayloadFilesHavePrefix)": "4.0-1",
}

Value = int | str | bytes | list[int] | list[str]
Tags = Mapping[int, tuple[int, Value]]


@dataclass(frozen=True)
class Entry:
    """A file, or a directory where `content` is None. `path` is absolute; all belongs to root."""

    path: str
    mode: int
    content: bytes | None
    config: bool = False
    """Whether what an administrator changed is kept at an upgrade."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """What both forms say of themselves. `scripts` are bodies of shell scripts."""

    name: str
    version: str
    release: str
    summary: str
    description: str
    licence: str
    rpm_requires: tuple[str, ...]
    deb_depends: tuple[str, ...]
    entries: tuple[Entry, ...]
    after_install: str = ""
    before_remove: str = ""
    rpm_architecture: str = "noarch"
    deb_architecture: str = "all"
    maintainer: str = field(default="nobody <nobody@localhost>")


def rpm(package: Package) -> bytes:
    """A binary RPM, version 4, payload cpio in gzip."""
    payload = gzip.compress(_cpio(package.entries), mtime=0)
    header = _header(_REGION_HEADER, _rpm_tags(package, payload))
    signature = _header(
        _REGION_SIGNATURE,
        {
            269: (_STRING, hashlib.sha1(header, usedforsecurity=False).hexdigest()),
            273: (_STRING, hashlib.sha256(header).hexdigest()),
            1000: (_INT32, len(header) + len(payload)),
            1004: (_BIN, hashlib.md5(header + payload, usedforsecurity=False).digest()),
        },
    )
    signature += bytes(-len(signature) % 8)
    title = f"{package.name}-{package.version}-{package.release}".encode()
    lead = struct.pack(">4sBBHH66sHH16x", b"\xed\xab\xee\xdb", 3, 0, 0, 255, title, 1, 5)
    return lead + signature + header + payload


def deb(package: Package) -> bytes:
    """A binary Debian package."""
    control = "\n".join(
        [
            f"Package: {package.name}",
            f"Version: {package.version}-{package.release}",
            f"Architecture: {package.deb_architecture}",
            f"Maintainer: {package.maintainer}",
            f"Depends: {', '.join(package.deb_depends)}",
            "Section: admin",
            "Priority: optional",
            f"Description: {package.summary}",
            f" {package.description}",
            "",
        ]
    )
    scripts = {
        "postinst": f'[ "$1" = configure ] || exit 0\n{package.after_install}',
        "prerm": f'[ "$1" = remove ] || exit 0\n{package.before_remove}',
    }
    config = [entry.path for entry in package.entries if entry.config]
    about = [
        Entry("/control", 0o644, control.encode()),
        Entry("/conffiles", 0o644, "".join(f"{path}\n" for path in config).encode()),
        *(Entry(f"/{name}", 0o755, f"#!/bin/sh\nset -e\n{body}".encode()) for name, body in scripts.items()),
    ]
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _tar(about),
        "data.tar.gz": _tar(_with_parents(package.entries)),
    }
    archive = b"!<arch>\n"
    for name, content in members.items():
        archive += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        archive += content + b"\n" * (len(content) % 2)
    return archive


def _rpm_tags(package: Package, payload: bytes) -> Tags:
    entries = package.entries
    requires = [
        *((name, "", 0) for name in package.rpm_requires),
        *((name, version, _RPMLIB) for name, version in _RPMLIB_FEATURES.items()),
    ]
    paths = [PurePosixPath(entry.path) for entry in entries]
    directories = sorted({f"{path.parent}/".replace("//", "/") for path in paths})
    release = f"{package.version}-{package.release}"
    count = len(entries)
    return {
        100: (_STRINGS, ["C"]),
        1000: (_STRING, package.name),
        1001: (_STRING, package.version),
        1002: (_STRING, package.release),
        1004: (_LOCAL, [package.summary]),
        1005: (_LOCAL, [package.description]),
        1009: (_INT32, sum(len(entry.content or b"") for entry in entries)),
        1014: (_STRING, package.licence),
        1016: (_LOCAL, ["Unspecified"]),
        1021: (_STRING, "linux"),
        1022: (_STRING, package.rpm_architecture),
        1024: (_STRING, package.after_install),
        # Also called at an upgrade, with 1: only the last removal stops the service.
        1025: (_STRING, f'[ "$1" = 0 ] || exit 0\n{package.before_remove}'),
        1028: (_INT32, [len(entry.content or b"") for entry in entries]),
        1030: (_INT16, [_full_mode(entry) for entry in entries]),
        1033: (_INT16, [0] * count),
        1034: (_INT32, [0] * count),
        1035: (_STRINGS, [_digest(entry) for entry in entries]),
        1036: (_STRINGS, [""] * count),
        1037: (_INT32, [_CONFIG_NOREPLACE if entry.config else 0 for entry in entries]),
        1039: (_STRINGS, ["root"] * count),
        1040: (_STRINGS, ["root"] * count),
        1044: (_STRING, f"{package.name}-{release}.src.rpm"),
        1047: (_STRINGS, [package.name]),
        1048: (_INT32, [flags for _, _, flags in requires]),
        1049: (_STRINGS, [name for name, _, _ in requires]),
        1050: (_STRINGS, [version for _, version, _ in requires]),
        1064: (_STRING, "4.16.0"),
        1086: (_STRING, "/bin/sh"),
        1087: (_STRING, "/bin/sh"),
        1095: (_INT32, [1] * count),
        1096: (_INT32, list(range(1, count + 1))),
        1097: (_STRINGS, [""] * count),
        1112: (_INT32, [8]),
        1113: (_STRINGS, [release]),
        1116: (_INT32, [directories.index(f"{path.parent}/".replace("//", "/")) for path in paths]),
        1117: (_STRINGS, [path.name for path in paths]),
        1118: (_STRINGS, directories),
        1124: (_STRING, "cpio"),
        1125: (_STRING, "gzip"),
        1126: (_STRING, "9"),
        5011: (_INT32, _SHA256),
        5062: (_STRING, "utf-8"),
        5092: (_STRINGS, [hashlib.sha256(payload).hexdigest()]),
        5093: (_INT32, _SHA256),
    }


def _header(region: int, tags: Tags) -> bytes:
    """An RPM header structure: index, then store, the region's own entry first and its trailer last."""
    index, store = b"", b""
    for tag, (kind, value) in sorted(tags.items()):
        size = struct.calcsize(_FORMATS[kind]) if kind in _FORMATS else 1
        store += bytes(-len(store) % size)
        count, data = _data(kind, value)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    entries = len(tags) + 1
    index = struct.pack(">IIII", region, _BIN, len(store), 16) + index
    store += struct.pack(">IIiI", region, _BIN, -16 * entries, 16)
    return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", entries, len(store)) + index + store


def _data(kind: int, value: Value) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return len(value), value
    items = value if isinstance(value, list) else [value]
    if kind in _FORMATS:
        return len(items), struct.pack(f">{len(items)}{_FORMATS[kind]}", *items)
    return len(items), b"".join(str(item).encode() + b"\0" for item in items)


def _full_mode(entry: Entry) -> int:
    return entry.mode | (0o040000 if entry.content is None else 0o100000)


def _digest(entry: Entry) -> str:
    return "" if entry.content is None else hashlib.sha256(entry.content).hexdigest()


def _cpio(entries: Iterable[Entry]) -> bytes:
    """The form `newc`."""
    archive = b""
    for inode, entry in enumerate([*entries, Entry("TRAILER!!!", 0, b"")], start=1):
        trailer = entry.path == "TRAILER!!!"
        name = (entry.path if trailer else f".{entry.path}").encode() + b"\0"
        content = entry.content or b""
        mode = 0 if trailer else _full_mode(entry)
        fields = (0 if trailer else inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        record = b"070701" + b"".join(b"%08x" % number for number in fields) + name
        record += bytes(-len(record) % 4)
        archive += record + content + bytes(-len(content) % 4)
    return archive


def _with_parents(entries: Iterable[Entry]) -> list[Entry]:
    listed = list(entries)
    known = {entry.path for entry in listed}
    parents = (
        {str(parent) for entry in listed for parent in PurePosixPath(entry.path).parents} - known - {"/"}
    )
    return sorted([*listed, *(Entry(path, 0o755, None) for path in parents)], key=lambda entry: entry.path)


def _tar(entries: Iterable[Entry]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(f".{entry.path}")
            member.mode = entry.mode
            member.uname = member.gname = "root"
            member.type = tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE
            member.size = len(entry.content or b"")
            archive.addfile(member, io.BytesIO(entry.content or b""))
    return gzip.compress(buffer.getvalue(), mtime=0)
