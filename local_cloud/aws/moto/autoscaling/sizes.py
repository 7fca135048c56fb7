# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""Groups that are made, changed and deleted; how large they are to be."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends, make_int
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.base_backend import backend_lock
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from local_cloud.aws.autoscaling import groups, launches, members, wording
from local_cloud.aws.autoscaling.records import known, life
from local_cloud.aws.moto import linked_roles
from local_cloud.aws.moto.autoscaling.errors import found_group, in_use
from local_cloud.aws.moto.ec2.launches import check

LATER = {
    "DefaultCooldown": "default_cooldown",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
}
"""Parameters of UpdateAutoScalingGroup that moto passes over, and where it keeps them."""
PROCESSES = (
    *("Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance"),
    *("HealthCheck", "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"),
)

_original_create = AutoScalingBackend.create_auto_scaling_group
_original_set_launch = FakeAutoScalingGroup._set_launch_configuration


def at_rest(change: Callable[..., Any]) -> Callable[..., Any]:
    """`change` of a backend, after which its groups have done all that they can at once."""

    @wraps(change)
    def changed(backend: Any, *arguments: Any, **named: Any) -> Any:
        with backend_lock:
            result = change(backend, *arguments, **named)
            for group in list(backend.autoscaling_groups.values()):
                groups.advance(group)
            return result

    return changed


@at_rest
def create(backend: Any, name: str, *arguments: Any, **named: Any) -> Any:
    if name in backend.autoscaling_groups:
        raise _exists(name)
    minimum, maximum = make_int(named.get("min_size")), make_int(named.get("max_size"))
    _check_range(named.get("desired_capacity"), minimum, maximum)
    linked_roles.ensure("autoscaling", backend.account_id, backend.partition)
    group = _original_create(backend, name, *arguments, **named)
    # moto's default is that of the console.
    group.health_check_grace_period = make_int(named.get("health_check_period")) or 0
    desired, group.desired_capacity = int(group.desired_capacity or 0), 0
    groups.set_desired(group, desired, wording.created(desired))
    return group


def _exists(name: str) -> Exception:
    return AutoscalingClientError(
        "AlreadyExists",
        f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
    )


def _check_range(desired: int | None, minimum: int | None, maximum: int | None) -> None:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValidationError("Max bound must be greater than or equal to min bound")
    wanted = make_int(desired)
    if wanted is not None and not (minimum or 0) <= wanted <= (wanted if maximum is None else maximum):
        raise ValidationError(
            f"Desired capacity:{wanted} must be between the specified min size:{minimum} and"
            f" max size:{maximum}"
        )


def set_group_capacity(group: Any, new_capacity: int | None) -> None:
    """moto's way to launch and end; here it is noted, and `at_rest` sees to it."""
    group.desired_capacity = group.min_size if new_capacity is None else new_capacity


def set_launch(group: Any, configuration: str, template: Any, policy: Any) -> None:
    """What a group launches from is a configuration or a template, and the other no longer."""
    if configuration and configuration not in group.autoscaling_backend.launch_configurations:
        raise ValidationError("Launch configuration name not found - null")
    before = dict(vars(group))
    _original_set_launch(group, configuration, template, policy)
    try:
        if template or policy:
            _check_template(group)
    except ValidationError:
        vars(group).update(before)
        raise
    if configuration:
        group.ec2_launch_template = None
    elif template or policy:
        group.launch_config = group.launch_configuration_name = None
    if policy and not template:
        group.provided_launch_template_version = group.launch_template_version


def _check_template(group: Any) -> None:
    """What EC2 would refuse to launch is refused at once; that of a configuration is not looked at."""
    specification = launches.template_specification(group)
    try:
        check(group.ec2_backend, {"LaunchTemplate": specification})
    except ServiceException as refused:
        raise ValidationError(
            f"You must use a valid fully-formed launch template. {refused.message}"
        ) from refused


@at_rest
def update(backend: Any, name: str, **given: Any) -> Any:
    if given.get("launch_config_name") and given.get("launch_template"):
        raise ValidationError(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName "
            "or MixedInstancesPolicy parameter."
        )
    if name not in backend.autoscaling_groups:
        raise ValidationError("AutoScalingGroup name not found - null")
    group = backend.autoscaling_groups[name]
    minimum = group.min_size if given.get("min_size") is None else given["min_size"]
    maximum = group.max_size if given.get("max_size") is None else given["max_size"]
    desired = given.get("desired_capacity")
    _check_range(desired, minimum, maximum)
    if desired is None:
        desired = min(max(group.desired_capacity, minimum), maximum)
    group._set_azs_and_vpcs(given["availability_zones"], given["vpc_zone_identifier"], update=True)
    launch = (given["launch_config_name"], given["launch_template"], given.get("mixed_instances_policy"))
    if any(launch):
        group.mixed_instances_policy = launch[2]
        group._set_launch_configuration(*launch)
    for member, value in (
        ("health_check_grace_period", given["health_check_period"]),
        ("health_check_type", given["health_check_type"]),
        ("new_instances_protected_from_scale_in", given.get("new_instances_protected_from_scale_in")),
    ):
        if value is not None:
            setattr(group, member, value)
    group.min_size, group.max_size = minimum, maximum
    life(group).failures, life(group).retry_at = 0, None
    groups.set_desired(group, desired, wording.updated(minimum, maximum, group.desired_capacity, desired))
    return group


def respond_update(response: Any) -> Any:
    """moto's answer, and what it passes over."""
    backend = response.autoscaling_backend
    result = _original_respond_update(response)
    group = backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]
    for parameter, member in LATER.items():
        value = response._get_param(parameter)
        if value is not None:
            setattr(group, member, value)
    return result


_original_respond_update = AutoScalingResponse.update_auto_scaling_group


@at_rest
def set_desired_capacity(backend: Any, group_name: str, desired_capacity: int) -> None:
    group = found_group(backend, group_name)
    for limit, is_beyond, word in (
        (group.max_size, desired_capacity > group.max_size, "above max"),
        (group.min_size, desired_capacity < group.min_size, "below min"),
    ):
        if is_beyond:
            raise ValidationError(
                f"New SetDesiredCapacity value {desired_capacity} is {word} value {limit} for the"
                " AutoScalingGroup."
            )
    said = wording.capacity_set(group.desired_capacity, desired_capacity)
    groups.set_desired(group, desired_capacity, said)


@at_rest
def delete(backend: Any, group_name: str, *, force: bool = False) -> None:
    if group_name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{group_name}' not found")
    group = backend.autoscaling_groups[group_name]
    if group.instance_states and not force:
        raise in_use()
    for name, hook in list(backend.lifecycle_hooks.items()):
        if hook.auto_scaling_group_name == group_name:
            del backend.lifecycle_hooks[name]
    for policy in list(backend.policies.values()):
        if policy.auto_scaling_group_name == group_name:
            backend.delete_policy(policy.name)
    # ForceDelete ends instances without any lifecycle action.
    for member in list(group.instance_states):
        members.end_at_once(member)
    for activity in known(backend).activities:
        if activity.auto_scaling_group_arn == group.arn:
            activity.auto_scaling_group_state = "Deleted"
    group.desired_capacity = 0
    del backend.autoscaling_groups[group_name]


def delete_with_stack(group: Any, _account_id: str, _region_name: str) -> None:
    """CloudFormation makes it empty first."""
    group.autoscaling_backend.delete_auto_scaling_group(group.name, force=True)


def delete_before_update(name: str, _json: Any, account_id: str, region_name: str, **_: Any) -> None:
    """moto makes another group where CloudFormation changes one."""
    backend: Any = autoscaling_backends[account_id][region_name]
    if name in backend.autoscaling_groups:
        backend.delete_auto_scaling_group(name, force=True)


def respond_delete(response: Any) -> ActionResult:
    response.autoscaling_backend.delete_auto_scaling_group(
        response._get_param("AutoScalingGroupName"),
        force=response._get_bool_param("ForceDelete", False),
    )
    return EmptyResult()


@at_rest
def suspend(backend: Any, group_name: str, scaling_processes: list[str]) -> None:
    group = found_group(backend, group_name)
    before = [each["ProcessName"] for each in group.suspended_processes]
    group.suspended_processes = list(dict.fromkeys([*before, *_processes(scaling_processes)]))


@at_rest
def resume(backend: Any, group_name: str, scaling_processes: list[str]) -> None:
    group = found_group(backend, group_name)
    resumed = set(_processes(scaling_processes))
    group.suspended_processes = [
        name for each in group.suspended_processes if (name := each["ProcessName"]) not in resumed
    ]


def _processes(given: list[str]) -> list[str]:
    for name in given:
        if name not in PROCESSES:
            raise ValidationError(f"Invalid scaling process: {name}. Valid: {', '.join(PROCESSES)}")
    return given or list(PROCESSES)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (FakeAutoScalingGroup, "set_desired_capacity", set_group_capacity),
    (FakeAutoScalingGroup, "delete", delete_with_stack),
    (FakeAutoScalingGroup, "delete_from_cloudformation_json", staticmethod(delete_before_update)),
    (FakeAutoScalingGroup, "_set_launch_configuration", set_launch),
    (AutoScalingBackend, "create_auto_scaling_group", create),
    (AutoScalingBackend, "update_auto_scaling_group", update),
    (AutoScalingBackend, "set_desired_capacity", set_desired_capacity),
    (AutoScalingBackend, "delete_auto_scaling_group", delete),
    (AutoScalingBackend, "suspend_processes", suspend),
    (AutoScalingBackend, "resume_processes", resume),
    (AutoScalingResponse, "update_auto_scaling_group", respond_update),
    (AutoScalingResponse, "delete_auto_scaling_group", respond_delete),
)
