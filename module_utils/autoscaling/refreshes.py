# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A group's hosts replaced by those of another launch template version, or back where an alarm says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, Record, explained
from ..aws.transformations import to_snake

if TYPE_CHECKING:
    from collections.abc import Iterator

Client = Any  # boto3-stubs[autoscaling] is not among the dependencies
UNDER_WAY = frozenset({"Pending", "InProgress", "Baking"})
ACTIVE = UNDER_WAY | {"Cancelling", "RollbackInProgress"}
GOOD = "Successful"
IN_PROGRESS = "InstanceRefreshInProgress"
MOVING = frozenset({"$Latest", "$Default"})
"""Versions that name another one tomorrow: AWS rolls back to none of them."""
MOST_ALARMS = 10


@explained("read the Auto Scaling group {AutoScalingGroupNames[0]}")
def describe_groups(client: Client, request: Record) -> list[Record]:
    found: list[Record] = client.describe_auto_scaling_groups(**request)["AutoScalingGroups"]
    return found


@explained("read the instance refreshes of {AutoScalingGroupName}")
def describe_refreshes(client: Client, request: Record) -> list[Record]:
    """The latest first."""
    found: list[Record] = client.describe_instance_refreshes(**request)["InstanceRefreshes"]
    return found


@explained("start an instance refresh of {AutoScalingGroupName}")
def start_refresh(client: Client, request: Record) -> str:
    return str(client.start_instance_refresh(**request)["InstanceRefreshId"])


@explained("read the scaling activities of {AutoScalingGroupName}")
def describe_activities(client: Client, request: Record) -> list[Record]:
    """The latest first."""
    found: list[Record] = client.describe_scaling_activities(**request)["Activities"]
    return found


@dataclass(frozen=True)
class Source:
    """What hosts are launched from."""

    name: str
    version: str

    @classmethod
    def of(cls, told: Record) -> Source:
        """Of a group, an instance or a desired configuration; without a launch template both are empty."""
        template = told.get("LaunchTemplate") or {}
        return cls(template.get("LaunchTemplateName", ""), str(template.get("Version", "")))

    def __str__(self) -> str:
        return f"{self.name}:{self.version}" if self.name else "no launch template"

    @property
    def is_moving(self) -> bool:
        return self.version in MOVING

    def as_request(self) -> dict[str, str]:
        return {"LaunchTemplateName": self.name, "Version": self.version}


def read_group(client: Client, name: str) -> Record:
    """Raises ModuleError where there is none."""
    found = describe_groups(client, {"AutoScalingGroupNames": [name]})
    if not found:
        raise ModuleError(
            f"There is no Auto Scaling group {name} in this account and region: create it first."
        )
    return found[0]


def active(client: Client, name: str) -> Record | None:
    """The refresh that has not ended; a group has one at most."""
    found = describe_refreshes(client, {"AutoScalingGroupName": name})
    return next((each for each in found if each["Status"] in ACTIVE), None)


def sources(group: Record) -> Counter[Source]:
    """How many of the hosts that stay are launched from what."""
    stay = (each for each in group["Instances"] if not each["LifecycleState"].startswith("Terminat"))
    return Counter(Source.of(each) for each in stay)


def shown(group: Record) -> dict[str, Any]:
    """One side of a diff."""
    hosts = sources(group)
    return {"launch_template": str(Source.of(group)), "hosts": {str(each): hosts[each] for each in hosts}}


def problems(params: Record, group: Record) -> Iterator[str]:
    """What AWS would refuse, in words that name the option."""
    least, most = params["min_healthy_percentage"], params["max_healthy_percentage"]
    if not 0 <= least <= 100 <= most <= 200 or most - least > 100:  # noqa: PLR2004 - StartInstanceRefresh says so
        yield (
            f"min_healthy_percentage is {least} and max_healthy_percentage is {most}: allowed are 0 to 100"
            " and 100 to 200, and a difference of 100 at most."
        )
    if len(params["alarms"]) > MOST_ALARMS:
        yield f"alarms has {len(params['alarms'])} names: an instance refresh watches {MOST_ALARMS} at most."
    if params["auto_rollback"] and Source.of(group).is_moving:
        yield (
            f"{params['name']} launches from the version {Source.of(group).version} of its launch template,"
            " to which AWS rolls nothing back: give the group a version that is a number, or set"
            " auto_rollback: false."
        )


def request(params: Record, wanted: Source) -> dict[str, Any]:
    """StartInstanceRefresh's parameters."""
    preferences: dict[str, Any] = {
        "MinHealthyPercentage": params["min_healthy_percentage"],
        "MaxHealthyPercentage": params["max_healthy_percentage"],
        "AutoRollback": params["auto_rollback"],
        # A run that is taken up again replaces only what is left.
        "SkipMatching": True,
    }
    if params["instance_warmup"] is not None:
        preferences["InstanceWarmup"] = params["instance_warmup"]
    if params["alarms"]:
        preferences["AlarmSpecification"] = {"Alarms": params["alarms"]}
    return {
        "AutoScalingGroupName": params["name"],
        "DesiredConfiguration": {"LaunchTemplate": wanted.as_request()},
        "Preferences": preferences,
    }


def joined(refresh: Record, wanted: Source) -> str:
    """The id of the refresh under way, where it brings what is wanted. Raises ModuleError for another one."""
    group, identifier = refresh["AutoScalingGroupName"], str(refresh["InstanceRefreshId"])
    brings = Source.of(refresh.get("DesiredConfiguration") or {})
    if refresh["Status"] in UNDER_WAY and brings == wanted:
        return identifier
    raise ModuleError(
        f"The instance refresh {identifier} of {group} to {brings} is {refresh['Status']}, and {wanted} is"
        " wanted: wait for its end, or go back with aws autoscaling rollback-instance-refresh"
        f" --auto-scaling-group-name {group}. Then run again."
    )


def reason(refresh: Record) -> str:
    """Why it ended, or what it waits for."""
    details = refresh.get("RollbackDetails") or {}
    words = details.get("RollbackReason") or refresh.get("StatusReason") or "AWS gives no reason"
    return str(words).rstrip(".")


WAYS_OUT = {
    "Failed": "Hosts that were replaced stay so: mend what the reason says, then run again for the others.",
    "Cancelled": "Somebody cancelled it, and hosts that were replaced stay so: run again to go on.",
    "RollbackSuccessful": (
        "All hosts are as before: mend what the reason says, or the image, and run again with the next one."
    ),
    "RollbackFailed": (
        "Some hosts are of the one version and some of the other: mend what the reason says, then run again."
    ),
}


def failure(refresh: Record, wanted: Source, failed: list[str]) -> ModuleError:
    """What a refresh that did not succeed ended with."""
    status = refresh["Status"]
    said = f" Hosts: {'; '.join(failed)}." if failed else ""
    return ModuleError(
        f"The instance refresh {refresh['InstanceRefreshId']} of {refresh['AutoScalingGroupName']}"
        f" to {wanted} is {status}: {reason(refresh)}.{said} {WAYS_OUT.get(status, 'Run again.')}",
        result={"instance_refresh": to_snake(refresh)},
    )
