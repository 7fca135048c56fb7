"""Security groups as one table of nftables.

A host's packets are asked for at its link on the router, before anything has changed their addresses
where they leave (prerouting) and after everything has where they arrive (postrouting), so that both sides
see what AWS's would: by public addresses a host comes from its own public address, by private ones from
its private one.

A flow that is tracked at a side has a bit of that side in its mark, and is not asked for there again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from local_cloud.hosts.router import HOST_LINKS, METADATA
from local_cloud.hosts.security_groups import network_acls
from local_cloud.hosts.security_groups.model import Account, Decision, Interface, Rule, decisions
from local_cloud.hosts.security_groups.packets import ANYWHERE, Direction
from local_cloud.settings import Settings

TABLE = "local_cloud"
DIRECTIONS: tuple[Direction, ...] = ("egress", "ingress")
MARKS: dict[Direction, int] = {"egress": 1, "ingress": 2}
HOOKS: dict[Direction, str] = {
    # Before destinations are translated (-100), and after sources are (100).
    "egress": "type filter hook prerouting priority -110",
    "ingress": "type filter hook postrouting priority 110",
}
SIDES: dict[Direction, tuple[str, str]] = {"egress": ("iifname", "daddr"), "ingress": ("oifname", "saddr")}
"""By which a packet is told to be a host's, and where the other side's address is."""


@dataclass(frozen=True)
class Table:
    """Each thing's text by its name. Counters outlive a change of everything else."""

    counters: dict[str, str] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    chains: dict[str, str] = field(default_factory=dict)

    def replacing(self, before: "Table | None") -> str:
        """One transaction that makes the kernel's table this one. `before`: what it has; None: not
        known."""
        lines = [f"add table ip {TABLE}"]
        if before is None:
            lines += [f"delete table ip {TABLE}"]
            before = Table()
        else:
            # All rules; chains, sets and counters stay.
            lines += [f"flush table ip {TABLE}"]
        for kind, old, new in (
            ("chain", before.chains, self.chains),
            ("set", before.sets, self.sets),
            ("counter", before.counters, self.counters),
        ):
            lines += [f"delete {kind} ip {TABLE} {name}" for name in old if name not in new]
        lines += [f"flush set ip {TABLE} {name}" for name in before.sets if name in self.sets]
        texts = (*self.counters.values(), *self.sets.values(), *self.chains.values())
        return "\n".join([*lines, f"table ip {TABLE} {{", *texts, "}", ""])


def compile_table(account: Account, settings: Settings) -> Table:
    """What lets through what the account's groups allow, and nothing else of hosts."""
    hosts = [each for each in account.interfaces if each.link]
    table = Table()
    for rule in account.rules:
        table.counters[rule.rule_id] = f"counter {rule.rule_id} {{ }}"
    for peer in dict.fromkeys(rule.peer for rule in account.rules if "/" not in rule.peer):
        table.sets[peer] = _set(peer, account.networks(peer))
    for direction in DIRECTIONS:
        table.chains[f"{direction}_tracked"] = _chain(
            f"{direction}_tracked",
            f"ct direction original ct mark set ct mark | {MARKS[direction]}",
            "accept",
        )
        for host in hosts:
            name = chain_of(host, direction)
            table.counters[name] = f"counter {name} {{ }}"
            table.chains[name] = _chain(name, *_rules(account, host, direction))
        for acl in _asked(account, hosts, direction):
            name = network_acls.chain_name(acl, direction)
            table.counters[name] = f"counter {name} {{ }}"
            table.chains[name] = _chain(name, *network_acls.lines(acl, direction, SIDES[direction][1]))
        table.chains[direction] = _chain(direction, *_entry(account, hosts, direction, settings))
    table.chains["public"] = _chain("public", *_public(hosts, settings))
    return table


def chain_of(interface: Interface, direction: Direction) -> str:
    """The name of an interface's chain, and of the counter of what it has dropped."""
    return f"{interface.link}_{direction}"


def _asked(
    account: Account, hosts: Iterable[Interface], direction: Direction
) -> list[network_acls.NetworkAcl]:
    """The network ACLs of hosts' subnets that do not let everything pass."""
    subnets = dict.fromkeys(each.subnet_id for each in hosts)
    found = (account.acls[each] for each in subnets if each in account.acls)
    return [each for each in found if not each.is_open(direction)]


def _entry(
    account: Account, hosts: list[Interface], direction: Direction, settings: Settings
) -> Iterator[str]:
    """Where every packet comes by."""
    interface, other_side = SIDES[direction]
    opposite: Direction = "egress" if direction == "ingress" else "ingress"
    yield f"{HOOKS[direction]}; policy accept;"
    # What AWS never filters: the resolver and router, and the metadata service.
    yield f"ip {other_side} {{ {settings.gateway}, {METADATA} }} accept"
    # A network ACL knows no flows: it is asked for each packet.
    jumps = [
        f'"{host.link}" : jump {network_acls.chain_name(acl, direction)}'
        for acl in _asked(account, hosts, direction)
        for host in hosts
        if host.subnet_id == acl.subnet_id
    ]
    if jumps:
        yield f"{interface} vmap {{ {', '.join(jumps)} }}"
    yield "ct state related accept"
    for flow, side in (("original", direction), ("reply", opposite)):
        yield f"ct direction {flow} ct mark & {MARKS[side]} == {MARKS[side]} accept"
    chains = ", ".join(f'"{each.link}" : goto {chain_of(each, direction)}' for each in hosts)
    if chains:
        yield f"{interface} vmap {{ {chains} }}"
    yield f'{interface} "{HOST_LINKS}*" drop'


def _rules(account: Account, host: Interface, direction: Direction) -> Iterator[str]:
    if host.is_open:
        yield "accept"
        return
    for decision in decisions(account, host, direction):
        verdict = f"goto {direction}_tracked" if decision.tracked else "accept"
        yield f"{_match(decision, direction)}counter name {decision.rule.rule_id} {verdict}"
    yield f"counter name {chain_of(host, direction)} drop"


def _match(decision: Decision, direction: Direction) -> str:
    rule = decision.rule
    parts = [*_protocol(rule, decision.protocols)]
    if "/" not in rule.peer:
        parts.append(f"ip {SIDES[direction][1]} @{rule.peer}")
    elif rule.peer != ANYWHERE:
        parts.append(f"ip {SIDES[direction][1]} {rule.peer}")
    return "".join(f"{part} " for part in parts)


def _protocol(rule: Rule, protocols: tuple[str, ...]) -> Iterator[str]:
    yield from rule.ports
    if protocols and not rule.ports:
        yield f"meta l4proto {{ {', '.join(protocols)} }}"


def _public(hosts: Iterable[Interface], settings: Settings) -> Iterator[str]:
    """Between public addresses a host comes from its own; one that has none, as by a NAT gateway."""
    yield "type nat hook postrouting priority 100; policy accept;"
    to_public = f'oifname "{HOST_LINKS}*" ip daddr {settings.public_cidr}'
    known = [each for each in hosts if each.public]
    pairs = ", ".join(f"{address} : {each.public}" for each in known for address in each.private[:1])
    if pairs:
        yield f"{to_public} snat to ip saddr map {{ {pairs} }}"
    others = ", ".join(each.private[0] for each in hosts if not each.public)
    if others:
        yield f"{to_public} ip saddr {{ {others} }} snat to {settings.internet}"


def _set(name: str, networks: tuple[str, ...]) -> str:
    flags = " flags interval; auto-merge;" if name.startswith("pl-") else ""
    elements = f" elements = {{ {', '.join(networks)} }}" if networks else ""
    return f"set {name} {{ type ipv4_addr;{flags}{elements}\n}}"


def _chain(name: str, *lines: str) -> str:
    return "\n".join([f"chain {name} {{", *lines, "}"])
