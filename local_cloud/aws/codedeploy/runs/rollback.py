"""When a deployment is rolled back by itself, and to what."""

from collections.abc import Callable

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    FOR_LIFECYCLE_HOOKS,
    Creator,
    Deployment,
    DeploymentStatus,
)

DESCRIPTION = "This is a rollback deployment triggered automatically to roll back the deployment"


def is_due(deployment: Deployment, stop_event: str | None, requested: bool | None) -> bool:
    """Whether a deployment that ended is to be rolled back.

    `stop_event` is why it was stopped, in the words of the rollback configuration. `requested` is
    what StopDeployment said about it; None leaves it to the configuration.
    """
    if deployment.status is DeploymentStatus.SUCCEEDED:
        return False
    if deployment.creator in {Creator.ROLLBACK, *FOR_LIFECYCLE_HOOKS}:
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
        # No recorded answer of AWS's is known: these words are ours.
        reason = "the deployment group has had no successful deployment"
        deployment.rollback_info = {"rollbackMessage": f"The deployment can't be rolled back: {reason}."}
        return
    failed = deployment.deployment_id
    back = deploy(
        group,
        good.revision,
        Creator.ROLLBACK,
        config_name=deployment.deployment_config_name,
        description=f"{DESCRIPTION} {failed}",
        file_exists_behavior=good.file_exists_behavior,
        ignore_application_stop_failures=deployment.ignore_application_stop_failures,
        rolled_back=deployment if deployment.is_blue_green else None,
    )
    back.rollback_info = {
        "rollbackTriggeringDeploymentId": failed,
        "rollbackMessage": f"Deployment {back.deployment_id} is triggered to roll back deployment {failed}.",
    }
    deployment.rollback_info = {
        "rollbackDeploymentId": back.deployment_id,
        "rollbackMessage": (
            f"Deployment {failed} terminated. Automatic rollback is triggered with a DeploymentId "
            f"{back.deployment_id}."
        ),
    }
