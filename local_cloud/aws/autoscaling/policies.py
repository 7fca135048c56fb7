# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Scaling policies: what they make of a group's capacity, when an alarm or a user executes them.

Source: "Step and simple scaling policies" and "Target tracking scaling policies" of the user guide.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from local_cloud.aws.autoscaling import alarms, groups, wording
from local_cloud.aws.autoscaling.members import is_suspended
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import known, life

AGAIN = 60
"""Seconds after which an alarm that is still in ALARM executes its policies once more."""


def look(backend: Any) -> bool:
    """Execute the policies whose alarms say so: was there one?"""
    executed = False
    for policy in list(backend.policies.values()):
        group = backend.autoscaling_groups.get(policy.auto_scaling_group_name)
        if group is None:
            continue
        for alarm in alarms.of_policy(policy):
            alarms.evaluate(policy, alarm)
            if _is_due(backend, group, policy, alarm):
                executed = execute(group, policy, alarm=alarm) or executed
    return executed


def delete(policy: Any) -> None:
    """With its alarms."""
    alarms.delete(policy)
    del policy.autoscaling_backend.policies[policy.auto_scaling_group_name, policy.name]


def _is_due(backend: Any, group: Any, policy: Any, alarm: Any) -> bool:
    """Once for each time that the alarm went off, and again while it stays so."""
    times = known(backend).executed
    key = (policy.arn, alarm.name)
    if alarm.state_value != "ALARM" or not alarm.actions_enabled or not policy.enabled:
        times.pop(key, None)
        return False
    now = options.clock.now()
    if is_suspended(group, "AlarmNotification") or (key in times and now < times[key] + AGAIN):
        return False
    times[key] = now
    return True


def execute(
    group: Any, policy: Any, *, alarm: Any = None, breach: float | None = None, cools: bool = True
) -> bool:
    """Does the capacity change? `breach`: how far the metric is beyond the threshold; None: what the alarm
    says. `cools`: does a simple policy wait for its cooldown?"""
    now = options.clock.now()
    before = int(group.desired_capacity)
    if policy.policy_type == "SimpleScaling" and cools and now < life(group).cooled_at:
        return False
    wanted = _wanted(group, policy, alarm, breach)
    after = min(max(wanted, int(group.min_size)), int(group.max_size))
    if after == before:
        return False
    said = wording.policy_executed(policy.name, before, after, alarm.name if alarm else None)
    groups.set_desired(group, after, said)
    if policy.policy_type == "SimpleScaling":
        cooldown = policy.cooldown if policy.cooldown is not None else group.default_cooldown
        life(group).cooled_at = now + float(cooldown or 0)
    return True


def _wanted(group: Any, policy: Any, alarm: Any, breach: float | None) -> int:
    before = int(group.desired_capacity)
    if policy.policy_type == "TargetTrackingScaling":
        return _tracked(group, policy, alarm)
    if policy.policy_type == "StepScaling":
        if breach is None:
            values = alarms.recent(policy, alarm) if alarm else []
            breach = values[-1] - float(alarm.threshold) if values else 0.0
        step = step_for(policy.step_adjustments or [], breach)
        return before if step is None else _stepped(group, policy, step)
    minimum = int(policy.min_adjustment_magnitude or 0)
    return adjusted(policy.adjustment_type, before, int(policy.scaling_adjustment or 0), minimum)


def _stepped(group: Any, policy: Any, adjustment: int) -> int:
    """What is warming up counts as what an earlier step has brought: no step adds to it twice."""
    before = int(group.desired_capacity)
    warming = warming_up(group, float(policy.estimated_instance_warmup or 0))
    minimum = int(policy.min_adjustment_magnitude or 0)
    wanted = adjusted(policy.adjustment_type, before - warming, adjustment, minimum)
    if warming:
        return max(before, wanted)
    return wanted


def warming_up(group: Any, warmup: float) -> int:
    now = options.clock.now()
    return sum(
        1
        for member in groups.counted(group)
        if member.in_service_at is None or now < member.in_service_at + warmup
    )


def _tracked(group: Any, policy: Any, alarm: Any) -> int:
    """In proportion to how far the metric is from its target. None shrinks while it is warming up."""
    before = int(group.desired_capacity)
    configuration = vars(policy.target_tracking_configuration)
    target = float(configuration["TargetValue"])
    values = alarms.recent(policy, alarm) if alarm else []
    if not values or not target:
        return before
    warming = warming_up(group, float(policy.estimated_instance_warmup or 0))
    wanted = math.ceil((before - warming) * values[-1] / target)
    if "AlarmHigh" in alarm.name:
        return max(before, wanted)
    if configuration.get("DisableScaleIn") or warming:
        return before
    return min(before, max(wanted, 0))


def step_for(steps: Sequence[Mapping[str, Any]], breach: float) -> int | None:
    """The adjustment for a breach of this size; bounds are relative to the threshold."""
    for step in steps:
        lower = step.get("MetricIntervalLowerBound")
        upper = step.get("MetricIntervalUpperBound")
        from_here = lower is None or breach >= float(lower)
        to_here = upper is None or breach < float(upper)
        # Below the threshold the upper bound is part of the step, and the lower one is not.
        if upper is not None and float(upper) <= 0:
            from_here = lower is None or breach > float(lower)
            to_here = breach <= float(upper)
        if from_here and to_here:
            return int(step["ScalingAdjustment"])
    return None


def adjusted(kind: str, before: int, adjustment: int, minimum: int = 0) -> int:
    """A percentage of less than one instance is one, of more it is rounded towards zero."""
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return before + adjustment
    change = before * adjustment / 100
    whole = math.trunc(change) if abs(change) >= 1 else int(math.copysign(math.ceil(abs(change)), change))
    if abs(whole) < minimum:
        whole = int(math.copysign(minimum, adjustment))
    return before + whole
