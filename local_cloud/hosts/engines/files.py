"""The files of a container, running or not, as a tar."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from local_cloud.hosts import programs
from local_cloud.hosts.engines.engine import Engine, EngineError
from local_cloud.hosts.engines.state import mount

CREATE = ("tar", "--create", "--numeric-owner", "--xattrs", "--xattrs-include=security.capability")


def save(engine: Engine, name: str, archive: Path) -> None:
    """Raises EngineError."""
    described = engine.inspect(name)
    if engine.is_podman and not described["State"]["Running"]:
        _save_layers(engine, described, archive)
    else:
        engine.call("export", f"--output={archive}", name, tied=True)


def _save_layers(engine: Engine, described: dict[str, Any], archive: Path) -> None:
    """Of one that is off podman exports an empty disk: it has put it together of two layers while it ran."""
    directory = Path(engine.environment["HOME"])
    upper = directory / "run/overlay-containers" / described["Id"] / "rootfs/upper"
    with tempfile.TemporaryDirectory(dir=directory / "tmp") as merged:
        layers = f"ro,lowerdir={upper}:{described['Rootfs']}"
        mount("mount", "-t", "overlay", "overlay", "-o", layers, merged)
        try:
            result = subprocess.run(
                [*programs.TIED, *CREATE, f"--directory={merged}", f"--file={archive}", "."],
                check=False,
                capture_output=True,
                text=True,
            )
        finally:
            mount("umount", merged)
    if result.returncode:
        raise EngineError(f"tar: {result.stderr.strip()[-500:]}")
