# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""A load balancer's network interfaces and name, and what Elastic Load Balancing refuses of one.

As on AWS a load balancer has an interface in each of its subnets, which is requester-managed, has its
security groups, and a public address where it is internet-facing. moto has none.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces as moto_interfaces
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.elbv2.exceptions import DuplicateLoadBalancerName, ValidationError
from moto.elbv2.exceptions import ELBClientError as ElbError
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.moto_api._internal import mock_random

from local_cloud.aws.moto import linked_roles

NAME = "load_balancer"
"""The attribute of an interface that says whose it is: `app/NAME/ID` or `net/NAME/ID`."""
INTERNAL = "internal"
SCHEMES = ("internet-facing", INTERNAL)
KINDS = {"application": "app", "network": "net", "gateway": "gwy"}
APPLICATION, NETWORK = "application", "network"
FEWEST_ZONES = 2
LONGEST_NAME = 32
NAME_NUMBERS = 10
"""Digits behind an application load balancer's name in its DNS name."""

_original_delete_interface = NetworkInterfaceBackend.delete_network_interface
_original_create = ELBv2Backend.create_load_balancer
_original_delete = ELBv2Backend.delete_load_balancer
_original_subnets = ELBv2Backend.set_subnets
_original_groups = ELBv2Backend.set_security_groups


def create_load_balancer(  # noqa: PLR0917 - moto's
    backend: Any,
    name: str,
    security_groups: list[str],
    subnet_ids: list[str],
    subnet_mappings: list[dict[str, str]] | None = None,
    scheme: str | None = None,
    loadbalancer_type: str | None = None,
    **named: Any,
) -> Any:
    """One that AWS would make too, with its interfaces. The same one again is answered as it is."""
    kind = loadbalancer_type or APPLICATION
    scheme = scheme or SCHEMES[0]
    existing = next((each for each in backend.load_balancers.values() if each.name == name), None)
    if existing is not None:
        if not _is_same(existing, kind, scheme, subnet_ids, subnet_mappings):
            raise DuplicateLoadBalancerName
        return existing
    _check(backend, name, kind, [*(subnet_ids or []), *(each["SubnetId"] for each in subnet_mappings or [])])
    for group_id in security_groups or []:
        if backend.ec2_backend.get_security_group_from_id(group_id) is None:
            # As moto says it where they are set; an interface would make the group.
            raise ElbError("InvalidSecurityGroup", f"Security group {group_id} does not exist")
    linked_roles.ensure("elasticloadbalancing", backend.account_id, backend.partition)
    balancer = _original_create(
        backend, name, security_groups, subnet_ids, subnet_mappings, scheme, loadbalancer_type, **named
    )
    _name(backend, balancer)
    if kind == APPLICATION and not balancer.security_groups:
        balancer.security_groups = [backend.ec2_backend.get_default_security_group(balancer.vpc_id).id]
    # Elastic IPs that were asked for, by subnet.
    balancer.__dict__["elastic"] = {
        each["SubnetId"]: each["AllocationId"] for each in subnet_mappings or [] if each.get("AllocationId")
    }
    _put_interfaces(balancer, balancer.subnets)
    return balancer


def delete_load_balancer(backend: Any, arn: str) -> None:
    """Its interfaces end with it."""
    balancer = backend.load_balancers.get(arn)
    if balancer is not None and str(balancer.attrs.get("deletion_protection.enabled")) == "true":
        raise ElbError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    if balancer is not None:
        _remove_interfaces(interfaces_of(balancer))
        for group in backend.target_groups.values():
            group.load_balancer_arns = [each for each in group.load_balancer_arns if each != arn]
    _original_delete(backend, arn)


def set_subnets(backend: Any, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]) -> Any:
    zones = _original_subnets(backend, arn, subnets, subnet_mappings)
    balancer = backend.load_balancers[arn]
    wanted = {subnet.id for subnet in balancer.subnets}
    before = interfaces_of(balancer)
    _remove_interfaces([each for each in before if each.subnet.id not in wanted])
    kept = {each.subnet.id for each in before}
    _put_interfaces(balancer, [subnet for subnet in balancer.subnets if subnet.id not in kept])
    return zones


def set_security_groups(backend: Any, arn: str, sec_groups: list[str]) -> None:
    _original_groups(backend, arn, sec_groups)
    for interface in interfaces_of(backend.load_balancers[arn]):
        interface._group_set = _groups(backend, sec_groups)


def interfaces_of(balancer: Any) -> list[Any]:
    """A load balancer's network interfaces, in the order of its subnets."""
    found = [
        each
        for each in list(_ec2(balancer).enis.values())
        if getattr(each, NAME, "") == short_name(balancer.arn)
    ]
    order = [subnet.id for subnet in balancer.subnets]
    return sorted(found, key=lambda each: order.index(each.subnet.id) if each.subnet.id in order else -1)


def short_name(arn: str) -> str:
    """`app/NAME/ID`: how CloudWatch and EC2 call a load balancer."""
    return arn.partition(":loadbalancer/")[2]


def all_balancers() -> Iterator[Any]:
    """Every load balancer of the account; a copy first at each level, since calls change them meanwhile."""
    for regions in list(elbv2_backends.values()):
        for backend in list(regions.values()):
            yield from list(backend.load_balancers.values())


def addresses_of_name(name: str) -> list[str] | None:
    """Where a DNS name (lower case) of a load balancer leads; None where no load balancer has it."""
    plain = name.removeprefix("dualstack.")
    for balancer in all_balancers():
        if balancer.dns_name.lower() == plain:
            is_internal = balancer.scheme == INTERNAL
            return [
                each.private_ip_address if is_internal else each.public_ip
                for each in interfaces_of(balancer)
                if is_internal or each.public_ip
            ]
    return None


def _is_same(
    existing: Any, kind: str, scheme: str, subnet_ids: Iterable[str], mappings: list[dict[str, str]] | None
) -> bool:
    wanted = {*(subnet_ids or []), *(each["SubnetId"] for each in mappings or [])}
    return (existing.type, existing.scheme) == (kind, scheme) and wanted == {s.id for s in existing.subnets}


def _check(backend: Any, name: str, kind: str, subnet_ids: list[str]) -> None:
    if len(name) > LONGEST_NAME:
        raise ValidationError(
            f"The load balancer name '{name}' cannot be longer than '{LONGEST_NAME}' characters"
        )
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValidationError(
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters"
            " and hyphens(-)"
        )
    if name.startswith(("-", "internal-")) or name.endswith("-"):
        how = "begin with 'internal-'" if name.startswith("internal-") else "begin or end with '-'"
        raise ValidationError(f"The load balancer name '{name}' cannot {how}")
    known = [each for each in backend.ec2_backend.describe_subnets() if each.id in subnet_ids]
    if len(known) == len(set(subnet_ids)):
        _check_zones(kind, [each.availability_zone for each in known])


def _check_zones(kind: str, zones: list[str]) -> None:
    if len(zones) != len(set(zones)):
        raise ElbError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if kind == APPLICATION and 0 < len(zones) < FEWEST_ZONES:
        raise ValidationError("At least two subnets in two different Availability Zones must be specified")


def _name(backend: Any, balancer: Any) -> None:
    """DNS name and ARN as AWS has them."""
    number = str(int(mock_random.get_random_hex(length=16), 16) % 10**NAME_NUMBERS).zfill(NAME_NUMBERS)
    is_internal = "internal-" if balancer.scheme == INTERNAL else ""
    region = backend.region_name
    balancer.dns_name = f"{is_internal}{balancer.name}-{number}.{region}.elb.amazonaws.com"
    if balancer.type == APPLICATION:
        return
    before, balancer.arn = (
        balancer.arn,
        balancer.arn.replace(":loadbalancer/app/", f":loadbalancer/{KINDS[balancer.type]}/"),
    )
    balancer.dns_name = f"{balancer.name}-{balancer.arn.rpartition('/')[2]}.elb.{region}.amazonaws.com"
    backend.load_balancers[balancer.arn] = backend.load_balancers.pop(before)
    tags = backend.tagging_service.list_tags_for_resource(before)["Tags"]
    backend.tagging_service.delete_all_tags_for_resource(before)
    backend.tagging_service.tag_resource(balancer.arn, tags)


def _put_interfaces(balancer: Any, subnets: Iterable[Any]) -> None:
    ec2 = _ec2(balancer)
    for subnet in subnets:
        interface = ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(balancer),
            group_ids=balancer.security_groups or None,
            description=f"ELB {short_name(balancer.arn)}",
        )
        if not balancer.security_groups:
            interface._group_set = []
        setattr(interface, NAME, short_name(balancer.arn))
        interface.requester_managed = True
        interface.requester_id = "amazon-elb"
        interface.status = "in-use"
        if balancer.type == NETWORK:
            interface.interface_type = "network_load_balancer"
        interface.public_ip = _public_address(balancer, interface)


def _public_address(balancer: Any, interface: Any) -> str | None:
    if balancer.scheme == INTERNAL:
        return None
    allocation = balancer.elastic.get(interface.subnet.id)
    if not allocation:
        return str(moto_interfaces.random_public_ip())  # type: ignore[attr-defined] # not exported
    ec2 = _ec2(balancer)
    [address] = ec2.address_by_allocation([allocation])
    ec2.associate_address(eni=interface, allocation_id=allocation)
    return str(address.public_ip)


def _remove_interfaces(interfaces: Iterable[Any]) -> None:
    for interface in interfaces:
        ec2 = interface.ec2_backend
        for address in ec2.addresses:
            if address.eni is interface:
                address.eni = address.association_id = None
        interface.subnet.del_subnet_ip(interface.private_ip_address)
        ec2.enis.pop(interface.id, None)


def _groups(backend: Any, ids: Iterable[str]) -> list[Any]:
    return [backend.ec2_backend.get_security_group_from_id(each) for each in ids]


def _ec2(balancer: Any) -> Any:
    _, _, _, region, account, _ = balancer.arn.split(":", 5)
    return elbv2_backends[account][region].ec2_backend


def delete_network_interface(backend: Any, eni_id: str) -> None:
    """Not a load balancer's, which ends with that."""
    if getattr(backend.enis.get(eni_id), NAME, ""):
        raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
    _original_delete_interface(backend, eni_id)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (NetworkInterfaceBackend, "delete_network_interface", delete_network_interface),
    (ELBv2Backend, "create_load_balancer", create_load_balancer),
    (ELBv2Backend, "delete_load_balancer", delete_load_balancer),
    (ELBv2Backend, "set_subnets", set_subnets),
    (ELBv2Backend, "set_security_groups", set_security_groups),
)
