"""Deployments: made, stopped, and what follows when one has ended."""

import string
from typing import Any

from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.deployments import outdated, rollback, targets
from local_cloud.aws.codedeploy.deployments.records import (
    Creator,
    Deployment,
    DeploymentStatus,
    Revision,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.deployments.run import MANUAL_STOP, DeploymentRun, StopReason
from local_cloud.aws.codedeploy.deployments.targets import Candidate
from local_cloud.aws.codedeploy.hosts import Hosts

from .deployment_configs import DeploymentConfig
from .deployment_groups import DeploymentGroup
from .deployment_queries import DeploymentQueries
from .on_premises_instances import OnPremisesInstanceBackend

Fields = dict[str, Any]


class DeploymentBackend(DeploymentQueries, OnPremisesInstanceBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.hosts = Hosts()
        self._runs: dict[str, DeploymentRun] = {}
        self._stop_rollbacks: dict[str, bool | None] = {}
        self._last_results: dict[tuple[str, str], tuple[Revision, Status]] = {}
        self._nonce = 0

    # Making.

    def create_deployment(
        self,
        application_name: str,
        *,
        deployment_group_name: str | None = None,
        revision: Revision | None = None,
        deployment_config_name: str | None = None,
        deployment_mode: str | None = None,
        target_instances: Fields | None = None,
        **given: Any,  # noqa: ANN401 - the other options, as they are
    ) -> Deployment:
        application = self.get_application(application_name)
        group = self.get_deployment_group(application_name, deployment_group_name or "")
        config_name = deployment_config_name or group.deployment_config_name
        config = self.config_for(application, config_name)
        _check_options(group, deployment_mode, given)
        _refuse_what_is_missing(group, config, target_instances)
        revision = self._revision_to_deploy(group, revision, deployment_mode, given)
        if revision["revisionType"] == "GitHub" and not application.linked_to_git_hub:
            raise errors.InvalidGitHubAccountTokenException(name=application_name)
        self._service_role(group.service_role_arn)
        self._refuse_second_deployment(group)
        return self.deploy(
            group, revision, Creator.USER, config_name=config_name, deployment_mode=deployment_mode, **given
        )

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
        identifier = self._new_id()
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
            auto_rollback_configuration=given.get("auto_rollback_configuration")
            or group.auto_rollback_configuration,
            deployment_style=group.deployment_style,
            load_balancer_info=group.load_balancer_info,
            file_exists_behavior=given.get("file_exists_behavior") or "DISALLOW",
            deployment_mode="RESTART" if restarts else None,
            override_alarm_configuration=given.get("override_alarm_configuration"),
            ec2_deployment_options=given.get("ec2_deployment_options") or group.ec2_deployment_options,
            agent_deployment_id=last.agent_deployment_id if restarts and last else identifier,
            only_instances=given.get("only_instances"),
            rollback_info=given.get("rollback_info"),
            related_deployments=given.get("related_deployments"),
        )
        self.deployments[identifier] = deployment
        group.last_attempted_deployment_record = deployment
        self.use_revision(group.application, revision, group.deployment_group_name)
        run = DeploymentRun(self, deployment, group)
        self._runs[identifier] = run
        run.start()
        return deployment

    def _revision_to_deploy(
        self, group: DeploymentGroup, revision: Revision | None, mode: str | None, given: Fields
    ) -> Revision:
        if mode != "RESTART":
            return validation.server_revision(revision)
        if revision:
            raise errors.InvalidInputException("A deployment of mode RESTART takes no revision.")
        if given.get("update_outdated_instances_only"):
            raise errors.InvalidInputException(
                "A deployment of mode RESTART can't update outdated instances only."
            )
        if group.target_revision is None:
            raise errors.RevisionRequiredException(
                "There is nothing to restart: the deployment group has had no successful deployment."
            )
        return group.target_revision

    def _refuse_second_deployment(self, group: DeploymentGroup) -> None:
        active = self.active_deployment(group)
        if active:
            raise errors.DeploymentLimitExceededException(
                group=group.deployment_group_name, id=active.deployment_id
            )

    def _new_id(self) -> str:
        alphabet = string.ascii_uppercase + string.digits
        return "d-" + "".join(mock_random.choice(alphabet) for _ in range(9))

    # Stopping and going on.

    def stop_deployment(self, deployment_id: str, auto_rollback_enabled: bool | None = None) -> Fields:
        deployment = self._unfinished(deployment_id)
        self._stop_rollbacks[deployment_id] = auto_rollback_enabled
        at_once = self._runs[deployment.deployment_id].stop(StopReason.REQUEST, MANUAL_STOP)
        if at_once:
            message = "No more commands will be scheduled for execution in the deployment instances"
            return {"status": "Succeeded", "statusMessage": message}
        message = (
            "The deployment stops when the lifecycle events that are running on its instances have ended"
        )
        return {"status": "Pending", "statusMessage": message}

    def continue_deployment(
        self, deployment_id: str | None = None, deployment_wait_type: str | None = None
    ) -> None:
        self._unfinished(deployment_id)
        validation.choice(
            deployment_wait_type,
            ("READY_WAIT", "TERMINATION_WAIT"),
            errors.InvalidDeploymentWaitTypeException,
            value=deployment_wait_type,
        )
        raise errors.UnsupportedActionForDeploymentTypeException(
            "Only blue/green deployments can be continued; this one is in-place."
        )

    def skip_wait_time_for_instance_termination(self, deployment_id: str | None = None) -> None:
        self._unfinished(deployment_id)
        raise errors.UnsupportedActionForDeploymentTypeException(
            "Only blue/green deployments wait to terminate instances; this one is in-place."
        )

    def put_lifecycle_event_hook_execution_status(
        self,
        deployment_id: str | None = None,
        lifecycle_event_hook_execution_id: str | None = None,
        status: str | None = None,
    ) -> None:
        self.get_deployment(deployment_id)
        if status not in {"Succeeded", "Failed"}:
            raise errors.InvalidLifecycleEventHookExecutionStatusException(status=status)
        if not lifecycle_event_hook_execution_id:
            raise errors.InvalidLifecycleEventHookExecutionIdException(id=lifecycle_event_hook_execution_id)
        raise errors.UnsupportedActionForDeploymentTypeException(
            "Only deployments to Lambda and ECS have hook functions that report here."
        )

    def delete_resources_by_external_id(self, external_id: str | None = None) -> None:
        """Nothing here is ever linked to a CloudFormation stack."""
        validation.external_id(external_id)

    def _unfinished(self, deployment_id: str | None) -> Deployment:
        deployment = self.get_deployment(deployment_id)
        if deployment.finished:
            raise errors.DeploymentAlreadyCompletedException(id=deployment_id)
        return deployment

    # Deletions end what runs.

    def delete_application(self, application_name: str) -> None:
        validation.application_name(application_name)
        application = self.applications.get(application_name)
        if application:
            for group in list(application.groups):
                self.delete_deployment_group(application_name, group)
            self.tagger.delete_all_tags_for_resource(self.application_arn(application_name))
            del self.applications[application_name]

    def delete_deployment_group(
        self, application_name: str, deployment_group_name: str
    ) -> DeploymentGroup | None:
        group = super().delete_deployment_group(application_name, deployment_group_name)
        active = self.active_deployment(group) if group else None
        if active:
            error = {"code": "DEPLOYMENT_GROUP_MISSING", "message": "The deployment group was deleted."}
            self._runs[active.deployment_id].stop(StopReason.REQUEST, error)
        return group

    # What a run asks, and tells.

    def candidates(self, deployment: Deployment, group: DeploymentGroup) -> list[Candidate]:
        """Whom to deploy to, those whose last deployment failed first."""
        selected = targets.select(self, group)
        if deployment.only_instances is not None:
            selected = [c for c in selected if c.target_id in deployment.only_instances]
        if deployment.update_outdated_instances_only:
            up_to_date = (deployment.revision, Status.SUCCEEDED)
            selected = [c for c in selected if self.last_result(group, c.target_id) != up_to_date]
        return sorted(selected, key=lambda c: not self._is_unhealthy(group, c.target_id))

    def execution_id(self, deployment: Deployment) -> str:
        """Names a deployment to its agents, who ask for its specification by it."""
        group, identifier = deployment.deployment_group_id, deployment.deployment_id
        return f"{self.account_id}/{self.region_name}/{group}/{identifier}"

    def next_nonce(self) -> int:
        self._nonce += 1
        return self._nonce

    def target_ended(self, deployment: Deployment, target: Target) -> None:
        key = (deployment.deployment_group_id, target.target_id)
        self._last_results[key] = (deployment.revision, target.status)

    def deployment_ended(self, run: DeploymentRun) -> None:
        """What follows: the group remembers, late instances are updated, a failure is rolled back."""
        deployment = run.deployment
        del self._runs[deployment.deployment_id]
        group = self.find_group(deployment.deployment_group_id)
        if group is None:
            return
        requested = self._stop_rollbacks.pop(deployment.deployment_id, None)
        if deployment.status is DeploymentStatus.SUCCEEDED:
            group.last_successful_deployment_record = deployment
            outdated.update(self, deployment, group)
        elif rollback.is_due(deployment, run.stop_reason, requested):
            rollback.perform(self, deployment, group)

    def last_result(self, group: DeploymentGroup, target_id: str) -> tuple[Revision, Status] | None:
        """What the group's last deployment to an instance brought, and how it ended there."""
        return self._last_results.get((group.deployment_group_id, target_id))

    def _is_unhealthy(self, group: DeploymentGroup, target_id: str) -> bool:
        result = self.last_result(group, target_id)
        return result is not None and result[1] is Status.FAILED

    # The outside world.

    def wake(self) -> None:
        """Instances, Auto Scaling groups or alarms changed: look again."""
        with self.lock:
            for run in self._runs.values():
                run.wake()
            for application in self.applications.values():
                for group in application.groups.values():
                    outdated.deploy_to_launched(self, group)

    def close(self) -> None:
        """End every poll and every running deployment, without a trace."""
        with self.lock:
            self.hosts.close()
            for run in self._runs.values():
                run.abandon()


def _check_options(group: DeploymentGroup, mode: str | None, given: Fields) -> None:
    validation.description(given.get("description"))
    validation.choice(
        mode, ("STANDARD", "RESTART"), errors.InvalidInputException, message="Invalid deployment mode."
    )
    validation.choice(
        given.get("file_exists_behavior"),
        ("DISALLOW", "OVERWRITE", "RETAIN"),
        errors.InvalidFileExistsBehaviorException,
    )
    if group.compute_platform != "Server" and given.get("ignore_application_stop_failures"):
        raise errors.InvalidIgnoreApplicationStopFailuresValueException
    if group.compute_platform != "Server" and given.get("update_outdated_instances_only"):
        raise errors.InvalidUpdateOutdatedInstancesOnlyValueException
    for name, check in (
        ("auto_rollback_configuration", validation.auto_rollback_configuration),
        ("override_alarm_configuration", validation.alarm_configuration),
        ("ec2_deployment_options", validation.ec2_deployment_options),
    ):
        given[name] = check(given.get(name))


def _refuse_what_is_missing(
    group: DeploymentGroup, config: DeploymentConfig, target_instances: Fields | None
) -> None:
    if group.compute_platform != "Server":
        raise errors.InvalidComputePlatformException(
            f"Deployments to {group.compute_platform} are not available here: only those to "
            "EC2/on-premises instances run."
        )
    if group.deployment_style["deploymentType"] == "BLUE_GREEN":
        raise errors.InvalidInputException(
            "Blue/green deployments are not available here: only in-place deployments run. Set the "
            "deployment type of the deployment group to IN_PLACE."
        )
    if config.zonal_config:
        raise errors.InvalidInputException(
            "Zonal deployments are not available here. The deployment configuration "
            f"{config.deployment_config_name} has a zonalConfig: choose one without."
        )
    if target_instances:
        raise errors.InvalidTargetInstancesException
