"""A podman of this local cloud's own."""

import logging
import shutil
import tempfile
from pathlib import Path

from local_cloud.hosts.engines.engine import Engine, EngineError
from local_cloud.hosts.engines.state import CGROUPS, engine_directory, mount, owner_name
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)


def can_run() -> bool:
    """Is podman there, with a runtime for this machine's control groups?"""
    if shutil.which("podman") is None:
        return False
    return not _hybrid_control_groups() or shutil.which("runc") is not None


def _hybrid_control_groups() -> bool:
    """Version 1 and 2 side by side, or version 1 alone: crun refuses the first."""
    return not (CGROUPS / "cgroup.controllers").exists()


def engine(settings: Settings) -> Engine:
    directory = engine_directory(settings)
    for folder in ("storage", "run", "tmp", "networks"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    if not (directory / "run").is_mount() and not can_carry_layers(directory):
        LOG.warning("the file system of %s carries no overlays: hosts' disks are in memory", directory)
        mount("mount", "-t", "tmpfs", "local-cloud", str(directory / "run"))
    containers = directory / "containers.conf"
    containers.write_text(_containers_conf(directory, settings.gateway))
    storage = directory / "storage.conf"
    storage.write_text(
        # No image is ever unpacked into it, so the plainest driver will do, which works everywhere.
        f'[storage]\ndriver = "vfs"\ngraphroot = "{directory}/storage"\nrunroot = "{directory}/run"\n'
    )
    return Engine(
        program="podman",
        owner=owner_name(settings),
        environment={
            "CONTAINERS_CONF": str(containers),
            "CONTAINERS_STORAGE_CONF": str(storage),
            "TMPDIR": str(directory / "tmp"),
            # To tell its version podman asks rpm, which makes a database in the home it is given.
            "HOME": str(directory),
        },
        host_options=(
            "--systemd=always",
            f"--cgroup-parent=/{owner_name(settings)}",
            "--cgroups=no-conmon",
            # Left as they are: raising them may be denied.
            "--ulimit=host",
            "--no-hosts",
        ),
    )


def _containers_conf(directory: Path, resolver: str) -> str:
    runtime = 'runtime = "runc"\n' if _hybrid_control_groups() else ""
    return f"""[containers]
default_ulimits = []
dns_servers = ["{resolver}"]
dns_searches = ["ec2.internal"]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
{runtime}static_dir = "{directory}/storage/libpod"
tmp_dir = "{directory / "tmp"}"
volume_path = "{directory}/storage/volumes"

[network]
network_config_dir = "{directory}/networks"
"""


def can_carry_layers(directory: Path) -> bool:
    """Can what hosts write lie here, as the upper layer of an overlay? Not on an overlay (a CI job's own
    container), and not on NFS."""
    with tempfile.TemporaryDirectory(dir=directory) as name:
        lower, upper, work, merged = (Path(name) / part for part in ("lower", "upper", "work", "merged"))
        for part in (lower, upper, work, merged):
            part.mkdir()
        (lower / "file").touch()
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        try:
            mount("mount", "-t", "overlay", "overlay", "-o", options, str(merged))
        except EngineError:
            return False
        try:
            # What is deleted becomes a device file above.
            (merged / "file").unlink()
        except OSError:
            return False
        finally:
            mount("umount", str(merged))
    return True
