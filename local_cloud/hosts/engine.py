"""A container engine, podman or docker, driven by its command line.

Podman gets storage, state and configuration of its own inside the checkout, so a
user's own podman neither sees nor is seen. Docker is a daemon of the machine:
there, what is the local cloud's is told by its label.
"""

import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.hosts.image import Image, programs
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)
LABEL = "local-cloud"
CGROUPS = Path("/sys/fs/cgroup")
INIT = "/usr/libexec/local-cloud/init"
WRITABLE_CONTROL_GROUPS = """
awk '$5 ~ "^/sys/fs/cgroup" && $6 ~ /^ro(,|$)/ { print $5 }' /proc/self/mountinfo |
while read -r group; do mount -o remount,rw,bind "$group"; done
"""
"""Docker mounts them for reading only, and systemd manages its own."""
DOCKER_SAYS = "Error response from daemon: "
LEFT_EMPTY = ("runc", "crun", "containers/networks", "containers")
"""Folders of /run that podman and its runtimes make and leave."""


class EngineError(Exception):
    """What the engine can't do, in its words or with what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A usable engine. `owner` tells one local cloud's containers from another's."""

    program: str
    owner: str
    environment: Mapping[str, str] = field(default_factory=dict)
    host_options: Sequence[str] = ()
    init: Sequence[str] = (INIT,)
    """The first process of a host."""

    def call(self, *arguments: str, stdin: int | None = subprocess.DEVNULL, tied: bool = False) -> str:
        """Runs the engine and returns what it prints. Raises `EngineError` with its last line.

        What is `tied` dies with this process.
        """
        result = subprocess.run(
            [*(programs.TIED if tied else ()), self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=stdin,
            env={**os.environ, **self.environment},
        )
        if result.returncode:
            words = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
            # Docker's reason comes first, and is followed by the names.
            reason = next((line for line in words if line.startswith(DOCKER_SAYS)), words[-1])
            reason = reason.removeprefix(DOCKER_SAYS).removeprefix("Error: ")
            raise EngineError(f"{self.program} {arguments[0]}: {reason}")
        return result.stdout

    def create(self, name: str, image: Image, *, hostname: str, memory: int) -> None:
        """A container that has no network yet and waits for it. `memory` in MiB, 0 for no limit."""
        limits = [f"--memory={memory}m", f"--memory-swap={memory * 4}m"] if memory else []
        self.call(
            "create",
            f"--name={name}",
            f"--hostname={hostname}",
            f"--label={LABEL}={self.owner}",
            "--network=none",
            "--tty",
            "--stop-signal=SIGRTMIN+3",
            # With it a host's own reboot can be told from its shutdown.
            "--cap-add=SYS_BOOT",
            "--cap-add=AUDIT_WRITE",
            "--cap-add=NET_RAW",
            *limits,
            *self.host_options,
            *self._root(image),
            *self.init,
        )

    def export(self, reference: str, script: str, archive: Path) -> None:
        """Pulls an image, runs a script in it on this machine's network, and writes its files as a tar."""
        name = f"{self.owner}-image"
        self.remove(name)
        pulled = self.call("pull", "--quiet", reference, tied=True).split()[-1]
        try:
            self.call(
                "run",
                f"--name={name}",
                f"--label={LABEL}={self.owner}",
                "--network=host",
                "--volume=/etc/resolv.conf:/etc/resolv.conf:ro",
                "--user=0:0",
                *self.host_options,
                "--entrypoint=/bin/sh",
                pulled,
                "-c",
                script,
                tied=True,
            )
            self.call("export", f"--output={archive}", name, tied=True)
        finally:
            self.remove(name)
            if self._is_podman:
                # Docker's images are the user's own.
                self.call("rmi", pulled)

    def start(self, name: str) -> int:
        """Starts a container; the process id of its first process."""
        self.call("start", name)
        return int(self.inspect(name)["State"]["Pid"])

    def stop(self, name: str, *, seconds: int) -> None:
        """Shuts a container down, killing it where that takes longer."""
        self.call("stop", f"--time={seconds}", name)

    def remove(self, *names: str) -> None:
        """Kills and forgets containers; unknown names are fine."""
        if names:
            self.call("rm", "--force", "--volumes", *(["--time=0"] if self._is_podman else []), *names)

    def inspect(self, name: str) -> dict[str, Any]:
        """The engine's description of a container."""
        description: dict[str, Any] = json.loads(self.call("inspect", "--type=container", name))[0]
        return description

    def names(self) -> list[str]:
        """Containers of this local cloud, running or not."""
        return self.call("ps", "--all", f"--filter=label={LABEL}={self.owner}", "--format={{.Names}}").split()

    def logs(self, name: str) -> str:
        """What the container wrote to its console."""
        return self.call("logs", name)

    @property
    def _is_podman(self) -> bool:
        return Path(self.program).name == "podman"

    def _root(self, image: Image) -> list[str]:
        if self._is_podman:
            return ["--rootfs", f"{image.root}:O"]
        name = f"{LABEL}:{image.name}"
        if not self.call("images", "--quiet", name).strip():
            with subprocess.Popen(
                ["tar", "--create", f"--directory={image.root}", "."], stdout=subprocess.PIPE
            ) as archive:
                assert archive.stdout is not None  # noqa: S101 - it was asked for in the line above
                self.call("import", "-", name, stdin=archive.stdout.fileno())
            self._forget_older(image)
        return [name]

    def _forget_older(self, image: Image) -> None:
        """Docker keeps what was imported; of a distribution the latest is enough."""
        distribution = image.name.rpartition("-")[0]
        names = self.call("images", "--format={{.Repository}}:{{.Tag}}", LABEL).split()
        for name in names:
            if name.startswith(f"{LABEL}:{distribution}-") and name != f"{LABEL}:{image.name}":
                # Another checkout's hosts may be using it.
                with suppress(EngineError):
                    self.call("rmi", name)


def find(settings: Settings) -> Engine:
    """An engine that answers. Raises `EngineError` that says what to do where there is none."""
    if os.geteuid() != 0:
        raise EngineError(
            "hosts need root (a bridge, routes and network namespaces of this machine): run this as root"
        )
    if _can_run_podman():
        engine = _podman(settings)
        if _answers(engine):
            return engine
    engine = _docker(settings)
    if shutil.which("docker") and _answers(engine):
        return engine
    raise EngineError(
        "no usable container engine: run scripts/install_engine.sh, or install podman and runc, or start "
        "docker, or do without hosts (--no-hosts)"
    )


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
    short = _short_name(settings)
    for mount in reversed(_mounts(short)):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    for directory in (short, *(Path("/run") / name for name in LEFT_EMPTY)):
        # Not empty where another engine's containers run.
        with suppress(OSError):
            directory.rmdir()


def _control_groups(settings: Settings) -> list[Path]:
    """This local cloud's alone: podman puts its hosts there."""
    owner = _owner(settings)
    return [*CGROUPS.glob(owner), *CGROUPS.glob(f"*/{owner}")]


def _numbers(path: Path) -> list[int]:
    try:
        # 0 stands for a process that is not seen from here, and would mean this one's own group.
        return [int(line) for line in path.read_text().split() if line != "0"]
    except OSError:
        # The group is gone, or is one of threads.
        return []


def _owner(settings: Settings) -> str:
    return f"local-cloud-{hashlib.sha256(str(settings.state_dir.resolve()).encode()).hexdigest()[:12]}"


def _can_run_podman() -> bool:
    """Is podman there, with a runtime for this machine's control groups?"""
    if shutil.which("podman") is None:
        return False
    return not _hybrid_control_groups() or shutil.which("runc") is not None


def _hybrid_control_groups() -> bool:
    """Version 1 and 2 side by side, or version 1 alone: crun refuses the first."""
    return not (CGROUPS / "cgroup.controllers").exists()


def _answers(engine: Engine) -> bool:
    try:
        engine.call("info", "--format={{.Host.Arch}}" if "podman" in engine.program else "--format={{.ID}}")
    except EngineError:
        return False
    return True


def _docker(settings: Settings) -> Engine:
    return Engine(
        program="docker",
        owner=_owner(settings),
        # systemd as PID 1 mounts, and manages its own part of the control groups. Not --privileged: it
        # would give hosts this machine's devices, and asks for more rights than a CI machine may have.
        host_options=(
            "--cap-add=SYS_ADMIN",
            "--security-opt=seccomp=unconfined",
            "--security-opt=apparmor=unconfined",
            "--cgroupns=private",
            "--tmpfs=/run",
            "--tmpfs=/tmp:exec",
            f"--dns={settings.gateway}",
            "--dns-search=ec2.internal",
        ),
        init=("/bin/sh", "-c", f"{WRITABLE_CONTROL_GROUPS} exec {INIT}"),
    )


def _podman(settings: Settings) -> Engine:
    directory = _directory(settings)
    for folder in ("storage", "run", "tmp", "networks"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    if not (directory / "run").is_mount() and not can_carry_layers(directory):
        LOG.warning("the file system of %s carries no overlays: hosts' disks are in memory", directory)
        _mount("mount", "-t", "tmpfs", "local-cloud", str(directory / "run"))
    containers = directory / "containers.conf"
    containers.write_text(_containers_conf(directory, settings.gateway))
    storage = directory / "storage.conf"
    storage.write_text(
        # No image is ever unpacked into it, so the plainest driver will do, which works everywhere.
        f'[storage]\ndriver = "vfs"\ngraphroot = "{directory}/storage"\nrunroot = "{directory}/run"\n'
    )
    return Engine(
        program="podman",
        owner=_owner(settings),
        environment={
            "CONTAINERS_CONF": str(containers),
            "CONTAINERS_STORAGE_CONF": str(storage),
            "TMPDIR": str(directory / "tmp"),
            # To tell its version podman asks rpm, which makes a database in the home it is given.
            "HOME": str(directory),
        },
        host_options=(
            "--systemd=always",
            f"--cgroup-parent=/{_owner(settings)}",
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


def _short_name(settings: Settings) -> Path:
    return Path("/run") / _owner(settings)


def _directory(settings: Settings) -> Path:
    """The engine's folder in the state folder, mounted at a name that is short enough.

    Podman refuses a long one, and unix sockets below it may have 108 characters.
    """
    directory = settings.state_dir / "engine"
    directory.mkdir(parents=True, exist_ok=True)
    short = _short_name(settings)
    short.mkdir(exist_ok=True)
    if short.is_mount() and not short.samefile(directory):
        # Of a state folder that is no more.
        _mount("umount", "--lazy", str(short))
    if not short.is_mount():
        _mount("mount", "--bind", str(directory), str(short))
        # Else every mount of a host would be made twice.
        _mount("mount", "--make-private", str(short))
    return short


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
            _mount("mount", "-t", "overlay", "overlay", "-o", options, str(merged))
        except EngineError:
            return False
        try:
            # What is deleted becomes a device file above.
            (merged / "file").unlink()
        except OSError:
            return False
        finally:
            _mount("umount", str(merged))
    return True


def _mount(*command: str) -> None:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise EngineError(f"{result.stderr.strip()}: hosts need the right to mount")


def _mounts(directory: Path) -> list[str]:
    """What is mounted at a directory and below it, in the order of mounting."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [mount for mount in mounts if mount == str(directory) or mount.startswith(f"{directory}/")]


def _remove_control_groups(group: Path) -> None:
    """A group that the kernel has not emptied yet stays, empty, until the next time."""
    for directory in [*sorted(group.rglob("*/"), reverse=True), group]:
        with suppress(OSError):
            directory.rmdir()
