"""Which rule lets a packet through, or where it ends and what would open the way, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from local_cloud.errors import RefusalError
from local_cloud.hosts.router import METADATA
from local_cloud.hosts.security_groups import network_acls
from local_cloud.hosts.security_groups.model import Account, Interface, Rule, deciding
from local_cloud.hosts.security_groups.packets import ANY, WITH_PORTS, Direction, Packet
from local_cloud.settings import Settings

THIS_MACHINE = "this-machine"
ECHO_REQUEST = 8


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`line` says it in one line, and how to open the way where the packet ends."""

    allowed: bool
    line: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """`source` and `destination`: an instance's id, an address or `this-machine`. `port`: of TCP and UDP,
    or the type of ICMP; -1 is none."""

    source: str
    destination: str
    protocol: str
    port: int = -1


class _End(NamedTuple):
    """Where a packet comes from or goes to. Without an interface it is on the internet."""

    interface: Interface | None
    address: str


class _Gate(NamedTuple):
    """An interface that a packet passes, and who is on its other side."""

    direction: Direction
    interface: Interface
    other: Interface | None


def judge(account: Account, settings: Settings, question: Question) -> Verdict:
    """What becomes of the first packet of a flow. Raises `RefusalError` for what names nothing."""
    sender, receiver = (_find(account, settings, each) for each in (question.source, question.destination))
    if sender.interface is None and receiver.interface is None:
        raise RefusalError(
            f"neither {question.source} nor {question.destination} is a network interface of this account"
        )
    packet = _packet(sender, receiver, settings, question)
    for end in (sender, receiver):
        if end.address in {settings.gateway, METADATA}:
            return Verdict(allowed=True, line=f"allowed: no group filters what goes to or from {end.address}")
    passed = []
    for gate in _gates(sender, receiver):
        stopped = _stopped_at(account, gate, packet)
        if stopped:
            return Verdict(allowed=False, line=stopped)
        if gate.interface.is_open:
            continue
        rule = deciding(account, gate.interface, gate.direction, packet)
        if rule is None:
            opening = _command(account, settings, gate, packet)
            return Verdict(allowed=False, line=f"{_blocked(account, gate, packet)}; open it with: {opening}")
        passed.append(f"{gate.direction} of {_name(gate.interface)} by {_described(account, rule)}")
    for gate in _gates(receiver, sender):
        stopped = _answer_stopped_at(account, gate, packet)
        if stopped:
            return Verdict(allowed=False, line=f"the answer is {stopped}")
    return Verdict(allowed=True, line=f"allowed: {'; '.join(passed)}")


def _stopped_at(account: Account, gate: _Gate, packet: Packet) -> str:
    """Where the network ACL of an interface's subnet ends a packet; empty where none does."""
    acl = account.acls.get(gate.interface.subnet_id)
    if acl is None or acl.lets(packet, gate.direction):
        return ""
    return network_acls.blocked(acl, packet, gate.direction)


def _answer_stopped_at(account: Account, gate: _Gate, packet: Packet) -> str:
    acl = account.acls.get(gate.interface.subnet_id)
    answers = network_acls.answers(packet, gate.direction, acl) if acl else ()
    return next((stopped for each in answers if (stopped := _stopped_at(account, gate, each))), "")


def _packet(sender: _End, receiver: _End, settings: Settings, question: Question) -> Packet:
    protocol = {"all": ANY, "6": "tcp", "17": "udp", "1": "icmp"}.get(question.protocol, question.protocol)
    port = question.port
    if protocol in WITH_PORTS and port < 0:
        raise RefusalError(
            f"{protocol} needs a port: why-blocked {question.source} {question.destination} PORT"
        )
    if protocol == "icmp" and port < 0:
        port = ECHO_REQUEST
    return Packet(
        source=IPv4Address(_seen_from(sender, receiver, settings)),
        destination=IPv4Address(receiver.address),
        protocol=protocol,
        port=port,
    )


def _gates(sender: _End, receiver: _End) -> Iterator[_Gate]:
    if sender.interface is not None:
        yield _Gate("egress", sender.interface, receiver.interface)
    if receiver.interface is not None:
        yield _Gate("ingress", receiver.interface, sender.interface)


def _find(account: Account, settings: Settings, given: str) -> _End:
    if given == THIS_MACHINE:
        return _End(None, settings.internet)
    for each in account.interfaces:
        if each.link and each.instance_id == given:
            return _End(each, each.private[0])
        if given in {*each.private, each.public}:
            return _End(each, given)
    try:
        return _End(None, str(IPv4Address(given)))
    except ValueError:
        raise RefusalError(
            f"{given} is no instance that runs here and no IPv4 address; {THIS_MACHINE} is what asks"
        ) from None


def _seen_from(sender: _End, receiver: _End, settings: Settings) -> str:
    """The sender's address at the receiver: between public addresses, its public one."""
    interface = sender.interface
    if interface is None:
        return sender.address
    if IPv4Address(receiver.address) in IPv4Network(settings.public_cidr) and receiver.interface is not None:
        return interface.public or settings.internet
    return sender.address if sender.address != interface.public else interface.private[0]


def _blocked(account: Account, gate: _Gate, packet: Packet) -> str:
    groups = ", ".join(_group(account, each) for each in gate.interface.groups)
    traffic = packet.traffic
    is_ingress = gate.direction == "ingress"
    way = f"in {traffic} from {packet.source}" if is_ingress else f"out {traffic} to {packet.destination}"
    return f"blocked at the {gate.direction} of {_name(gate.interface)}: no rule of {groups} lets {way}"


def _command(account: Account, settings: Settings, gate: _Gate, packet: Packet) -> str:
    group = gate.interface.groups[0]
    peer = packet.source if gate.direction == "ingress" else packet.destination
    words = [f"aws ec2 authorize-security-group-{gate.direction}"]
    words += [f"--group-id {group} --protocol {packet.protocol}"]
    if packet.protocol in WITH_PORTS:
        words.append(f"--port {packet.port}")
    elif packet.protocol == "icmp":
        words.append("--port -1")
    # A group is its interfaces' private addresses.
    if gate.other is not None and str(peer) in gate.other.private and gate.other.groups:
        words.append(f"--source-group {gate.other.groups[0]}")
    else:
        words.append(f"--cidr {peer}/32")
    if account.regions.get(group, settings.region) != settings.region:
        words.append(f"--region {account.regions[group]}")
    return " ".join(words)


def _described(account: Account, rule: Rule) -> str:
    preposition = "from" if rule.direction == "ingress" else "to"
    allowed = f"{describe_traffic(rule)} {preposition} {rule.peer}"
    return f"{rule.rule_id} of {_group(account, rule.group_id)} ({allowed})"


def describe_traffic(rule: Rule) -> str:
    """Protocol and ports of a rule: `tcp 80`, `udp 1-1024`, `icmp`, `all traffic`."""
    if rule.protocol == ANY:
        return "all traffic"
    if rule.protocol not in WITH_PORTS:
        return rule.protocol
    ports = str(rule.first) if rule.first == rule.last else f"{rule.first}-{rule.last}"
    return f"{rule.protocol} {'0-65535' if rule.all_ports else ports}"


def _group(account: Account, group_id: str) -> str:
    name = account.names.get(group_id)
    return f"{group_id} ({name})" if name else group_id


def _name(interface: Interface) -> str:
    return interface.instance_id or interface.private[0]
