# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps between runs what Ansible packs for modules: each run would search and pack the same files."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: kept_payloads
type: aggregate
short_description: Keep between runs what is packed for modules
description:
  - Ansible packs the utilities that a module imports once a run. This keeps what it packed, with a digest of
    all that went in - the module, the files of all folders of utilities and of the collections that they
    name, Ansible's version - so that nothing is taken that would be packed otherwise now.
  - What is kept is code. Arguments of modules are never in it.
options:
  enabled:
    description: Whether payloads are kept, and kept ones are taken.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import hashlib
import inspect
import json
import os
import re
import stat
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import module_utils_loader
from ansible.release import __version__
from ansible.utils.display import Display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PLACE = Path(__file__).resolve().parent.parent / ".cache" / "ansible" / "payloads"
MOST = 150
"""Payloads that are kept: those of two or three versions of all modules that playbooks use."""
ASKED = ["name", "module_fqn", "module_data", "zf", "date_time", "extension_manager"]
"""What the finder of the Ansibles that are known takes."""
NAMED = re.compile(rb"ansible_collections[./](\w+)[./](\w+)")
REDIRECT = b"\nimport sys\nimport "
"""So begins what Ansible puts in place of a redirected utility. Each time it may say: deprecated."""
display = Display()


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_payloads"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Stand between Ansible and its finder, where that is the one that is known."""
        if not self.get_option("enabled"):
            return
        try:
            finder = module_common.recursive_finder
            if list(inspect.signature(finder).parameters) != ASKED:
                raise AttributeError("this Ansible packs modules in another way")  # noqa: TRY301
            make_place(PLACE)
        except (AttributeError, OSError) as error:
            self._display.vvv(f"KEPT: no payloads are kept: {error}")
            return
        files = Files()
        files.digest(list(search_path()))  # read once, before workers are forked
        module_common.recursive_finder = keeping(finder, PLACE, files)


class Files:
    """The content of folders of code. Files that have not been touched are not read again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[tuple[int, ...], bytes]] = {}

    def digest(self, places: Iterable[Path]) -> str:
        """One name for these files and those in these folders: their paths and contents."""
        whole = hashlib.sha256()
        for place in places:
            whole.update(os.fsencode(place) + b"\0")
            for path, found in files(place, set()):
                whole.update(os.fsencode(path) + b"\0" + self._content(path, found))
        return whole.hexdigest()

    def _content(self, path: str, found: os.stat_result) -> bytes:
        touched = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
        if self._seen.get(path, ((), b""))[0] != touched:
            self._seen[path] = touched, hashlib.sha256(Path(path).read_bytes()).digest()
        return self._seen[path][1]


def files(place: Path | str, above: set[tuple[int, int]]) -> Iterator[tuple[str, os.stat_result]]:
    """The files in a folder and below, or the one that it is, in order, without bytecode."""
    try:
        found = os.stat(place)  # noqa: PTH116 - of what os.scandir gives
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        yield str(place), found
    elif (found.st_dev, found.st_ino) not in above:
        for name in sorted(os.listdir(place)):  # noqa: PTH208 - a hundred times an hour
            if name != "__pycache__":
                yield from files(f"{place}/{name}", above | {(found.st_dev, found.st_ino)})


def make_place(place: Path) -> None:
    """A folder that nobody else may write to: what is in it will be run."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.chmod(0o700)
    if place.stat().st_uid != os.geteuid():
        raise PermissionError(f"{place} belongs to another user")


def search_path() -> Iterator[Path]:
    """All that decides what a module's imports of ansible.module_utils are."""
    yield from (Path(path) for path in module_utils_loader._get_paths(subdirs=False))  # noqa: SLF001 - as the finder asks
    core = Path(module_common.__file__)
    yield core.parent.parent / "module_utils"
    yield core.parent.parent / "config" / "ansible_builtin_runtime.yml"
    yield core


def collections(archive: bytes, *sources: bytes) -> list[str]:
    """Those from which something is packed, or would be if it were there."""
    found = set()
    with zipfile.ZipFile(BytesIO(archive)) as packed:
        members = packed.namelist()
        for text in ("\n".join(members).encode(), *map(packed.read, members), *sources):
            found |= {f"{space.decode()}.{name.decode()}" for space, name in NAMED.findall(text)}
    return sorted(found)


def places(names: Iterable[str]) -> Iterator[Path]:
    """What of collections decides what is packed of them."""
    from ansible.utils.collection_loader._collection_finder import _get_collection_path  # noqa: PLC0415 - is private

    for name in names:
        try:
            collection = Path(_get_collection_path(name))
        except ValueError:
            yield Path(f"/{name} is not installed")
        else:
            yield collection / "plugins" / "module_utils"
            yield collection / "meta" / "runtime.yml"


def keeping(finder: Callable[..., Any], place: Path, seen: Files) -> Callable[..., Any]:
    """The same finder, which takes from `place` what it would find."""

    def find(  # noqa: PLR0917 - as it is called
        name: str,
        module_fqn: str,
        module_data: bytes,
        zf: zipfile.ZipFile,
        date_time: Any,  # noqa: ANN401 - of no matter here
        extension_manager: Any,  # noqa: ANN401 - Ansible has no types
    ) -> Any:  # noqa: ANN401 - Ansible has no types
        if extension_manager.extension_names or not isinstance(module_data, bytes):
            return finder(name, module_fqn, module_data, zf, date_time, extension_manager)
        told = (
            name,
            module_fqn,
            zf.compression,
            __version__,
            sys.version_info[:2],
            seen.digest(search_path()),
        )
        path = place / hashlib.sha256(repr(told).encode() + module_data).hexdigest()
        archive, profile = take(path, seen)
        if archive:
            display.vvv(f"KEPT: {module_fqn} was packed by an earlier run")
            metadata = module_common.ModuleMetadataV1(serialization_profile=profile)
        else:
            packed = BytesIO()
            with zipfile.ZipFile(packed, "w", zf.compression) as whole:
                metadata = finder(name, module_fqn, module_data, whole, date_time, extension_manager)
            archive = packed.getvalue()
            if type(metadata) is module_common.ModuleMetadataV1:
                keep(path, archive, metadata.serialization_profile, module_data, seen)
        zf.fp.write(archive)  # type: ignore[union-attr] # it is open
        # Read its own file again, and write on behind what is there.
        zf.__init__(zf.fp, "a", zf.compression)  # type: ignore[misc]
        return metadata

    return find


def take(path: Path, seen: Files) -> tuple[bytes, str]:
    """What is kept there, if it is whole and what it was made of is still the same. Otherwise nothing."""
    try:
        head, _, archive = path.read_bytes().partition(b"\n")
        told = json.loads(head)
        whole = told["sha256"] == hashlib.sha256(archive).hexdigest()
        if not whole or told["digest"] != seen.digest(places(told["collections"])):
            return b"", ""
        path.touch()
    except (OSError, ValueError, KeyError, TypeError):
        return b"", ""
    return archive, str(told["profile"])


def keep(path: Path, archive: bytes, profile: str, module: bytes, seen: Files) -> None:
    """Put it there whole, and remove what was not taken for longest. No space left is no failure."""
    with zipfile.ZipFile(BytesIO(archive)) as packed:
        if any(packed.read(member).startswith(REDIRECT) for member in packed.namelist()):
            return
    names = collections(archive, module)
    head = {
        "sha256": hashlib.sha256(archive).hexdigest(),
        "digest": seen.digest(places(names)),
        "collections": names,
        "profile": profile,
    }
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix="part-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + archive)
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)
        by_age = sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in by_age[MOST:]:
            each.unlink(missing_ok=True)
    except OSError as error:
        display.vvv(f"KEPT: {path} is not kept: {error}")
