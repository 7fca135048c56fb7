"""Where load balancers live: one network namespace, with a link to the VPC's router for each of their nodes.

A node has its own addresses, and what is sent from these goes out by its link: security groups are asked
there, and the router drops what comes from anywhere else.
"""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from local_cloud.hosts.load_balancers.model import Node
from local_cloud.hosts.namespaces import inside, ip, new_namespace
from local_cloud.hosts.network import Network
from local_cloud.hosts.router import link_of

FIRST_TABLE = 1000
"""Of the routing tables, one a node."""
NO_FILTER = ("ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter")


class Place:
    """Between `create` and `remove` there is one."""

    def __init__(self, network: Network, gateway: str) -> None:
        self._network = network
        self._gateway = gateway
        self._descriptor: int | None = None
        self._nodes: dict[str, tuple[Node, int]] = {}

    @property
    def namespace(self) -> Path:
        return Path("/proc") / str(os.getpid()) / "fd" / str(self._descriptor)

    def create(self) -> None:
        self._descriptor = new_namespace()
        inside(self.namespace, _begin)

    def remove(self) -> None:
        if self._descriptor is not None:
            for interface in list(self._nodes):
                self._unplug(interface)
            os.close(self._descriptor)
            self._descriptor = None

    def put(self, nodes: Iterable[Node]) -> None:
        """Makes these the nodes that there are."""
        wanted = {node.interface: node for node in nodes}
        for interface, (node, _) in list(self._nodes.items()):
            if wanted.get(interface) != node:
                self._unplug(interface)
        for interface, node in wanted.items():
            if interface not in self._nodes:
                self._plug(node)

    def _plug(self, node: Node) -> None:
        link = link_of(node.interface)
        used = {table for _, table in self._nodes.values()}
        table = next(each for each in itertools.count(FIRST_TABLE) if each not in used)
        self._nodes[node.interface] = (node, table)
        self._network.connect(self.namespace, name=link, address=node.private, mac=node.mac, peer_name=link)
        way_out = f"default via {self._gateway} dev {link} onlink src {node.private}"
        commands = [f"address add {each}/32 dev {link}" for each in node.addresses]
        commands += [f"link set {link} up"]
        commands += [f"route add {way_out} table {table}", f"route add {way_out} metric {table}"]
        commands += [f"rule add from {each} lookup {table}" for each in node.addresses]
        inside(self.namespace, lambda: ip(commands))
        if node.public:
            self._network.router.lead(link, no_longer=(), now=(node.public,))

    def _unplug(self, interface: str) -> None:
        node, table = self._nodes.pop(interface)
        commands = [f"rule delete from {each} lookup {table}" for each in node.addresses]  # noqa: S608 - no SQL
        inside(self.namespace, lambda: ip(commands, tolerant=True))
        self._network.unplug(link_of(interface))


def _begin() -> None:
    ip(["link set lo up"])
    for each in NO_FILTER:
        # Answers leave by the link of their own address, whatever the shortest way is.
        (Path("/proc/sys/net") / each).write_text("0")
