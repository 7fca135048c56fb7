"""What security groups say of a packet, without a word about who filters it.

A packet leaves one network interface and arrives at another, or at the internet. Leaving asks the egress
rules of the sender's groups, arriving the ingress rules of the receiver's; one rule that fits is enough.
What is put into the kernel and what is said in words are both made of `decisions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from local_cloud.hosts.security_groups.network_acls import NetworkAcl
from local_cloud.hosts.security_groups.packets import (
    ANY,
    ANYWHERE,
    WITH_PORTS,
    Direction,
    Packet,
    Traffic,
)


@dataclass(frozen=True, kw_only=True)
class Rule(Traffic):
    """One rule of a group."""

    rule_id: str
    group_id: str
    direction: Direction
    peer: str
    """A CIDR, or the id of a group or of a prefix list."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """A network interface (ENI). `link` is where its packets are seen; empty where it is no host's."""

    link: str
    instance_id: str
    """Whose it is: an instance's id, or a load balancer's `app/NAME/ID`."""
    private: tuple[str, ...]
    """The primary one first."""
    public: str | None
    groups: tuple[str, ...]
    is_open: bool = False
    """No group filters: a network load balancer without any."""
    subnet_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """All of EC2's account that bears on a packet."""

    interfaces: tuple[Interface, ...] = ()
    rules: tuple[Rule, ...] = ()
    prefix_lists: Mapping[str, tuple[str, ...]]
    """The IPv4 entries of each that a rule names."""
    names: Mapping[str, str]
    """Of groups."""
    regions: Mapping[str, str]
    """Of groups."""
    acls: Mapping[str, NetworkAcl] = field(default_factory=dict)
    """By the ids of their subnets."""

    def networks(self, peer: str) -> tuple[str, ...]:
        """The addresses that a rule's peer is. A group is its interfaces' private ones, as on AWS."""
        if peer.startswith("sg-"):
            members = (each for each in self.interfaces if peer in each.groups)
            return tuple(dict.fromkeys(address for each in members for address in each.private))
        if peer.startswith("pl-"):
            return self.prefix_lists.get(peer, ())
        return (peer,)

    def of(self, interface: Interface, direction: Direction) -> Iterator[Rule]:
        """The rules of an interface's groups, in the order in which they are asked."""
        for rule in self.rules:
            if rule.direction == direction and rule.group_id in interface.groups:
                yield rule


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A rule for some of its protocols. A flow that is tracked goes on without its rule; one that is not
    ends with it, since every packet is asked for again."""

    rule: Rule
    protocols: tuple[str, ...]
    """Empty: any."""
    tracked: bool


def decisions(account: Account, interface: Interface, direction: Direction) -> Iterator[Decision]:
    """What is asked of a packet at an interface, in order; where nothing fits the packet is dropped.

    AWS does not track flows of TCP and UDP that a rule lets in from everywhere, where another one lets
    everything out to everywhere, or the other way round ("Security group connection tracking" in EC2's
    user guide).
    """
    opposite: Direction = "egress" if direction == "ingress" else "ingress"
    open_back = {
        protocol
        for rule in account.of(interface, opposite)
        if rule.peer == ANYWHERE and rule.all_ports
        for protocol in WITH_PORTS
        if rule.protocol in {protocol, ANY}
    }
    for rule in account.of(interface, direction):
        own = [protocol for protocol in WITH_PORTS if rule.protocol in {protocol, ANY}]
        untracked = tuple(each for each in own if each in open_back) if rule.peer == ANYWHERE else ()
        if untracked:
            yield Decision(rule=rule, protocols=untracked, tracked=False)
        if rule.protocol == ANY or not untracked:
            yield Decision(
                rule=rule, protocols=() if rule.protocol == ANY else (rule.protocol,), tracked=True
            )


def deciding(account: Account, interface: Interface, direction: Direction, packet: Packet) -> Rule | None:
    """The rule that lets a packet through at an interface, or None."""
    for decision in decisions(account, interface, direction):
        if decision.protocols and packet.protocol not in decision.protocols:
            continue
        if not decision.rule.fits_port(packet):
            continue
        peer = packet.source if direction == "ingress" else packet.destination
        if any(peer in IPv4Network(each) for each in account.networks(decision.rule.peer)):
            return decision.rule
    return None
