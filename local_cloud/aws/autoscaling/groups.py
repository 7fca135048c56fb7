# ruff: noqa: ANN401 - moto's objects are duck-typed
"""A group on its way to what is asked of it. Whoever calls has moto for itself, and holds its lock."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from local_cloud.aws.autoscaling import capacity, health, hooks, launches, members, messages, refresh, wording
from local_cloud.aws.autoscaling.members import is_suspended
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import PENDING, Member, begin, life

LOG = logging.getLogger(__name__)
BALANCING = ("AZRebalance", "Launch", "Terminate")
"""The processes that even zones need."""
REFUSALS = (ServiceException, HTTPException)
"""What moto raises where EC2 says no."""


def advance(group: Any) -> bool:
    """Everything that can happen now: was there anything?"""
    steps = 0
    while (
        hooks.expire(group)
        or _advance_members(group)
        or _replace_unhealthy(group)
        or refresh.advance(group)
        or _rebalance(group)
        or _scale_in(group)
        or _scale_out(group)
    ):
        steps += 1
    return bool(steps)


def deadlines(group: Any) -> Iterator[float]:
    """The moments, on the options' clock, at which something may happen by itself."""
    yield from (action.deadline for action in hooks.waiting(group))
    yield from refresh.deadlines(group)
    yield from (end for member in group.instance_states if (end := health.grace_ends(member)))
    retry_at = life(group).retry_at
    if retry_at is not None:
        yield retry_at


def set_desired(group: Any, desired: int, why: str) -> None:
    """Another desired capacity; `why` is the sentence about it."""
    if desired != group.desired_capacity:
        life(group).why = wording.at(_now(), why)
    group.desired_capacity = desired


def counted(group: Any) -> list[Member]:
    return [member for member in group.instance_states if member.counts]


def terminate(member: Member, *, decrement: bool) -> Any:
    """TerminateInstanceInAutoScalingGroup; its activity."""
    group = member.auto_scaling_group
    before = group.desired_capacity
    if decrement:
        group.desired_capacity -= 1
    said = wording.asked_for(member.instance_id, "was taken out of service", before, group.desired_capacity)
    return members.begin_termination(member, wording.at(_now(), said))


def _advance_members(group: Any) -> bool:
    steps = [members.advance(member) for member in list(group.instance_states)]
    return any(steps)


def _replace_unhealthy(group: Any) -> bool:
    if not is_suspended(group, "HealthCheck"):
        for member in group.instance_states:
            reason = None if member.unhealthy_by else health.verdict(member)
            if reason:
                member.unhealthy_by, member.health_status = reason, "Unhealthy"
    if is_suspended(group, "ReplaceUnhealthy") or is_suspended(group, "Terminate"):
        return False
    found = [m for m in counted(group) if m.health_status == "Unhealthy" and m.unhealthy_by]
    for member in found:
        is_launching = member.lifecycle_state in PENDING
        members.begin_termination(member, wording.at(_now(), wording.unhealthy(member.unhealthy_by or "EC2")))
        if not is_launching:
            life(group).replacing += 1
    return bool(found)


def _scale_in(group: Any) -> bool:
    present = counted(group)
    before, after = len(present), _wanted(group)
    if before <= after or is_suspended(group, "Terminate"):
        return False
    found = {member.instance_id: member for member in present}
    chosen = capacity.to_terminate(
        [_candidate(member) for member in present],
        group.termination_policies,
        before - after,
        options.clock.now(),
    )
    why, life(group).why = life(group).why, None
    if not chosen:
        if why:
            begin(group, wording.PROTECTED, why).end("Failed")
        return False
    now = _now()
    ids = [each.instance_id for each in chosen]
    cause = wording.together(
        why,
        wording.at(now, wording.shrunk(before, after)),
        *(wording.at(now, said) for said in wording.selected(ids)),
    )
    for each in ids:
        members.begin_termination(found[each], cause)
    return True


def _rebalance(group: Any) -> bool:
    """Zones that came to differ by two get even again: one more instance is launched before one ends."""
    known = life(group)
    present = counted(group)
    is_at_rest = all(member.lifecycle_state == "InService" for member in present)
    more = len(present) - _wanted(group) + known.balancing
    if not is_at_rest or refresh.active(group) or known.retry_at is not None:
        return False
    if known.balancing:
        known.balancing = 0 if more > 0 else known.balancing
        return more > 0
    zones = Counter(dict.fromkeys(group.availability_zones, 0))
    zones.update(m.availability_zone for m in present if m.availability_zone in zones)
    differ = max(zones.values()) - min(zones.values()) > 1
    free = any(
        zones[m.availability_zone] == max(zones.values()) and not m.protected_from_scale_in for m in present
    )
    if more or not differ or not free or any(is_suspended(group, each) for each in BALANCING):
        return False
    known.balancing = 1
    return True


def _candidate(member: Member) -> capacity.Candidate:
    return capacity.Candidate(
        instance_id=member.instance_id,
        zone=member.availability_zone,
        launched_at=member.launched_at,
        vintage=launches.vintage(member),
        protected=member.protected_from_scale_in,
    )


def _scale_out(group: Any) -> bool:
    known = life(group)
    present = counted(group)
    before, after = len(present), _wanted(group)
    if known.retry_at is not None and options.clock.now() >= known.retry_at:
        known.retry_at = None
    if before >= after or known.retry_at is not None or is_suspended(group, "Launch"):
        return False
    cause = _cause_of_launch(group, before, after)
    try:
        for place in launches.places(group, present, after - before):
            _launch(group, place, cause)
    except REFUSALS as refused:
        _failed(group, cause, str(getattr(refused, "message", refused)))
        return False
    return True


def _cause_of_launch(group: Any, before: int, after: int) -> str:
    known = life(group)
    why, known.why = known.why, None
    replaces, known.replacing = known.replacing >= after - before and not why, 0
    refreshes, known.refreshing = known.refreshing >= after - before and not why, 0
    said = wording.started(before, after)
    if refreshes or replaces:
        said = wording.REFRESHING if refreshes else wording.REPLACING
    elif known.balancing and not why:
        said = wording.BALANCING
    return wording.together(why, wording.at(_now(), said))


def _failed(group: Any, cause: str, why: str) -> None:
    """EC2 has refused to launch: it is tried again later."""
    LOG.warning("%s cannot launch: %s", group.name, why)
    activity = begin(group, "Launching a new EC2 instance", cause)
    activity.end("Failed", f"{why.rstrip('.')}. Launching EC2 instance failed.")
    known = life(group)
    known.failures += 1
    known.retry_at = hooks.retry_at(known.failures)
    messages.of_activity(group, "EC2_INSTANCE_LAUNCH_ERROR", activity, "")


def _launch(group: Any, place: dict[str, Any], cause: str) -> None:
    under_way = refresh.active(group)
    member = launches.launched(group, place, under_way.source if under_way else None)
    member.activity = begin(
        group,
        f"Launching a new EC2 instance: {member.instance_id}",
        cause,
        member.instance,
        status_code="PreInService",
        progress=30,
    )
    group.instance_states.append(member)


def _wanted(group: Any) -> int:
    """Of instances: with weights, those of the first type of the list."""
    overrides = (group.mixed_instances_policy or {}).get("LaunchTemplate", {}).get("Overrides", [])
    weight = int(overrides[0].get("WeightedCapacity") or 1) if overrides else 1
    under_way = refresh.active(group)
    surge = under_way.surge if under_way else life(group).balancing
    return -(-int(group.desired_capacity or 0) // max(weight, 1)) + surge


def _now() -> datetime:
    return datetime.now(UTC)
