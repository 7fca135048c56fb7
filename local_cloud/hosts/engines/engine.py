"""A container engine as hosts use it, and the image that they boot from."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.hosts import programs


@dataclass(frozen=True)
class Image:
    """A finished image. `name` says what is in it, to the last file."""

    name: str
    root: Path


LABEL = "local-cloud"
INIT = "/usr/libexec/local-cloud/init"
DOCKER_SAYS = "Error response from daemon: "


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
            if self.is_podman:
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
            self.call("rm", "--force", "--volumes", *(["--time=0"] if self.is_podman else []), *names)

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
    def is_podman(self) -> bool:
        return Path(self.program).name == "podman"

    def _root(self, image: Image) -> list[str]:
        if self.is_podman:
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
