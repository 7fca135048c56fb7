# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Instance refreshes: a group's instances are replaced, a part at a time.

Source: "Use an instance refresh to update instances in an Auto Scaling group". Words that are not recorded
are marked as inferred.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from local_cloud.aws.autoscaling import launches, members, wording
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import Member, life

ACTIVE = frozenset({"Pending", "InProgress", "RollbackInProgress"})
DEFAULTS: dict[str, Any] = {
    "MinHealthyPercentage": 90,
    "SkipMatching": False,
    "AutoRollback": False,
    "ScaleInProtectedInstances": "Ignore",
    "StandbyInstances": "Ignore",
}
CHECKPOINT_DELAY = 3600
PATIENCE = 3600
"""Seconds after which a refresh fails whose new instances do not come into service."""
WHOLE = 100


@dataclass(kw_only=True, eq=False)
class Refresh:
    """One instance refresh, in the API's shape."""

    auto_scaling_group_name: str
    preferences: dict[str, Any]
    desired_configuration: dict[str, Any] | None
    source: launches.Source | None
    """What is launched from while it runs; None: what the group says."""
    old: frozenset[str]
    """The instances that it is to replace."""
    warmup: float
    begun_at: float = field(default_factory=options.clock.now)
    """On the options' clock: what is launched later is new."""
    instance_refresh_id: str = field(default_factory=lambda: str(mock_random.uuid4()))
    strategy: str = "Rolling"
    status: str = "Pending"
    status_reason: str | None = None
    start_time: datetime = field(default_factory=utcnow)
    end_time: datetime | None = None
    percentage_complete: int = 0
    instances_to_update: int = 0
    rollback_details: dict[str, Any] | None = None
    checkpoints: list[int] = field(default_factory=list)
    """Those that are still to come."""
    waits_until: float | None = None
    patience_until: float | None = None
    surge: int = 0
    """Instances that are launched before old ones end."""

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


def begin(group: Any, preferences: dict[str, Any], desired: dict[str, Any] | None) -> Refresh:
    """A new refresh of the group, which has none that is active."""
    source = launches.Source.desired(group, desired) if desired else None
    chosen = DEFAULTS | preferences
    refresh = Refresh(
        auto_scaling_group_name=group.name,
        preferences=chosen,
        desired_configuration=desired,
        source=source,
        old=frozenset(
            each.instance_id for each in group.instance_states if _is_meant(each, chosen, source, group)
        ),
        warmup=float(chosen.get("InstanceWarmup", group.health_check_grace_period or 0)),
        checkpoints=sorted(chosen.get("CheckpointPercentages", [])),
    )
    refresh.instances_to_update = len(refresh.old)
    life(group).refreshes.insert(0, refresh)
    return refresh


def _is_meant(
    member: Member, preferences: dict[str, Any], source: launches.Source | None, group: Any
) -> bool:
    if member.lifecycle_state == "Standby":
        return bool(preferences["StandbyInstances"] == "Terminate")
    if not member.counts:
        return False
    if member.protected_from_scale_in and preferences["ScaleInProtectedInstances"] == "Ignore":
        return False
    wanted = launches.template_specification(group, source)
    return not (preferences["SkipMatching"] and wanted and member.launch_template == wanted)


def active(group: Any) -> Refresh | None:
    return next((each for each in life(group).refreshes if each.is_active), None)


def deadlines(group: Any) -> Iterator[float]:
    refresh = active(group)
    if refresh is None:
        return
    now = options.clock.now()
    # What is over stays noted while the refresh is suspended, or waits for something else.
    yield from (each for each in (refresh.waits_until, refresh.patience_until) if each and each > now)
    yield from (
        member.in_service_at + refresh.warmup
        for member in group.instance_states
        if member.in_service_at is not None and not _is_warm(member, refresh)
    )


def advance(group: Any) -> bool:
    """A step further, if there is one now: was there?"""
    refresh = active(group)
    if refresh is None or members.is_suspended(group, "InstanceRefresh"):
        return False
    if refresh.status == "Pending":
        refresh.status = "InProgress"
    if refresh.status == "InProgress" and (alarm := _alarm(group, refresh)):
        return fail(group, refresh, f"The alarm {alarm} is in the ALARM state.")
    left = [m for m in group.instance_states if m.instance_id in refresh.old and _is_there(m)]
    waiting = _not_ready(group, refresh)
    _tell(refresh, len(left) + min(len(waiting) + _missing(group, refresh), len(refresh.old) - len(left)))
    if waiting or _missing(group, refresh):
        return _wait(group, refresh, waiting)
    refresh.patience_until = None
    if not left:
        return _finish(group, refresh)
    if _at_checkpoint(refresh):
        return False
    return _replace(group, refresh, left)


def _is_there(member: Member) -> bool:
    return member.counts or member.lifecycle_state == "Standby"


def _is_warm(member: Member, refresh: Refresh) -> bool:
    return member.in_service_at is not None and options.clock.now() >= member.in_service_at + refresh.warmup


def _not_ready(group: Any, refresh: Refresh) -> list[Member]:
    """New instances that are not in service and warm."""
    return [
        member
        for member in group.instance_states
        if member.counts and member.launched_at >= refresh.begun_at and not _is_warm(member, refresh)
    ]


def _missing(group: Any, refresh: Refresh) -> int:
    counted = sum(1 for member in group.instance_states if member.counts)
    return max(int(group.desired_capacity or 0) + refresh.surge - counted, 0)


def _tell(refresh: Refresh, to_update: int) -> None:
    whole = len(refresh.old)
    done = int(WHOLE * (whole - to_update) / whole) if whole else WHOLE
    if refresh.rollback_details is None:
        refresh.instances_to_update, refresh.percentage_complete = to_update, done
    else:
        # It goes back to zero; how many were not replaced stays as it was.
        reached = refresh.rollback_details["PercentageCompleteOnRollback"]
        refresh.percentage_complete = int(reached * (WHOLE - done) / WHOLE)


def _wait(group: Any, refresh: Refresh, waiting: list[Member]) -> bool:
    now = options.clock.now()
    if refresh.patience_until is None:
        refresh.patience_until = now + PATIENCE + refresh.warmup
    if now >= refresh.patience_until:
        # Inferred.
        return fail(group, refresh, "The replacement instances did not come into service within an hour.")
    if waiting:
        refresh.status_reason = (
            "Waiting for instances to warm up before continuing. For example:"
            f" {waiting[0].instance_id} is warming up."
        )
    return False


def _at_checkpoint(refresh: Refresh) -> bool:
    """Does it wait at one of its percentages?"""
    now = options.clock.now()
    if refresh.waits_until is not None:
        if now < refresh.waits_until:
            return True
        refresh.waits_until = None
    if refresh.checkpoints and refresh.percentage_complete >= refresh.checkpoints[0]:
        reached = refresh.checkpoints.pop(0)
        refresh.waits_until = now + refresh.preferences.get("CheckpointDelay", CHECKPOINT_DELAY)
        # Inferred.
        refresh.status_reason = f"Waiting at the checkpoint of {reached} percent before continuing."
        return True
    return False


def _replace(group: Any, refresh: Refresh, left: list[Member]) -> bool:
    """The next part: new instances first where that many must stay healthy, else old ones end first."""
    free = [m for m in left if not _is_kept(m, refresh)]
    if not free:
        return _wait(group, refresh, [])
    desired = int(group.desired_capacity or 0)
    minimum = refresh.preferences["MinHealthyPercentage"]
    maximum = refresh.preferences.get("MaxHealthyPercentage", WHOLE)
    launches_first = minimum >= WHOLE or maximum > WHOLE
    if launches_first and not refresh.surge:
        refresh.surge = min(max(math.floor(desired * (maximum - WHOLE) / WHOLE), 1), len(free))
        life(group).refreshing += refresh.surge
        return True
    room = max(desired - math.ceil(desired * minimum / WHOLE), 1)
    count = refresh.surge or min(room, len(free))
    refresh.surge = 0
    for member in free[:count]:
        said = (wording.REFRESHED, *wording.selected([member.instance_id]))
        cause = wording.together(*(wording.at(utcnow(), each) for each in said))
        members.begin_termination(member, cause)
    life(group).refreshing += 0 if launches_first else count
    return True


def _is_kept(member: Member, refresh: Refresh) -> bool:
    return member.protected_from_scale_in and refresh.preferences["ScaleInProtectedInstances"] == "Wait"


def _alarm(group: Any, refresh: Refresh) -> str | None:
    named = (refresh.preferences.get("AlarmSpecification") or {}).get("Alarms", [])
    known = cloudwatch_backends[group.account_id][group.region].alarms
    return next((name for name in named if name in known and known[name].state_value == "ALARM"), None)


def _finish(group: Any, refresh: Refresh) -> bool:
    if refresh.rollback_details is None:
        if refresh.source:
            refresh.source.apply(group)
        _end(refresh, "Successful", None)
    else:
        _end(refresh, "RollbackSuccessful", refresh.status_reason)
    return True


def _end(refresh: Refresh, status: str, reason: str | None) -> None:
    refresh.status, refresh.status_reason, refresh.end_time = status, reason, utcnow()
    refresh.surge, refresh.waits_until, refresh.patience_until = 0, None, None


def fail(group: Any, refresh: Refresh, reason: str) -> bool:
    """It is over, or goes back if that was asked for."""
    if refresh.rollback_details is not None:
        _end(refresh, "RollbackFailed", reason)
    elif refresh.preferences["AutoRollback"] and refresh.source is not None:
        roll_back(group, refresh, reason)
    else:
        _end(refresh, "Failed", reason)
    return True


def cancel(refresh: Refresh) -> None:
    """What is replaced stays so."""
    # Inferred.
    _end(refresh, "Cancelled", "Cancelled due to user request.")


def roll_back(group: Any, refresh: Refresh, reason: str) -> None:
    """Replace what was launched since, from what the group says."""
    refresh.rollback_details = {
        "RollbackReason": reason,
        "RollbackStartTime": utcnow(),
        "PercentageCompleteOnRollback": refresh.percentage_complete,
        "InstancesToUpdateOnRollback": refresh.instances_to_update,
    }
    new = [m for m in group.instance_states if m.counts and m.instance_id not in refresh.old]
    refresh.old = frozenset(member.instance_id for member in new)
    refresh.source, refresh.checkpoints, refresh.surge = None, [], 0
    refresh.begun_at = options.clock.now()
    refresh.waits_until = refresh.patience_until = None
    refresh.status, refresh.status_reason = "RollbackInProgress", reason
    life(group).failures, life(group).retry_at = 0, None
