"""Deployments: made and stopped."""

from typing import Any

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import revisions, validation
from local_cloud.aws.codedeploy.models.deployment_queries import DeploymentQueries
from local_cloud.aws.codedeploy.models.on_premises_instances import OnPremisesInstanceBackend
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment, Revision
from local_cloud.aws.codedeploy.runs.deployer import Deployer

Fields = dict[str, Any]


class DeploymentBackend(DeploymentQueries, OnPremisesInstanceBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.deployer = Deployer(self)

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
        self.config_for(application, config_name)
        _check_options(group, deployment_mode, given)
        _refuse_what_is_missing(group)
        self._check_target_instances(group, target_instances)
        revision = self._revision_to_deploy(group, revision, deployment_mode, given)
        if revision["revisionType"] == "GitHub" and not application.linked_to_git_hub:
            raise errors.InvalidGitHubAccountTokenException(name=application_name)
        self._service_role(group.service_role_arn)
        self._refuse_second_deployment(group)
        return self.deployer.deploy(
            group,
            revision,
            Creator.USER,
            config_name=config_name,
            deployment_mode=deployment_mode,
            target_instances=target_instances,
            **given,
        )

    def _check_target_instances(self, group: DeploymentGroup, given: Fields | None) -> None:
        """Needed by a blue/green deployment that finds its replacement instances, and by no other one."""
        provisioning = (group.blue_green_deployment_configuration or {}).get(
            "greenFleetProvisioningOption", {}
        )
        is_blue_green = group.deployment_style["deploymentType"] == "BLUE_GREEN"
        discovers = is_blue_green and provisioning.get("action") != "COPY_AUTO_SCALING_GROUP"
        if given and not is_blue_green:
            raise errors.InvalidTargetInstancesException
        if bool(given) is not discovers:
            # Inferred.
            raise errors.InvalidTargetInstancesException(
                "The deployment group discovers its replacement instances: give targetInstances."
                if discovers
                else "The deployment group copies an Auto Scaling group: give no targetInstances."
            )
        validation.ec2_selection((given or {}).get("tagFilters"), (given or {}).get("ec2TagSet"))
        self._auto_scaling_groups((given or {}).get("autoScalingGroups", []))

    def _revision_to_deploy(
        self, group: DeploymentGroup, revision: Revision | None, mode: str | None, given: Fields
    ) -> Revision:
        if mode != "RESTART":
            return revisions.check_for_server(revision)
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

    # Stopping and going on.

    def stop_deployment(self, deployment_id: str, auto_rollback_enabled: bool | None = None) -> Fields:
        deployment = self._unfinished(deployment_id)
        at_once = self.deployer.stop(deployment, rolls_back=auto_rollback_enabled)
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
        deployment = self._unfinished(deployment_id)
        validation.choice(
            deployment_wait_type,
            ("READY_WAIT", "TERMINATION_WAIT"),
            errors.InvalidDeploymentWaitTypeException,
            value=deployment_wait_type,
        )
        if not deployment.is_blue_green:
            raise errors.UnsupportedActionForDeploymentTypeException(
                "Only blue/green deployments can be continued; this one is in-place."
            )
        if self.deployer.waits_for(deployment) != (deployment_wait_type or "READY_WAIT"):
            raise errors.DeploymentIsNotInReadyStateException(id=deployment_id)
        self.deployer.proceed(deployment)

    def skip_wait_time_for_instance_termination(self, deployment_id: str | None = None) -> None:
        deployment = self._unfinished(deployment_id)
        if not deployment.is_blue_green:
            raise errors.UnsupportedActionForDeploymentTypeException(
                "Only blue/green deployments wait to terminate instances; this one is in-place."
            )
        if self.deployer.waits_for(deployment) != "TERMINATION_WAIT":
            raise errors.DeploymentNotStartedException(id=deployment_id)
        self.deployer.proceed(deployment)

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
        if group:
            self.deployer.group_deleted(group)
        return group


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


def _refuse_what_is_missing(group: DeploymentGroup) -> None:
    if group.compute_platform != "Server":
        raise errors.InvalidComputePlatformException(
            f"Deployments to {group.compute_platform} are not available here: only those to "
            "EC2/on-premises instances run."
        )
