# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Lifecycle hooks: they fire for an instance, and it waits until each is answered or its time is over."""

from collections.abc import Iterable
from typing import Any

from local_cloud.aws.autoscaling import messages, wording
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import Action, Hook, Member, Message, known

CONTINUE, ABANDON = "CONTINUE", "ABANDON"
TEST = "autoscaling:TEST_NOTIFICATION"


def of_group(group: Any, transition: str | None = None) -> list[Hook]:
    hooks = list(group.autoscaling_backend.lifecycle_hooks.values())
    return [
        hook
        for hook in hooks
        if hook.auto_scaling_group_name == group.name and transition in {None, hook.lifecycle_transition}
    ]


def put(group: Any, hook: Hook) -> None:
    """A new hook, or another one of its name. Its target is told once that it is one."""
    backend = group.autoscaling_backend
    backend.lifecycle_hooks[f"{group.name}_{hook.name}"] = hook
    if hook.notification_target_arn:
        body = messages.base(group) | {"Event": TEST}
        known(backend).outbox.append(
            Message(
                target_arn=hook.notification_target_arn,
                subject=f'Auto Scaling: test notification for group "{group.name}"',
                body=body,
            )
        )


def delete(group: Any, name: str) -> None:
    """What waits for it is over (DeleteLifecycleHook): ABANDON for launching, CONTINUE for terminating."""
    group.autoscaling_backend.lifecycle_hooks.pop(f"{group.name}_{name}", None)
    for action in waiting(group):
        if action.hook.name == name:
            ends = action.hook.lifecycle_transition.endswith("TERMINATING")
            answer(action, CONTINUE if ends else ABANDON)


def fire(member: Member, transition: str) -> list[Action]:
    """Every hook of the transition at once, each with a token of its own."""
    group = member.auto_scaling_group
    now = options.clock.now()
    actions = [
        Action(hook=hook, instance_id=member.instance_id, begun_at=now, heartbeat_at=now)
        for hook in of_group(group, transition)
    ]
    for action in actions:
        if action.hook.notification_target_arn:
            known(group.autoscaling_backend).outbox.append(messages.of_action(group, member, action))
    return actions


def waiting(group: Any) -> list[Action]:
    """All actions of a group that nobody has answered yet."""
    return [action for member in group.instance_states for action in member.actions if not action.result]


def answer(action: Action, result: str) -> None:
    """Whoever holds moto's lock; what follows happens soon, by itself."""
    action.result = result
    action.reason = wording.COMPLETED
    options.look()


def heartbeat(action: Action) -> None:
    """Its time begins anew."""
    action.heartbeat_at = options.clock.now()


def expire(group: Any) -> bool:
    """Whose time is over has its hook's default result. Was there one?"""
    now = options.clock.now()
    late = [action for action in waiting(group) if now >= action.deadline]
    for action in late:
        action.result, action.reason = action.hook.default_result, wording.HEARTBEAT
    return bool(late)


def rejected(actions: Iterable[Action]) -> Action | None:
    return next((action for action in actions if action.result == ABANDON), None)


def retry_at(failures: int) -> float:
    """When the next launch may be tried."""
    return options.clock.now() + min(options.first_retry * 2.0 ** (failures - 1), options.longest_retry)
