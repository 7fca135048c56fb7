# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""Lifecycle hooks and their actions, the activity history, notifications: most of it moto has not."""

from collections.abc import Sequence
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.base_backend import backend_lock
from moto.core.responses import ActionResult, EmptyResult

from local_cloud.aws.autoscaling import hooks, messages
from local_cloud.aws.autoscaling.records import LAUNCHING, TERMINATING, Action, Hook, Message, known
from local_cloud.aws.moto.autoscaling.errors import found_group
from local_cloud.aws.moto.autoscaling.sizes import at_rest

MOST_HOOKS = 50
NOTIFICATIONS = (
    *("autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"),
    *("autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR"),
    "autoscaling:TEST_NOTIFICATION",
)


def put_hook(response: Any) -> ActionResult:
    """A new hook, or other settings of one that there is: those that are not given stay."""
    get = response._get_param
    with backend_lock:
        group = found_group(response.autoscaling_backend, get("AutoScalingGroupName"))
        name, transition = get("LifecycleHookName"), get("LifecycleTransition")
        before = {hook.name: hook for hook in hooks.of_group(group)}
        old = before.get(name)
        transition = transition or (old.lifecycle_transition if old else None)
        if transition not in {LAUNCHING, TERMINATING}:
            raise ValidationError(f"Invalid lifecycle transition: {transition}")
        if old is None and len(before) >= MOST_HOOKS:
            raise ValidationError(f"The limit of {MOST_HOOKS} lifecycle hooks of a group was exceeded.")
        given = {
            "heartbeat_timeout": response._get_int_param("HeartbeatTimeout"),
            "default_result": get("DefaultResult"),
            "notification_target_arn": get("NotificationTargetARN"),
            "role_arn": get("RoleARN"),
            "notification_metadata": get("NotificationMetadata"),
        }
        kept = {each: getattr(old, each) for each in given} if old else {}
        settings = kept | {each: value for each, value in given.items() if value is not None}
        _check(settings)
        hook = Hook(
            lifecycle_hook_name=name,
            auto_scaling_group_name=group.name,
            lifecycle_transition=transition,
            **settings,
        )
        hooks.put(group, hook)
    return EmptyResult()


def _check(settings: dict[str, Any]) -> None:
    timeout, result = settings.get("heartbeat_timeout"), settings.get("default_result")
    if timeout is not None and not 30 <= timeout <= 7200:  # noqa: PLR2004 - PutLifecycleHook says so
        raise ValidationError("Heartbeat Timeout must be between 30 and 7200 seconds")
    if result not in {None, hooks.CONTINUE, hooks.ABANDON}:
        raise ValidationError(f"DefaultResult must be CONTINUE or ABANDON: {result}")
    target = settings.get("notification_target_arn")
    if target and not (target.count(":") == 5 and target.split(":")[2] in {"sns", "sqs"}):  # noqa: PLR2004 - an ARN's parts
        raise ValidationError(f"Unable to publish test message to notification target {target}")


@at_rest
def delete_hook(backend: Any, as_name: str, name: str) -> None:
    group = found_group(backend, as_name)
    if name not in {hook.name for hook in hooks.of_group(group)}:
        raise ValidationError(f"No Lifecycle Hook found with name {name}")
    hooks.delete(group, name)


def complete(response: Any) -> ActionResult:
    result = response._get_param("LifecycleActionResult")
    if result not in {hooks.CONTINUE, hooks.ABANDON}:
        raise ValidationError(f"LifecycleActionResult must be CONTINUE or ABANDON: {result}")
    _answer(response.autoscaling_backend, response, result)
    return EmptyResult()


@at_rest
def _answer(_backend: Any, response: Any, result: str) -> None:
    hooks.answer(_action(response), result)


def heartbeat(response: Any) -> ActionResult:
    with backend_lock:
        hooks.heartbeat(_action(response))
    return EmptyResult()


def _action(response: Any) -> Action:
    """The action that a call names by its token, or by its instance."""
    get = response._get_param
    group = found_group(response.autoscaling_backend, get("AutoScalingGroupName"))
    hook, token, instance_id = get("LifecycleHookName"), get("LifecycleActionToken"), get("InstanceId")
    if hook not in {each.name for each in hooks.of_group(group)}:
        raise ValidationError(f"No Lifecycle Hook found with name {hook}")
    for action in hooks.waiting(group):
        is_meant = token == action.token if token else instance_id == action.instance_id
        if is_meant and action.hook.name == hook:
            return action
    which = f"token {token}" if token else f"instance ID {instance_id}"
    raise ValidationError(f"No active Lifecycle Action found with {which}")


def describe_activities(response: Any) -> ActionResult:
    """Latest first. Those of a group that is no more only where they are asked for."""
    get = response._get_param
    name, ids = get("AutoScalingGroupName"), get("ActivityIds", [])
    with_deleted = response._get_bool_param("IncludeDeletedGroups", False)
    with backend_lock:
        chosen = [
            each
            for each in known(response.autoscaling_backend).activities
            if (not name or name in {each.auto_scaling_group_name, each.auto_scaling_group_arn})
            and (not ids or each.activity_id in ids)
            and (with_deleted or each.auto_scaling_group_state is None)
        ]
        page, token = _page(chosen, get("NextToken"), response._get_int_param("MaxRecords", 100))
    return ActionResult({"Activities": page, "NextToken": token})


def _page(found: Sequence[Any], token: str | None, size: int) -> tuple[Sequence[Any], str | None]:
    start = int(token) if token and token.isdigit() else 0
    end = start + min(size, 100)
    return found[start:end], str(end) if end < len(found) else None


def put_notifications(response: Any) -> ActionResult:
    get = response._get_param
    backend, topic = response.autoscaling_backend, get("TopicARN")
    with backend_lock:
        group = found_group(backend, get("AutoScalingGroupName"))
        kinds = get("NotificationTypes", [])
        for kind in kinds:
            if kind not in NOTIFICATIONS:
                raise ValidationError(f"Invalid notification type: {kind}. Valid: {', '.join(NOTIFICATIONS)}")
        found = known(backend)
        found.notifications = {key: None for key in found.notifications if key[:2] != (group.name, topic)}
        found.notifications |= {(group.name, topic, kind): None for kind in kinds}
        found.outbox.append(
            Message(
                target_arn=topic,
                subject=f'Auto Scaling: test notification for group "{group.name}"',
                body=messages.base(group) | {"Event": hooks.TEST},
            )
        )
    return EmptyResult()


def delete_notifications(response: Any) -> ActionResult:
    name, topic = response._get_param("AutoScalingGroupName"), response._get_param("TopicARN")
    with backend_lock:
        found = known(response.autoscaling_backend)
        found.notifications = {key: None for key in found.notifications if key[:2] != (name, topic)}
    return EmptyResult()


def describe_notifications(response: Any) -> ActionResult:
    names = response._get_param("AutoScalingGroupNames", [])
    with backend_lock:
        chosen = [
            {"AutoScalingGroupName": name, "TopicARN": topic, "NotificationType": kind}
            for name, topic, kind in known(response.autoscaling_backend).notifications
            if not names or name in names
        ]
    return ActionResult({"NotificationConfigurations": chosen})


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AutoScalingBackend, "delete_lifecycle_hook", delete_hook),
    (AutoScalingResponse, "put_lifecycle_hook", put_hook),
    (AutoScalingResponse, "describe_scaling_activities", describe_activities),
)
ADDED: tuple[tuple[Any, str, Any], ...] = (
    (AutoScalingResponse, "complete_lifecycle_action", complete),
    (AutoScalingResponse, "record_lifecycle_action_heartbeat", heartbeat),
    (AutoScalingResponse, "put_notification_configuration", put_notifications),
    (AutoScalingResponse, "delete_notification_configuration", delete_notifications),
    (AutoScalingResponse, "describe_notification_configurations", describe_notifications),
)
