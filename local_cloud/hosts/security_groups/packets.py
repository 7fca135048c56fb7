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
