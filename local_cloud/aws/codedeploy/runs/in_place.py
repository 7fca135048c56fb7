"""Deployments that update the instances that there are."""

from collections.abc import Sequence

from local_cloud.aws.codedeploy.records.deployments import DeploymentStatus, Target
from local_cloud.aws.codedeploy.runs import endings, rollout, targets
from local_cloud.aws.codedeploy.runs.strategy import Error, Outcome, Task
from local_cloud.aws.codedeploy.runs.waits import Steps


class InPlace:
    waits_for: str | None = None
    is_final = False

    def __init__(self, task: Task) -> None:
        self._task = task

    def look(self) -> Error | None:
        task = self._task
        found = targets.candidates(task.backend, task.deployment, task.group)
        return impossible(task, targets.add(task.deployment, found))

    def steps(self) -> Steps[Outcome]:
        task = self._task
        found = list(task.deployment.targets.values())
        return verdict((yield from rollout.run(task.events, task.config, found, task.waits)))

    def retreat(self, *, rolls_back: bool) -> Steps[None]:  # noqa: ARG002 - there is nothing to lead back
        yield from ()

    def proceed(self) -> None:
        """It waits for nobody."""


def impossible(task: Task, found: Sequence[Target]) -> Error | None:
    """Why these targets cannot be deployed to."""
    if not found:
        return endings.NO_INSTANCES
    whole, turns = rollout.scopes(task.config, found)
    if all(scope.is_possible for scope in (whole, *turns)):
        return None
    return endings.HEALTH_CONSTRAINTS_INVALID


def verdict(succeeded: bool) -> Outcome:
    if succeeded:
        return DeploymentStatus.SUCCEEDED, None
    return DeploymentStatus.FAILED, endings.HEALTH_CONSTRAINTS
