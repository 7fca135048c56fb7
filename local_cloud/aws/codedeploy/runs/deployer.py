"""Starts deployments, keeps those that run, and does what follows when one has ended."""

import string
from typing import Any

from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    FOR_LIFECYCLE_HOOKS,
    Creator,
    Deployment,
    DeploymentStatus,
    Revision,
    now,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import endings, outdated, rollback, scaling, suspension
from local_cloud.aws.codedeploy.runs.mailboxes import Mailboxes
from local_cloud.aws.codedeploy.runs.run import DeploymentRun
from local_cloud.aws.codedeploy.runs.strategy import StopReason

_BLUE_GREEN = frozenset({Creator.USER, Creator.ROLLBACK})
"""Whose deployments are blue/green where their group is."""


class Deployer:
    """Of one account and region."""

    def __init__(self, backend: CodeDeployBase) -> None:
        self.mailboxes = Mailboxes()
        self._backend = backend
        self._runs: dict[str, DeploymentRun] = {}
        self._stop_rollbacks: dict[str, bool | None] = {}
        self._for_hooks = scaling.LifecycleDeployments(backend, self.deploy)

    def deploy(
        self,
        group: DeploymentGroup,
        revision: Revision,
        creator: Creator,
        *,
        config_name: str,
        **given: Any,  # noqa: ANN401 - the other options, as they are
    ) -> Deployment:
        """Start a deployment. What is right about it has been checked."""
        identifier = _new_id()
        last = group.last_successful_deployment_record
        restarts = given.get("deployment_mode") == "RESTART" and last is not None
        deployment = Deployment(
            deployment_id=identifier,
            application_name=group.application_name,
            deployment_group_name=group.deployment_group_name,
            deployment_group_id=group.deployment_group_id,
            deployment_config_name=config_name,
            revision=revision,
            previous_revision=group.target_revision,
            creator=creator,
            description=given.get("description"),
            ignore_application_stop_failures=bool(given.get("ignore_application_stop_failures")),
            update_outdated_instances_only=bool(given.get("update_outdated_instances_only")),
            auto_rollback_configuration=None
            if creator is Creator.ROLLBACK
            else given.get("auto_rollback_configuration") or group.auto_rollback_configuration,
            deployment_style=_style(group, creator),
            blue_green_deployment_configuration=_blue_green(group, creator),
            target_instances=given.get("target_instances"),
            rolled_back=given.get("rolled_back"),
            load_balancer_info=group.load_balancer_info,
            file_exists_behavior=given.get("file_exists_behavior") or "DISALLOW",
            deployment_mode="RESTART" if restarts else None,
            override_alarm_configuration=given.get("override_alarm_configuration"),
            ec2_deployment_options=given.get("ec2_deployment_options") or group.ec2_deployment_options,
            agent_deployment_id=last.agent_deployment_id if restarts and last else identifier,
            only_instances=given.get("only_instances"),
            related_deployments=given.get("related_deployments"),
        )
        self._backend.deployments[identifier] = deployment
        if creator not in FOR_LIFECYCLE_HOOKS:
            group.last_attempted_deployment_record = deployment
        _use_revision(group, revision)
        run = DeploymentRun(self._backend, deployment, group, self.mailboxes, self)
        self._runs[identifier] = run
        suspension.suspend(self._backend, deployment, group)
        run.start()
        return deployment

    def stop(self, deployment: Deployment, *, rolls_back: bool | None) -> bool:
        """Send out no more commands; True when that ends it at once. `rolls_back`: None leaves it to the
        deployment's own settings."""
        self._stop_rollbacks[deployment.deployment_id] = rolls_back
        if rolls_back:
            events = [StopReason.REQUEST.value]
            deployment.auto_rollback_configuration = {"enabled": True, "events": events}
        return self._runs[deployment.deployment_id].stop(StopReason.REQUEST, endings.MANUAL_STOP)

    def waits_for(self, deployment: Deployment) -> str | None:
        """What the deployment waits for, in the words of ContinueDeployment."""
        return self._runs[deployment.deployment_id].waits_for

    def proceed(self, deployment: Deployment) -> None:
        """Wait no longer."""
        self._runs[deployment.deployment_id].proceed()

    def group_deleted(self, group: DeploymentGroup) -> None:
        scaling.remove_hooks(self._backend, group)
        for run in list(self._runs.values()):
            if run.deployment.deployment_group_id == group.deployment_group_id:
                run.stop(StopReason.REQUEST, endings.GROUP_DELETED)

    def wake(self) -> None:
        """Instances, Auto Scaling groups or alarms changed: look again."""
        with self._backend.lock:
            for run in self._runs.values():
                run.wake()
            self._for_hooks.begin()
            for group in self._backend.groups():
                outdated.update_late(self._backend, group, self.deploy)

    def close(self) -> None:
        """End every poll and every running deployment, without a trace."""
        with self._backend.lock:
            self.mailboxes.close()
            for run in self._runs.values():
                run.abandon()

    def alive(self) -> None:
        self._for_hooks.beat()

    def rolls_back(self, run: DeploymentRun) -> bool:
        group = self._backend.find_group(run.deployment.deployment_group_id)
        if group is None or group.last_successful_deployment_record is None:
            return False
        requested = self._stop_rollbacks.get(run.deployment.deployment_id)
        return rollback.is_due(run.deployment, run.stop_reason, requested)

    def ended(self, run: DeploymentRun) -> None:
        """What follows: the group remembers, late instances are updated, a failure is rolled back."""
        deployment = run.deployment
        del self._runs[deployment.deployment_id]
        self.mailboxes.forget(self._backend.execution_id(deployment))
        deployment.envelope = None
        suspension.resume(self._backend, deployment, run.group)
        group = self._backend.find_group(deployment.deployment_group_id)
        if group is None:
            return
        requested = self._stop_rollbacks.pop(deployment.deployment_id, None)
        if deployment.creator in FOR_LIFECYCLE_HOOKS:
            self._for_hooks.ended(deployment, group)
        elif deployment.status is DeploymentStatus.SUCCEEDED:
            group.last_successful_deployment_record = deployment
            outdated.update(self._backend, deployment, group, self.deploy)
        elif rollback.is_due(deployment, run.stop_reason, requested):
            rollback.perform(deployment, group, self.deploy)


def _style(group: DeploymentGroup, creator: Creator) -> dict[str, Any]:
    """What follows from scaling updates instances that are there, whatever the group's type is. Inferred."""
    if creator in _BLUE_GREEN:
        return group.deployment_style
    return group.deployment_style | {"deploymentType": "IN_PLACE"}


def _blue_green(group: DeploymentGroup, creator: Creator) -> dict[str, Any] | None:
    return group.blue_green_deployment_configuration if creator in _BLUE_GREEN else None


def _use_revision(group: DeploymentGroup, revision: Revision) -> None:
    """A deployment uses a revision; it is registered with that."""
    registered = group.application.register(revision, "Application revision registered by Deployment")
    registered.last_used_time = now()
    registered.first_used_time = registered.first_used_time or registered.last_used_time
    if group.deployment_group_name not in registered.deployment_groups:
        registered.deployment_groups.append(group.deployment_group_name)


def _new_id() -> str:
    alphabet = string.ascii_uppercase + string.digits
    return "d-" + "".join(mock_random.choice(alphabet) for _ in range(9))
