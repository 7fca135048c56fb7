"""What an engine keeps in the state folder, and by which name."""

import hashlib
import subprocess
from pathlib import Path

from local_cloud.hosts.engines.engine import EngineError
from local_cloud.settings import Settings

CGROUPS = Path("/sys/fs/cgroup")


def owner_name(settings: Settings) -> str:
    return f"local-cloud-{hashlib.sha256(str(settings.state_dir.resolve()).encode()).hexdigest()[:12]}"


def short_name(settings: Settings) -> Path:
    return Path("/run") / owner_name(settings)


def engine_directory(settings: Settings) -> Path:
    """The engine's folder in the state folder, mounted at a name that is short enough.

    Podman refuses a long one, and unix sockets below it may have 108 characters.
    """
    directory = settings.state_dir / "engine"
    directory.mkdir(parents=True, exist_ok=True)
    short = short_name(settings)
    short.mkdir(exist_ok=True)
    if short.is_mount() and not short.samefile(directory):
        # Of a state folder that is no more.
        mount("umount", "--lazy", str(short))
    if not short.is_mount():
        mount("mount", "--bind", str(directory), str(short))
        # Else every mount of a host would be made twice.
        mount("mount", "--make-private", str(short))
    return short


def mount(*command: str) -> None:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise EngineError(f"{result.stderr.strip()}: hosts need the right to mount")
