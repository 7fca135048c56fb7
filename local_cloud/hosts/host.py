"""One host: a container, its interface, its public addresses and its metadata service."""

import logging
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local_cloud.aws.moto.ec2 import captured_images
from local_cloud.hosts import instances
from local_cloud.hosts.engines.engine import Engine, EngineError, Image
from local_cloud.hosts.image import captured
from local_cloud.hosts.instances import Wanted
from local_cloud.hosts.metadata.server import MetadataServer
from local_cloud.hosts.metadata.service import MetadataService
from local_cloud.hosts.network import Network
from local_cloud.hosts.router import link_of
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)
State = Literal["off", "booting", "ready", "failed"]

REBOOTED = 129
"""Exit code of a container whose init asked the kernel for a reboot: killed by SIGHUP."""
SHUTDOWN_SECONDS = 10
PIPES = Path("var/lib/local-cloud")


@dataclass(frozen=True)
class Surroundings:
    """What all hosts of a local cloud share."""

    settings: Settings
    engine: Engine
    image: Callable[[str], Image]
    """By a distribution's name; made when it is first asked for."""
    network: Network
    metadata: MetadataServer


@dataclass(kw_only=True)
class Host:
    """A host as it is. One thread at a time works on it (`busy`)."""

    surroundings: Surroundings
    instance_id: str
    address: str
    public_key: str | None
    content: str | None = None
    """Of the captured image that it boots from, if it is one."""
    state: State = "off"
    reason: str = ""
    """Why it failed."""
    power_cycle: object = None
    """The one of moto's record that the host was last started for."""
    public_ips: frozenset[str] = frozenset()
    process: int | None = None
    exists: bool = False
    busy: bool = False
    alive: int | None = None
    """A pidfd: readable once the host's first process has ended."""
    ready: int | None = None
    """A pipe: readable once SSH answers."""
    _plugged: int | None = None

    @property
    def is_on(self) -> bool:
        """Has it been started, as far as is known?"""
        return self.state in {"booting", "ready"}

    def boot(self, wanted: Wanted) -> None:
        """Creates the container where there is none, starts it and plugs it in."""
        self.power_cycle = wanted.power_cycle
        self.reason = ""
        if not self.exists:
            self._create(wanted)
        process = self.surroundings.engine.start(self.instance_id)
        self.process = process
        self.alive = os.pidfd_open(process)
        self.surroundings.network.plug(process, name=self._interface, address=self.address, mac=wanted.mac)
        self.public_ips = frozenset()
        self.give_public(wanted.public_ips)
        self.surroundings.metadata.add(
            self.address,
            MetadataService(lambda: instances.find(self.instance_id), public_key=self.public_key),
        )
        pipes = Path("/proc") / str(process) / "root" / PIPES
        self.ready = os.open(pipes / "ready", os.O_RDWR | os.O_NONBLOCK)
        # Kept open: what was written is lost with the last end of a pipe.
        self._plugged = os.open(pipes / "plugged", os.O_RDWR)
        os.write(self._plugged, b"\n")
        self.state = "booting"

    def give_public(self, addresses: frozenset[str]) -> None:
        """Makes `addresses` the host's public ones."""
        if self.process is not None:
            self.surroundings.network.change_public(
                self.process, self._interface, before=self.public_ips, after=addresses
            )
        self._forget_keys(self.public_ips - addresses)
        self.public_ips = addresses

    def shut_down(self) -> None:
        """Orderly, as by the power button; the container and its disk stay."""
        self.surroundings.engine.stop(self.instance_id, seconds=SHUTDOWN_SECONDS)
        self.went_off()

    def remove(self) -> None:
        """The host, its disk and what is known of its keys."""
        self.surroundings.engine.remove(self.instance_id)
        self.went_off()
        self._forget_keys({self.address, *self.public_ips})
        self.exists = False

    def capture(self, content: str) -> None:
        """Make an image of its disk, as it is now. It goes on meanwhile."""
        try:
            captured.make(self.surroundings.settings, self.surroundings.engine, self.instance_id, content)
        except (EngineError, OSError) as error:
            LOG.warning("no image can be made of %s: %s", self.instance_id, error)
            captured_images.captured(content, succeeded=False)
        else:
            captured_images.captured(content, succeeded=True)

    def went_off(self) -> None:
        """Lets go of what belonged to the running host."""
        self.surroundings.metadata.remove(self.address)
        for descriptor in (self.alive, self.ready, self._plugged):
            if descriptor is not None:
                os.close(descriptor)
        self.alive = self.ready = self._plugged = None
        self.process = None
        self.surroundings.network.unplug(self._interface)
        self.state = "off"

    def fail(self, reason: str) -> None:
        """Off, and not to be started again before EC2 asks anew."""
        with suppress(EngineError):
            self.surroundings.engine.stop(self.instance_id, seconds=0)
        self.went_off()
        self.state = "failed"
        self.reason = reason

    def settle_after_exit(self) -> bool:
        """The host ended by itself: True if it asked for a reboot, else EC2 is told of the shutdown."""
        code = int(self.surroundings.engine.call("wait", self.instance_id))
        self.went_off()
        if code == REBOOTED:
            return True
        instances.shut_down_by_host(self.instance_id)
        return False

    def _create(self, wanted: Wanted) -> None:
        if wanted.content:
            image = captured.find(self.surroundings.settings, wanted.content)
        else:
            self.reason = f"waits for the image {wanted.distribution}"
            image = self.surroundings.image(wanted.distribution)
            self.reason = ""
        self.surroundings.engine.create(
            self.instance_id, image, hostname=wanted.hostname, memory=wanted.memory
        )
        self.exists = True

    @property
    def _interface(self) -> str:
        return link_of(self.instance_id)

    def _forget_keys(self, addresses: set[str] | frozenset[str]) -> None:
        """The next host at these addresses has other SSH host keys."""
        known = self.surroundings.settings.state_dir / "ssh" / "known_hosts"
        for address in addresses:
            if known.exists():
                subprocess.run(
                    ["ssh-keygen", "-q", "-R", address, "-f", str(known)], capture_output=True, check=False
                )
        with suppress(FileNotFoundError):
            known.with_name("known_hosts.old").unlink()
