# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of a fleet: zones and addresses of its subnets, and the quotas of what it has more of than single hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .instances import cpus
from .sight import missing, tags, there
from .wanted import STANDARD_FAMILIES, Seen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Things = Sequence[Mapping[str, Any]]

FEWEST_ZONES = 2
BALANCER_ADDRESSES = 8
"""Free addresses that Elastic Load Balancing wants in each of its subnets."""
SUBNETS = {"hosts": "pipeline_fleet_subnets", "balancer": "pipeline_fleet_balancer_subnets"}
QUOTAS = (
    (
        "balancers",
        "balancer_quota",
        "Application Load Balancers",
        "L-53DA6B97 of service elasticloadbalancing",
    ),
    ("target_groups", "target_group_quota", "target groups", "L-B22855CB of service elasticloadbalancing"),
    ("scaling_groups", "scaling_group_quota", "Auto Scaling groups", "L-CDE20ADC of service autoscaling"),
)
"""What is there, its quota, what it is called, and where more is asked for."""


def most_hosts(wanted: Wanted) -> int:
    """How many hosts there are at once while a deployment or a newer image goes through the fleet."""
    largest = int(wanted.fleet["max_size"])
    return largest * 2 if wanted.fleet["blue_green"] else largest + 1


def hosts(wanted: Wanted, seen: Seen) -> Things:
    """Those of the fleet that are there."""
    mark = {"Application": wanted.owned_tags.get("Application"), "Fleet": wanted.fleet["name"]}
    return [each for each in there(seen, "instances") or [] if mark.items() <= tags(each).items()]


def network(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """Two zones of one VPC, with room."""
    if not wanted.fleet:
        return
    if missing(seen, "fleet_subnets"):
        named = " and ".join(f"{SUBNETS[part]} {wanted.fleet[f'{part}_subnets']}" for part in SUBNETS)
        yield f"{named}: {wanted.region} has not all of these subnets. Name others."
        return
    found = there(seen, "fleet_subnets")
    if not found:
        return
    for_hosts = _for_hosts(wanted, seen, found["hosts"])
    found = {"hosts": for_hosts, "balancer": _for_balancer(wanted, for_hosts, found["balancer"])}
    for part, setting in SUBNETS.items():
        zones = sorted({each["AvailabilityZone"] for each in found[part]})
        if len(zones) < FEWEST_ZONES:
            yield (
                f"{setting} is {wanted.fleet[f'{part}_subnets']}, subnets of {', '.join(zones) or 'no zone'} "
                f"of {wanted.region}: a fleet needs two zones. Name subnets of two zones of one VPC, or make "
                "the default VPC with aws ec2 create-default-vpc."
            )
            # All else depends on them.
            return
    vpcs = sorted({each["VpcId"] for part in found.values() for each in part})
    if len(vpcs) > 1:
        yield (
            f"{' and '.join(SUBNETS.values())} are subnets of {', '.join(vpcs)}: name subnets of one VPC for "
            "both."
        )
    yield from _room(wanted, seen, found)
    yield from _offered(wanted, seen, found["hosts"])


def _for_hosts(wanted: Wanted, seen: Seen, found: Things) -> Things:
    """Named ones all, of the default VPC's those of the first two zones that offer the type."""
    offers = there(seen, "offers")
    if wanted.fleet["hosts_subnets"]:
        return found
    zones = {each["AvailabilityZone"] for each in found}
    chosen = sorted(zones & set(offers) if offers else zones)[:FEWEST_ZONES]
    return [each for each in found if each["AvailabilityZone"] in chosen]


def _for_balancer(wanted: Wanted, for_hosts: Things, found: Things) -> Things:
    """Named ones all, of the default VPC's those where hosts are."""
    zones = {each["AvailabilityZone"] for each in for_hosts}
    named = wanted.fleet["balancer_subnets"]
    return found if named else [each for each in found if each["AvailabilityZone"] in zones]


def _room(wanted: Wanted, seen: Seen, found: Mapping[str, Things]) -> Iterator[str]:
    new = max(0, most_hosts(wanted) - len(hosts(wanted, seen)))
    free = sum(each.get("AvailableIpAddressCount", new) for each in found["hosts"])
    if found["hosts"] and free < new:
        yield (
            f"pipeline_fleet_max_size is '{wanted.fleet['max_size']}': the subnets of the hosts "
            f"(pipeline_fleet_subnets) have {free} free addresses, and {new} more hosts may be there while a "
            "newer image or a deployment goes through the fleet. Name larger subnets, or a smaller size."
        )
    balancers = there(seen, "balancers")
    if balancers is None or wanted.fleet["name"] in balancers:
        return
    for each in found["balancer"]:
        room = each.get("AvailableIpAddressCount", BALANCER_ADDRESSES)
        if room < BALANCER_ADDRESSES:
            yield (
                f"The subnet {each['SubnetId']} (pipeline_fleet_balancer_subnets) has {room} free addresses, "
                f"and a load balancer wants {BALANCER_ADDRESSES}: name a larger one."
            )


def _offered(wanted: Wanted, seen: Seen, subnets: Things) -> Iterator[str]:
    offers = there(seen, "offers")
    without = sorted({each["AvailabilityZone"] for each in subnets} - set(offers or ()))
    if offers and there(seen, "instance_type") and without:
        yield (
            f"pipeline_instance_type is '{wanted.instance_type}', which {', '.join(without)} does not "
            "offer, where subnets of the hosts (pipeline_fleet_subnets) are: name subnets in "
            f"{', '.join(sorted(offers))}, or another type."
        )


def quotas(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """One load balancer, target group and Auto Scaling group, or two of these for blue/green; and vCPUs."""
    if not wanted.fleet:
        return
    for what, limit, called, where in QUOTAS:
        names, most = there(seen, what), there(seen, limit)
        if names is None or most is None:
            continue
        new = int(wanted.fleet["name"] not in names)
        new += int(what == "scaling_groups" and wanted.fleet["blue_green"])
        if new and len(names) + new > most:
            yield (
                f"pipeline_fleet is true: {new} more {called} beside the {len(names)} of this account are "
                f"more than its quota of {most:.0f} in {wanted.region}. Delete some, or ask for more: quota "
                f"{where} in Service Quotas."
            )
    yield from _cpus(wanted, seen)


def _cpus(wanted: Wanted, seen: Seen) -> Iterator[str]:
    instances, kind, most = (there(seen, name) for name in ("instances", "instance_type", "instance_quota"))
    if instances is None or not kind or most is None:
        return
    own = {each["InstanceId"] for each in hosts(wanted, seen)}
    others = [each for each in instances if each["InstanceId"] not in own]
    used = sum(cpus(each) for each in others if each["InstanceType"][0] in STANDARD_FAMILIES)
    needed = most_hosts(wanted) * kind["VCpuInfo"]["DefaultVCpus"]
    if used + needed > most:
        yield (
            f"pipeline_fleet_max_size is '{wanted.fleet['max_size']}' and pipeline_instance_type is "
            f"'{wanted.instance_type}': up to {needed} vCPUs beside the {used} of other instances are "
            f"more than the quota of {most:.0f} in {wanted.region}. Take fewer or smaller hosts, or ask for "
            "more: quota L-1216C47A of service ec2 in Service Quotas."
        )
