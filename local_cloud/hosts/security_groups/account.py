# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Reads what bears on a packet from moto's account, of all regions."""

from collections.abc import Collection, Iterator
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models import ec2_backends

from local_cloud.aws.moto.elbv2.balancers import NAME as LOAD_BALANCER
from local_cloud.hosts.router import link_of
from local_cloud.hosts.security_groups.model import Account, Interface, Rule
from local_cloud.hosts.security_groups.network_acls import Entry, NetworkAcl
from local_cloud.hosts.security_groups.packets import ANY, Direction

GONE = "terminated"
ICMP = {"icmp", "1"}
NOT_OF_IPV4 = {"icmpv6", "58"}
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "all": ANY}


def read(internet: str, living: Collection[str] = ()) -> Account:
    """The account now. `living`: instances whose hosts still run, though EC2 says that they have ended.

    Prefix lists of AWS's own (S3, ...) are what `internet` stands for here.
    """
    backends = [backend for regions in list(ec2_backends.values()) for backend in list(regions.values())]
    groups = [
        group
        for backend in backends
        for of_vpc in list(backend.groups.values())
        for group in list(of_vpc.values())
    ]
    rules = tuple(rule for group in groups for rule in _rules(group))
    lists = [each for backend in backends for each in list(backend.managed_prefix_lists.values())]
    named = {rule.peer for rule in rules}
    return Account(
        interfaces=tuple(
            _interface(each)
            for backend in backends
            for each in list(backend.enis.values())
            if not _has_ended(each, living)
        ),
        rules=rules,
        prefix_lists={each.id: _entries(each, internet) for each in lists if each.id in named},
        names={group.id: group.name for group in groups},
        regions={group.id: group.ec2_backend.region_name for group in groups},
        acls={each.subnet_id: each for backend in backends for each in _acls(backend)},
    )


def _has_ended(interface: Any, living: Collection[str]) -> bool:
    instance = interface.instance
    return instance is not None and instance.state == GONE and instance.id not in living


def _interface(interface: Any) -> Interface:
    instance = interface.instance
    is_hosts = instance is not None and interface.device_index == 0
    balancer = getattr(interface, LOAD_BALANCER, "")
    secondary = [each.get("PrivateIpAddress") for each in list(interface.private_ip_addresses)]
    return Interface(
        link=link_of(instance.id if is_hosts else interface.id) if is_hosts or balancer else "",
        instance_id=instance.id if instance is not None else balancer,
        private=tuple(dict.fromkeys(each for each in (interface.private_ip_address, *secondary) if each)),
        public=interface.public_ip,
        groups=tuple(group.id for group in list(interface.group_set)),
        is_open=bool(balancer) and not interface.group_set,
        subnet_id=interface.subnet.id,
    )


def _rules(group: Any) -> Iterator[Rule]:
    directions: tuple[tuple[Direction, Any], ...] = (
        ("ingress", group.ingress_rules),
        ("egress", group.egress_rules),
    )
    for direction, rules in directions:
        for rule in list(rules):
            peer = rule.source_group.get("GroupId") or rule.prefix_list_id or rule.ip_range.get("CidrIp")
            protocol = NAMES.get(str(rule.ip_protocol).lower(), str(rule.ip_protocol).lower())
            if not peer or protocol in NOT_OF_IPV4:
                continue
            yield Rule(
                rule_id=rule.id,
                group_id=group.id,
                direction=direction,
                protocol=protocol,
                first=_number(rule.from_port),
                last=_number(rule.to_port),
                peer=peer if peer.startswith(("sg-", "pl-")) else str(IPv4Network(peer, strict=False)),
            )


def _acls(backend: Any) -> Iterator[NetworkAcl]:
    subnets = {each.id: each for zone in list(backend.subnets.values()) for each in list(zone.values())}
    for acl in list(backend.network_acls.values()):
        found = (_entry(each) for each in list(acl.network_acl_entries) if each.cidr_block)
        entries = tuple(sorted(found, key=lambda each: each.number))
        for association in list(acl.associations):
            subnet = subnets.get(association.subnet_id)
            if subnet is not None:
                yield NetworkAcl(
                    acl_id=acl.id, subnet_id=subnet.id, subnet=subnet.cidr_block, entries=entries
                )


def _entry(entry: Any) -> Entry:
    protocol = NAMES.get(str(entry.protocol).lower(), str(entry.protocol).lower())
    first, last = (
        (entry.icmp_type, entry.icmp_code)
        if protocol == "icmp"
        else (entry.port_range_from, entry.port_range_to)
    )
    return Entry(
        number=int(entry.rule_number),
        direction="egress" if str(entry.egress).lower() == "true" else "ingress",
        protocol=protocol,
        network=str(IPv4Network(entry.cidr_block, strict=False)),
        allows=entry.rule_action == "allow",
        first=_number(first),
        last=_number(last),
    )


def _number(port: Any) -> int:
    return -1 if port is None else int(port)


def _entries(prefix_list: Any, internet: str) -> tuple[str, ...]:
    if prefix_list.owner_id == "AWS":
        return (f"{internet}/32",)
    entries = prefix_list.entries.get(prefix_list.version) or ()
    return tuple(str(IPv4Network(each["Cidr"], strict=False)) for each in entries if ":" not in each["Cidr"])
