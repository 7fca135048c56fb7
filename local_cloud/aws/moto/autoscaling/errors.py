# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What Auto Scaling says of names that it does not know."""

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError

from local_cloud.aws.autoscaling.records import Member


def found_group(backend: Any, name: str) -> Any:
    if name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - no such group: {name}")
    return backend.autoscaling_groups[name]


def found_members(group: Any, instance_ids: list[str]) -> list[Member]:
    members = {member.instance_id: member for member in group.instance_states}
    for instance_id in instance_ids:
        if instance_id not in members:
            raise ValidationError(
                f"The instance {instance_id} is not part of Auto Scaling group {group.name}."
            )
    return [members[instance_id] for instance_id in instance_ids]


def found_member(backend: Any, instance_id: str) -> Member:
    for group in backend.autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance_id == instance_id:
                found: Member = member
                return found
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")


def in_use() -> AutoscalingClientError:
    return AutoscalingClientError(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
        " still in the group.",
    )
