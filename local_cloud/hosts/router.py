"""The VPC's router: a network namespace between this machine and the hosts.

Each host is plugged into it with a link of its own and reaches nothing by another way, not even its
neighbour, so what enters and leaves a host passes one place, whoever the other side is: at its link security
groups filter, as AWS's do at a network interface. On a bridge that would need the kernel's connection
tracking for bridges, which not every kernel has; inside the host its own root could undo it. This machine's
firewall has no part in it either, and all of it ends with the namespace.

What answers for every address is the router (proxy ARP), so that hosts see the VPC as their link, as on
AWS. A packet with a source address that is not its sender's is dropped (AWS's source check: strict
reverse path filtering), and so is one for an address that no host has.
"""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from local_cloud.hosts.namespaces import inside, ip, new_namespace
from local_cloud.settings import Settings

T = TypeVar("T")

METADATA = "169.254.169.254"
UPLINK = "uplink"
"""The end of the way to this machine."""
HOST_LINKS = "lc"
"""How the names of hosts' links begin."""
MTU = 1500
PARAMETERS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/send_redirects": "0",
    # Hosts have no IPv6 addresses, and it would not be filtered.
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}
OF_A_LINK = {
    "ipv4/conf/{}/proxy_arp": "1",
    # Linux would wait at random, in case another one answers for the address.
    "ipv4/neigh/{}/proxy_delay": "0",
    "ipv4/conf/{}/rp_filter": "1",
    "ipv4/conf/{}/send_redirects": "0",
}


def link_of(instance_id: str) -> str:
    """The name of a host's link on the router; at most 15 characters."""
    return f"{HOST_LINKS}{instance_id[-12:]}"


class Router:
    """Between `create` and `remove` there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._descriptor: int | None = None

    @property
    def namespace(self) -> Path:
        """Where it is entered, by any process of this machine."""
        return Path("/proc") / str(os.getpid()) / "fd" / str(self._descriptor)

    def create(self, link: str) -> None:
        """Makes it, and `link` on this machine, which leads to it."""
        self._descriptor = new_namespace()
        ip([f"link add {link} mtu {MTU} type veth peer name {UPLINK} mtu {MTU} netns {self.namespace}"])
        self.run(self._configure)

    def remove(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done inside."""
        return inside(self.namespace, work)

    def plug(self, name: str, namespace: Path, *, address: str, mac: str, peer_name: str = "eth0") -> None:
        """Gives a namespace the link `name`, which is `peer_name` there."""

        def connect() -> None:
            peer = f"peer name {peer_name} mtu {MTU} address {mac} netns {namespace}"
            ip([f"link add {name} mtu {MTU} type veth {peer}"])
            _set(OF_A_LINK, name)
            ip([f"link set {name} up", f"route replace {address}/32 dev {name}"])

        self.run(connect)

    def lead(self, name: str, *, no_longer: Collection[str], now: Collection[str]) -> None:
        """Which public addresses a link leads to."""
        commands = [f"route delete {address}/32 dev {name}" for address in no_longer]
        commands += [f"route replace {address}/32 dev {name}" for address in now]
        self.run(lambda: ip(commands, tolerant=True))

    def unplug(self, name: str) -> None:
        """Removes a link; gone already is fine."""
        if self._descriptor is not None:
            self.run(lambda: ip([f"link delete {name}"], tolerant=True))

    def _configure(self) -> None:
        _set(PARAMETERS)
        _set(OF_A_LINK, UPLINK)
        settings = self._settings
        ip(
            [
                "link set lo up",
                f"address add {METADATA}/32 dev lo",
                f"link set {UPLINK} up",
                f"route add {settings.gateway}/32 dev {UPLINK}",
                f"route add {settings.internet}/32 dev {UPLINK}",
                f"route add default via {settings.gateway} dev {UPLINK} onlink",
                f"route add blackhole {settings.network_cidr}",
                f"route add blackhole {settings.public_cidr}",
            ]
        )


def _set(parameters: Mapping[str, str], link: str = "") -> None:
    """Of the network namespace that the calling thread is in. IPv6 may be switched off as a whole."""
    for parameter, value in parameters.items():
        path = Path("/proc/sys/net") / parameter.format(link)
        if path.exists():
            path.write_text(value)
