# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Instance refreshes, which moto has not."""

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.base_backend import backend_lock
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from local_cloud.aws.autoscaling import refresh
from local_cloud.aws.autoscaling.records import life
from local_cloud.aws.moto.autoscaling.errors import found_group
from local_cloud.aws.moto.autoscaling.sizes import at_rest

NOT_ROLLED_BACK = {"$Latest", "$Default"}


def start(response: Any) -> ActionResult:
    get = response._get_param
    return ActionResult({"InstanceRefreshId": _start(response.autoscaling_backend, get)})


@at_rest
def _start(backend: Any, get: Any) -> str:
    group = found_group(backend, get("AutoScalingGroupName"))
    if get("Strategy", "Rolling") != "Rolling":
        raise ValidationError(f"The strategy {get('Strategy')} is not available here: only Rolling is.")
    if refresh.active(group):
        raise AutoscalingClientError(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )
    preferences, desired = get("Preferences", {}), get("DesiredConfiguration")
    _check(preferences, desired, group)
    try:
        return refresh.begin(group, preferences, desired).instance_refresh_id
    except ServiceException as refused:
        raise ValidationError(str(refused.message)) from refused


def _check(preferences: dict[str, Any], desired: dict[str, Any] | None, group: Any) -> None:
    least, most = preferences.get("MinHealthyPercentage", 90), preferences.get("MaxHealthyPercentage", 100)
    if not 0 <= least <= 100 <= most <= 200 or most - least > 100:  # noqa: PLR2004 - StartInstanceRefresh says so
        raise ValidationError(
            f"MinHealthyPercentage ({least}) is between 0 and 100, MaxHealthyPercentage ({most}) between 100"
            " and 200, and their difference at most 100."
        )
    if preferences.get("AutoRollback") and not _can_go_back(group, desired):
        # Inferred.
        raise ValidationError(
            "AutoRollback needs a DesiredConfiguration, and of it and the group a launch template whose"
            " version is a number."
        )


def _can_go_back(group: Any, desired: dict[str, Any] | None) -> bool:
    """To what the group says: a version that stays what it is."""
    return _is_fixed(desired) and group.provided_launch_template_version not in {None, *NOT_ROLLED_BACK}


def _is_fixed(desired: dict[str, Any] | None) -> bool:
    """Does it name a version that stays what it is?"""
    if not desired:
        return False
    policy = desired.get("MixedInstancesPolicy") or {}
    mixed = policy.get("LaunchTemplate", {}).get("LaunchTemplateSpecification", {})
    version = (desired.get("LaunchTemplate") or mixed).get("Version")
    return version is not None and version not in NOT_ROLLED_BACK


def describe(response: Any) -> ActionResult:
    ids = response._get_param("InstanceRefreshIds", [])
    with backend_lock:
        group = found_group(response.autoscaling_backend, response._get_param("AutoScalingGroupName"))
        found = [each for each in life(group).refreshes if not ids or each.instance_refresh_id in ids]
    return ActionResult({"InstanceRefreshes": found})


def _active(backend: Any, name: str) -> tuple[Any, refresh.Refresh]:
    group = found_group(backend, name)
    found = refresh.active(group)
    if found is None:
        raise AutoscalingClientError(
            "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found."
        )
    return group, found


def cancel(response: Any) -> ActionResult:
    name = response._get_param("AutoScalingGroupName")
    return ActionResult({"InstanceRefreshId": _cancel(response.autoscaling_backend, name)})


@at_rest
def _cancel(backend: Any, name: str) -> str:
    _, found = _active(backend, name)
    refresh.cancel(found)
    return found.instance_refresh_id


def roll_back(response: Any) -> ActionResult:
    name = response._get_param("AutoScalingGroupName")
    return ActionResult({"InstanceRefreshId": _roll_back(response.autoscaling_backend, name)})


@at_rest
def _roll_back(backend: Any, name: str) -> str:
    group, found = _active(backend, name)
    if found.rollback_details is not None or not _can_go_back(group, found.desired_configuration):
        # Inferred.
        raise AutoscalingClientError(
            "IrreversibleInstanceRefresh",
            "The instance refresh can't be rolled back: it has no desired configuration, or it or the group"
            " has no launch template with a version that is a number, or it is being rolled back already.",
        )
    # Inferred.
    refresh.roll_back(group, found, "The rollback was started by a user request.")
    return found.instance_refresh_id


ADDED: tuple[tuple[Any, str, Any], ...] = (
    (AutoScalingResponse, "start_instance_refresh", start),
    (AutoScalingResponse, "describe_instance_refreshes", describe),
    (AutoScalingResponse, "cancel_instance_refresh", cancel),
    (AutoScalingResponse, "rollback_instance_refresh", roll_back),
)
