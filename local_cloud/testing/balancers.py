"""Load balancers that answer without containers: targets are network namespaces in the place of hosts.

Needs root, and a network namespace in which nothing has the local cloud's addresses.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local_cloud.hosts.load_balancers.controller import BalancerController
from local_cloud.hosts.network import Network
from local_cloud.hosts.router import link_of
from local_cloud.hosts.security_groups.account import read as read_account
from local_cloud.hosts.security_groups.kernel import Filter
from local_cloud.hosts.security_groups.table import compile_table
from local_cloud.server import LocalCloud

__all__ = ["Answering", "Box", "answering"]


@dataclass(kw_only=True)
class Box:
    """What is plugged in as an instance, and runs a program there."""

    process: "subprocess.Popen[str]"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass(kw_only=True)
class Answering:
    """Load balancers of a local cloud."""

    cloud: LocalCloud
    network: Network
    controller: BalancerController
    security_groups: Filter
    boxes: dict[str, Box] = field(default_factory=dict)

    def filter(self) -> None:
        """Lets security groups filter as they are now."""
        settings = self.cloud.settings
        self.security_groups.put_made_by(lambda: compile_table(read_account(settings.internet), settings))

    def plug(self, instance_id: str, address: str, program: str) -> Box:
        """A Python program that is the host of an instance; it says `ready` when it is."""
        command = ["unshare", "--net", sys.executable, "-u", "-c", program]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        number = len(self.boxes) + 1
        self.network.plug(
            process.pid, name=link_of(instance_id), address=address, mac=f"02:00:00:00:01:{number:02x}"
        )
        self.boxes[instance_id] = Box(process=process)
        self.filter()
        return self.boxes[instance_id]


@contextmanager
def answering(cloud: LocalCloud) -> Iterator[Answering]:
    """The load balancers of a local cloud without hosts, in the network namespace of the calling thread."""
    settings = cloud.settings
    network = Network(settings)
    network.create()
    controller = BalancerController(settings, network, cloud.turn, lambda: None)
    cloud.balancers = controller
    controller.start()
    found = Answering(
        cloud=cloud,
        network=network,
        controller=controller,
        security_groups=Filter(network.router.run),
    )
    try:
        yield found
    finally:
        for box in found.boxes.values():
            box.stop()
        controller.stop()
        cloud.balancers = None
        network.remove()
