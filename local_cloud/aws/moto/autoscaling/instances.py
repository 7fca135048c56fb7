# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""What users do with a group's instances: attach, detach, standby, protect, end, declare unhealthy."""

from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.base_backend import backend_lock
from moto.core.responses import EmptyResult
from moto.ec2.exceptions import InvalidInstanceIdError

from local_cloud.aws.autoscaling import balancers, groups, health, launches, wording
from local_cloud.aws.autoscaling.records import Activity, Member, begin
from local_cloud.aws.moto.autoscaling.errors import found_group, found_member, found_members
from local_cloud.aws.moto.autoscaling.sizes import at_rest


def _now() -> datetime:
    return datetime.now(UTC)


def _resize(group: Any, change: int) -> tuple[int, int]:
    """The desired capacity before and after. It may not go beyond the group's limits."""
    before = group.desired_capacity
    after = before + change
    if after < group.min_size:
        # Inferred, from the words for attaching.
        raise ValidationError(
            f"AutoScalingGroup {group.name} has min-size={group.min_size}, max-size={group.max_size}, and"
            f" desired-size={before}. To take out {-change} more instance{'s' if change < -1 else ''}, please"
            " decrease min-size."
        )
    if after > group.max_size:
        raise ValidationError(
            f"AutoScalingGroup {group.name} has min-size={group.min_size}, max-size={group.max_size}, and"
            f" desired-size={before}. To attach {change} more instance{'s' if change > 1 else ''}, please"
            " increase max-size."
        )
    group.desired_capacity = after
    return before, after


def _begin(
    group: Any, instance: Any, doing: str, what: str, capacity: tuple[int, int], **more: Any
) -> Activity:
    """An activity that a user asked for; `capacity` is the desired one before and after."""
    cause = wording.at(_now(), wording.asked_for(instance.id, what, *capacity))
    return begin(group, f"{doing}: {instance.id}", cause, instance, **more)


@at_rest
def attach(backend: Any, group_name: str, instance_ids: list[str]) -> None:
    """The group grows by them; launch hooks fire for them as for new ones."""
    group = found_group(backend, group_name)
    instances = [_attachable(backend, instance_id) for instance_id in instance_ids]
    capacity = _resize(group, len(instances))
    for instance in instances:
        backend.ec2_backend.create_tags([instance.id], {ASG_NAME_TAG: group.name})
        member = launches.member(group, instance)
        # Inferred, from the words for detaching.
        member.activity = _begin(
            group, instance, "Attaching an existing EC2 instance", "was attached", capacity
        )
        group.instance_states.append(member)


def _attachable(backend: Any, instance_id: str) -> Any:
    try:
        instance = backend.ec2_backend.get_instance(instance_id)
    except InvalidInstanceIdError:
        raise ValidationError(f"Invalid Instance ID(s): [{instance_id}] specified") from None
    if instance.state != "running":
        raise ValidationError(f"The instance {instance_id} is not in running state.")
    if any(
        member.instance_id == instance_id
        for group in backend.autoscaling_groups.values()
        for member in group.instance_states
    ):
        raise ValidationError(f"Instance {instance_id} is already part of an Auto Scaling group.")
    return instance


@at_rest
def detach(backend: Any, group_name: str, instance_ids: list[str], should_decrement: bool) -> list[Activity]:
    group = found_group(backend, group_name)
    found = found_members(group, instance_ids)
    capacity = _resize(group, -len(found) if should_decrement else 0)
    activities = []
    for member in found:
        activity = _begin(
            group, member.instance, "Detaching EC2 instance", "was detached", capacity, progress=50
        )
        balancers.deregister(group, member.instance_id)
        member.lifecycle_state = "Detached"
        group.instance_states.remove(member)
        backend.ec2_backend.delete_tags([member.instance_id], {ASG_NAME_TAG: group.name})
        activities.append(_answered(activity))
    return activities


def _answered(activity: Activity) -> Activity:
    """What a call answers with, which is not over yet; the history has it ended."""
    answer = Activity(**vars(activity))
    activity.end("Successful")
    return answer


@at_rest
def enter_standby(
    backend: Any, group_name: str, instance_ids: list[str], should_decrement: bool
) -> list[Activity]:
    group = found_group(backend, group_name)
    found = found_members(group, instance_ids)
    for member in found:
        _require(member, "InService")
    capacity = _resize(group, -len(found) if should_decrement else 0)
    activities = []
    for member in found:
        activity = _begin(
            group,
            member.instance,
            "Moving EC2 instance to Standby",
            "was moved to standby",
            capacity,
            progress=50,
        )
        balancers.deregister(group, member.instance_id)
        member.lifecycle_state = "Standby"
        activities.append(_answered(activity))
    return activities


def _require(member: Member, state: str) -> None:
    if member.lifecycle_state != state:
        raise ValidationError(f"The instance {member.instance_id} is not in {state}.")


@at_rest
def exit_standby(backend: Any, group_name: str, instance_ids: list[str]) -> list[Activity]:
    """They come into service as new instances do, hooks included."""
    group = found_group(backend, group_name)
    found = found_members(group, instance_ids)
    for member in found:
        _require(member, "Standby")
    before = group.desired_capacity
    after = group.desired_capacity = before + len(found)
    activities = []
    for member in found:
        activity = _begin(
            group,
            member.instance,
            "Moving EC2 instance out of Standby",
            "was moved out of standby",
            (before, after),
            status_code="PreInService",
            progress=30,
        )
        activities.append(Activity(**vars(activity)))
        member.lifecycle_state, member.activity = "Pending", activity
    return activities


@at_rest
def terminate_instance(backend: Any, instance_id: str, should_decrement: bool) -> Activity:
    member = found_member(backend, instance_id)
    group = member.auto_scaling_group
    if should_decrement and group.desired_capacity <= group.min_size:
        raise ValidationError(
            f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without"
            " replacement will violate group's min size constraint. Either set"
            " shouldDecrementDesiredCapacity flag to false or lower group's min size."
        )
    activity = groups.terminate(member, decrement=should_decrement)
    return Activity(**vars(activity))


@at_rest
def set_health(backend: Any, instance_id: str, health_status: str, *, respects_grace: bool = True) -> None:
    member = found_member(backend, instance_id)
    if health_status == "Unhealthy" and respects_grace and health.in_grace(member):
        return
    member.health_status = health_status
    member.unhealthy_by = "user" if health_status == "Unhealthy" else None


def respond_set_health(response: Any) -> Any:
    status = response._get_param("HealthStatus")
    if status not in {"Healthy", "Unhealthy"}:
        raise ValidationError(f"HealthStatus must be Healthy or Unhealthy: {status}")
    response.autoscaling_backend.set_instance_health(
        response._get_param("InstanceId"),
        status,
        respects_grace=response._get_bool_param("ShouldRespectGracePeriod", True),
    )
    return EmptyResult()


def set_protection(
    backend: Any, group_name: str, instance_ids: list[str], protected_from_scale_in: bool
) -> None:
    with backend_lock:
        for member in found_members(found_group(backend, group_name), instance_ids):
            member.protected_from_scale_in = bool(protected_from_scale_in)


@at_rest
def notify_terminate(_backend: Any, _instance_ids: list[str]) -> None:
    """EC2 has ended instances: their groups' health checks find it."""


def update_target_groups(backend: Any, group_name: str) -> None:
    """What is in service goes into the group's target groups, which exist."""
    group = found_group(backend, group_name)
    if group.target_group_arns:
        backend.elbv2_backend.describe_target_groups(
            load_balancer_arn=None, target_group_arns=group.target_group_arns, names=None
        )
    for member in group.instance_states:
        if member.lifecycle_state == "InService":
            balancers.register(group, member.instance_id)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AutoScalingBackend, "attach_instances", attach),
    (AutoScalingBackend, "detach_instances", detach),
    (AutoScalingBackend, "enter_standby_instances", enter_standby),
    (AutoScalingBackend, "exit_standby_instances", exit_standby),
    (AutoScalingBackend, "terminate_instance", terminate_instance),
    (AutoScalingBackend, "set_instance_health", set_health),
    (AutoScalingBackend, "set_instance_protection", set_protection),
    (AutoScalingBackend, "update_attached_target_groups", update_target_groups),
    (AutoScalingBackend, "notify_terminate_instances", notify_terminate),
    (AutoScalingResponse, "set_instance_health", respond_set_health),
)
