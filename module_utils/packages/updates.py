# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a package manager would update, and what of a host still runs files that are gone. Changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

REBOOT = re.compile(
    r"(kernel(-rt|-core|\d+\.\d+)?|glibc|linux-firmware|systemd|udev|openssl-libs|gnutls|dbus(-broker)?"
    r"|linux-image-.*|libc6)"
)
"""What takes effect at a reboot: as `dnf needs-restarting --reboothint` has it, with Debian's names."""
UNTOUCHABLE = frozenset({"amazon-ssm-agent.service", "dbus.service", "dbus-broker.service", "init.scope"})
"""What a restart would cut the host, or its operator, off from: a reboot brings the new files instead."""
PROGRAMS = re.compile(r"/(usr|opt|lib|lib64|bin|sbin)/")
UPGRADED = re.compile(r"Inst (\S+) (?:\[([^\]]+)\] )?\((\S+) ")
RELEASE = re.compile(r"--releasever=(\S+)")


@dataclass(frozen=True)
class Package:
    """One that is installed."""

    version: str
    installed: float


def name_of(package: str) -> str:
    """The name without its architecture."""
    return re.sub(r"[.:](x86_64|aarch64|i686|noarch|amd64|arm64|all)$", "", package)


def rpm_packages(listing: str) -> dict[str, Package]:
    """Packages by NAME.ARCHITECTURE, from lines `NAME.ARCHITECTURE VERSION SECONDS`; the newest of a name."""
    found: dict[str, Package] = {}
    for line in listing.splitlines():
        name, version, seconds = line.split()
        if name not in found or float(seconds) >= found[name].installed:
            found[name] = Package(version, float(seconds))
    return found


def rpm_updates(listing: str, installed: Mapping[str, Package]) -> list[dict[str, str]]:
    """Updates from lines `NAME.ARCHITECTURE VERSION` of `dnf repoquery --upgrades`."""
    pairs = dict(line.split() for line in listing.splitlines() if line)
    return [
        {"name": name_of(name), "old": installed[name].version if name in installed else "", "new": version}
        for name, version in sorted(pairs.items())
        if name not in installed or installed[name].version != version
    ]


def apt_updates(simulation: str) -> list[dict[str, str]]:
    """Updates from the output of `apt-get --simulate upgrade`."""
    found = (UPGRADED.match(line) for line in simulation.splitlines())
    return sorted(
        ({"name": name_of(each[1]), "old": each[2] or "", "new": each[3]} for each in found if each),
        key=lambda each: each["name"],
    )


def newer_releases(notice: str) -> list[str]:
    """Releases that `dnf check-release-update` names, the oldest first."""
    return sorted({*RELEASE.findall(notice)}, key=release_key)


def release_key(release: str) -> list[int]:
    """By which releases of Amazon Linux, such as 2023.9.20251110, have an order."""
    return [int(number) for number in re.findall(r"\d+", release)]


def started(stat: str, process: str, ticks: int) -> float:
    """When a process began, from /proc/stat and its own /proc/PID/stat. Of process 1, when the host did."""
    booted = next(int(line.split()[1]) for line in stat.splitlines() if line.startswith("btime "))
    return booted + int(process.rpartition(")")[2].split()[19]) / ticks


def newer_than(boot: float, installed: Mapping[str, Package]) -> list[str]:
    """Packages that take effect at a reboot, and were installed after the last one."""
    return sorted(
        f"{name_of(name)} {package.version}"
        for name, package in installed.items()
        if package.installed > boot and REBOOT.fullmatch(name_of(name))
    )


def unit_of(cgroups: str) -> str:
    """The unit of systemd that a process is of, from /proc/PID/cgroup; empty for people's sessions."""
    path = cgroups.strip().rpartition(":")[2]
    if "/user.slice/" in f"{path}/":
        return ""
    units = re.findall(r"[^/]+\.(?:service|scope)(?=/|$)", path)
    return units[0] if units else ""


def mapped_files(maps: str) -> dict[str, bool]:
    """Programs and libraries that a process has in memory, and whether each is gone from the disk."""
    found: dict[str, bool] = {}
    for line in maps.splitlines():
        _addresses, modes, *_, name = line.split(maxsplit=5)
        # Where there is no name, the inode is last.
        if "x" in modes and PROGRAMS.match(name):
            path = name.removesuffix(" (deleted)")
            found[path] = found.get(path, False) or name.endswith(" (deleted)")
    return found


def units(proc: Path, replaced: Collection[str]) -> list[str]:
    """Units with a process that has a file in memory which is gone, or is one of `replaced`."""
    found = set()
    for folder in proc.glob("[0-9]*"):
        try:
            files = mapped_files((folder / "maps").read_text())
            unit = unit_of((folder / "cgroup").read_text())
        except OSError:
            # It has ended meanwhile.
            continue
        if folder.name == "1":
            unit = "init.scope"
        if unit and any(gone or path in replaced for path, gone in files.items()):
            found.add(unit)
    return sorted(found)


def to_restart(found: Iterable[str]) -> list[str]:
    """Those services that a restart brings to their new files."""
    return [unit for unit in found if unit.endswith(".service") and unit not in UNTOUCHABLE]


def to_reboot(found: Iterable[str]) -> list[str]:
    """Why a reboot is needed for the others."""
    return [f"{unit} runs files that were replaced" for unit in found if unit in UNTOUCHABLE]
