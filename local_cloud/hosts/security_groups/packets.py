"""A packet, in the words of those who filter it."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

Direction = Literal["ingress", "egress"]

ANY = "-1"
ANYWHERE = "0.0.0.0/0"
LARGEST_PORT = 65535
WITH_PORTS = ("tcp", "udp")


@dataclass(frozen=True, kw_only=True)
class Packet:
    """The first of a flow. `port` is a type of ICMP, and nothing for protocols without ports."""

    source: IPv4Address
    destination: IPv4Address
    protocol: str
    port: int = -1
    code: int = 0

    @property
    def traffic(self) -> str:
        """`tcp 80`, `icmp type 8`, `protocol 50`."""
        if self.protocol in WITH_PORTS:
            return f"{self.protocol} {self.port}"
        return f"icmp type {self.port}" if self.protocol == "icmp" else f"protocol {self.protocol}"


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What rules and entries speak of. `first` and `last` are ports, or type and code of ICMP; -1 is any."""

    protocol: str
    """tcp, udp, icmp, -1 or a number of IANA's."""
    first: int = -1
    last: int = -1

    @property
    def all_ports(self) -> bool:
        return self.protocol == ANY or (self.first <= 0 and self.last in {-1, LARGEST_PORT})

    def fits_port(self, packet: Packet) -> bool:
        """Of a packet of the protocol."""
        if self.protocol in WITH_PORTS:
            return self.all_ports or self.first <= packet.port <= self.last
        if self.protocol == "icmp":
            return self.first in {-1, packet.port} and self.last in {-1, packet.code}
        return True

    @property
    def ports(self) -> list[str]:
        """What nftables matches; nothing where all ports, or types, are meant."""
        if self.protocol in WITH_PORTS and not self.all_ports:
            return [f"{self.protocol} dport {self.first}-{self.last}"]
        if self.protocol == "icmp" and self.first != -1:
            return [f"icmp type {self.first}", *([f"icmp code {self.last}"] if self.last != -1 else [])]
        return []
