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

from ansible.module_utils.codedeploy.errors import CodeDeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The earliest time that a zip archive can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3
CHUNK = 1 << 20
APPSPEC = "appspec.yml"
WILDCARD = re.compile(r"(\*\*/|/\*\*|\*|\?|\[[^\]/]+\])")
WILDCARDS = {"**/": "(?:.*/)?", "/**": "/.+", "*": "[^/]*", "?": "[^/]"}


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
        if self.is_link:
            yield os.readlink(self.path).encode()  # noqa: PTH115 - Path would change the destination's spelling
        elif not self.is_directory:
            with self.path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk


def collect(root: Path, exclude: Iterable[str] = ()) -> list[Entry]:
    """The entries of a tree in order, without `.git` and what is excluded.

    `exclude` and the lines of `.gitattributes` that say `export-ignore` hold patterns as git reads
    them: with a slash from the root, without one at any depth; a directory takes all that is in it.
    Raises CodeDeployError where the tree is no bundle.
    """
    if not root.is_dir():
        raise CodeDeployError(f"source_dir: {str(root)!r} is no directory on the host that runs the module.")
    rules = [*((pattern, True) for pattern in (".git", *exclude)), *export_ignored(root)]
    entries = sorted(_walk(root, "", [(matcher(pattern), ignored) for pattern, ignored in rules]), key=_name)
    if not any(entry.name == APPSPEC for entry in entries):
        raise CodeDeployError(f"source_dir: {str(root)!r} holds no appspec.yml, so it cannot be deployed.")
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
    for line in file.read_text(encoding="utf-8").splitlines():
        pattern, *attributes = line.split() or ["#"]
        if pattern.startswith("#"):
            continue
        for attribute in attributes:
            if attribute.lstrip("-!") == "export-ignore":
                yield pattern, attribute == "export-ignore"


def matcher(pattern: str) -> re.Pattern[str]:
    """A regular expression for the names that a pattern of git's means."""
    bare = pattern.rstrip("/")
    pieces = [WILDCARDS.get(piece) or _literal(piece) for piece in WILDCARD.split(bare.lstrip("/"))]
    return re.compile(("" if "/" in bare else "(?:.*/)?") + "".join(pieces), re.DOTALL)


def _literal(piece: str) -> str:
    if piece.startswith("[") and piece.endswith("]"):
        return "[^" + piece[2:] if piece[1] in "!^" else piece
    return re.escape(piece)


def _walk(directory: Path, prefix: str, rules: list[tuple[re.Pattern[str], bool]]) -> Iterator[Entry]:
    for path in directory.iterdir():
        name = prefix + path.name
        verdicts = [ignored for pattern, ignored in rules if pattern.fullmatch(name)]
        if verdicts and verdicts[-1]:
            continue
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            yield Entry(name, path, stat.S_IFLNK | 0o777)
        elif stat.S_ISDIR(kind):
            if any(path.iterdir()):
                yield from _walk(path, f"{name}/", rules)
            else:
                yield Entry(name, path, stat.S_IFDIR | 0o755)
        elif stat.S_ISREG(kind):
            yield Entry(name, path, stat.S_IFREG | (0o755 if kind & 0o111 else 0o644))
        else:
            raise CodeDeployError(
                f"source_dir: {name} is neither a file nor a directory nor a symbolic link."
            )


def _name(entry: Entry) -> str:
    return entry.name
