# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A directory as a bundle: a zip archive of the same bytes for the same tree, whenever and wherever made.

What counts is names, contents, symbolic links and the executable bit. Times, owners, other
permission bits and the order in which the file system lists names do not.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ..aws.errors import ModuleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The earliest time that a zip archive can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3
CHUNK = 1 << 20
APPSPEC = "appspec.yml"
PIECE = re.compile(
    r"(?P<stars>\*+)|(?P<one>\?)|(?P<set>\[[!^]?\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*\])|\\?(?P<literal>.)",
    re.DOTALL,
)
MEMBER = re.compile(r"\[:(?P<kind>[a-z]+):\]|\\?(?P<first>.)(?:-\\?(?P<last>[^\]]))?", re.DOTALL)
KINDS = {
    "alnum": r"^\W_",
    "alpha": r"a-zA-Z",
    "digit": r"0-9",
    "lower": r"a-z",
    "space": r"\s",
    "upper": r"A-Z",
    "xdigit": r"0-9a-fA-F",
}


@dataclass(frozen=True)
class Entry:
    """A file, a symbolic link or an empty directory of the tree."""

    name: str  # with slashes, relative to the tree
    path: Path
    mode: int  # kind and permissions, reduced to what counts

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    def chunks(self) -> Iterator[bytes]:
        """The content: a file's bytes, a link's destination, nothing for a directory."""
        try:
            if self.is_link:
                yield os.readlink(self.path).encode()  # noqa: PTH115 - Path would change the destination's spelling
            elif not self.is_directory:
                with self.path.open("rb") as stream:
                    while chunk := stream.read(CHUNK):
                        yield chunk
        except OSError as error:
            raise _unreadable(self.name, error) from error


def collect(root: Path, exclude: Iterable[str] = ()) -> list[Entry]:
    """The entries of a tree in order, without `.git` and what is excluded.

    `exclude` and the lines of `.gitattributes` that say `export-ignore` hold patterns as git reads
    them: with a slash from the root, without one at any depth; a directory takes all that is in it.
    Raises ModuleError where the tree is no bundle.
    """
    if not root.is_dir():
        raise ModuleError(
            f"source_dir: {_shown(str(root))} is no directory on the host that runs the module."
        )
    rules = [*((pattern, True) for pattern in (".git", *exclude)), *export_ignored(root)]
    entries = sorted(_walk(root, [(matcher(pattern), ignored) for pattern, ignored in rules]), key=_name)
    if not any(entry.name == APPSPEC for entry in entries):
        raise ModuleError(f"source_dir: {_shown(str(root))} holds no appspec.yml, so it cannot be deployed.")
    return entries


def digest(entries: Iterable[Entry]) -> str:
    """SHA-256 of all that counts in a tree, in hexadecimal; it does not depend on how it is compressed."""
    whole = hashlib.sha256()
    for entry in entries:
        content = hashlib.sha256()
        for chunk in entry.chunks():
            content.update(chunk)
        whole.update(f"{entry.mode:o} {content.hexdigest()} {entry.name}\0".encode())
    return whole.hexdigest()


def write(entries: Iterable[Entry], stream: BinaryIO) -> None:
    """The archive."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name + ("/" if entry.is_directory else ""), EPOCH)
            info.create_system = UNIX
            info.external_attr = entry.mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as target:
                for chunk in entry.chunks():
                    target.write(chunk)


def export_ignored(root: Path) -> Iterator[tuple[str, bool]]:
    """The patterns of the tree's `.gitattributes`, with whether they set `export-ignore` or unset it."""
    file = root / ".gitattributes"
    if not file.is_file():
        return
    try:
        # Bytes to git; what is no UTF-8 stands for itself, as in names.
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise _unreadable(file.name, error) from error
    for line in lines:
        pattern, *attributes = line.split() or ["#"]
        if pattern.startswith("#"):
            continue
        for attribute in attributes:
            if attribute.lstrip("-!") == "export-ignore":
                yield pattern, attribute == "export-ignore"


def matcher(pattern: str) -> re.Pattern[str]:
    """A regular expression for the names that a pattern of git's means, in time that grows with them alone.

    Between wildcards the first place that fits is as good as any, so that none is tried again: (?>...).
    Raises ModuleError where no name can match.
    """
    bare = pattern.rstrip("/")
    parts = bare.lstrip("/").split("/")
    runs: list[list[str]] = [[]]
    for part in parts if "/" in bare else ["**", *parts]:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_part(part, pattern))
    first, *more = ["/".join(run) for run in runs]
    if not more:
        return re.compile(first, re.DOTALL)
    middle = "".join(f"(?>(?:[^/]+/)*?{run}/)" for run in more[:-1] if run)
    last = f"(?:[^/]+/)*{more[-1]}" if more[-1] else ".+"
    return re.compile((first and f"{first}/") + middle + last, re.DOTALL)


def _part(part: str, pattern: str) -> str:
    """What one part of a pattern, between slashes, means."""
    fixed = [""]
    for piece in PIECE.finditer(part):
        if piece["stars"]:
            fixed.append("")
        elif piece["set"]:
            fixed[-1] += _set(piece["set"], pattern)
        else:
            fixed[-1] += "[^/]" if piece["one"] else re.escape(piece["literal"])
    first, *more = fixed
    middle = "".join(f"(?>[^/]*?{each})" for each in more[:-1] if each)
    return first + middle + (f"[^/]*{more[-1]}" if more else "")


def _set(piece: str, pattern: str) -> str:
    """A set of characters, `[a-z]`; never a slash."""
    inside = piece[1:-1]
    negated = inside.startswith(("!", "^"))
    members = []
    for member in MEMBER.finditer(inside[negated:]):
        first, last = member["first"], member["last"]
        if member["kind"]:
            if member["kind"] not in KINDS:
                raise ModuleError(
                    f"exclude: {pattern!r} has [:{member['kind']}:], known are {', '.join(KINDS)}."
                )
            members.append(f"[{KINDS[member['kind']]}]")
        elif last and last < first:
            raise ModuleError(
                f"exclude: {pattern!r} (or .gitattributes) matches nothing: {first}-{last} goes backwards."
            )
        else:
            members.append(f"[{re.escape(first)}-{re.escape(last)}]" if last else re.escape(first))
    one = f"(?:{'|'.join(members)})"
    return f"(?!/)(?!{one})." if negated else f"(?!/){one}"


def _walk(root: Path, rules: list[tuple[re.Pattern[str], bool]]) -> Iterator[Entry]:
    """Not recursive: a tree may be deeper than Python's stack."""
    directories = [(root, "")]
    while directories:
        directory, prefix = directories.pop()
        try:
            paths = list(directory.iterdir())
            if not paths and prefix:
                yield Entry(prefix.rstrip("/"), directory, stat.S_IFDIR | 0o755)
            for path in paths:
                name = prefix + path.name
                verdicts = [ignored for pattern, ignored in rules if pattern.fullmatch(name)]
                if verdicts and verdicts[-1]:
                    continue
                kind = path.lstat().st_mode
                _refuse_odd(name, path, kind)
                if stat.S_ISDIR(kind):
                    directories.append((path, f"{name}/"))
                elif stat.S_ISLNK(kind):
                    yield Entry(name, path, stat.S_IFLNK | 0o777)
                else:
                    yield Entry(name, path, stat.S_IFREG | (0o755 if kind & 0o111 else 0o644))
        except OSError as error:
            raise _unreadable(prefix or str(root), error) from error


def _refuse_odd(name: str, path: Path, kind: int) -> None:
    """Raise ModuleError for what no bundle can hold."""
    if not _is_text(name):
        raise ModuleError(f"source_dir: the name {_shown(name)} is not UTF-8: rename it, or exclude it.")
    if stat.S_ISLNK(kind):
        target = os.readlink(path)  # noqa: PTH115 - as above
        if not _is_text(target):
            raise ModuleError(
                f"source_dir: {name} is a link to {_shown(target)}, a name that is not UTF-8: rename "
                "that, or "
                "exclude the link."
            )
    elif not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
        raise ModuleError(f"source_dir: {name} is neither a file nor a directory nor a symbolic link.")


def _is_text(name: str) -> bool:
    """Bytes that are no UTF-8 are lone surrogates in Python's names of files."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _shown(name: str) -> str:
    """A name for people, whatever bytes it has."""
    return repr(os.fsencode(name).decode("utf-8", "backslashreplace"))


def _unreadable(name: str, error: OSError) -> ModuleError:
    return ModuleError(f"source_dir: {_shown(name)} cannot be read: {error.strerror}.")


def _name(entry: Entry) -> str:
    return entry.name
