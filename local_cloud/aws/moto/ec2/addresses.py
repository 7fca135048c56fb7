# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Private and public addresses: what EC2 refuses of those that are asked for, and which ones it gives.

Words that are marked as inferred are not quoted from AWS's documentation or public reports.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet

from local_cloud.aws.moto.ec2.errors import invalid

RESERVED_HEAD = 4
"""Addresses at a subnet's start that AWS keeps: the network's own, router, DNS, one for later."""

_original_stop = NetworkInterface.stop
_original_assign = NetworkInterface.check_auto_public_ip
_original_address = Subnet.get_available_subnet_ip
_original_associate = ElasticAddressBackend.associate_address
_original_release = ElasticAddressBackend.release_address


def check_addresses(backend: Any, count: int, given: Mapping[str, Any]) -> None:
    """Each private address that a launch names is in its subnet, and nobody's. `given`: as moto has them."""
    wanted = [(given.get("subnet_id"), given["private_ip"])] if given.get("private_ip") else []
    for interface in given.get("nics") or []:
        subnet_id = interface.get("SubnetId") or given.get("subnet_id")
        named = [interface.get("PrivateIpAddress")]
        named += [each.get("PrivateIpAddress") for each in interface.get("PrivateIpAddresses", [])]
        wanted += [(subnet_id, address) for address in named if address]
    if wanted and count > 1:
        # Inferred.
        raise EC2ClientError(
            "InvalidParameterCombination", "A private IP address can be given to one instance only."
        )
    for subnet_id, address in wanted:
        if subnet_id:
            check_address(backend.get_subnet(subnet_id), address)
    if given.get("subnet_id"):
        _check_room(backend.get_subnet(given["subnet_id"]), count)


def check_address(subnet: Any, address: str) -> None:
    """Raises what EC2 says of an address that can't be an interface's in this subnet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise invalid(
            f"Value ({address}) for parameter privateIpAddress is invalid. Invalid IPv4 address."
        ) from None
    if parsed not in subnet.cidr:
        raise invalid(f"Address {address} does not fall within the subnet's address range")
    place = int(parsed) - int(subnet.cidr.network_address)
    if place < RESERVED_HEAD or parsed == subnet.cidr.broadcast_address:
        raise invalid(f"Address {address} is in subnet's reserved address range")
    # All regions' hosts are on one network here.
    if any(
        interface.private_ip_address == address and not _has_ended(interface.instance)
        for regions in ec2_backends.values()
        for backend in regions.values()
        for interface in backend.enis.values()
    ):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def _has_ended(instance: Any) -> bool:
    """moto keeps the interfaces of a terminated instance."""
    return instance is not None and instance.state == "terminated"


def _check_room(subnet: Any, count: int) -> None:
    if count > subnet.available_ip_address_count:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of"
            " instances.",
        )


def request_ip(subnet: Any, address: str, instance: Instance) -> None:
    """An address that was asked for becomes an interface's."""
    check_address(subnet, address)
    subnet._unused_ips.discard(address)
    subnet._subnet_ips[address] = instance


def stop_interface(interface: Any) -> None:
    """An Elastic IP stays through a stop."""
    if not _elastic(interface):
        _original_stop(interface)


def assign_public_ip(interface: Any) -> None:
    """At each start another public address, but for an Elastic IP."""
    if not _elastic(interface):
        _original_assign(interface)


def _elastic(interface: Any) -> bool:
    """Is its public address an Elastic IP? Whoever disassociates one takes the address away first."""
    addresses = interface.ec2_backend.addresses
    return any(address.eni is interface and address.public_ip == interface.public_ip for address in addresses)


def free_private_ip(subnet: Any, instance: Any) -> str:
    """An address that no instance of another region has: all regions' hosts are on one network here."""
    used = {
        interface.private_ip_address
        for regions in ec2_backends.values()
        for backend in regions.values()
        if backend is not subnet.ec2_backend
        for interface in backend.enis.values()
    }
    address: str = _original_address(subnet, instance)
    while address in used:
        address = _original_address(subnet, instance)
    return address


def release_address(backend: Any, address: str | None = None, allocation_id: str | None = None) -> None:
    """Not one that is associated: whoever has it would lose it without a word."""
    for each in backend.addresses:
        if each.association_id and (each.allocation_id == allocation_id or each.public_ip == address):
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {each.public_ip} is in use.")
    _original_release(backend, address, allocation_id)


def associate_address(backend: Any, instance: Any = None, *arguments: Any, **named: Any) -> Any:
    """Not with an instance that has ended."""
    if instance is not None and instance.state in {"shutting-down", "terminated"}:
        # Inferred, from what is said of a pending one.
        raise EC2ClientError(
            "InvalidInstanceID",
            f"The {instance.state} instance '{instance.id}' is not in a valid state for this operation.",
        )
    return _original_associate(backend, instance, *arguments, **named)


def public_addresses(cidr: str) -> Iterator[str]:
    """Each address of the range once, in order, without those that end in 0 or 255."""
    for address in ipaddress.ip_network(cidr):
        if address.packed[-1] not in {0, 255}:
            yield str(address)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (NetworkInterface, "stop", stop_interface),
    (NetworkInterface, "check_auto_public_ip", assign_public_ip),
    (Subnet, "get_available_subnet_ip", free_private_ip),
    (Subnet, "request_ip", request_ip),
    (ElasticAddressBackend, "associate_address", associate_address),
    (ElasticAddressBackend, "release_address", release_address),
)
