"""Network ACLs: what a subnet lets in and out, packet by packet, without a memory of flows.

Entries are asked by their numbers, the first that fits decides, and where none does the packet is dropped.
Not asked is what stays in the subnet, and what AWS never filters ("Network ACL basics" in the VPC user
guide).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from local_cloud.hosts.security_groups.packets import (
    ANY,
    ANYWHERE,
    WITH_PORTS,
    Direction,
    Packet,
    Traffic,
)

EPHEMERAL = (32768, 60999)
"""The ports that hosts ask from (Linux's)."""


@dataclass(frozen=True, kw_only=True)
class Entry(Traffic):
    number: int
    direction: Direction
    network: str
    allows: bool

    def fits(self, packet: Packet) -> bool:
        peer = packet.source if self.direction == "ingress" else packet.destination
        is_of_protocol = self.protocol in {ANY, packet.protocol}
        return peer in IPv4Network(self.network) and is_of_protocol and self.fits_port(packet)


@dataclass(frozen=True, kw_only=True)
class NetworkAcl:
    """Of one subnet. Entries of both directions, by their numbers."""

    acl_id: str
    subnet_id: str
    subnet: str
    """Its addresses, a CIDR."""
    entries: tuple[Entry, ...] = ()

    def of(self, direction: Direction) -> tuple[Entry, ...]:
        return tuple(each for each in self.entries if each.direction == direction)

    def is_open(self, direction: Direction) -> bool:
        """Does it let everything pass, as the one that a VPC begins with?"""
        first = next(iter(self.of(direction)), None)
        return first is not None and first.allows and (first.protocol, first.network) == (ANY, ANYWHERE)

    def crosses(self, packet: Packet, direction: Direction) -> bool:
        """Is the packet's other end out of the subnet?"""
        peer = packet.source if direction == "ingress" else packet.destination
        return peer not in IPv4Network(self.subnet)

    def deciding(self, packet: Packet, direction: Direction) -> Entry | None:
        return next((each for each in self.of(direction) if each.fits(packet)), None)

    def lets(self, packet: Packet, direction: Direction) -> bool:
        entry = self.deciding(packet, direction)
        return not self.crosses(packet, direction) or (entry is not None and entry.allows)


def answers(packet: Packet, direction: Direction, acl: NetworkAcl) -> Iterator[Packet]:
    """What may come back for a packet, for each part of the askers' ports that entries tell apart."""
    if packet.protocol not in WITH_PORTS:
        yield _back(packet, 0 if packet.protocol == "icmp" else -1)
        return
    first, last = EPHEMERAL
    bounds = {bound for each in acl.of(direction) for bound in (each.first, each.last + 1)}
    for port in sorted({first, *(bound for bound in bounds if first <= bound <= last)}):
        yield _back(packet, port)


def _back(packet: Packet, port: int) -> Packet:
    return Packet(source=packet.destination, destination=packet.source, protocol=packet.protocol, port=port)


def chain_name(acl: NetworkAcl, direction: Direction) -> str:
    """Of its chain in the kernel, and of the counter of what it has dropped."""
    return f"{acl.subnet_id}_{direction}"


def lines(acl: NetworkAcl, direction: Direction, other_side: str) -> Iterator[str]:
    """Its chain. `other_side`: where the address of the other end is, `saddr` or `daddr`."""
    yield f"ip {other_side} {acl.subnet} return"
    for entry in acl.of(direction):
        yield f"{_match(entry, other_side)}{'return' if entry.allows else _drop(acl, direction)}"
    yield _drop(acl, direction)


def _drop(acl: NetworkAcl, direction: Direction) -> str:
    return f"counter name {chain_name(acl, direction)} drop"


def _match(entry: Entry, other_side: str) -> str:
    parts = [f"ip {other_side} {entry.network}"] if entry.network != ANYWHERE else []
    parts += entry.ports
    if not entry.ports and entry.protocol != ANY:
        parts.append(f"meta l4proto {entry.protocol}")
    return "".join(f"{part} " for part in parts)


def blocked(acl: NetworkAcl, packet: Packet, direction: Direction) -> str:
    """That it ends a packet, by which entry, and what would let it through."""
    entry = acl.deciding(packet, direction)
    cause = f"entry {entry.number} of {acl.acl_id} denies" if entry else f"no entry of {acl.acl_id} lets"
    is_ingress = direction == "ingress"
    way = (
        f"in {packet.traffic} from {packet.source}"
        if is_ingress
        else f"out {packet.traffic} to {packet.destination}"
    )
    command = _command(acl, packet, direction)
    return f"blocked at the {direction} of {acl.subnet_id}: {cause} {way}; open it with: {command}"


def _command(acl: NetworkAcl, packet: Packet, direction: Direction) -> str:
    entry = acl.deciding(packet, direction)
    before = entry.number if entry else 32767
    free = sorted(set(range(1, before)) - {each.number for each in acl.of(direction)})
    peer = packet.source if direction == "ingress" else packet.destination
    words = [f"aws ec2 create-network-acl-entry --network-acl-id {acl.acl_id} --{direction}"]
    words += [f"--rule-number {free[-1] if free else 'NUMBER'} --protocol {packet.protocol}"]
    if packet.protocol in WITH_PORTS:
        words.append(f"--port-range From={packet.port},To={packet.port}")
    elif packet.protocol == "icmp":
        words.append("--icmp-type-code Type=-1,Code=-1")
    return " ".join([*words, f"--cidr-block {peer}/32 --rule-action allow"])
