"""Packages of the distribution that this machine runs, fetched and unpacked without installing them.

apt works in a folder of its own: it does not see what this machine has
installed, and leaves nothing on it.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path


class AptError(Exception):
    """apt's own words."""


def download(
    directory: Path, *, base: Sequence[str], more: Sequence[str], unwanted: Sequence[str]
) -> tuple[list[Path], list[Path]]:
    """The package files of `base` and its dependencies, and those that `more` needs besides.

    `directory` keeps them: a second download fetches only what is newer. Names that the
    distribution does not have are an error.
    """
    _prepare(directory, unwanted)
    lists = directory / "state/lists"
    try:
        _apt(directory, "update")
    except AptError:
        # Offline, but fetched before: what is there will do.
        if not any(lists.glob("*_Packages*")):
            raise
    _apt(directory, "--download-only", "--yes", "install", *base, *more)
    wanted = _names(directory, [*base])
    everything = _names(directory, [*base, *more])
    archives = directory / "cache/archives"
    for stale in set(archives.glob("*.deb")) - {archives / name for name in everything}:
        stale.unlink()
    return (
        [archives / name for name in wanted],
        [archives / name for name in everything if name not in set(wanted)],
    )


def control(package: Path) -> str:
    """The control file of a package."""
    return _output(["dpkg-deb", "--field", str(package)])


def unpack(package: Path, root: Path, *, left_out: Sequence[str]) -> None:
    """The package's files below `root`, through its links from /bin to /usr/bin."""
    root.mkdir(parents=True, exist_ok=True)
    tar = ["tar", "--extract", "--preserve-permissions", "--numeric-owner", "--keep-directory-symlink"]
    tar += [f"--directory={root}", *(f"--exclude={pattern}" for pattern in left_out)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
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


def _names(directory: Path, packages: Sequence[str]) -> list[str]:
    cache = directory / "cache/archives"
    plan = _apt(
        directory, "--print-uris", "--yes", "-o", f"Dir::Cache::archives={cache}/none", "install", *packages
    )
    return re.findall(r"^'\S+' (\S+\.deb) ", plan, re.MULTILINE)


def _apt(directory: Path, *arguments: str) -> str:
    options = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/etc/apt/apt.conf.d",
        "Dir::Etc::preferencesparts": f"{directory}/etc/preferences.d",
        "Dir::State": f"{directory}/state",
        "Dir::State::status": f"{directory}/state/status",
        "Dir::Cache": f"{directory}/cache",
        "Dir::Log": f"{directory}/log",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    command = ["apt-get", "-qq"]
    for name, value in options.items():
        command += ["-o", f"{name}={value}"]
    return _output([*command, *arguments])


def _output(command: Sequence[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise AptError(f"{command[0]}: {result.stderr.strip()}")
    return result.stdout
