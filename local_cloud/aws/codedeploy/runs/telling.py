"""What others hear of a deployment: topics of its group's triggers, and EventBridge.

It is collected under the run's lock, and told without it.
"""

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Deployment, Target
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import notifications, state_changes

Told = tuple[list[notifications.Notification], list[state_changes.StateChange]]


class Telling:
    """Of one run."""

    def __init__(self, backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> None:
        self._backend = backend
        self._deployment = deployment
        self._group = group
        self._collected: Told = ([], [])

    def deployment(self) -> None:
        """Its status is another."""
        noted, changes = self._collected
        triggers = self._group.trigger_configurations
        noted += notifications.for_deployment(self._backend, self._deployment, triggers)
        changes += state_changes.of_deployment(self._backend, self._deployment)

    def instance(self, target: Target) -> None:
        """The target's status is another."""
        noted, changes = self._collected
        triggers = self._group.trigger_configurations
        noted += notifications.for_instance(self._backend, self._deployment, target, triggers)
        changes += state_changes.of_instance(self._backend, self._deployment, target)

    def take(self) -> Told:
        """What has been collected."""
        collected, self._collected = self._collected, ([], [])
        return collected

    def publish(self, collected: Told) -> None:
        notifications.publish(self._backend, self._group, collected[0])
        state_changes.publish(self._backend, collected[1])
