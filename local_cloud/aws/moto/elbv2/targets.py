# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Targets: how healthy they are, as whoever really asks them says, and how they leave.

Without hosts nobody asks, and moto's word stands: what is registered is healthy, what was deregistered is
out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

DELAY = "deregistration_delay.timeout_seconds"
TRAFFIC_PORT = "traffic-port"
REACHED = ("instance", "ip")
"""Types of targets that are reached; functions and other load balancers are records."""

_original_health = FakeTargetGroup.health_for
_original_register = FakeTargetGroup.register
_original_deregister = FakeTargetGroup.deregister
_original_terminated = FakeTargetGroup.deregister_terminated_instances


class Health(NamedTuple):
    """What DescribeTargetHealth says of a target; without a reason where it is healthy."""

    state: str
    reason: str | None = None
    description: str | None = None


HEALTHY = Health("healthy")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
ZONE_NOT_ENABLED = Health(
    "unused",
    "Target.NotInUse",
    "Target is in an Availability Zone that is not enabled for the load balancer",
)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A target that was deregistered, until the deregistration delay is over."""

    target_id: str
    port: int
    ends: float
    """Of `time.monotonic`."""


Asked = Callable[[Any, str], Health]
"""A target group of moto's and the id of one of its registered targets -> its health."""


class _Door:
    """Who asks targets; nobody without hosts."""

    ask: Asked | None = None


def answer_with(ask: Asked | None) -> None:
    """From now on `ask` says how healthy registered targets are, and others drain; None: moto does."""
    _Door.ask = ask


def are_asked() -> bool:
    """Does somebody really ask targets?"""
    return _Door.ask is not None


def leaving(group: Any) -> list[Leaving]:
    """The targets that drain now."""
    now = time.monotonic()
    return [each for each in list(_leaving(group).values()) if each.ends > now]


def groups() -> list[Any]:
    """Every target group of the account."""
    return [
        group
        for regions in list(elbv2_backends.values())
        for backend in list(regions.values())
        for group in list(backend.target_groups.values())
    ]


def health_for(group: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """moto's record of a target's health."""
    if _Door.ask is None or group.target_type not in REACHED:
        return _original_health(group, target, ec2_backend)
    target_id = target["Id"]
    registered = group.targets.get(target_id)
    drained = next((each for each in leaving(group) if each.target_id == target_id), None)
    if registered is not None:
        port, health = registered["Port"], _Door.ask(group, target_id)
    elif drained is not None:
        port, health = drained.port, DRAINING
    else:
        port, health = target.get("Port", group.port), NOT_REGISTERED
    checked = str(port) if group.health_check_port == TRAFFIC_PORT else group.health_check_port
    return FakeHealthStatus(target_id, port, checked, *health)


def register(group: Any, targets: list[dict[str, Any]]) -> None:
    _original_register(group, targets)
    for each in targets:
        _leaving(group).pop(each["Id"], None)


def deregister(group: Any, targets: list[dict[str, Any]]) -> None:
    """One that is not registered is out already (DeregisterTargets: "the action returns successfully")."""
    before = dict(group.targets)
    _original_deregister(group, [each for each in targets if each["Id"] in before])
    _drain(group, before)


def deregister_terminated(group: Any, instance_ids: list[str]) -> None:
    """What has been terminated drains like everything else."""
    before = dict(group.targets)
    _original_terminated(group, instance_ids)
    _drain(group, before)


def describe_target_health(backend: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
    """Without names: what is registered, and what drains."""
    found: list[Any] = _original_describe(backend, target_group_arn, targets)
    group = backend.target_groups[target_group_arn]
    if targets or _Door.ask is None:
        return found
    return found + [health_for(group, {"Id": each.target_id}, backend.ec2_backend) for each in leaving(group)]


def _drain(group: Any, before: dict[str, dict[str, Any]]) -> None:
    if _Door.ask is None or group.target_type not in REACHED:
        return
    ends = time.monotonic() + float(group.attributes[DELAY])
    for target_id, target in before.items():
        if target_id not in group.targets:
            _leaving(group)[target_id] = Leaving(target_id=target_id, port=int(target["Port"]), ends=ends)


def _leaving(group: Any) -> dict[str, Leaving]:
    """Kept at moto's record, with which it ends."""
    found: dict[str, Leaving] = group.__dict__.setdefault("leaving", {})
    return found


_original_describe = ELBv2Backend.describe_target_health

REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (FakeTargetGroup, "health_for", health_for),
    (FakeTargetGroup, "register", register),
    (FakeTargetGroup, "deregister", deregister),
    (FakeTargetGroup, "deregister_terminated_instances", deregister_terminated),
    (ELBv2Backend, "describe_target_health", describe_target_health),
)
