"""Traffic, hooks and the deployment group led from one colour to the other, or back."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup, Selection, target_instances
from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig
from local_cloud.aws.codedeploy.records.deployments import Deployment, Fleets, Label, Status, Target
from local_cloud.aws.codedeploy.runs import fleets, lifecycle, rollout, scaling, targets, traffic
from local_cloud.aws.codedeploy.runs.service import Service, ServiceError
from local_cloud.aws.codedeploy.runs.strategy import Task
from local_cloud.aws.codedeploy.runs.waits import Steps

LOG = logging.getLogger(__name__)
ALL_AT_ONCE = DeploymentConfig(deployment_config_name="", minimum_healthy_hosts=rollout.UNHURT)


def of(task: Task) -> Fleets:
    """Of a deployment that has begun."""
    found = task.deployment.fleets
    assert found is not None  # noqa: S101 - the first step makes it
    return found


def block(task: Task, found: list[Target]) -> Steps[bool]:
    """No more traffic for these. One that is gone has none; one that fails, fails the deployment."""
    living = targets.living_hosts(task.backend)
    for target in found:
        if target.status is Status.PENDING and target.host not in living:
            task.events.skip(target)
    waiting = [target for target in found if target.status is Status.PENDING]
    yield from rollout.run(task.events, ALL_AT_ONCE, waiting, task.waits)
    return all(target.status is Status.SUCCEEDED for target in waiting)


def allow_again(task: Task, found: list[Target]) -> Steps[bool]:
    return (yield from rollout.run(task.events, ALL_AT_ONCE, found, task.waits))


def lead(task: Task) -> Steps[None]:
    """The deployment group to the green instances: they scale, and launch as it says."""
    known, group = of(task), task.group
    for name in known.green_groups if known.is_copied else ():
        yield from task.waits.answer(fleets.resume, name)
    before = _selection(group)
    yield from _move_hooks(task, known.blue_groups, known.green_groups)
    known.before = before
    if known.is_copied:
        names = [
            *known.green_groups,
            *(n for n in group.auto_scaling_group_names if n not in known.blue_groups),
        ]
        group.auto_scaling_group_names = names
    else:
        _select(group, vars(target_instances(task.deployment.target_instances)))


def _selection(group: DeploymentGroup) -> dict[str, Any]:
    return {name: getattr(group, name) for name in vars(Selection())}


def _select(group: DeploymentGroup, selection: dict[str, Any]) -> None:
    for name, value in selection.items():
        setattr(group, name, value)


def _move_hooks(task: Task, old: Iterable[str], new: Iterable[str]) -> Steps[None]:
    """The deployment group's hooks from some Auto Scaling groups to others. Raises ServiceError."""
    group = task.group
    if task.backend.find_group(group.deployment_group_id) is None:
        # It was deleted meanwhile, and its hooks with it.
        return
    leaving = set(old) - set(new)
    for (name, transition), named in list(group.hooks.items()):
        if name in leaving:
            yield from task.waits.answer(fleets.remove_hook, name, named)
            group.hooks.pop((name, transition), None)
    hooked = {name for name, _ in group.hooks}
    for hook in scaling.hooks_for(task.backend, group, [name for name in new if name not in hooked]):
        yield from task.waits.answer(fleets.put_hook, hook)
        group.hooks[hook.auto_scaling_group_name, hook.lifecycle_transition] = hook.name


def terminate_blue(task: Task, done: Callable[[], None]) -> Steps[None]:
    """The original instances, with their Auto Scaling groups; `done` is called at once when they are gone:
    whoever wants to stop the deployment then comes too late."""
    known = of(task)
    groups = [name for name in known.blue_groups if name not in known.green_groups]
    grouped = targets.in_groups(task.backend, groups)
    alone = [t.target_id for t in task.deployment.labelled(Label.BLUE) if t.host not in grouped]
    instances = [each for each in alone if each in targets.living_hosts(task.backend)]
    ec2 = [each for each in instances if each.startswith("i-")]

    def end(service: Service) -> None:
        for name in groups:
            fleets.remove(service, name)
        if ec2:
            service.call("ec2", "terminate_instances", InstanceIds=ec2)
        done()

    yield from task.waits.answer(end)


def restore(task: Task) -> Steps[None]:
    """Whatever had been done: traffic, hooks and the deployment group are with the original instances again,
    and nothing is left of a copied group. What another service refuses is passed over."""
    known = task.deployment.fleets
    if known is None:
        return
    info = task.deployment.balancers
    for target in _without_traffic(task.deployment):
        yield from _attempt(task, traffic.allow, info, target.target_id)
    for target in _with_traffic(task.deployment):
        yield from _attempt(task, traffic.block, info, target.target_id)
    yield from _lead_back(task, known)
    for name in known.green_groups if known.is_copied else ():
        yield from _attempt(task, fleets.remove, name)


def _lead_back(task: Task, known: Fleets) -> Steps[None]:
    try:
        yield from _move_hooks(task, known.green_groups, known.blue_groups)
    except ServiceError as error:
        LOG.warning("%s: %s", task.deployment.deployment_id, error)
    if known.before is not None:
        _select(task.group, known.before)
        known.before = None


def _attempt(task: Task, call: Callable[..., None], *arguments: object) -> Steps[None]:
    try:
        yield from task.waits.answer(call, *arguments)
    except ServiceError as error:
        LOG.warning("%s: %s", task.deployment.deployment_id, error)


def _without_traffic(deployment: Deployment) -> list[Target]:
    """The original instances that were taken out of their load balancers, and are not back."""
    switched = deployment.rolled_back or deployment
    blocked = [t for t in switched.labelled(Label.BLUE) if t.has_begun(lifecycle.BLOCK_TRAFFIC)]
    return [target for target in blocked if not _succeeded(deployment, target)]


def _with_traffic(deployment: Deployment) -> list[Target]:
    """The replacement instances that were put into load balancers, and are still there."""
    switched = deployment.rolled_back or deployment
    allowed = [t for t in switched.labelled(Label.GREEN) if t.has_begun(lifecycle.ALLOW_TRAFFIC)]
    return [target for target in allowed if not _succeeded(deployment, target)]


def _succeeded(deployment: Deployment, target: Target) -> bool:
    """Did the rollback itself bring it back?"""
    again = deployment.targets.get(target.target_id) if deployment.rolled_back else None
    return again is not None and again.status is Status.SUCCEEDED
