"""Packages of the distribution that this machine runs, fetched and unpacked without installing them.

apt works in a folder of its own: it does not see what this machine has
installed, and leaves nothing on it.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from local_cloud.hosts import programs

GOT = "got.json"
"""What the last download was asked for, and the files that it came to."""
FRESH = 3600
"""Seconds for which that stays true."""
CONNECTIONS = 4
"""Downloads at once. apt asks a mirror for one file after the other, and most of them are small."""


class AptError(Exception):
    """apt's own words."""


def download(directory: Path, *groups: Sequence[str], unwanted: Sequence[str] = ()) -> list[list[Path]]:
    """For each group of packages the files of them and their dependencies, but for those of earlier groups.

    `directory` keeps them: a second download fetches only what is newer, and within the hour takes what is
    there. Names that the distribution does not have are an error. To apt the `unwanted` are there already.
    """
    asked = [list(map(list, groups)), list(unwanted)]
    archives = directory / "cache/archives"
    known = _got(directory / GOT, asked)
    if known and all((archives / name).exists() for name in chain(*known)):
        return [[archives / name for name in names] for names in known]
    found = _download(directory, groups, unwanted)
    (directory / GOT).write_text(json.dumps([asked, [[path.name for path in paths] for paths in found]]))
    return found


def _got(file: Path, asked: list[Any]) -> list[list[str]]:
    """The names of the files that the same was answered with, where that was within the hour."""
    try:
        answered, names = json.loads(file.read_text())
        return names if answered == asked and time.time() - file.stat().st_mtime < FRESH else []
    except (OSError, ValueError):
        return []


def _download(directory: Path, groups: Sequence[Sequence[str]], unwanted: Sequence[str]) -> list[list[Path]]:
    _prepare(directory, unwanted)
    lists = directory / "state/lists"
    try:
        _apt(directory, "update")
    except AptError:
        # Offline, but fetched before: what is there will do.
        if not any(lists.glob("*_Packages*")):
            raise
    if not any(lists.glob("*_Packages*")):
        raise AptError("apt-get reaches no package mirror, and nothing was fetched before: go online once")
    wanted = [list(chain(*groups[: count + 1])) for count in range(len(groups))]
    # What apt works out takes seconds for each.
    with ThreadPoolExecutor() as pool:
        plans = list(pool.map(lambda packages: _plan(directory, packages), wanted))
    archives = directory / "cache/archives"
    _fetch(directory, archives, plans[-1])
    found: list[list[Path]] = []
    known: set[str] = set()
    for plan in plans:
        names = [name for name in plan if name not in known]
        known.update(names)
        found.append([archives / name for name in names])
    for stale in set(archives.glob("*.deb")) - {archives / name for name in known}:
        stale.unlink()
    return found


def _fetch(directory: Path, archives: Path, plan: Mapping[str, int]) -> None:
    """Puts those of the files into `archives` that are not there."""
    sizes = {path.name: path.stat().st_size for path in archives.glob("*.deb")}
    missing = [name for name, size in plan.items() if sizes.get(name) != size]
    # Each has large ones and small ones.
    missing.sort(key=plan.__getitem__, reverse=True)
    shares = [share for first in range(CONNECTIONS) if (share := missing[first::CONNECTIONS])]

    def get(share: list[str]) -> None:
        # What is half there when this ends never looks finished.
        folder = directory / "unfinished" / share[0]
        folder.mkdir(parents=True)
        _apt(directory, "download", *map(_with_version, share), cwd=folder)
        for name in share:
            (folder / name).replace(archives / name)

    shutil.rmtree(directory / "unfinished", ignore_errors=True)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(get, shares))
    shutil.rmtree(directory / "unfinished", ignore_errors=True)


def _with_version(name: str) -> str:
    """The package in a file, as apt-get is asked for it: `git_1%3a2.39_amd64.deb` is `git=1:2.39`."""
    package, version, _ = name.split("_")
    return f"{package}={unquote(version)}"


def control(package: Path) -> str:
    """The control file of a package."""
    return _output(["dpkg-deb", "--field", str(package)])


def unpack(targets: Sequence[tuple[Path, Path]], *, left_out: Sequence[str]) -> None:
    """Each package's files below a root, through its links from /bin to /usr/bin."""
    # The largest first, so that none is left alone at the end.
    ordered = sorted(targets, key=lambda target: target[0].stat().st_size, reverse=True)
    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as pool:
        list(pool.map(lambda target: _unpack(target[0], target[1], left_out), ordered))


def _unpack(package: Path, root: Path, left_out: Sequence[str]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    tar = [*programs.TIED, "tar", "--extract", "--preserve-permissions"]
    tar += ["--numeric-owner", "--keep-directory-symlink"]
    tar += [f"--directory={root}", *(f"--exclude={pattern}" for pattern in left_out)]
    dpkg = [*programs.TIED, "dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(dpkg, stdout=subprocess.PIPE) as archive:
        subprocess.run(tar, stdin=archive.stdout, check=True)
    if archive.returncode:
        raise AptError(f"{package.name} can't be unpacked: remove it and try again")


def _prepare(directory: Path, unwanted: Sequence[str]) -> None:
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    architecture = _output(["dpkg", "--print-architecture"]).strip()
    installed = (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nMulti-Arch: allowed\n"
        f"Version: 99:0\nMaintainer: nobody\nDescription: not wanted\n"
        for name in unwanted
    )
    (directory / "state/status").write_text("\n".join(installed))


def _plan(directory: Path, packages: Sequence[str]) -> dict[str, int]:
    """The files that packages and their dependencies are in, and how many bytes each has."""
    nowhere = f"Dir::Cache::archives={directory}/cache/archives/none"
    plan = _apt(directory, "--print-uris", "--yes", "-o", nowhere, "install", *packages)
    return {name: int(size) for name, size in re.findall(r"^'\S+' (\S+\.deb) (\d+) ", plan, re.MULTILINE)}


def _apt(directory: Path, *arguments: str, cwd: Path | None = None) -> str:
    options = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/etc/apt/apt.conf.d",
        "Dir::Etc::preferencesparts": f"{directory}/etc/preferences.d",
        "Dir::State": f"{directory}/state",
        "Dir::State::status": f"{directory}/state/status",
        "Dir::Cache": f"{directory}/cache",
        # What apt made of its lists, which takes it seconds; images of containers turn that off.
        "Dir::Cache::pkgcache": "pkgcache.bin",
        "Dir::Log": f"{directory}/log",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    command = ["apt-get", "-qq"]
    for name, value in options.items():
        command += ["-o", f"{name}={value}"]
    return _output([*command, *arguments], cwd)


def _output(command: Sequence[str], cwd: Path | None = None) -> str:
    result = programs.run(command, cwd=cwd)
    if result.returncode:
        raise AptError(f"{command[0]}: {result.stderr.strip()}")
    return result.stdout
