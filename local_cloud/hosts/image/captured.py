"""Root file systems of images that were made of hosts. They lie in the state folder, and end with it."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from local_cloud.hosts import programs
from local_cloud.hosts.engines import files
from local_cloud.hosts.engines.engine import Engine, Image
from local_cloud.settings import Settings

MACHINE_ID = Path("etc/machine-id")
"""Emptied, as before every first boot: two machines never share one."""
LEFT_OUT = ("./run/*", "./tmp/*", "./proc/*", "./sys/*", "./dev/*", "./var/log/journal/*")


def find(settings: Settings, content: str) -> Image:
    return Image(f"captured-{content}", _directory(settings) / content / "root")


def make(settings: Settings, engine: Engine, instance_id: str, content: str) -> None:
    """The disk of a host, running or not, as it is now. Raises EngineError or OSError."""
    image = find(settings, content)
    unfinished = image.root.with_name("unfinished")
    unfinished.mkdir(parents=True)
    archive = unfinished.with_name("files.tar")
    files.save(engine, instance_id, archive)
    unpack(archive, unfinished)
    archive.unlink()
    (unfinished / MACHINE_ID).write_text("")
    unfinished.rename(image.root)


def unpack(archive: Path, root: Path) -> None:
    """The files of a container, with all that a file system says of them. Raises OSError."""
    tar = [*programs.TIED, "tar", "--extract", "--preserve-permissions", "--numeric-owner"]
    tar += ["--keep-directory-symlink", "--xattrs", "--xattrs-include=security.capability"]
    tar += [f"--exclude={pattern}" for pattern in LEFT_OUT]
    result = subprocess.run(
        [*tar, f"--directory={root}", f"--file={archive}"], check=False, capture_output=True, text=True
    )
    if result.returncode:
        raise OSError(f"the host's files can't be unpacked: {result.stderr.strip()[-500:]}")


def forget(settings: Settings, used: Iterable[str]) -> None:
    """Remove all but these."""
    directory = _directory(settings)
    for each in directory.iterdir() if directory.is_dir() else ():
        if each.name not in set(used):
            shutil.rmtree(each)


def _directory(settings: Settings) -> Path:
    return settings.state_dir / "images"
