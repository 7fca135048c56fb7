"""CodeDeploy's hooks on Auto Scaling groups, and the deployments that answer them.

Source: "How Amazon EC2 Auto Scaling works with CodeDeploy" and recorded hooks of 2018 to 2026.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.moto_api._internal import mock_random

from local_cloud.aws.autoscaling import hooks
from local_cloud.aws.autoscaling.options import options as scaling_options
from local_cloud.aws.autoscaling.records import LAUNCHING, TERMINATING, Action, Hook
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment, DeploymentStatus
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import permissions

Deploy = Callable[..., Deployment]

HEARTBEAT, HEARTBEATS_EVERY = 600, 300
"""Seconds that a hook waits, and between the signs of life that the service gives while it deploys."""
NAMES = {
    LAUNCHING: "CodeDeploy-managed-automatic-launch-deployment-hook",
    # Inferred.
    TERMINATING: "CodeDeploy-managed-automatic-termination-deployment-hook",
}
DEFAULTS = {LAUNCHING: hooks.ABANDON, TERMINATING: hooks.CONTINUE}
"""The second one is inferred: an instance that ends is to end."""
PUT, DELETE = "autoscaling:PutLifecycleHook", "autoscaling:DeleteLifecycleHook"
COMPLETE = "autoscaling:CompleteLifecycleAction"
HEARTBEAT_CALL = "autoscaling:RecordLifecycleActionHeartbeat"
ACCOUNT = "062506839004"
"""One of those that the service's own queues are in."""


def missing_right(backend: CodeDeployBase, group: DeploymentGroup, names: Iterable[str]) -> str | None:
    """What the service role may not do with these Auto Scaling groups, though hooks need it."""
    refused = (g.arn for g in _groups(backend, names) if not permissions.may(backend, group, PUT, g.arn))
    return next((f"{PUT} on {arn}" for arn in refused), None)


def crowded(backend: CodeDeployBase, names: Iterable[str], most: int) -> str | None:
    """The first of the groups that has no room for another hook."""
    return next((g.name for g in _groups(backend, names) if len(hooks.of_group(g)) >= most), None)


def hooks_for(backend: CodeDeployBase, group: DeploymentGroup, names: Iterable[str]) -> list[Hook]:
    """New ones for a deployment group's Auto Scaling groups of these names."""
    transitions = (LAUNCHING, *([TERMINATING] if group.termination_hook_enabled else []))
    return [_hook(backend, group, name, transition) for name in names for transition in transitions]


def place_hooks(backend: CodeDeployBase, group: DeploymentGroup) -> None:
    """Those that the deployment group wants, on the Auto Scaling groups that it has now, and no others."""
    wanted = {
        (name, transition)
        for name in group.auto_scaling_group_names
        for transition in (LAUNCHING, *([TERMINATING] if group.termination_hook_enabled else []))
    }
    for key in sorted(set(group.hooks) - wanted):
        _remove(backend, group, key)
    for name, transition in sorted(wanted - set(group.hooks)):
        for found in _groups(backend, [name]):
            hook = _hook(backend, group, found.name, transition)
            if permissions.uses(backend, group, PUT, found.arn, **hook.parameters()):
                hooks.put(found, hook)
                group.hooks[name, transition] = hook.name


def remove_hooks(backend: CodeDeployBase, group: DeploymentGroup) -> None:
    for key in list(group.hooks):
        _remove(backend, group, key)


def _remove(backend: CodeDeployBase, group: DeploymentGroup, key: tuple[str, str]) -> None:
    """A hook stays where the service role may not take it away, and times out for every instance."""
    hook = group.hooks.pop(key)
    for found in _groups(backend, key[:1]):
        names = {"AutoScalingGroupName": found.name, "LifecycleHookName": hook}
        if permissions.uses(backend, group, DELETE, found.arn, **names):
            hooks.delete(found, hook)


def _groups(backend: CodeDeployBase, names: Iterable[str]) -> Iterator[Any]:
    known = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    yield from (known[name] for name in names if name in known)


def _hook(backend: CodeDeployBase, group: DeploymentGroup, name: str, transition: str) -> Hook:
    region = backend.region_name
    queue = f"razorbill-{region}-prod-default-autoscaling-lifecycle-hook"
    return Hook(
        lifecycle_hook_name=f"{NAMES[transition]}-{group.deployment_group_name}-{mock_random.uuid4()}",
        auto_scaling_group_name=name,
        lifecycle_transition=transition,
        heartbeat_timeout=HEARTBEAT,
        default_result=DEFAULTS[transition],
        notification_target_arn=f"arn:{backend.partition}:sqs:{region}:{ACCOUNT}:{queue}",
        notification_metadata=group.deployment_group_id,
    )


@dataclass(frozen=True, eq=False)
class Answer:
    """A lifecycle action that waits for a deployment to end."""

    action: Action
    deployment: Deployment


class LifecycleDeployments:
    """Of one account and region. Whoever calls holds the backend's lock."""

    def __init__(self, backend: CodeDeployBase, deploy: Deploy) -> None:
        self._backend = backend
        self._deploy = deploy
        self._answers: dict[str, Answer] = {}
        """By deployment."""

    def begin(self) -> None:
        """Deploy to each instance that our hooks keep waiting; it goes on where nothing is to be deployed."""
        known = {answer.action.token for answer in self._answers.values()}
        for group in list(self._backend.groups()):
            for action in self._waiting(group):
                if action.token not in known:
                    self._begin(group, action)

    def _waiting(self, group: DeploymentGroup) -> Iterator[Action]:
        for found in _groups(self._backend, group.auto_scaling_group_names):
            own = {group.hooks.get((found.name, transition)) for transition in NAMES}
            yield from (action for action in hooks.waiting(found) if action.hook.name in own)

    def _begin(self, group: DeploymentGroup, action: Action) -> None:
        good = group.last_successful_deployment_record
        launches = action.hook.lifecycle_transition == LAUNCHING
        if good is None or not (launches or self._is_alive(group, action)):
            self._answer(group, action, hooks.CONTINUE)
            return
        deployment = self._deploy(
            group,
            good.revision,
            Creator.AUTOSCALING if launches else Creator.TERMINATION,
            config_name="CodeDeployDefault.AllAtOnce",
            file_exists_behavior=good.file_exists_behavior,
            only_instances=frozenset({action.instance_id}),
        )
        self._answers[deployment.deployment_id] = Answer(action, deployment)

    def _is_alive(self, group: DeploymentGroup, action: Action) -> bool:
        return any(
            member.instance_id == action.instance_id and member.instance.state == "running"
            for found in _groups(self._backend, group.auto_scaling_group_names)
            for member in found.instance_states
        )

    def beat(self) -> None:
        """Auto Scaling hears that what is under way still is."""
        for answer in self._answers.values():
            group = self._backend.find_group(answer.deployment.deployment_group_id)
            due = scaling_options.clock.now() >= answer.action.heartbeat_at + HEARTBEATS_EVERY
            if group and due and self._uses(group, HEARTBEAT_CALL, answer.action):
                hooks.heartbeat(answer.action)

    def ended(self, deployment: Deployment, group: DeploymentGroup) -> None:
        """A failed launch is abandoned; an instance that ends does so whatever came of it."""
        answer = self._answers.pop(deployment.deployment_id, None)
        if answer is None:
            return
        succeeded = deployment.status is DeploymentStatus.SUCCEEDED
        goes_on = succeeded or deployment.creator is Creator.TERMINATION
        self._answer(group, answer.action, hooks.CONTINUE if goes_on else hooks.ABANDON)

    def _answer(self, group: DeploymentGroup, action: Action, result: str) -> None:
        if not action.result and self._uses(group, COMPLETE, action, LifecycleActionResult=result):
            hooks.answer(action, result)

    def _uses(self, group: DeploymentGroup, call: str, action: Action, **parameters: str) -> bool:
        """Of the Auto Scaling group that the action is of; one that is gone asks for nothing more."""
        name = action.hook.auto_scaling_group_name
        about = {
            "AutoScalingGroupName": name,
            "LifecycleHookName": action.hook.name,
            "LifecycleActionToken": action.token,
            "InstanceId": action.instance_id,
        }
        return any(
            permissions.uses(self._backend, group, call, found.arn, **about, **parameters)
            for found in _groups(self._backend, [name])
        )
