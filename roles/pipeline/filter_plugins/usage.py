# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a fleet uses in a month, as M(aws_cost_estimate) takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Usage = dict[str, str]

HOURS = 730
"""A month, as AWS counts it."""
GIGABYTES_BY_NAT = 1
"""Of a host: revisions, the agent's polls and packages of one update."""
DEPLOYED = 440
"""Instance updates a month, the article's number."""


def fleet_usage(settings: Mapping[str, Any], hosts: int) -> list[Usage]:
    """A month of so many hosts behind one load balancer: service, item and quantity, as in price sheets.

    `settings`: `instance_type`; `volume` in GB; `images` that are kept, at most as large as a volume each;
    `zones`; `public_addresses` of hosts, without which each zone has a NAT gateway; `capacity_units` of the
    load balancer on average; `alarm_metrics`, those that alarms look at.
    """
    return [
        {"service": service, "item": item, "quantity": str(quantity)}
        for service, item, quantity in _rows(settings, hosts)
        if float(quantity)
    ]


def _rows(settings: Mapping[str, Any], hosts: int) -> Iterator[tuple[str, str, int | str]]:
    zones, volume = int(settings["zones"]), int(settings["volume"])
    # The load balancer has an address in each zone.
    addresses = zones
    yield "AWS CodeDeploy", "deployment to EC2", DEPLOYED
    yield "Amazon EC2", str(settings["instance_type"]), hosts * HOURS
    yield "Amazon EBS", "gp3 volume", hosts * volume
    yield "Amazon EBS", "snapshot", int(settings["images"]) * volume
    yield "Elastic Load Balancing", "Application Load Balancer", HOURS
    yield "Elastic Load Balancing", "LCU", f"{float(settings['capacity_units']) * HOURS:g}"
    if settings["public_addresses"]:
        addresses += hosts
    else:
        addresses += zones
        yield "Amazon VPC", "NAT gateway", zones * HOURS
        yield "Amazon VPC", "NAT gateway data", hosts * GIGABYTES_BY_NAT
    yield "Amazon VPC", "public IPv4 address", addresses * HOURS
    yield "Amazon CloudWatch", "alarm metric", int(settings["alarm_metrics"])
    yield "Amazon Route 53", "hosted zone", 1
    yield "Amazon Route 53", "standard queries", 1


def fleet_estimates(settings: Mapping[str, Any], sizes: list[int], title: str) -> list[dict[str, Any]]:
    """An estimate for each size; `title` has %s where the number of hosts belongs."""
    return [{"title": title % size, "usage": fleet_usage(settings, size)} for size in sizes]


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fleet_estimates": fleet_estimates, "fleet_usage": fleet_usage}
