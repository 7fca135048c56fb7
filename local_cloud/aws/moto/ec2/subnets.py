# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""A subnet's addresses, in the subnet itself.

moto keeps them in a cache of its class, and with them each subnet that ever was, and all of the EC2 of its
account and region: a reset left two megabytes behind.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from moto.ec2.models.subnets import Subnet


def addresses(subnet: Any) -> Iterator[IPv4Address | IPv6Address]:
    """Those that the subnet has not given out yet, in their order."""
    if "_addresses" not in vars(subnet):
        subnet._addresses = iter(subnet.cidr.hosts())
    given: Iterator[IPv4Address | IPv6Address] = subnet._addresses
    return given


REPLACED: tuple[tuple[Any, str, Any], ...] = ((Subnet, "_base_avail_ip_iterator", addresses),)
