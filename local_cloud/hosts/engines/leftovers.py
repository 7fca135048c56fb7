"""What an engine keeps besides its containers, and what is left of one that was ended."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from local_cloud.hosts.engines.state import CGROUPS, owner_name, short_name
from local_cloud.settings import Settings

LEFT_EMPTY = ("runc", "crun", "containers/networks", "containers")
"""Folders of /run that podman and its runtimes make and leave."""


def end_orphans(settings: Settings) -> None:
    """Ends the hosts of which the engine knows nothing any more, because its state folder was deleted."""
    for group in _control_groups(settings):
        for processes in group.rglob("cgroup.procs"):
            for process in _numbers(processes):
                with suppress(OSError):
                    os.kill(process, signal.SIGKILL)


def leave_nothing(settings: Settings) -> None:
    """Removes what an engine keeps besides its containers: control groups and mounts."""
    end_orphans(settings)
    for group in _control_groups(settings):
        _remove_control_groups(group)
    short = short_name(settings)
    for mount in reversed(_mounts(short)):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    for directory in (short, *(Path("/run") / name for name in LEFT_EMPTY)):
        # Not empty where another engine's containers run.
        with suppress(OSError):
            directory.rmdir()


def _control_groups(settings: Settings) -> list[Path]:
    """This local cloud's alone: podman puts its hosts there."""
    owner = owner_name(settings)
    return [*CGROUPS.glob(owner), *CGROUPS.glob(f"*/{owner}")]


def _numbers(path: Path) -> list[int]:
    try:
        # 0 stands for a process that is not seen from here, and would mean this one's own group.
        return [int(line) for line in path.read_text().split() if line != "0"]
    except OSError:
        # The group is gone, or is one of threads.
        return []


def _mounts(directory: Path) -> list[str]:
    """What is mounted at a directory and below it, in the order of mounting."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [mount for mount in mounts if mount == str(directory) or mount.startswith(f"{directory}/")]


def _remove_control_groups(group: Path) -> None:
    """A group that the kernel has not emptied yet stays, empty, until the next time."""
    for directory in [*sorted(group.rglob("*/"), reverse=True), group]:
        with suppress(OSError):
            directory.rmdir()
