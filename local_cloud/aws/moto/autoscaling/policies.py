# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Scaling policies, when somebody executes one."""

import math
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend

from local_cloud.aws.autoscaling import groups, wording
from local_cloud.aws.moto.autoscaling.errors import found_group
from local_cloud.aws.moto.autoscaling.sizes import at_rest


@at_rest
def execute(backend: Any, policy_name: str) -> None:
    """What the adjustment makes of the capacity, within the group's limits."""
    policy = backend.policies.get(policy_name)
    if policy is None:
        raise ValidationError(f"No policy found with name {policy_name}")
    group = found_group(backend, policy.auto_scaling_group_name)
    before = group.desired_capacity
    wanted = adjusted(policy.adjustment_type, before, int(policy.scaling_adjustment or 0))
    after = min(max(wanted, group.min_size), group.max_size)
    groups.set_desired(group, after, wording.policy_executed(policy.name, before, after))


def adjusted(kind: str, before: int, adjustment: int) -> int:
    """A percentage of less than one instance is one, of more it is rounded towards zero."""
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return before + adjustment
    change = before * adjustment / 100
    whole = math.trunc(change) if abs(change) >= 1 else int(math.copysign(math.ceil(abs(change)), change))
    return before + whole


REPLACED: tuple[tuple[Any, str, Any], ...] = ((AutoScalingBackend, "execute_policy", execute),)
