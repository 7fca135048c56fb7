"""When a deployment is rolled back by itself."""

from .records import Creator, Deployment, DeploymentStatus


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
