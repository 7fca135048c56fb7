"""The lifecycle events of a deployment: which, in which order, and what their failures mean."""

from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment, LifecycleEvent

BLOCK_TRAFFIC = "BlockTraffic"
ALLOW_TRAFFIC = "AllowTraffic"
SERVICE_EVENTS = frozenset({BLOCK_TRAFFIC, ALLOW_TRAFFIC})
"""Done by the service; no agent hears of them."""

_BEFORE_TRAFFIC_STOPS = ("BeforeBlockTraffic", BLOCK_TRAFFIC, "AfterBlockTraffic")
_INSTALLATION = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
_RESTART = ("ApplicationStop", "ApplicationStart", "ValidateService")
_BEFORE_TRAFFIC_RESUMES = ("BeforeAllowTraffic", ALLOW_TRAFFIC, "AfterAllowTraffic")

_IGNORABLE = frozenset({"ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"})

AGENT_SILENT = (
    "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your "
    "host and make sure the agent is running and can connect to the CodeDeploy server."
)
NO_STATUS_CALLBACK = (
    "The deployment timed out while waiting for a status callback from the instance. CodeDeploy expects "
    "the CodeDeploy agent to report on a lifecycle event within one hour."
)
INSTANCE_GONE = "The instance was stopped or terminated during the deployment."


def controls_traffic(deployment: Deployment) -> bool:
    style = deployment.deployment_style
    return style["deploymentOption"] == "WITH_TRAFFIC_CONTROL" and bool(deployment.load_balancer_info)


def events(deployment: Deployment) -> list[LifecycleEvent]:
    """All events of one target, pending, in their order."""
    names: tuple[str, ...] = _RESTART if deployment.deployment_mode == "RESTART" else _INSTALLATION
    if deployment.creator is Creator.TERMINATION:
        names = (*_BEFORE_TRAFFIC_STOPS, "ApplicationStop")
    elif controls_traffic(deployment):
        # No traffic reaches an instance before it is in service.
        stops = () if deployment.creator is Creator.AUTOSCALING else _BEFORE_TRAFFIC_STOPS
        names = stops + names + _BEFORE_TRAFFIC_RESUMES
    return [LifecycleEvent(lifecycle_event_name=name) for name in names]


def failure_is_ignored(deployment: Deployment, event: LifecycleEvent) -> bool:
    return deployment.ignore_application_stop_failures and event.lifecycle_event_name in _IGNORABLE
