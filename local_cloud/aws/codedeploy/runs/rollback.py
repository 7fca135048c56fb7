"""When a deployment is rolled back by itself, and to what."""

from collections.abc import Callable

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment, DeploymentStatus


def is_due(deployment: Deployment, stop_event: str | None, requested: bool | None) -> bool:
    """Whether a deployment that ended is to be rolled back.

    `stop_event` is why it was stopped, in the words of the rollback configuration. `requested` is
    what StopDeployment said about it; None leaves it to the configuration.
    """
    if deployment.creator is Creator.ROLLBACK or deployment.status is DeploymentStatus.SUCCEEDED:
        return False
    if stop_event and requested is not None:
        return requested
    configuration = deployment.auto_rollback_configuration or {}
    event = stop_event or "DEPLOYMENT_FAILURE"
    return bool(configuration.get("enabled")) and event in configuration.get("events", [])


def perform(deployment: Deployment, group: DeploymentGroup, deploy: Callable[..., Deployment]) -> None:
    """Deploy the group's last good revision, and note in both deployments what they are to each other."""
    good = group.last_successful_deployment_record
    if good is None:
        reason = "the deployment group has had no successful deployment"
        deployment.rollback_info = {"rollbackMessage": f"The deployment can't be rolled back: {reason}."}
        return
    back = deploy(
        group,
        good.revision,
        Creator.ROLLBACK,
        config_name=deployment.deployment_config_name,
        description=f"Automatic rollback of deployment {deployment.deployment_id}",
        file_exists_behavior=good.file_exists_behavior,
        ignore_application_stop_failures=deployment.ignore_application_stop_failures,
        override_alarm_configuration={"enabled": False, "alarms": []},
        rollback_info={"rollbackTriggeringDeploymentId": deployment.deployment_id},
    )
    deployment.rollback_info = {
        "rollbackDeploymentId": back.deployment_id,
        "rollbackMessage": f"The rollback deployment {back.deployment_id} was created.",
    }
